/** The stage with the real store and the real ffmpeg; only the packets' way out is recorded instead of sent. */
import type { ControlEvent, Height, Timeline } from "@loge/protocol/control";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Ffmpeg } from "../../src/encode/ffmpeg.ts";
import type { Frame } from "../../src/gop/frame.ts";
import type { GopStore } from "../../src/gop/store.ts";
import type { Library } from "../../src/library/library.ts";
import { Stage, type StageViewer } from "../../src/screening/stage.ts";
import { createRtpLine } from "../../src/viewer/rtp-line.ts";
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

const SECONDS = 5;
let folder: Awaited<ReturnType<typeof tempFolder>>;
let ffmpeg: Ffmpeg;
let library: Library;
let store: GopStore;
let stage: Stage;
const now = (): number => performance.now();

beforeAll(async () => {
  folder = await tempFolder();
  ffmpeg = await choose();
  await make(
    ffmpeg,
    ...picture("30", SECONDS),
    ...tone(SECONDS),
    ...LONG_GOP,
    "-c:a",
    "aac",
    "-shortest",
    `${folder.path}/film.mp4`,
  );
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

interface Sent {
  readonly frame: Frame;
  readonly ticks: number;
  readonly atMs: number;
  readonly codec: string;
  readonly first: boolean;
}
class Watcher implements StageViewer {
  readonly sid: string;
  readonly codecs = ["h264", "vp8"] as const;
  readonly line = createRtpLine(2 ** 32 - 90_000, 7); // its RTP time wraps within the first second
  readonly sent: Sent[] = [];
  readonly sound: { ptsMs: number; ticks: number }[] = [];
  readonly events: ControlEvent[] = [];
  isHost = false;
  readonly media = {
    video: (frame: Frame, codec: string, ticks: number, o: { first: boolean }) => {
      this.sent.push({ frame, ticks, atMs: now(), codec, first: o.first });
    },
    audio: (frame: Frame, ticks: number) => {
      this.sound.push({ ptsMs: frame.ptsMs, ticks });
    },
    setClock: () => undefined,
    syncNow: () => undefined,
    onKeyFrameWanted: undefined,
    stats: {
      packets: 0,
      bytes: 0,
      dropped: 0,
      rtxSent: 0,
      nackMissed: 0,
      rembBps: undefined,
      lossFraction: 0,
      rttMs: undefined,
      queueMs: 0,
    },
  };
  constructor(name: string) {
    this.sid = name.padEnd(22, "s");
  }
  event(event: ControlEvent): void {
    this.events.push(event);
  }
  get timelines(): Timeline[] {
    return this.events.filter((e) => e.type === "timeline");
  }
  async until(done: () => boolean, what: string): Promise<void> {
    for (let tries = 0; !done(); tries++) {
      if (tries > 2000)
        throw new Error(
          `never: ${what}; ${this.sent.length} frames, ${JSON.stringify(this.events.slice(-3))}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  play(height: Height = "source", atMs = 0): string {
    const { screening } = stage.command(this, {
      type: "play",
      title: titleNamed(library, "film").id,
      height,
      atMs,
    });
    if (!screening) throw new Error("no screening");
    return screening;
  }
}
const monotonic = (sent: readonly Sent[]): boolean =>
  sent.every((s, i) => i === 0 || ((s.ticks - (sent[i - 1]?.ticks ?? 0)) | 0) > 0);

test("a film runs from its first frame to its end, every frame once, RTP time never back over its wrap", async () => {
  open();
  const ada = new Watcher("ada");
  ada.play("source");
  await ada.until(() => ada.events.some((e) => e.type === "ended"), "ended");
  expect(ada.sent.map((s) => Math.round((s.frame.ptsMs * 30) / 1000))).toEqual(
    Array.from({ length: 30 * SECONDS }, (_, i) => i),
  );
  expect(ada.sent[0]).toMatchObject({ first: true, codec: "h264" });
  expect(ada.sent.filter((s) => s.first)).toHaveLength(1);
  expect(monotonic(ada.sent)).toBe(true);
  expect(ada.sound.length).toBeGreaterThan(50 * SECONDS - 5);
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
  ada.play();
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

test("another resolution comes at a GOP boundary without a missing or doubled frame; sound is untouched", async () => {
  open();
  const ada = new Watcher("ada");
  ada.play("source");
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
  ada.play("source");
  await ada.until(() => ada.sent.length > 3 && store.pids().length > 0, "an encoder");
  for (const pid of store.pids()) process.kill(pid, "SIGKILL");
  await ada.until(() => ada.events.some((e) => e.type === "ended"), "ended");
  expect(ada.sent.map((s) => Math.round((s.frame.ptsMs * 30) / 1000))).toEqual(
    Array.from({ length: 30 * SECONDS }, (_, i) => i),
  );
});

test("a second viewer joins at the position; the owner controls, hands over, and goes; the screening closes with the last", async () => {
  open();
  const ada = new Watcher("ada");
  const bob = new Watcher("bob");
  const screening = ada.play("source");
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
  const screening = ada.play("source");
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
