import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Frame, VideoCodec } from "../../src/gop/frame.ts";
import type { Mux } from "../../src/webrtc/mux.ts";
import { openBrowser, openViewer, type Received, type Viewer } from "./support/browser.ts";

import { connect, openTestMux, play, until } from "./support/play.ts";
import { openRelay } from "./support/relay.ts";
import { encodedSound, encodedVideo } from "./support/streams.ts";

describe("Chromium as the viewer", { timeout: 60_000 }, () => {
  let browser: Browser;
  let mux: Mux;
  const streams = new Map<VideoCodec, Frame[]>();
  const stream = async (codec: VideoCodec): Promise<Frame[]> => {
    const made = streams.get(codec) ?? (await encodedVideo(codec, 3));
    streams.set(codec, made);
    return made;
  };
  beforeAll(async () => {
    browser = await openBrowser();
    mux = await openTestMux();
  });
  afterAll(async () => {
    await browser?.close();
    await mux?.close("test over");
  });
  const decoded = (viewer: Viewer, frames: number) =>
    until(`${frames} frames`, async () => (await viewer.received()).framesDecoded >= frames, 8000).catch(
      () => undefined,
    );

  /** All arrive; a busy machine may leave out decoding a few. */
  const expectFrames = (got: Received, frames: number): void => {
    expect(got.framesReceived).toBe(frames);
    expect(got.framesDecoded).toBeGreaterThanOrEqual(Math.floor(frames * 0.98));
  };

  for (const codec of ["h264", "vp8", "vp9", "av1"] as const) {
    test(`${codec}: every frame is decoded`, async () => {
      const frames = await stream(codec);
      const viewer = await openViewer(browser);
      const { peer } = await connect(mux, viewer.answer);
      expect(peer.codecs).toEqual(["h264", "vp8", "vp9", "av1"]);
      peer.allowMedia();
      await play(peer, [{ codec, frames }], codec === "h264" ? await encodedSound(3) : []);
      await decoded(viewer, frames.length);
      const got = await viewer.received();
      expectFrames(got, frames.length);
      if (codec === "h264") expect(got.audioEnergy).toBeGreaterThan(0);
      await peer.close("test over");
      await viewer.close();
    });
  }

  test("codecs change on one SSRC without negotiation", async () => {
    const [h264, vp8, vp9] = [await stream("h264"), await stream("vp8"), await stream("vp9")];
    const viewer = await openViewer(browser);
    const { peer } = await connect(mux, viewer.answer);
    peer.allowMedia();
    const second = (codec: VideoCodec, frames: Frame[]) => ({ codec, frames: frames.slice(0, 30) });
    await play(peer, [
      second("h264", h264),
      second("vp8", vp8),
      second("vp9", vp9),
      second("vp8", vp8),
      second("h264", h264),
    ]);
    await decoded(viewer, 150);
    const got = await viewer.received();
    expectFrames(got, 150);
    expect(got).toMatchObject({ keyFramesDecoded: 5, packetsLost: 0 });
    await peer.close("test over");
    await viewer.close();
  });

  test("lost packets come again: 2 % loss, every frame decoded", async () => {
    const frames = [...(await stream("vp8")), ...(await stream("vp8"))];
    const viewer = await openViewer(browser);
    const relay = await openRelay(mux.port);
    const { peer } = await connect(mux, async (offer) =>
      relay.bare(await viewer.answer(relay.through(offer))),
    );
    peer.allowMedia();
    await play(peer, [{ codec: "vp8", frames: frames.slice(0, 30) }]);
    await decoded(viewer, 30);
    relay.lossShare = 0.02;
    await play(peer, [{ codec: "vp8", frames: frames.slice(30) }]);
    await decoded(viewer, frames.length);
    const got = await viewer.received();
    const { stats } = peer.media;
    expect(relay.droppedRtp).toBeGreaterThan(3);
    expectFrames(got, frames.length);
    expect(stats.nackMissed).toBe(0);
    expect(stats.rtxSent).toBeGreaterThanOrEqual(relay.droppedRtp / 2);
    expect(stats.rtxSent).toBeLessThan(relay.droppedRtp * 6);
    expect(stats.rembBps).toBeGreaterThan(100_000);
    await peer.close("test over");
    await viewer.close();
    relay.close();
  });

  test("a viewer whose address changes is followed", async () => {
    const frames = await stream("vp8");
    const viewer = await openViewer(browser);
    const relay = await openRelay(mux.port);
    const { peer, states } = await connect(mux, async (offer) =>
      relay.bare(await viewer.answer(relay.through(offer))),
    );
    peer.allowMedia();
    let wishes = 0;
    peer.media.onKeyFrameWanted = () => wishes++;
    const before = mux.counters.moves;
    await play(peer, [{ codec: "vp8", frames: frames.slice(0, 30) }]);
    await decoded(viewer, 30);
    await relay.rebind();
    await until("moved", () => mux.counters.moves > before, 15_000);
    expect(wishes).toBeGreaterThan(0);
    await play(peer, [{ codec: "vp8", frames: frames.slice(0, 30) }]);
    await decoded(viewer, 60);
    expectFrames(await viewer.received(), 60);
    expect(states).toEqual(["connected: connected"]);
    await peer.close("test over");
    await viewer.close();
    relay.close();
  });

  test("three ordered channels carry text and bytes both ways, and closing is seen at once on both ends", async () => {
    const viewer = await openViewer(browser);
    const { peer, states } = await connect(mux, viewer.answer);
    const heard: string[] = [];
    for (const channel of [peer.gate, peer.control, peer.bulk]) {
      channel.onMessage = (data) => heard.push(String(data));
      await until("open", () => channel.open);
      channel.send(`hello ${channel.label}`);
      channel.send(new Uint8Array(60_000));
    }
    await until("echoes", () => heard.length === 6);
    expect((await viewer.messages()).sort()).toEqual(
      ["bulk", "control", "gate"].flatMap((label) => [`${label}:bytes 60000`, `${label}:hello ${label}`]),
    );
    await viewer.page.evaluate("viewer.pc.close()");
    await until("closed", () => states.some((state) => state.startsWith("closed")), 5000);
    peer.control.send("into the void");
    expect(peer.control.open).toBe(false);
    await peer.close("again");
    await viewer.close();
  });

  test("no picture leaves before the key is confirmed", async () => {
    const frames = (await stream("vp8")).slice(0, 10);
    const viewer = await openViewer(browser);
    const { peer } = await connect(mux, viewer.answer);
    await play(peer, [{ codec: "vp8", frames }]);
    expect(peer.media.stats).toMatchObject({ packets: 0, bytes: 0, dropped: 10 });
    expect((await viewer.received()).framesDecoded).toBe(0);
    await peer.close("test over");
    await viewer.close();
  });
});
