import { networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Frame, VideoCodec } from "../../../src/gop/frame.ts";
import type { Log } from "../../../src/log.ts";
import { type Mux, openMux } from "../../../src/webrtc/mux.ts";
import { createPeer, type Peer } from "../../../src/webrtc/peer.ts";
import { FPS } from "./streams.ts";

export const quiet: Log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };

/** This machine's own addresses: Chromium sends from its LAN address even to itself. */
export const ownIps = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family }) => family === "IPv4")
    .map(({ address }) => address);

export const openTestMux = (): Promise<Mux> =>
  openMux({ port: 0, bind: "0.0.0.0", ips: ownIps(), log: quiet });

export async function until(
  what: string,
  test: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await test())) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await sleep(30);
  }
}

/** A connected peer of whoever answers; the open channel says that the other end is ready for media, too. */
export async function connect(
  mux: Mux,
  answer: (offer: string) => Promise<string>,
): Promise<{ peer: Peer; states: string[] }> {
  const peer = await createPeer({ mux, log: quiet });
  const states: string[] = [];
  peer.onState = (state, reason) => states.push(`${state}: ${reason}`);
  await peer.accept(await answer(await peer.offer()));
  await until("connected", () => states.includes("connected: connected") && peer.gate.open);
  return { peer, states };
}

const VIDEO_TICKS = 90;
const AUDIO_TICKS = 48;
/** Far from 0, so that nothing passes by luck. */
const START_TICKS = 4_000_000_000;

interface Part {
  readonly codec: VideoCodec;
  readonly frames: readonly Frame[];
}

/** Plays frames in real time; RTP time is the wall clock's, so it jumps over pauses and never goes back. */
export async function play(peer: Peer, parts: readonly Part[], sound: readonly Frame[] = []): Promise<void> {
  const ticksAt = (ms: number, rate: number): number => START_TICKS + ms * rate;
  peer.media.setClock((nowMs) => ({
    video: ticksAt(nowMs, VIDEO_TICKS),
    audio: ticksAt(nowMs, AUDIO_TICKS),
  }));
  const zeroMs = performance.now();
  const pictures = parts
    .flatMap(({ codec, frames }) => frames.map((frame) => ({ codec, frame })))
    .map(({ codec, frame }, i) => {
      const atMs = zeroMs + (i * 1000) / FPS;
      return {
        atMs,
        send: () => peer.media.video(frame, codec, ticksAt(atMs, VIDEO_TICKS), { first: i === 0 }),
      };
    });
  const voice = sound.map((frame, i) => {
    const atMs = zeroMs + i * 20;
    return { atMs, send: () => peer.media.audio(frame, ticksAt(atMs, AUDIO_TICKS)) };
  });
  for (const { atMs, send } of [...pictures, ...voice].sort((a, b) => a.atMs - b.atMs)) {
    const waitMs = atMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    send();
  }
}
