/** The stage with the real store and the real ffmpeg; only the packets' way out is recorded instead of sent. */
import type { Height } from "@loge/protocol/control";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Ffmpeg } from "../../src/encode/ffmpeg.ts";
import type { GopStore } from "../../src/gop/store.ts";
import type { Library } from "../../src/library/library.ts";
import { Stage } from "../../src/screening/stage.ts";
import {
  choose,
  LONG_GOP,
  make,
  openFolder,
  picture,
  quiet,
  storeFor,
  tempFolder,
  titleNamed,
  tone,
} from "../encode/fixtures.ts";
import { type Sent, Watcher } from "./watcher.ts";

const SECONDS = 5;
const LONG_SECONDS = 12;
let folder: Awaited<ReturnType<typeof tempFolder>>;
let ffmpeg: Ffmpeg;
let library: Library;
let store: GopStore;
let stage: Stage;
const now = (): number => performance.now();

beforeAll(async () => {
  folder = await tempFolder();
  ffmpeg = await choose();
  for (const [name, seconds] of [
    ["film", SECONDS],
    ["long", LONG_SECONDS],
  ] as const) {
    const sources = [...picture("30", seconds), ...tone(seconds)];
    await make(ffmpeg, ...sources, ...LONG_GOP, "-c:a", "aac", "-shortest", `${folder.path}/${name}.mp4`);
  }
  library = await openFolder(folder.path, ffmpeg);
});
afterAll(async () => {
  await library.close("test over");
  await folder.remove();
});
afterEach(async () => {
  stage.close();
  await store.close("test over");
});

const open = (): void => {
  store = storeFor(ffmpeg, library);
  let ids = 0;
  const newId = (): string => `screening-${++ids}`.padEnd(22, "x");
  stage = new Stage({
    titleOf: (id) => library.get(id),
    store,
    newId,
    now,
    log: quiet,
    changed: () => undefined,
  });
};

const play = (who: Watcher, height: Height = "source", atMs = 0): string => {
  const { screening } = stage.command(who, {
    type: "play",
    title: titleNamed(library, "film").id,
    height,
    atMs,
  });
  if (!screening) throw new Error("no screening");
  return screening;
};
const monotonic = (sent: readonly Sent[]): boolean =>
  sent.every((s, i) => i === 0 || ((s.ticks - (sent[i - 1]?.ticks ?? 0)) | 0) > 0);

test("a film runs from its first frame to its end, every frame once, RTP time never back over its wrap", async () => {
  open();
  const ada = new Watcher("ada");
  play(ada);
  await ada.until(() => ada.events.some((e) => e.type === "ended"), "ended");
  expect(ada.sent.map((s) => Math.round((s.frame.ptsMs * 30) / 1000))).toEqual(
    Array.from({ length: 30 * SECONDS }, (_, i) => i),
  );
  expect(ada.sent[0]).toMatchObject({ first: true, codec: "h264" });
  expect(ada.sent.filter((s) => s.first)).toHaveLength(1);
  expect(monotonic(ada.sent)).toBe(true);
  // what comes too late on a busy machine is left out, but nothing comes twice
  expect(ada.sound.length).toBeGreaterThan(10 * SECONDS);
  expect(new Set(ada.sound.map((s) => s.ptsMs)).size).toBe(ada.sound.length);
  expect(ada.events.at(-1)).toMatchObject({ type: "ended", frames: 30 * SECONDS });
  expect(ada.timelines[0]).toMatchObject({ playing: true, mediaMs: 0, cause: "play" });
  // picture and sound tell the same time: RTP minus line equals film time on both
  const line = ada.timelines[0];
  const at = (ticks: number, zero: number, rate: number): number => ((ticks - zero) | 0) / rate;
  for (const s of ada.sent) expect(at(s.ticks, line?.rtpVideo ?? 0, 90)).toBeCloseTo(s.frame.ptsMs, -2);
  for (const s of ada.sound) expect(at(s.ticks, line?.rtpAudio ?? 0, 48)).toBeCloseTo(s.ptsMs, -2);
});

test("seek shows exactly the frame asked for, also while paused; pause stops the frames; resume goes on with the next", async () => {
  open();
  const ada = new Watcher("ada");
  play(ada);
  await ada.until(() => ada.sent.length > 5, "frames");
  stage.command(ada, { type: "pause" });
  const paused = ada.sent.length;
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(ada.sent.length).toBe(paused);
  expect(ada.timelines.at(-1)).toMatchObject({ cause: "pause", playing: false });
  stage.command(ada, { type: "seek", toMs: 3500 });
  await ada.until(() => ada.timelines.at(-1)?.cause === "seek", "seek");
  await ada.until(() => ada.sent.length > paused, "the frame");
  await new Promise((resolve) => setTimeout(resolve, 150));
  const last = ada.sent.at(-1);
  expect(last?.frame.ptsMs).toBe(3500);
  expect(ada.sent[paused]?.frame).toMatchObject({ key: true, ptsMs: 3000 });
  const resumedFrom = ada.sent.length;
  stage.command(ada, { type: "resume" });
  await ada.until(() => ada.sent.length > resumedFrom + 3, "more frames");
  expect(ada.sent[resumedFrom]?.frame.ptsMs).toBeCloseTo(3533.33, 0);
  expect(monotonic(ada.sent)).toBe(true);
});

test("a pause leaves every viewer at the frame of its moment, also where frames were about to go", async () => {
  open();
  const ada = new Watcher("ada");
  const ben = new Watcher("ben");
  const screening = play(ada);
  stage.command(ben, { type: "join", screening, height: "source" });
  await ben.until(() => ben.sent.length > 5, "frames");
  for (let round = 0; round < 5; round++) {
    for (const end = now() + 100; now() < end; ); // the processor is busy with something else
    stage.command(ada, { type: "pause" });
    for (const who of [ada, ben]) {
      const behindMs = (who.timelines.at(-1)?.mediaMs ?? 0) - (who.sent.at(-1)?.frame.ptsMs ?? 0);
      expect(behindMs).toBeGreaterThanOrEqual(-1);
      expect(behindMs).toBeLessThan(1000 / 30);
    }
    stage.command(ada, { type: "resume" });
    const { length } = ben.sent;
    await ben.until(() => ben.sent.length > length + 3, "more frames");
  }
  expect(monotonic(ada.sent) && monotonic(ben.sent)).toBe(true);
});

test("alone, the film waits for a server that did not get to run: no frame is left out", async () => {
  open();
  const ada = new Watcher("ada");
  play(ada);
  await ada.until(() => ada.sent.length > 20, "frames");
  for (const end = now() + 2800; now() < end; );
  await ada.until(() => ada.events.some((e) => e.type === "ended"), "ended");
  expect(ada.sent.map((s) => Math.round((s.frame.ptsMs * 30) / 1000))).toEqual(
    Array.from({ length: 30 * SECONDS }, (_, i) => i),
  );
  expect(monotonic(ada.sent)).toBe(true);
});

test("what is asked while a place is still being made counts from that place", async () => {
  open();
  const ada = new Watcher("ada");
  play(ada);
  stage.command(ada, { type: "pause" });
  await ada.until(() => ada.sent.length > 0, "the first picture, though paused");
  expect(ada.sent.at(-1)?.frame.ptsMs).toBe(0);
  // both in one breath: the picture of the place cannot be there yet
  stage.command(ada, { type: "seek", toMs: 4200 });
  stage.command(ada, { type: "resume" });
  await ada.until(() => ada.timelines.at(-1)?.playing === true, "playing");
  expect(ada.timelines.at(-1)?.mediaMs).toBeGreaterThanOrEqual(4199);
  await ada.until(() => ada.events.some((e) => e.type === "ended"), "ended");
  expect(ada.sent.slice(1).every((s) => s.frame.ptsMs >= 4000)).toBe(true);
  stage.command(ada, { type: "resume" });
  await ada.until(
    () => ada.timelines.at(-1)?.mediaMs === 0 || (ada.timelines.at(-1)?.mediaMs ?? 9999) < 100,
    "from the start",
  );
  Object.assign(ada, { codecs: ["vp8"] });
  stage.command(ada, { type: "pause" });
  const atMs = ada.timelines.at(-1)?.mediaMs ?? -1;
  stage.command(ada, { type: "height", height: "source" });
  await ada.until(() => ada.sent.at(-1)?.codec === "vp8", "the other codec, paused");
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(Math.abs((ada.sent.at(-1)?.frame.ptsMs ?? 9999) - atMs)).toBeLessThan(70);
});

test("another resolution comes at a GOP boundary without a missing or doubled frame; sound is untouched", async () => {
  open();
  const ada = new Watcher("ada");
  play(ada);
  await ada.until(() => ada.sent.length > 3, "frames");
  // this film is 108 lines high: Source and its VP8 twin differ in codec, as for a viewer without H.264
  Object.assign(ada, { codecs: ["vp8"] });
  stage.command(ada, { type: "height", height: "source" });
  await ada.until(() => ada.events.some((e) => e.type === "ended"), "ended");
  expect(ada.sent.map((s) => Math.round((s.frame.ptsMs * 30) / 1000))).toEqual(
    Array.from({ length: 30 * SECONDS }, (_, i) => i),
  );
  const at = ada.sent.findIndex((s) => s.codec === "vp8");
  expect(at).toBeGreaterThan(0);
  expect(ada.sent[at]).toMatchObject({ first: true, frame: { key: true } });
  expect((ada.sent[at]?.frame.ptsMs ?? 1) % 1000).toBe(0);
  expect(ada.timelines.map((t) => t.cause)).toEqual(["play", "height"]);
  expect(new Set(ada.sound.map((s) => s.ptsMs)).size).toBe(ada.sound.length);
});

test("an encoder killed in the middle costs no frame", async () => {
  open();
  const ada = new Watcher("ada");
  // longer than an encoder runs ahead, so that it is alive, held back, when it is killed
  const title = titleNamed(library, "long").id;
  stage.command(ada, { type: "play", title, height: "source", atMs: 3000 });
  await ada.until(() => ada.sent.length > 3 && store.pids().length > 0, "an encoder");
  for (const pid of store.pids()) process.kill(pid, "SIGKILL");
  await ada.until(() => ada.events.some((e) => e.type === "ended"), "ended");
  const frames = ada.sent.map((s) => Math.round((s.frame.ptsMs * 30) / 1000));
  expect(frames).toEqual(Array.from({ length: 30 * (LONG_SECONDS - 3) }, (_, i) => 90 + i));
});

test("a second viewer joins at the position; the owner controls, hands over, and goes; the screening closes with the last", async () => {
  open();
  const ada = new Watcher("ada");
  const bob = new Watcher("bob");
  const screening = play(ada);
  await ada.until(() => ada.sent.length > 40, "40 frames");
  stage.command(bob, { type: "join", screening, height: "source" });
  await bob.until(() => bob.sent.length > 0, "bob's picture");
  expect(bob.timelines[0]?.cause).toBe("join");
  const [a, b] = [ada.sent.at(-1)?.frame.ptsMs ?? 0, bob.sent.at(-1)?.frame.ptsMs ?? 0];
  expect(Math.abs(a - b)).toBeLessThan(200);
  expect(store.stats().spawned).toBeLessThanOrEqual(2); // one for the picture, one for the sound, shared by both
  expect(() => stage.command(bob, { type: "pause" })).toThrow("NOT_IN_CONTROL");
  stage.command(ada, { type: "mode", mode: "ask" });
  stage.command(bob, { type: "ask" });
  expect(ada.events.at(-1)).toEqual({ type: "asked", sid: bob.sid });
  expect(() => stage.command(bob, { type: "pause" })).toThrow("NOT_IN_CONTROL");
  stage.command(ada, { type: "grant", sid: bob.sid, allow: true });
  stage.command(bob, { type: "pause" });
  expect(ada.timelines.at(-1)).toMatchObject({ cause: "pause", by: bob.sid });
  stage.command(ada, { type: "mode", mode: "everyone" });
  stage.command(bob, { type: "resume" });
  expect(() => stage.command(bob, { type: "mode", mode: "owner" })).toThrow("NOT_IN_CONTROL");
  stage.leave(ada.sid);
  expect(stage.infos()).toMatchObject([{ owner: bob.sid, viewers: [bob.sid] }]);
  stage.command(bob, { type: "mode", mode: "owner" });
  stage.leave(bob.sid);
  expect(stage.infos()).toEqual([]);
  await bob.until(() => store.stats().encoders === 0, "no encoder left");
});

test("restore: the first recreates the screening at its position, the others join it", async () => {
  open();
  const ada = new Watcher("ada");
  const bob = new Watcher("bob");
  const title = titleNamed(library, "film").id;
  const back = {
    type: "restore",
    screening: "r".repeat(22),
    title,
    height: "source",
    playing: true,
  } as const;
  stage.command(ada, { ...back, mediaMs: 2500 });
  stage.command(bob, { ...back, mediaMs: 1000 });
  await bob.until(() => bob.timelines.length > 0 && ada.timelines.length > 0, "both");
  expect(ada.timelines[0]).toMatchObject({ mediaMs: 2500, cause: "restore" });
  expect(stage.infos()).toMatchObject([{ screening: back.screening, viewers: [ada.sid, bob.sid] }]);
  await bob.until(() => bob.sent.some((s) => s.frame.ptsMs > 2500), "bob is there too");
});

test("what cannot be is refused, and the viewer stays where they were", async () => {
  open();
  const ada = new Watcher("ada");
  const screening = play(ada);
  const title = titleNamed(library, "film").id;
  const refused = (cmd: Parameters<Stage["command"]>[1], code: string): void =>
    expect(() => stage.command(ada, cmd), JSON.stringify(cmd)).toThrow(code);
  refused({ type: "play", title: "x".repeat(22), height: 720 }, "TITLE_GONE");
  refused({ type: "play", title, height: 720 }, "NO_SUCH_RENDITION");
  refused({ type: "height", height: 2160 }, "NO_SUCH_RENDITION");
  refused({ type: "join", screening: "y".repeat(22), height: "source" }, "NO_SUCH_SCREENING");
  expect(stage.infos()).toMatchObject([{ screening, viewers: [ada.sid] }]);
  expect(() => stage.command(new Watcher("eve"), { type: "pause" })).toThrow("NOT_WATCHING");
  for (let i = 0; i < 300; i++) stage.command(ada, { type: "seek", toMs: (i * 7919) % 360_000_000 });
  await ada.until(() => ada.timelines.length > 0, "a picture after 300 seeks");
});
