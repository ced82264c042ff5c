// GOPs of separate encoder runs must join exactly, whatever the source's frame rate: the cache depends on it.

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Ffmpeg } from "../../src/encode/ffmpeg.ts";
import { warmFluent } from "../../src/encode/fluent.ts";
import type { AnyRendition, Frame } from "../../src/gop/frame.ts";
import type { Library } from "../../src/library/library.ts";
import {
  choose,
  h264,
  LONG_GOP,
  make,
  openFolder,
  opus,
  picture,
  storeFor,
  take,
  takeUntil,
  tempFolder,
  titleNamed,
  tone,
  vp8,
} from "../encode/fixtures.ts";

let ffmpeg: Ffmpeg;
let folder: Awaited<ReturnType<typeof tempFolder>>;
let library: Library;

beforeAll(async () => {
  [ffmpeg, folder] = await Promise.all([choose(), tempFolder()]);
  const at = (name: string): string => join(folder.path, name);
  await warmFluent(ffmpeg);
  await make(ffmpeg, ...picture("30", 9), ...tone(9), ...LONG_GOP, "-c:a", "aac", at("even.mp4"));
  await make(ffmpeg, ...picture("30000/1001", 9), ...tone(9), ...LONG_GOP, "-c:a", "libopus", at("ntsc.mkv"));
  const uneven = "select='not(mod(n\\,7))+gt(mod(n\\,5)\\,2)',setpts=PTS+0.004*mod(N\\,3)/TB";
  await make(ffmpeg, ...picture("25", 9), "-vf", uneven, "-fps_mode", "vfr", ...LONG_GOP, at("vfr.mkv"));
  // AVI keeps no presentation times; its B-frames once lost the film's beginning
  await make(ffmpeg, ...picture("120000/1001", 9), ...LONG_GOP, at("fast.avi"));
  // start_time 1.4 s, sound that begins later than the picture
  await make(
    ffmpeg,
    ...picture("24000/1001", 9),
    "-itsoffset",
    "0.7654",
    ...tone(8),
    ...LONG_GOP,
    "-c:a",
    "mp2",
    at("late.ts"),
  );
  // nothing between 2.5 s and 5.4 s
  const hole = "select='lt(t\\,2.5)+gt(t\\,5.4)'";
  await make(ffmpeg, ...picture("25", 9), "-vf", hole, "-fps_mode", "vfr", ...LONG_GOP, at("hole.mkv"));
  library = await openFolder(folder.path, ffmpeg);
}, 60_000);
afterAll(async () => {
  await library.close("test over");
  await folder.remove();
});

const times = (frames: readonly Frame[]): number[] => frames.map((frame) => frame.ptsMs);

/** GOP k alone, from a store that has nothing else. */
const alone = async (name: string, rendition: AnyRendition, k: number): Promise<Frame[]> => {
  const store = storeFor(ffmpeg, library);
  const offsetMs = rendition.kind === "audio" ? 13.5 : 500;
  const reader = store.open(titleNamed(library, name), rendition, k * 1000 + offsetMs);
  const frames = await takeUntil(reader, (k + 1) * 1000 - (rendition.kind === "audio" ? 6.5 : 0.5));
  await store.close("test over");
  return frames;
};

const whole = async (name: string, rendition: AnyRendition): Promise<Frame[]> => {
  const store = storeFor(ffmpeg, library);
  const frames = await take(store.open(titleNamed(library, name), rendition, 0));
  await store.close("test over");
  return frames;
};

describe.each(["even", "ntsc", "vfr", "fast", "late"])("8 GOPs of %s", (name) => {
  test.each([
    ["h264", h264(72)],
    ["vp8", vp8(72)],
  ] as const)(
    "%s: eight runs give the frames of one run",
    async (_, rendition) => {
      const continuous = await whole(name, rendition);
      expect(continuous.length).toBeGreaterThan(60);
      const separate: number[] = [];
      for (let k = 0; k < 8; k += 1) {
        const gop = await alone(name, rendition, k);
        expect(gop[0]?.key).toBe(true);
        separate.push(...times(gop));
      }
      expect(separate).toEqual(times(continuous).filter((ms) => ms < 7_999.5));
      const keys = continuous
        .filter((frame) => frame.key)
        .map((frame) => Math.floor((frame.ptsMs + 1) / 1000));
      expect(keys).toEqual([...new Set(continuous.map((frame) => Math.floor((frame.ptsMs + 1) / 1000)))]);
    },
    40_000,
  );
});

describe.each(["even", "ntsc", "late"])("sound of %s", (name) => {
  test("packets of separate runs lie on one 20 ms grid", async () => {
    const continuous = times(await whole(name, opus));
    expect(continuous[0]).toBe(-6.5);
    for (const [i, ms] of continuous.entries()) expect(ms).toBe(i * 20 - 6.5);
    for (const k of [0, 1, 4, 7]) {
      const gop = times(await alone(name, opus, k));
      expect(gop.length).toBe(50);
      expect(gop).toEqual(continuous.filter((ms) => ms >= k * 1000 - 6.5 && ms < (k + 1) * 1000 - 6.5));
    }
  }, 30_000);
});

describe("a film with a hole", () => {
  test("plays across it, and begins at the frame that stands there", async () => {
    const frames = await whole("hole", h264(72));
    expect(times(frames).filter((ms) => ms > 2_470 && ms < 5_430)).toEqual([2480]);
    const store = storeFor(ffmpeg, library);
    const title = titleNamed(library, "hole");
    for (const [fromMs, firstMs] of [
      [4_200, 2_000],
      [5_100, 2_000],
      [5_500, 5_440],
      [6_000, 6_000],
    ] as const) {
      const reader = store.open(title, h264(72), fromMs);
      const [first] = await take(reader, (taken) => taken.length > 1);
      expect([fromMs, first?.ptsMs, first?.key]).toEqual([fromMs, firstMs, true]);
      reader.close();
    }
    await store.close("test over");
  }, 30_000);
});
