import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Frame, VideoCodec } from "../../src/gop/frame.ts";
import { createPacketCache } from "../../src/send/packet-cache.ts";
import type { Negotiated, PacketSender, RtpHead, SenderReport } from "../../src/send/packet-sender.ts";
import { createViewerOut } from "../../src/send/viewer-out.ts";

const VIDEO_SSRC = 11;
const NEGOTIATED: Negotiated = {
  video: { ssrc: VIDEO_SSRC, rtxSsrc: 12, extensions: { absSendTime: undefined, playoutDelay: undefined } },
  audio: { ssrc: 13, payloadType: 111, extensions: { absSendTime: undefined, playoutDelay: undefined } },
  payloads: new Map([
    ["vp8", { payloadType: 96, rtxPayloadType: 97 }],
    ["vp9", { payloadType: 98, rtxPayloadType: undefined }],
  ]),
};
const frame = (bytes: number, key = true): Frame => ({ ptsMs: 0, key, data: new Uint8Array(bytes) });

/** The other side of the port: a way out that keeps what it is given; `gone` = nothing leaves any more. */
function open() {
  const heads: RtpHead[] = [];
  const reports: SenderReport[] = [];
  const way = { gone: false };
  const sender: PacketSender = {
    send: (head, payload) => {
      if (way.gone) return 0;
      heads.push(head);
      return payload.length + 12;
    },
    report: (batch) => reports.push(...batch),
    rttMs: 100,
  };
  const out = createViewerOut({
    sender,
    cache: createPacketCache(),
    now: () => Date.now(),
    epochMs: (nowMs) => nowMs,
  });
  out.configure(NEGOTIATED);
  out.allow();
  const show = (f: Frame, codec: VideoCodec, ticks: number, first = false) =>
    out.video(f, codec, ticks, { first });
  return { out, heads, reports, way, show };
}

describe("the way out of one viewer", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_800_000_000_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("sequence numbers run on over frames, codecs and the wrap; only the last packet of a frame is marked", () => {
    const { heads, show } = open();
    for (let i = 0; i < 30; i++) {
      show(frame(2_600_000), i % 2 === 0 ? "vp8" : "vp9", i * 3000);
      vi.advanceTimersByTime(3000);
    }
    expect(heads.length).toBeGreaterThan(65_536);
    const first = heads[0]?.sequence ?? 0;
    expect(heads.every((head, i) => head.sequence === ((first + i) & 0xffff))).toBe(true);
    const marked = heads.filter(({ marker }) => marker);
    expect(marked).toHaveLength(30);
    expect(new Set(heads.map((h) => h.payloadType))).toEqual(new Set([96, 98]));
  });

  test("timestamps are taken mod 2^32, also below zero", () => {
    const { heads, show } = open();
    show(frame(10), "vp8", 2 ** 32 + 5);
    show(frame(10), "vp8", -1);
    vi.advanceTimersByTime(20);
    expect(heads.map(({ timestamp }) => timestamp)).toEqual([5, 2 ** 32 - 1]);
  });

  test("the frames that lead up to a place all leave, though each is to be shown at once", () => {
    const { out, heads, show } = open();
    show(frame(100_000), "vp8", 0, true);
    for (let i = 1; i <= 20; i++) show(frame(5_000, false), "vp8", i, true);
    vi.advanceTimersByTime(2000);
    expect(out.stats.dropped).toBe(0);
    expect(new Set(heads.map(({ timestamp }) => timestamp)).size).toBe(21);
  });

  test("a large frame leaves little by little; a new play drops what has not begun", () => {
    const { out, heads, show } = open();
    show(frame(300_000), "vp8", 0);
    show(frame(300_000), "vp8", 3000);
    vi.advanceTimersByTime(10);
    expect(heads.length).toBeLessThan(60);
    expect(out.stats.queueMs).toBeGreaterThan(50);
    show(frame(1000), "vp8", 90_000, true);
    vi.advanceTimersByTime(2000);
    expect(new Set(heads.map(({ timestamp }) => timestamp))).toEqual(new Set([0, 90_000]));
    expect(out.stats).toMatchObject({ dropped: 1, queueMs: 0 });
  });

  test("too much at once: frames are dropped until a key frame, which is asked for once", () => {
    const { out, show, heads } = open();
    let wishes = 0;
    out.onKeyFrameWanted = () => wishes++;
    for (let i = 0; i < 5; i++) show(frame(1_000_000), "vp8", i);
    show(frame(10, false), "vp8", 5);
    expect(out.stats.dropped).toBe(2);
    expect(wishes).toBe(1);
    vi.advanceTimersByTime(10_000);
    show(frame(10, false), "vp8", 6);
    show(frame(10, true), "vp8", 7);
    vi.advanceTimersByTime(10);
    expect(heads.at(-1)?.timestamp).toBe(7);
    expect(out.stats.dropped).toBe(3);
  });

  test("a viewer who is gone costs nothing and throws nothing; a closed one neither", () => {
    const { out, way, show } = open();
    way.gone = true;
    for (let i = 0; i < 300; i++) {
      show(frame(20_000, i % 30 === 0), "vp8", i * 3000);
      out.audio(frame(200), i * 960);
      vi.advanceTimersByTime(33);
    }
    expect(out.stats).toMatchObject({ packets: 0, bytes: 0 });
    out.close();
    show(frame(10), "vp8", 0);
    out.syncNow();
    out.feedback.nack([1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("what the viewer cannot decode is dropped", () => {
    const { out, heads, show } = open();
    show(frame(10), "h264", 0);
    vi.advanceTimersByTime(10);
    expect([heads.length, out.stats.dropped]).toEqual([0, 1]);
  });

  test("key frame wishes are passed on at most twice a second", () => {
    const { out } = open();
    let wishes = 0;
    out.onKeyFrameWanted = () => wishes++;
    for (let ms = 0; ms < 1000; ms += 10) {
      out.feedback.keyFrameWanted();
      vi.advanceTimersByTime(10);
    }
    expect(wishes).toBe(2);
  });

  test("reports: at once, every 500 ms, on demand; the round trip and loss come from the viewer's", () => {
    const { out, reports } = open();
    out.setClock((nowMs) => ({ video: nowMs * 90, audio: nowMs * 48 }));
    expect(reports.map(({ ssrc }) => ssrc)).toEqual([VIDEO_SSRC, 13]);
    out.syncNow();
    expect(reports).toHaveLength(4);
    vi.advanceTimersByTime(1000);
    expect(reports).toHaveLength(8);
    const lsr = Number(((reports[6]?.ntp ?? 0n) >> 16n) & 0xffffffffn);
    vi.advanceTimersByTime(80);
    out.feedback.report(VIDEO_SSRC, 0.25, lsr, Math.round(0.05 * 65_536));
    expect(out.stats.lossFraction).toBe(0.25);
    expect(out.stats.rttMs).toBeCloseTo(30, 0);
    out.close();
  });
});
