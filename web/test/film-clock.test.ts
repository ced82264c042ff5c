import type { Timeline } from "@loge/protocol/control";
import type { Watch } from "@loge/protocol/watch";
import { describe, expect, test } from "vitest";
import { clockText, frameMs, shownMs } from "../src/film-clock.ts";

const id = "A".repeat(22);
const line: Timeline = {
  type: "timeline",
  epoch: 3,
  screening: id,
  title: id,
  rtpVideo: 0xffffff00,
  rtpAudio: 0,
  mediaMs: 20_000,
  durationMs: 60_000,
  rate: 1,
  playing: true,
  height: 720,
  width: 1280,
  lines: 720,
  codec: "h264",
  cause: "seek",
};
const watch: Watch = { line, atMs: 1000, phase: "watching", frozen: false };
/** `ms` of film after the timeline's frame, on the 32-bit RTP clock. */
const frameAfter = (ms: number) => ({ rtpVideo: (line.rtpVideo + ms * 90) >>> 0 });

describe("film time of the frame on screen", () => {
  test("follows the RTP clock over its wrap", () => {
    expect(frameMs(watch, frameAfter(1000))).toBe(21_000);
  });

  test("is unknown for a frame from before the seek", () => {
    expect(frameMs(watch, frameAfter(-40))).toBeUndefined();
    expect(frameMs(watch, undefined)).toBeUndefined();
  });

  test("never passes the end", () => {
    expect(frameMs(watch, frameAfter(50_000))).toBe(60_000);
  });
});

describe("film time of the bar", () => {
  test("stands where the picture stands, however late it is", () => {
    expect(shownMs(watch, frameAfter(500), 9000)).toBe(20_500);
  });

  test("stands at the seek's target until its first frame is there", () => {
    expect(shownMs(watch, frameAfter(-40), 1400)).toBe(20_000);
  });

  test("goes by the clock where no frame comes at all (sound only, hidden tab)", () => {
    expect(shownMs(watch, undefined, 5000)).toBe(24_000);
  });

  test("stands while paused, lost or ended", () => {
    expect(shownMs({ ...watch, line: { ...line, playing: false } }, frameAfter(9000), 9000)).toBe(20_000);
    expect(shownMs({ ...watch, frozen: true }, frameAfter(9000), 9000)).toBe(20_000);
  });
});

test("film time in words", () => {
  expect([0, 59_999, 754_000, 36_000_000].map(clockText)).toEqual([
    "0:00:00",
    "0:00:59",
    "0:12:34",
    "10:00:00",
  ]);
});
