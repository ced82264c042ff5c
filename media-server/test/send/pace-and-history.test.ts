import { describe, expect, test } from "vitest";
import { absSendTime, compactNtp, ntpTime, roundTripMs } from "../../src/send/ntp.ts";
import * as pace from "../../src/send/pacer.ts";
import { AS_NEEDED, AT_ONCE } from "../../src/send/playout-delay.ts";
import { createRtxHistory, type SentPacket } from "../../src/send/rtx-history.ts";
import { createVideoQueue, type QueuedFrame } from "../../src/send/video-queue.ts";

const packet = (sequence: number, bytes = 1000): SentPacket => ({
  sequence: sequence & 0xffff,
  timestamp: 0,
  marker: false,
  rtxPayloadType: 97,
  payload: new Uint8Array(bytes),
  extensions: [],
});

describe("RTX history", () => {
  test("keeps thousands of packets, bounded in bytes, across the wrap of the sequence numbers", () => {
    const history = createRtxHistory(0, 1_000_000);
    for (let i = 65_000; i < 67_000; i++) history.add(packet(i));
    expect(history.bytes).toBe(1_000_000);
    expect(history.wanted([66_500 & 0xffff], 0, 0, 0)).toHaveLength(1);
    expect(history.wanted([65_001], 0, 0, 0)).toHaveLength(0);
    expect(history.missed).toBe(1);
  });

  test("answers at once, then not again within max(RTT, 20 ms)", () => {
    const history = createRtxHistory(0);
    history.add(packet(1));
    expect(history.wanted([1, 1, 1], 0, 50, 1e7)).toHaveLength(1);
    expect(history.wanted([1], 49, 50, 1e7)).toHaveLength(0);
    expect(history.wanted([1], 50, 50, 1e7)).toHaveLength(1);
    expect(history.wanted([1], 69, 0, 1e7)).toHaveLength(0);
    expect(history.wanted([1], 71, 0, 1e7)).toHaveLength(1);
  });

  test("a storm of requests gets no more than the budget", () => {
    const history = createRtxHistory(0);
    for (let i = 0; i < 4000; i++) history.add(packet(i));
    const all = Array.from({ length: 4000 }, (_, i) => i);
    let bytes = 0;
    for (let ms = 0; ms < 1000; ms += 10)
      for (const p of history.wanted(all, ms, 0, 2_000_000)) bytes += p.payload.length;
    expect(bytes).toBeLessThanOrEqual(64 * 1024 + 125_000);
  });
});

describe("pacing", () => {
  /** Milliseconds until `bytes` offered at once have left, in 1200-byte packets. */
  const drainMs = (bytes: number, eager: boolean): number => {
    let state = pace.offered(pace.newPacer(0), bytes, 0);
    let left = bytes;
    for (let ms = 0; ; ms += 5) {
      state = pace.refilled(state, ms, 5, eager);
      while (state.budgetBytes > 0 && left > 0) {
        state = pace.spent(state, 1200);
        left -= 1200;
      }
      if (left <= 0) return ms;
    }
  };

  test("a 150 KB key frame does not leave in one go, and leaves faster on a near path", () => {
    const far = drainMs(150_000, false);
    expect(far).toBeGreaterThan(50);
    expect(far).toBeLessThan(130);
    expect(drainMs(150_000, true)).toBeLessThan(40);
    expect(drainMs(150_000, true)).toBeGreaterThan(10);
  });

  test("a 40 Mbit/s stream is not held back", () => {
    let state = pace.newPacer(0);
    for (let ms = 0; ms < 3000; ms += 40) state = pace.offered(state, 200_000, ms);
    expect(pace.releaseBps(state, false)).toBeGreaterThan(80_000_000);
  });

  test("time standing still saves up no burst", () => {
    const state = pace.refilled(pace.newPacer(0), 60_000, 5, false);
    expect(state.budgetBytes).toBeLessThanOrEqual((10_000_000 / 8000) * 10);
  });
});

describe("queue", () => {
  const queued = (count: number): QueuedFrame => ({
    payloads: Array.from({ length: count }, () => new Uint8Array(1000)),
    payload: { payloadType: 96, rtxPayloadType: 97 },
    timestamp: 0,
    extensions: [],
    eager: false,
    next: 0,
  });

  test("drops what has not begun and finishes what has", () => {
    const queue = createVideoQueue();
    queue.push(queued(3));
    queue.push(queued(5));
    queue.take();
    expect(queue.dropUnbegun()).toBe(1);
    expect(queue.bytes).toBe(2000);
    expect([queue.take()?.last, queue.take()?.last, queue.take()]).toEqual([false, true, undefined]);
    expect(queue.bytes).toBe(0);
  });

  test("is bounded, but takes one frame of any size", () => {
    const queue = createVideoQueue(10_000);
    expect(queue.push(queued(50))).toBe(true);
    expect(queue.push(queued(1))).toBe(false);
  });
});

describe("times", () => {
  test("the NTP fraction is binary", () => {
    expect(ntpTime(500)).toBe((2_208_988_800n << 32n) | 0x80000000n);
    expect(compactNtp(250)).toBe(((2_208_988_800 & 0xffff) * 0x10000 + 0x4000) >>> 0);
  });
  test("round trip from LSR and DLSR, across the wrap", () => {
    const sentMs = 1_800_000_123_000;
    const dlsr = Math.round(0.2 * 65_536);
    expect(roundTripMs(sentMs + 250, compactNtp(sentMs), dlsr)).toBeCloseTo(50, 0);
    expect(roundTripMs(sentMs, 0, 0)).toBeUndefined();
    expect(roundTripMs(sentMs, compactNtp(sentMs + 5000), 0)).toBeUndefined();
  });
  test("abs-send-time is 6.18 fixed point", () => {
    expect([...absSendTime(64_000 + 500)]).toEqual([0x02, 0, 0]);
  });
  test("playout delays as Chromium reads them", () => {
    expect([...AT_ONCE]).toEqual([0, 0, 0]);
    expect([...AS_NEEDED]).toEqual([0, 0x03, 0xe8]);
  });
});
