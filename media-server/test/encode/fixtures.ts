// What the tests of library, encode and gop share: a folder that goes away, films made by a plain ffmpeg, one chosen ffmpeg.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { chooseFfmpeg, type Ffmpeg } from "../../src/encode/ffmpeg.ts";
import type { AnyRendition, Frame, Rendition } from "../../src/gop/frame.ts";
import { createGopStore, type GopReader, type GopStore, type GopStoreOptions } from "../../src/gop/store.ts";
import { type Library, openLibrary } from "../../src/library/library.ts";
import type { Title } from "../../src/library/title.ts";
import type { Log } from "../../src/log.ts";

const run = promisify(execFile);

export const quiet: Log = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
};

export const tempFolder = async (): Promise<{ path: string; remove: () => Promise<void> }> => {
  const path = await mkdtemp(join(tmpdir(), "loge-media-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
};

export const choose = (): Promise<Ffmpeg> => chooseFfmpeg({ log: quiet });

/** Plain ffmpeg (no jail): fluent-ffmpeg refuses lavfi with ffmpeg 7. */
export const make = async (ffmpeg: Ffmpeg, ...args: string[]): Promise<void> => {
  await run(ffmpeg.ffmpegPath, ["-v", "error", "-nostdin", "-y", ...args]);
};

export const picture = (rate: string, seconds: number): string[] => [
  "-f",
  "lavfi",
  "-i",
  `testsrc2=s=192x108:r=${rate}:d=${seconds}`,
];
export const tone = (seconds: number): string[] => [
  "-f",
  "lavfi",
  "-i",
  `sine=frequency=440:duration=${seconds}`,
];
/** As films come: long GOPs, B-frames. */
export const LONG_GOP = [
  "-c:v",
  "libx264",
  "-preset",
  "ultrafast",
  "-g",
  "250",
  "-bf",
  "3",
  "-pix_fmt",
  "yuv420p",
];

export const h264 = (height: number | "source" = "source"): Rendition => ({
  kind: "video",
  codec: "h264",
  height,
  copy: false,
});
export const vp8 = (height: number | "source" = "source"): Rendition => ({
  kind: "video",
  codec: "vp8",
  height,
  copy: false,
});
export const opus: AnyRendition = { kind: "audio", codec: "opus", stream: 0 };

export const openFolder = async (folder: string, ffmpeg: Ffmpeg): Promise<Library> => {
  const library = openLibrary({ folder, ffmpeg, log: quiet });
  await library.ready;
  return library;
};

export const titleNamed = (library: Library, name: string): Title => {
  const title = library.titles().find((each) => each.name === name);
  if (title === undefined)
    throw new Error(`no title ${name} among ${library.titles().map((each) => each.name)}`);
  return title;
};

export const storeFor = (ffmpeg: Ffmpeg, library: Library, more: Partial<GopStoreOptions> = {}): GopStore =>
  createGopStore({
    ...{
      ffmpeg,
      cacheBytes: 64 * 1024 * 1024,
      check: (title: Title) => library.check(title),
      budget: false as const,
    },
    ...{ now: () => performance.now(), log: quiet },
    ...more,
  });

/** Takes frames until `enough` says so or the reader ends. */
export const take = (
  reader: GopReader,
  enough: (frames: readonly Frame[]) => boolean = () => false,
): Promise<Frame[]> =>
  new Promise((resolve) => {
    const frames: Frame[] = [];
    const pump = (): void => {
      for (;;) {
        const next = reader.peek();
        if (next === "waiting") return;
        if (next === "end" || enough([...frames, next])) return resolve(frames);
        frames.push(next);
        reader.shift();
      }
    };
    reader.onReady = pump;
    pump();
  });

/** Frames before a film time. */
export const takeUntil = (reader: GopReader, untilMs: number): Promise<Frame[]> =>
  take(reader, (frames) => (frames.at(-1)?.ptsMs ?? 0) >= untilMs);

export const until = async (condition: () => boolean, limitMs = 20_000): Promise<void> => {
  const endMs = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

export const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
