import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  GenericNack,
  ReceiverEstimatedMaxBitrate,
  RtcpPayloadSpecificFeedback,
  RtcpSourceDescriptionPacket,
  RtcpSrPacket,
  RtcpTransportLayerFeedback,
  RtpHeader,
  RtpPacket,
  ntpTime as weriftNtpTime,
} from "werift";
import type { Frame } from "../../src/gop/frame.ts";
import type { Mux } from "../../src/webrtc/mux.ts";
import { connect, openTestMux, until } from "./support/play.ts";
import { openStockServer } from "./support/stock-server.ts";
import { openWeriftViewer, type WeriftViewer } from "./support/werift-viewer.ts";

const NTP_OFFSET_S = 2_208_988_800;
const epochMsOf = (ntp: bigint): number =>
  (Number(ntp >> 32n) - NTP_OFFSET_S) * 1000 + (Number(ntp & 0xffffffffn) / 2 ** 32) * 1000;
const bigFrame = (bytes: number): Frame => ({ ptsMs: 0, key: true, data: new Uint8Array(bytes) });

function nack(viewer: WeriftViewer, ssrc: number, lost: readonly number[]): Promise<unknown> {
  const feedback = new GenericNack({ senderSsrc: 1, mediaSourceSsrc: ssrc, lost: [...lost] });
  return viewer.transport.sendRtcp([new RtcpTransportLayerFeedback({ feedback })]);
}

async function connectBoth(mux: Mux, viewer: WeriftViewer): ReturnType<typeof connect> {
  const connected = await connect(mux, viewer.answer);
  await until("the viewer is up too", () => viewer.transport.state === "connected");
  return connected;
}

describe("reports and requests", { timeout: 30_000 }, () => {
  let mux: Mux;
  beforeAll(async () => {
    mux = await openTestMux();
  });
  afterAll(() => mux.close("test over"));

  test("sender reports carry true NTP time and the line the caller gave, for both tracks at one moment", async () => {
    const viewer = openWeriftViewer();
    const { peer } = await connectBoth(mux, viewer);
    const reports: RtcpSrPacket[] = [];
    let names = 0;
    viewer.transport.onRtcp.subscribe((packet) => {
      if (packet instanceof RtcpSrPacket) reports.push(packet);
      if (packet instanceof RtcpSourceDescriptionPacket) names += packet.chunks.length;
    });
    peer.allowMedia();
    peer.media.setClock((nowMs) => ({ video: nowMs * 90, audio: nowMs * 48 }));
    await until("one at once", () => reports.length >= 2, 450);
    await until("one each 500 ms", () => reports.length >= 6, 5000);
    const [video, audio] = [reports.filter((_, i) => i % 2 === 0), reports.filter((_, i) => i % 2 === 1)];
    expect(names).toBe(reports.length);
    video.forEach((report, i) => {
      const { ntpTimestamp } = report.senderInfo;
      expect(audio[i]?.senderInfo.ntpTimestamp).toBe(ntpTimestamp);
      expect(Math.abs(epochMsOf(ntpTimestamp) - Date.now())).toBeLessThan(10_000);
    });
    const [first, last] = [video[0], video.at(-1)];
    const wallMs =
      epochMsOf(last?.senderInfo.ntpTimestamp ?? 0n) - epochMsOf(first?.senderInfo.ntpTimestamp ?? 0n);
    const ticks = ((last?.senderInfo.rtpTimestamp ?? 0) - (first?.senderInfo.rtpTimestamp ?? 0)) >>> 0;
    expect(Math.abs(ticks - wallMs * 90)).toBeLessThan(3);
    await peer.close("test over");
    await viewer.pc.close();
  });

  test("stock werift's NTP fraction is wrong (the defect this cures)", async () => {
    const errors: number[] = [];
    for (let i = 0; i < 5; i++) {
      errors.push(Math.abs(epochMsOf(weriftNtpTime()) - (performance.timeOrigin + performance.now())));
      await sleep(130);
    }
    expect(Math.max(...errors)).toBeGreaterThan(100);
  });

  test("the first frame asks to be shown at once, the next lets the buffer choose, every packet says when it left", async () => {
    const viewer = openWeriftViewer();
    const { peer } = await connectBoth(mux, viewer);
    peer.allowMedia();
    const delta: Frame = { ptsMs: 0, key: false, data: new Uint8Array(3000) };
    peer.media.video(bigFrame(3000), "vp8", 0, { first: true });
    peer.media.video(delta, "vp8", 3000, { first: false });
    peer.media.video({ ...delta }, "vp8", 6000, { first: false });
    peer.media.audio(delta, 0);
    await until("all", () => viewer.rtp.length === 10);
    const extensions = (ticks: number) =>
      viewer.rtp
        .filter(({ header, payload }) => header.timestamp === ticks && payload.length < 3000)
        .map(({ header }) => header.extensions.map(({ payload }) => payload.toString("hex")));
    for (const [ticks, delay] of [
      [0, "000000"],
      [3000, "0003e8"],
      [6000, undefined],
    ] as const) {
      expect(extensions(ticks)).toHaveLength(3);
      for (const [sentAt, ...rest] of extensions(ticks)) {
        expect(sentAt).toMatch(/^[0-9a-f]{6}$/);
        expect(rest).toEqual(delay === undefined ? [] : [delay]);
      }
    }
    expect(viewer.rtp.find(({ payload }) => payload.length === 3000)?.header.extensions).toHaveLength(1);
    await peer.close("test over");
    await viewer.pc.close();
  });

  test("a packet sent 600 packets ago comes again by RTX, once per interval", async () => {
    const viewer = openWeriftViewer();
    const { peer } = await connectBoth(mux, viewer);
    peer.allowMedia();
    for (let i = 0; i < 8; i++) peer.media.video(bigFrame(100_000), "vp8", i * 3000, { first: i === 0 });
    await until("all there", () => viewer.rtp.length >= 690);
    const first = viewer.rtp[0]?.header;
    if (!first) throw new Error("nothing came");
    await nack(viewer, first.ssrc, [first.sequenceNumber]);
    await nack(viewer, first.ssrc, [first.sequenceNumber]);
    await until("again", () => viewer.rtp.some(({ header }) => header.ssrc !== first.ssrc));
    await sleep(100);
    const again = viewer.rtp.filter(({ header }) => header.ssrc !== first.ssrc);
    expect(again).toHaveLength(1);
    expect(again[0]?.payload.readUInt16BE(0)).toBe(first.sequenceNumber);
    expect(again[0]?.payload.subarray(2)).toEqual(viewer.rtp[0]?.payload);
    expect(again[0]?.header.timestamp).toBe(first.timestamp);
    expect(peer.media.stats).toMatchObject({ rtxSent: 1, nackMissed: 0 });
    await nack(viewer, first.ssrc, [(first.sequenceNumber + 5000) & 0xffff]);
    await until("missed", () => peer.media.stats.nackMissed === 1);
    await peer.close("test over");
    await viewer.pc.close();
  });

  test("stock werift has forgotten it (the defect this cures)", async () => {
    const viewer = openWeriftViewer();
    const server = await openStockServer(viewer.answer);
    await until(
      "connected",
      () => server.states.includes("connected") && viewer.transport.state === "connected",
    );
    const [sender] = server.pc.getSenders();
    for (let i = 0; i < 300; i++) {
      const header = new RtpHeader({ sequenceNumber: 1000 + i, timestamp: i, payloadType: 96 });
      await sender?.sendRtp(new RtpPacket(header, Buffer.alloc(100)));
      if (i % 50 === 0) await sleep(5);
    }
    await until("all there", () => viewer.rtp.length >= 300);
    const [oldest, newest] = [viewer.rtp[0]?.header, viewer.rtp[299]?.header];
    if (!oldest || !newest) throw new Error("nothing came");
    await nack(viewer, newest.ssrc, [newest.sequenceNumber]);
    await until("the newest again", () => viewer.rtp.length === 301);
    await nack(viewer, oldest.ssrc, [oldest.sequenceNumber]);
    await sleep(200);
    expect(viewer.rtp).toHaveLength(301);
    await Promise.all([server.pc.close(), viewer.pc.close()]);
  });

  test("the receiver's estimate is taken from REMB; a stock sender has no use for it (the defect this cures)", async () => {
    const viewer = openWeriftViewer();
    const { peer } = await connectBoth(mux, viewer);
    peer.allowMedia();
    expect(peer.media.stats.rembBps).toBeUndefined();
    const remb = (ssrc: number) =>
      new RtcpPayloadSpecificFeedback({
        feedback: new ReceiverEstimatedMaxBitrate({
          senderSsrc: 1,
          mediaSsrc: 0,
          ssrcNum: 1,
          brExp: 4,
          brMantissa: 125_000,
          ssrcFeedbacks: [ssrc],
        }),
      });
    await viewer.transport.sendRtcp([remb(1)]);
    await until("estimate", () => peer.media.stats.rembBps === 2_000_000);
    await peer.close("test over");
    await viewer.pc.close();

    const stockViewer = openWeriftViewer();
    const server = await openStockServer(stockViewer.answer);
    await until(
      "connected",
      () => server.states.includes("connected") && stockViewer.transport.state === "connected",
    );
    const [sender] = server.pc.getSenders();
    await sender?.sendRtp(
      new RtpPacket(new RtpHeader({ sequenceNumber: 1, timestamp: 1, payloadType: 96 }), Buffer.alloc(100)),
    );
    await stockViewer.transport.sendRtcp([remb(sender?.ssrc ?? 0)]);
    await sleep(200);
    expect(sender?.senderBWE.availableBitrate ?? 0).not.toBe(2_000_000);
    await Promise.all([server.pc.close(), stockViewer.pc.close()]);
  });
});
