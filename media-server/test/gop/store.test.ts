import { rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Ffmpeg } from "../../src/encode/ffmpeg.ts";
import { warmFluent } from "../../src/encode/fluent.ts";
import type { Frame } from "../../src/gop/frame.ts";
import type { GopStore, GopStoreOptions } from "../../src/gop/store.ts";
import type { Library } from "../../src/library/library.ts";
import type { Title } from "../../src/library/title.ts";
import {
  alive,
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
  until,
  vp8,
} from "../encode/fixtures.ts";

let ffmpeg: Ffmpeg;
let folder: Awaited<ReturnType<typeof tempFolder>>;
let library: Library;
let film: Title;
let stores: GopStore[] = [];

beforeAll(async () => {
  [ffmpeg, folder] = await Promise.all([choose(), tempFolder()]);
  await warmFluent(ffmpeg);
  await make(
    ffmpeg,
    ...picture("25", 60),
    ...tone(60),
    ...LONG_GOP,
    "-c:a",
    "aac",
    join(folder.path, "film.mp4"),
  );
  await make(ffmpeg, ...picture("25", 3), ...LONG_GOP, join(folder.path, "goes.mp4"));
  const long = ["-f", "lavfi", "-i", "testsrc2=s=64x36:r=2:d=630"];
  await make(ffmpeg, ...long, ...LONG_GOP, join(folder.path, "long.mp4"));
  library = await openFolder(folder.path, ffmpeg);
  film = titleNamed(library, "film");
}, 60_000);
afterEach(async () => {
  await Promise.all(stores.map((store) => store.close("test over")));
  for (const store of stores) expect(store.pids()).toEqual([]);
  stores = [];
});
afterAll(async () => {
  await library.close("test over");
  await folder.remove();
});

const open = (more: Partial<GopStoreOptions> = {}): GopStore => {
  const store = storeFor(ffmpeg, library, more);
  stores.push(store);
  return store;
};
const times = (frames: readonly Frame[]): number[] => frames.map((frame) => frame.ptsMs);
const grid = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => from + i * 40);

describe("one encode for all", () => {
  test("readers of one rendition share a run and get the very same frames; a later one reads from the cache", async () => {
    const store = open();
    const readers = [0, 0, 1000].map((fromMs) => store.open(film, h264(72), fromMs));
    const taken = await Promise.all(readers.map((reader) => takeUntil(reader, 3_999)));
    expect(taken.map(times)).toEqual([grid(0, 100), grid(0, 100), grid(1000, 75)]);
    expect(taken[0]?.[30]).toBe(taken[1]?.[30]);
    expect(store.stats().spawned).toBe(1);
    for (const reader of readers) reader.close();
    const late = store.open(film, h264(72), 500);
    expect(late.peek()).toBe(taken[0]?.[0]);
    expect(store.stats().spawned).toBe(1);
  });

  test("the encoder stays a bounded distance ahead and goes on when the reader does", async () => {
    const store = open();
    const reader = store.open(film, h264(72), 0);
    await takeUntil(reader, 100);
    await until(() => store.stats().gops >= 7);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(store.stats()).toMatchObject({ encoders: 1, spawned: 1 });
    expect(store.stats().gops).toBeLessThanOrEqual(9);
    expect(times(await takeUntil(reader, 20_000)).at(-1)).toBe(19_960);
    expect(store.stats().spawned).toBe(1);
  });

  test("a film longer than one run's list of key frames is a chain of runs", async () => {
    const store = open();
    const frames = await take(store.open(titleNamed(library, "long"), h264(36), 0));
    expect(times(frames)).toEqual(Array.from({ length: 1_260 }, (_, i) => i * 500));
    expect(frames.filter((frame) => frame.key).length).toBe(630);
    expect(store.stats()).toMatchObject({ spawned: 2, encoders: 0 });
  });

  test("to the end: last frame, then end; sound and picture apart", async () => {
    const store = open();
    const [pictures, sound] = await Promise.all([
      take(store.open(film, vp8(72), 57_000)),
      take(store.open(film, opus, 57_000)),
    ]);
    expect(times(pictures)).toEqual(grid(57_000, 75));
    expect(sound.length).toBeGreaterThanOrEqual(150);
    expect(store.stats()).toMatchObject({ encoders: 0, spawned: 2 });
    expect(times(await take(store.open(film, vp8(72), 99_000_000)))).toEqual(grid(59_000, 25));
  });
});

describe("encoders that nobody needs", () => {
  test("a seek away kills the old run at once, without lingering", async () => {
    const store = open({ lingerMs: 60_000 });
    const first = store.open(film, h264(72), 0);
    await takeUntil(first, 500);
    const [old = 0] = store.pids();
    first.close();
    const second = store.open(film, h264(72), 40_000);
    await until(() => !alive(old));
    expect((await takeUntil(second, 40_100))[0]?.ptsMs).toBe(40_000);
    expect(store.stats().spawned).toBe(2);
  });

  test("within 2 s of the last reader nothing runs; coming back in between costs nothing", async () => {
    const store = open();
    const first = store.open(film, h264(72), 0);
    await takeUntil(first, 500);
    first.close();
    const second = store.open(film, h264(72), 0);
    await takeUntil(second, 15_000);
    expect(store.stats().spawned).toBe(1);
    second.close();
    await until(() => store.stats().encoders === 0, 5_000);
    expect(store.pids()).toEqual([]);
  });

  test("a run stops where the next GOP is there already", async () => {
    const store = open();
    const ahead = store.open(film, h264(72), 20_000);
    await takeUntil(ahead, 21_000);
    await until(() => store.stats().gops >= 8);
    ahead.close();
    await until(() => store.stats().encoders === 0);
    const behind = store.open(film, h264(72), 17_000);
    await until(() => store.stats().spawned === 2);
    await until(() => store.stats().encoders === 0);
    expect(times(await takeUntil(behind, 22_000))).toEqual(grid(17_000, 125));
  });
});

describe("faults", () => {
  test.each([
    ["h264", h264(72)],
    ["vp8", vp8(72)],
    ["sound", opus],
  ] as const)("kill -9 during play, %s: every frame comes once, in its place", async (_, rendition) => {
    const store = open();
    const reader = store.open(film, rendition, 0);
    const frames: Frame[] = [];
    for (const killAtMs of [700, 1_400, 9_000]) {
      frames.push(...(await takeUntil(reader, killAtMs)));
      for (const pid of store.pids()) process.kill(-pid, "SIGKILL");
    }
    frames.push(...(await takeUntil(reader, 20_000)));
    const expected =
      rendition.kind === "video" ? grid(0, 500) : Array.from({ length: 1001 }, (_, i) => i * 20 - 6.5);
    expect(times(frames)).toEqual(expected);
    expect(frames[0]?.key).toBe(true);
    expect(reader.error).toBeUndefined();
  });

  test("what follows a killed encoder begins with a key frame: nothing refers to frames of another encode", async () => {
    const store = open();
    const reader = store.open(film, h264(72), 0);
    await takeUntil(reader, 300);
    for (const pid of store.pids()) process.kill(-pid, "SIGKILL");
    const first = await new Promise<Frame>((resolve) => {
      const drain = (): void => {
        for (let next = reader.peek(); next !== "end"; next = reader.peek()) {
          if (next === "waiting") {
            if (store.stats().spawned > 1)
              reader.onReady = () => {
                const came = reader.peek();
                if (typeof came === "object") resolve(came);
              };
            return;
          }
          reader.shift();
        }
      };
      reader.onReady = drain;
      drain();
    });
    expect(first.key).toBe(true);
  });

  test("an encoder that dies again and again ends in a refusal, not in a loop", async () => {
    const store = open({ ffmpeg: { ...ffmpeg, jail: ["sh", "-c", "kill -9 $$"] } });
    const reader = store.open(film, h264(72), 3_000);
    expect(await take(reader)).toEqual([]);
    expect(reader.error).toMatchObject({ code: "ENCODER_FAILED" });
    expect(store.stats()).toMatchObject({ spawned: 3, encoders: 0 });
  });

  test("a file that has gone or changed is TITLE_GONE, one that is no film NOT_PLAYABLE", async () => {
    const store = open();
    const goes = titleNamed(library, "goes");
    await truncate(goes.file, 2_000);
    const changed = store.open(goes, h264(72), 0);
    expect(await take(changed)).toEqual([]);
    expect(changed.error).toMatchObject({ code: "TITLE_GONE" });
    await rm(goes.file);
    const gone = store.open(goes, h264(72), 0);
    expect(await take(gone)).toEqual([]);
    expect(gone.error).toMatchObject({ code: "TITLE_GONE" });
    const text = join(folder.path, "text.bin");
    await writeFile(text, "not a film");
    const blind = open({ check: () => Promise.resolve(undefined) });
    const reader = blind.open({ ...film, fingerprint: "text", file: text }, h264(72), 0);
    expect(await take(reader)).toEqual([]);
    expect(reader.error).toMatchObject({
      code: "NOT_PLAYABLE",
      detail: expect.not.stringContaining(folder.path),
    });
    const refused = blind.open({ ...film, refusal: { code: "NOT_PLAYABLE", reason: "why" } }, h264(72), 0);
    expect([refused.peek(), refused.error?.detail]).toEqual(["end", "why"]);
  });

  test("over the budget a new encode is refused, one that is running is joined", async () => {
    const store = open({ budget: { cores: 0.4 } });
    const first = store.open(film, h264(72), 0);
    await takeUntil(first, 500);
    expect(first.error).toBeUndefined();
    const same = store.open(film, h264(72), 500);
    expect((await takeUntil(same, 500))[0]?.ptsMs).toBe(0);
    const other = store.open(film, vp8(108), 0);
    expect(await take(other)).toEqual([]);
    expect(other.error).toMatchObject({ code: "BUDGET" });
    const switched = store.open(film, vp8(108), 0, { instead: first });
    same.close();
    expect((await takeUntil(switched, 500)).length).toBeGreaterThan(0);
  });

  test("a cache smaller than a GOP still plays", async () => {
    const store = open({ cacheBytes: 1 });
    expect(times(await takeUntil(store.open(film, h264(72), 0), 12_000))).toEqual(grid(0, 300));
    expect(store.stats().spawned).toBe(1);
  });

  test("a closed store ends its readers and its children, twice is once", async () => {
    const store = open();
    const reader = store.open(film, h264(72), 0);
    await takeUntil(reader, 500);
    const [pid = 0] = store.pids();
    await Promise.all([store.close("test"), store.close("test")]);
    expect(alive(pid)).toBe(false);
    expect([reader.peek(), reader.error?.code]).toEqual(["end", "SHUTTING_DOWN"]);
    expect(store.open(film, h264(72), 0).error?.code).toBe("SHUTTING_DOWN");
  });
});
