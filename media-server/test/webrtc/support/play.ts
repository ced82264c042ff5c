import { networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Frame, VideoCodec } from "../../../src/gop/frame.ts";
import type { Log } from "../../../src/log.ts";
import { type Mux, openMux } from "../../../src/webrtc/mux.ts";
import { createPeer, type Peer } from "../../../src/webrtc/peer.ts";

export const quiet: Log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };

/** This machine's own addresses: Chromium sends from its LAN address even to itself. */
export const ownIps = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family }) => family === "IPv4")
    .map(({ address }) => address);

export const openTestMux = (): Promise<Mux> => openMux({ port: 0, bind: "0.0.0.0", ips: ownIps(), log: quiet });

export async function until(what: string, test: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await test())) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await sleep(30);
  }
}

/** A connected peer of whoever answers. */
export async function connect(mux: Mux, answer: (offer: string) => Promise<string>): Promise<{ peer: Peer; states: string[] }> {
  const peer = await createPeer({ mux, log: quiet });
  const states: string[] = [];
  peer.onState = (state, reason) => states.push(`${state}: ${reason}`);
  await peer.accept(await answer(await peer.offer()));
  await until("connected", () => states.includes("connected: connected"));
  return { peer, states };
}

const VIDEO_TICKS = 90;
const AUDIO_TICKS = 48;
const START_TICKS = 12_345_678;

/** Plays frames in real time on one wall-clock line, as a viewer's player does. */
export async function play(peer: Peer, parts: readonly { codec: VideoCodec; frames: readonly Frame[] }[], sound: readonly Frame[] = []) {
  const zeroMs = performance.now();
  peer.media.setClock((nowMs) => ({
    video: START_TICKS + (nowMs - zeroMs) * VIDEO_TICKS,
    audio: START_TICKS + (nowMs - zeroMs) * AUDIO_TICKS,
  }));
  let startMs = 0;
  const queue = parts.flatMap(({ codec, frames }, part) => {
    const from = startMs;
    startMs += (frames.length * 1000) / 30;
    return frames.map((frame, i) => ({ atMs: from + (i * 1000) / 30, send: (ticks: number) => peer.media.video(frame, codec, ticks, { first: part === 0 && i === 0 }), rate: VIDEO_TICKS }));
  });
  const voice = sound.map((frame, i) => ({ atMs: i * 20, send: (ticks: number) => peer.media.audio(frame, ticks), rate: AUDIO_TICKS }));
  for (const item of [...queue, ...voice].sort((a, b) => a.atMs - b.atMs)) {
    const waitMs = zeroMs + item.atMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    item.send(START_TICKS + item.atMs * item.rate);
  }
}
