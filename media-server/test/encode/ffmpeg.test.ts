import { mkdir, readdir, rename } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { VideoRun } from "../../src/encode/args.ts";
import { chooseFfmpeg, type Ffmpeg, isNewEnough } from "../../src/encode/ffmpeg.ts";
import { warmFluent } from "../../src/encode/fluent.ts";
import { inputName } from "../../src/encode/formats.ts";
import { runTool } from "../../src/encode/process.ts";
import { type EncoderRun, type RunEnd, startRun } from "../../src/encode/run.ts";
import type { Frame } from "../../src/gop/frame.ts";
import { alive, choose, LONG_GOP, make, picture, quiet, tempFolder, until } from "./fixtures.ts";

let ffmpeg: Ffmpeg;
let folder: Awaited<ReturnType<typeof tempFolder>>;
let film: string;
beforeAll(async () => {
  [ffmpeg, folder] = await Promise.all([choose(), tempFolder()]);
  film = join(folder.path, "film.mp4");
  await make(ffmpeg, ...picture("30", 40), ...LONG_GOP, film);
  await warmFluent(ffmpeg);
});
afterAll(() => folder.remove());

const spec = (more: Partial<VideoRun> = {}): VideoRun => ({
  ...{
    kind: "video",
    codec: "h264",
    streamIndex: 0,
    size: { width: 192, height: 108 },
    bitsPerSecond: 200_000,
    seekBackMs: 0,
    startMs: 0,
  },
  ...{ fromMs: 0, untilMs: undefined, keyMs: Array.from({ length: 42 }, (_, i) => i * 1000) },
  ...more,
});

const watchRun = (
  file: string,
  run: VideoRun,
): { run: EncoderRun; frames: Frame[]; end: Promise<RunEnd> } => {
  const frames: Frame[] = [];
  const ended = Promise.withResolvers<RunEnd>();
  const events = { onFrame: (frame: Frame) => frames.push(frame), onEnd: ended.resolve };
  return { run: startRun(ffmpeg, file, run, events, quiet), frames, end: ended.promise };
};

describe("choosing ffmpeg", () => {
  test("an unusable FFMPEG_PATH is one typed refusal that names it, and nothing else is tried", async () => {
    await expect(chooseFfmpeg({ ffmpegPath: "/nonexistent", log: quiet })).rejects.toMatchObject({
      code: "NO_FFMPEG",
      detail: expect.stringContaining("/nonexistent"),
    });
    await expect(chooseFfmpeg({ ffmpegPath: "/bin/true", log: quiet })).rejects.toMatchObject({
      code: "NO_FFMPEG",
    });
  });

  test("versions", () => {
    expect(
      ["5.1.9-0+deb12u1", "n7.0-7-gd38bf5e08e", "6.0", "N-66595-gc2b38619c0", "git-2024-01-01"].map(
        isNewEnough,
      ),
    ).toEqual([true, true, true, true, true]);
    expect(["4.4.2-0ubuntu0.22.04.1", "5.0.3", "n4.0", "unknown"].map(isNewEnough)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  test("the jail lets no file be written, and says truly what is in force", async () => {
    const target = join(folder.path, "out.mkv");
    const argv = ["-v", "error", "-nostdin", "-i", inputName(film), "-frames:v", "30", "-y", target];
    const free = await runTool([ffmpeg.ffmpegPath, ...argv.slice(0, -1), `${target}.free.mkv`], {
      timeoutMs: 20_000,
    });
    expect(free.code).toBe(0);
    const jailed = await runTool([...ffmpeg.jail, ffmpeg.ffmpegPath, ...argv], { timeoutMs: 20_000 });
    if (ffmpeg.report.noFileWrites) expect(jailed.code).not.toBe(0);
    const devices = await runTool([...ffmpeg.jail, "cat", "/proc/self/net/dev"], { timeoutMs: 5_000 });
    const others = devices.stdout
      .split("\n")
      .filter((line) => line.includes(":") && !line.trim().startsWith("lo:"));
    if (ffmpeg.report.noNetwork) expect(others).toEqual([]);
  });

  test("the ffprobe that comes from npm reads MPEG-TS too", async ({ skip }) => {
    const npm = createRequire(import.meta.url);
    const path = (() => {
      try {
        return join(dirname(npm.resolve("@ffprobe-installer/linux-x64/package.json")), "ffprobe");
      } catch {
        return skip("@ffprobe-installer/linux-x64 is not installed here");
      }
    })();
    // no postinstall ran, so it is ours to make it a program
    const chosen = await chooseFfmpeg({ ffprobePath: path, log: quiet });
    expect(chosen.ffprobePath).toBe(path);
    const stream = join(folder.path, "stream.ts");
    await make(ffmpeg, ...picture("10", 1), ...LONG_GOP, stream);
    const asked = await runTool([path, "-v", "error", "-show_entries", "format=format_name", stream], {
      timeoutMs: 20_000,
    });
    expect(asked).toMatchObject({ code: 0, stdout: expect.stringContaining("mpegts") });
  });

  test("a tool that talks too much or too long is ended", async () => {
    expect(await runTool(["sh", "-c", "yes"], { timeoutMs: 20_000, maxStdoutBytes: 1000 })).toMatchObject({
      failure: "too-much-output",
    });
    expect(await runTool(["sh", "-c", "sleep 60 & sleep 60"], { timeoutMs: 100 })).toMatchObject({
      failure: "timeout",
    });
    expect(await runTool(["/nonexistent"], { timeoutMs: 100 })).toMatchObject({ failure: "spawn" });
  });
});

describe("encoder run", () => {
  test("paused it blocks on the pipe, resumed it goes on where it was, and ends complete", async () => {
    const { run, frames, end } = watchRun(film, spec({ bitsPerSecond: 3_000_000 }));
    await until(() => frames.length > 30);
    run.pause();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const held = frames.length;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(frames.length).toBe(held);
    expect(held).toBeLessThan(1200);
    run.resume();
    expect(await end).toEqual({ kind: "complete" });
    expect(frames.length).toBe(1200);
    expect(frames.filter((frame) => frame.key).map((frame) => frame.ptsMs)).toEqual(
      spec().keyMs.slice(0, 40),
    );
  });

  test("close ends the whole group and lets no frame out any more", async () => {
    const { run, frames, end } = watchRun(film, spec());
    await until(() => frames.length > 5);
    const { pid } = run;
    const seen = frames.length;
    await run.close();
    expect(await end).toEqual({ kind: "closed" });
    expect(pid === undefined || alive(pid)).toBe(false);
    expect(frames.length).toBe(seen);
    await run.close();
  });

  test("closed before the child exists, nothing starts", async () => {
    const { run, frames, end } = watchRun(film, spec());
    await run.close();
    expect(await end).toEqual({ kind: "closed" });
    expect(frames).toEqual([]);
  });

  test("names that look like options, addresses or patterns are only names", async () => {
    const odd = join(folder.path, "odd");
    await mkdir(odd, { recursive: true });
    for (const name of ["-i.mp4", "http:x.mp4", "a b'\"$(x).mp4", "100%03d.mp4", "concat:a|b.mp4"]) {
      const [file = ""] = [join(odd, name)];
      await make(ffmpeg, ...picture("10", 1), ...LONG_GOP, join(folder.path, "plain.mp4"));
      await rename(join(folder.path, "plain.mp4"), file);
      const { frames, end } = watchRun(file, spec());
      expect(await end, name).toEqual({ kind: "complete" });
      expect(frames.length, name).toBe(10);
    }
    expect((await readdir(odd)).length).toBe(5);
  });

  test("a file that is no film fails with a reason that holds no path", async () => {
    const { end } = watchRun(import.meta.filename, spec());
    const ended = await end;
    expect(ended).toMatchObject({ kind: "failed" });
    expect(JSON.stringify(ended)).not.toContain("/test/");
  });
});
