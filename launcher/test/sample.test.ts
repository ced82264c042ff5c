import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findFfmpeg } from "../src/ffmpeg.ts";
import { hashSources, staleHash } from "../src/page.ts";
import { isEmptyLibrary, makeSample, SAMPLE } from "../src/sample.ts";

const root = dirname(dirname(import.meta.dirname));
const never = new AbortController().signal;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "loge-sample-"));
});
afterAll(() => rm(dir, { recursive: true }));

/** The frame number that the bar of one grey picture of 160 by 90 says (PROTOCOL of the bar: launcher/src/sample.ts). */
function readBar(picture: Buffer): number {
  const row = Math.round(90 * (1 - SAMPLE.barHeight / SAMPLE.height / 2));
  const isWhite = (block: number): boolean => (picture[row * 160 + block * 10 + 5] ?? 0) > 128;
  expect([isWhite(0), isWhite(15)]).toEqual([true, false]);
  let frame = 0;
  for (let bit = 0; bit < 14; bit++) if (isWhite(bit + 1)) frame += 2 ** bit;
  return frame;
}

describe("the sample", () => {
  test("has the picture, the sound and the timecode it promises", async () => {
    const videos = join(dir, "videos");
    const said: string[] = [];
    const ffmpeg = await findFfmpeg(root, undefined, never);
    await makeSample(videos, ffmpeg, (text) => said.push(text), never);
    expect(await readdir(videos)).toEqual([SAMPLE.file]);
    expect(said[0]).toContain("one sample is made");
    expect(said.length).toBeGreaterThan(2);
    const file = join(videos, SAMPLE.file);
    const decode = (...args: string[]): Buffer =>
      execFileSync(ffmpeg, ["-v", "error", ...args], { maxBuffer: 64 * 1024 * 1024 });
    const grey = ["-vf", "scale=160:90", "-pix_fmt", "gray", "-f", "rawvideo", "-"];
    const pictures = decode("-i", file, ...grey);
    expect(pictures.length / 160 / 90).toBe(SAMPLE.seconds * SAMPLE.fps);
    for (const frame of [0, 1, 24, 511, 999])
      expect(readBar(pictures.subarray(frame * 160 * 90))).toBe(frame);
    const pcm = decode("-ss", "10", "-t", "1", "-i", file, "-ac", "2", "-ar", "8000", "-f", "s16le", "-");
    const energy = (channel: number, hz: number): number => {
      let [re, im] = [0, 0];
      for (let n = 0; n < 7000; n++) {
        const sample = pcm.readInt16LE((n + 900) * 4 + channel * 2);
        re += sample * Math.cos((2 * Math.PI * hz * n) / 8000);
        im += sample * Math.sin((2 * Math.PI * hz * n) / 8000);
      }
      return Math.hypot(re, im);
    };
    expect(energy(0, 400)).toBeGreaterThan(20 * energy(0, 1050));
    expect(energy(1, 1050)).toBeGreaterThan(20 * energy(1, 400));
  }, 120_000);

  test("is wanted only where there is nothing that could be a film", async () => {
    const folder = join(dir, "library");
    expect(await isEmptyLibrary(folder)).toBe(true);
    await mkdir(join(folder, "deep"), { recursive: true });
    await writeFile(join(folder, "README.md"), "");
    await writeFile(join(folder, ".hidden.mp4"), "");
    expect(await isEmptyLibrary(folder)).toBe(true);
    await writeFile(join(folder, "deep/film.mkv"), "");
    expect(await isEmptyLibrary(folder)).toBe(false);
  });

  test("a chosen ffmpeg that is none is refused with the remedy, never replaced", async () => {
    await expect(findFfmpeg(root, "/nonexistent", never)).rejects.toMatchObject({ code: "NO_FFMPEG" });
    await expect(findFfmpeg(root, process.execPath, never)).rejects.toMatchObject({ code: "NO_FFMPEG" });
  });
});

describe("the page", () => {
  test("is stale when a source changes, and only then", async () => {
    const clone = join(dir, "clone");
    await mkdir(join(clone, "web/app"), { recursive: true });
    await mkdir(join(clone, "web/out"), { recursive: true });
    await mkdir(join(clone, "protocol/src"), { recursive: true });
    await writeFile(join(clone, "web/app/page.tsx"), "1");
    expect(await staleHash(clone)).toBe(await hashSources(clone));
    await writeFile(join(clone, "web/out/index.html"), "");
    await writeFile(join(clone, "web/out/.sources"), `${await hashSources(clone)}\n`);
    expect(await staleHash(clone)).toBeUndefined();
    await writeFile(join(clone, "protocol/src/wire.ts"), "1");
    expect(await staleHash(clone)).toBeDefined();
  });
});
