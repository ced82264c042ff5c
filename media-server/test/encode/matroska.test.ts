import { execFile } from "node:child_process";
import { promisify } from "node:util";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { nalUnits, parseAvcConfig, toFrameData } from "../../src/encode/avc.ts";
import { children, MatroskaError, readHead } from "../../src/encode/ebml.ts";
import { MatroskaDemuxer, type MatroskaTrack } from "../../src/encode/matroska.ts";
import { choose, picture } from "./fixtures.ts";

interface Heard {
  tracks: MatroskaTrack[];
  frames: { timeMs: number; key: boolean; data: Uint8Array }[];
}

const listen = (): { heard: Heard; demuxer: MatroskaDemuxer } => {
  const heard: Heard = { tracks: [], frames: [] };
  const demuxer = new MatroskaDemuxer({
    onTrack: (track) => heard.tracks.push(track),
    onFrame: (timeMs, key, data) => heard.frames.push({ timeMs, key, data }),
  });
  return { heard, demuxer };
};

const demux = (...chunks: Uint8Array[]): Heard => {
  const { heard, demuxer } = listen();
  for (const chunk of chunks) demuxer.push(chunk);
  demuxer.end();
  return heard;
};

const onlyTyped = (action: () => void): void => {
  try {
    action();
  } catch (error) {
    if (!(error instanceof MatroskaError)) throw error;
  }
};

let stream: Buffer;
beforeAll(async () => {
  const ffmpeg = await choose();
  const mux = [
    "-cluster_time_limit",
    "1",
    "-cluster_size_limit",
    "1",
    "-flush_packets",
    "1",
    "-f",
    "matroska",
    "pipe:1",
  ];
  const encode = [
    "-vf",
    "scale=48:32",
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-crf",
    "45",
    "-g",
    "5",
    "-bf",
    "0",
    "-pix_fmt",
    "yuv420p",
  ];
  const made = await promisify(execFile)(
    ffmpeg.ffmpegPath,
    ["-v", "error", ...picture("10", 1), ...encode, ...mux],
    { encoding: "buffer" },
  );
  stream = made.stdout;
});

describe("Matroska demuxer", () => {
  test("reads what ffmpeg writes to a pipe", () => {
    const { tracks, frames } = demux(stream);
    expect(tracks.map((track) => track.codecId)).toEqual(["V_MPEG4/ISO/AVC"]);
    expect(frames.map((frame) => frame.timeMs)).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
    expect(frames.map((frame) => frame.key)).toEqual([
      true,
      false,
      false,
      false,
      false,
      true,
      false,
      false,
      false,
      false,
    ]);
    const config = parseAvcConfig(tracks[0]?.codecPrivate ?? new Uint8Array());
    const first = toFrameData(config, frames[0]?.data ?? new Uint8Array(), true);
    expect(nalUnits(first, 4).map((unit) => (unit[0] ?? 0) & 31)).toEqual(expect.arrayContaining([7, 8, 5]));
  });

  test("gives the same frames wherever the stream is split, and byte by byte", () => {
    const whole = demux(stream);
    for (let at = 1; at < stream.length; at += 1)
      expect(demux(stream.subarray(0, at), stream.subarray(at)).frames.length).toBe(whole.frames.length);
    expect(demux(...Array.from(stream, (byte) => Uint8Array.of(byte)))).toEqual(whole);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
        expect(demux(...at.slice(1).map((end, i) => stream.subarray(at[i] ?? 0, end)))).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  test("a stream cut anywhere gives a prefix of its frames, and says so unless cut between two elements", () => {
    const whole = demux(stream);
    let silent = 0;
    for (let at = 0; at < stream.length; at += 1) {
      const { heard, demuxer } = listen();
      demuxer.push(stream.subarray(0, at));
      expect(heard.frames).toEqual(whole.frames.slice(0, heard.frames.length));
      try {
        demuxer.end();
        silent += 1;
      } catch (error) {
        expect(error).toMatchObject({ name: "MatroskaError", fault: "truncated" });
      }
    }
    expect(silent).toBeLessThan(200);
  });

  test("damaged and made-up bytes end in a typed error or in frames, never in anything else", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(stream.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (hits) => {
          const damaged = Buffer.from(stream);
          for (const [at, byte] of hits) damaged[at] = byte;
          onlyTyped(() => demux(damaged));
        },
      ),
      { numRuns: 400 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
        onlyTyped(() => demux(noise));
        onlyTyped(() => demux(stream.subarray(0, 300), noise));
        onlyTyped(() => children(noise));
        onlyTyped(() => parseAvcConfig(noise));
        onlyTyped(() => nalUnits(noise, 4));
      }),
      { numRuns: 400 },
    );
  });

  test("text is not Matroska; an element larger than anything we make is refused before it is collected", () => {
    expect(() => demux(Buffer.from("#EXTM3U\nhttp://example.invalid/\n"))).toThrow(MatroskaError);
    const { demuxer } = listen();
    const header = stream.subarray(0, stream.indexOf(Buffer.from([0x1f, 0x43, 0xb6, 0x75])));
    demuxer.push(header);
    const cluster = Buffer.from([0x1f, 0x43, 0xb6, 0x75, 0xff, 0xe7, 0x81, 0x00]);
    expect(() => demuxer.push(Buffer.concat([cluster, Buffer.from([0xa3, 0x13, 0x00, 0x00, 0x00])]))).toThrow(
      /too-large/,
    );
  });

  test("element heads: known, unknown and incomplete sizes", () => {
    expect(readHead(Uint8Array.of(0xa3, 0x85), 0, 2)).toEqual({ id: 0xa3, sizeBytes: 5, headBytes: 2 });
    expect(readHead(Uint8Array.of(0xa3, 0xff), 0, 2)).toEqual({
      id: 0xa3,
      sizeBytes: undefined,
      headBytes: 2,
    });
    expect(readHead(Uint8Array.of(0x1f, 0x43), 0, 2)).toBeUndefined();
    expect(() => readHead(Uint8Array.of(0x00, 0x80), 0, 2)).toThrow(MatroskaError);
  });
});
