import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nalUnits } from "../../src/encode/avc.ts";
import type { Ffmpeg } from "../../src/encode/ffmpeg.ts";
import { runTool } from "../../src/encode/process.ts";
import type { Rendition, VideoCodec } from "../../src/gop/frame.ts";
import type { Library } from "../../src/library/library.ts";
import {
  choose,
  h264,
  LONG_GOP,
  make,
  openFolder,
  picture,
  storeFor,
  take,
  tempFolder,
  titleNamed,
} from "../encode/fixtures.ts";

let ffmpeg: Ffmpeg;
let folder: Awaited<ReturnType<typeof tempFolder>>;
let library: Library;

const X264 = [
  "-c:v",
  "libx264",
  "-preset",
  "ultrafast",
  "-bf",
  "0",
  "-pix_fmt",
  "yuv420p",
  "-sc_threshold",
  "0",
];
beforeAll(async () => {
  [ffmpeg, folder] = await Promise.all([choose(), tempFolder()]);
  const at = (name: string): string => join(folder.path, name);
  const vpx = (codec: string): string[] => [
    "-c:v",
    codec,
    "-deadline",
    "realtime",
    "-cpu-used",
    "8",
    "-auto-alt-ref",
    "0",
    "-lag-in-frames",
    "0",
  ];
  await make(ffmpeg, ...picture("25", 6), ...X264, "-g", "25", at("h264.mp4"));
  await make(ffmpeg, ...picture("25", 6), ...X264, "-g", "25", at("h264.ts"));
  await make(ffmpeg, ...picture("25", 6), ...vpx("libvpx"), "-g", "25", at("vp8.webm"));
  await make(ffmpeg, ...picture("25", 6), ...vpx("libvpx-vp9"), "-g", "25", at("vp9.webm"));
  await make(ffmpeg, ...picture("25", 6), ...LONG_GOP, "-g", "25", at("b-frames.mp4"));
  await make(ffmpeg, ...picture("25", 6), ...X264, "-g", "125", at("long-gop.mp4"));
  await make(
    ffmpeg,
    ...picture("25", 6),
    ...X264,
    "-g",
    "25",
    "-x264-params",
    "intra-refresh=1",
    at("refresh.mp4"),
  );
  await make(ffmpeg, ...picture("25", 6), ...X264, "-g", "25", "-pix_fmt", "yuv444p", at("444.mp4"));
  await make(ffmpeg, ...picture("25", 6), ...X264, "-g", "25", "-vf", "setsar=2", at("wide.mp4"));
  library = await openFolder(folder.path, ffmpeg);
}, 60_000);
afterAll(async () => {
  await library.close("test over");
  await folder.remove();
});

const copy = (codec: VideoCodec): Rendition => ({ kind: "video", codec, height: "source", copy: true });

describe("passthrough", () => {
  test.each([
    ["h264.mp4", "h264"],
    ["h264.ts", "h264"],
    ["vp8", "vp8"],
    ["vp9", "vp9"],
  ] as const)("%s goes out frame by frame as it is", async (name, codec) => {
    const title = titleNamed(library, name);
    const grid = title.video?.passthrough;
    expect(grid?.codec).toBe(codec);
    expect(grid?.keyMs).toEqual([0, 1000, 2000, 3000, 4000, 5000]);
    const store = storeFor(ffmpeg, library);
    const frames = await take(store.open(title, copy(codec), 0));
    expect(frames.map((frame) => frame.ptsMs)).toEqual(Array.from({ length: 150 }, (_, i) => i * 40));
    expect(frames.filter((frame) => frame.key).map((frame) => frame.ptsMs)).toEqual(grid?.keyMs);
    const sizes = await runTool(
      [
        ffmpeg.ffprobePath,
        "-v",
        "error",
        "-select_streams",
        "v:0",
        "-show_entries",
        "packet=size",
        "-of",
        "csv=p=0",
        title.file,
      ],
      { timeoutMs: 20_000 },
    );
    const inFile = sizes.stdout.trim().split("\n").map(Number.parseFloat);
    // mpegts counts delimiters and start codes that are not carried on
    if (name !== "h264.ts")
      for (const [i, frame] of frames.entries()) if (!frame.key) expect(frame.data.length).toBe(inFile[i]);
    if (codec === "h264")
      expect(nalUnits(frames[25]?.data ?? new Uint8Array(), 4).map((unit) => (unit[0] ?? 0) & 31)).toEqual(
        expect.arrayContaining([7, 8, 5]),
      );
    await store.close("test over");
  });

  test("a join in the middle begins at the file's own key frame, byte for byte the frames of a run from the start", async () => {
    const title = titleNamed(library, "vp8");
    const [a, b] = [storeFor(ffmpeg, library), storeFor(ffmpeg, library)];
    const whole = await take(a.open(title, copy("vp8"), 0));
    const joined = await take(b.open(title, copy("vp8"), 3_400));
    expect(joined).toEqual(whole.slice(75));
    await Promise.all([a.close("test over"), b.close("test over")]);
  });

  test.each(["b-frames", "long-gop", "refresh", "444", "wide"])(
    "%s cannot be passed through and is refused",
    (name) => {
      const title = titleNamed(library, name);
      expect(title.refusal).toBeUndefined();
      expect(title.video?.passthrough).toBeUndefined();
      const store = storeFor(ffmpeg, library);
      expect(store.open(title, copy("h264"), 0).error).toMatchObject({ code: "NO_SUCH_RENDITION" });
      expect(store.open(title, { ...h264(), codec: "vp9" }, 0).error).toMatchObject({
        code: "NO_SUCH_RENDITION",
      });
    },
  );
});
