import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Frame, VideoCodec } from "../../../src/gop/frame.ts";

const run = promisify(execFile);
export const FPS = 30;

const ENCODERS: Readonly<Record<VideoCodec, readonly string[]>> = {
  h264: "-c:v libx264 -preset superfast -tune zerolatency -profile:v main -bf 0 -sc_threshold 0 -bsf:v h264_metadata=aud=insert -f h264".split(
    " ",
  ),
  vp8: "-c:v libvpx -deadline realtime -cpu-used 16 -lag-in-frames 0 -auto-alt-ref 0 -f ivf".split(" "),
  vp9: "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -lag-in-frames 0 -auto-alt-ref 0 -f ivf".split(" "),
  av1: "-c:v libaom-av1 -usage realtime -cpu-used 8 -row-mt 1 -lag-in-frames 0 -f ivf".split(" "),
};

/** `seconds` of a moving test picture at 30 fps, a key frame each second. */
export async function encodedVideo(
  codec: VideoCodec,
  seconds: number,
  height = 360,
  kbps = 800,
): Promise<Frame[]> {
  const size = `${Math.round((height * 16) / 9 / 2) * 2}x${height}`;
  const source = `testsrc2=size=${size}:rate=${FPS}:duration=${seconds},noise=alls=8:allf=t,format=yuv420p`;
  const rate = `${kbps}k`;
  const gop = [
    "-g",
    `${FPS}`,
    "-keyint_min",
    `${FPS}`,
    "-b:v",
    rate,
    ...(codec === "av1" ? [] : ["-maxrate", rate, "-bufsize", rate]),
  ];
  const args = [
    "-loglevel",
    "error",
    "-nostdin",
    "-f",
    "lavfi",
    "-i",
    source,
    ...gop,
    "-threads",
    "2",
    ...ENCODERS[codec],
    "pipe:1",
  ];
  const { stdout } = await run("ffmpeg", args, { encoding: "buffer", maxBuffer: 256 * 1024 * 1024 });
  const units = codec === "h264" ? accessUnits(stdout) : ivfFrames(stdout);
  return units.map((data, i) => ({ ptsMs: (i * 1000) / FPS, key: i % FPS === 0, data }));
}

/** `seconds` of a 440 Hz tone as 20 ms Opus packets. */
export async function encodedSound(seconds: number): Promise<Frame[]> {
  const source = `sine=frequency=440:duration=${seconds}:sample_rate=48000`;
  const args = `-loglevel error -nostdin -f lavfi -i ${source} -ac 2 -c:a libopus -b:a 96k -frame_duration 20 -f ogg pipe:1`;
  const { stdout } = await run("ffmpeg", args.split(" "), {
    encoding: "buffer",
    maxBuffer: 64 * 1024 * 1024,
  });
  return oggPackets(stdout)
    .slice(2)
    .map((data, i) => ({ ptsMs: i * 20, key: true, data }));
}

function ivfFrames(file: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = file.readUInt16LE(6); at + 12 <= file.length; ) {
    const size = file.readUInt32LE(at);
    frames.push(file.subarray(at + 12, at + 12 + size));
    at += 12 + size;
  }
  return frames;
}

/** Annex B with delimiters to length-prefixed access units. */
function accessUnits(stream: Buffer): Buffer[] {
  const starts: { at: number; nal: number }[] = [];
  for (let at = stream.indexOf("000001", 0, "hex"); at >= 0; at = stream.indexOf("000001", at + 3, "hex")) {
    starts.push({ at: stream[at - 1] === 0 ? at - 1 : at, nal: at + 3 });
  }
  const units: Buffer[][] = [];
  starts.forEach(({ nal }, i) => {
    const body = stream.subarray(nal, starts[i + 1]?.at ?? stream.length);
    if (((body[0] ?? 0) & 0x1f) === 9) units.push([]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    units.at(-1)?.push(length, body);
  });
  return units.map((parts) => Buffer.concat(parts));
}

function oggPackets(file: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  let open: Buffer[] = [];
  for (let at = 0; at + 27 <= file.length; ) {
    const laces = file.subarray(at + 27, at + 27 + file.readUInt8(at + 26));
    at += 27 + laces.length;
    for (const lace of laces) {
      open.push(file.subarray(at, at + lace));
      at += lace;
      if (lace === 255) continue;
      packets.push(Buffer.concat(open));
      open = [];
    }
  }
  return packets;
}
