// From a title and a rendition to the shape of its lane: grid, runs, cache key. Pure.

import { Refusal } from "@loge/protocol/errors";
import type { RunSpec } from "../encode/args.ts";
import { OPUS_PACKET_MS, opusSlot } from "../encode/film-frame.ts";
import { bitsPerSecond, renditionSize, type Size } from "../encode/size.ts";
import type { Title, VideoInfo } from "../library/title.ts";
import type { AnyRendition, Rendition } from "./frame.ts";
import { GOP_MS, keyFrameGrid, pictureGrid, soundGrid } from "./grid.ts";
import type { LaneShape } from "./lane-parts.ts";

/** A longer explicit list of key frames outgrows the argument limit, so longer films are chains of runs. */
export const MAX_RUN_GOPS = 600;

/** (fingerprint, kind, stream, codec, height or source or copy); the GOP index is the cache's part of the key. */
export const laneKey = (title: Title, rendition: AnyRendition, streamIndex: number): string =>
  rendition.kind === "audio"
    ? `${title.fingerprint}|audio|${streamIndex}|${rendition.codec}`
    : `${title.fingerprint}|video|${streamIndex}|${rendition.codec}|${rendition.copy ? "copy" : rendition.height}`;

/** Encoded size of a rendition of this title. */
export const sizeOf = (video: VideoInfo, rendition: Rendition): Size =>
  renditionSize(video, rendition.height);

/** GOPs that the title's duration holds, and one for frames that lie beyond it. */
const gopCount = (title: Title): number => Math.ceil(title.durationMs / GOP_MS) + 1;

const pictureShape = (
  title: Title,
  video: VideoInfo,
  rendition: Rendition,
  codec: "h264" | "vp8",
): LaneShape => {
  const size = sizeOf(video, rendition);
  const rate = bitsPerSecond(size, video.fps);
  const count = gopCount(title);
  const runAt: LaneShape["runAt"] = (index, afterMs) => {
    const until = index + MAX_RUN_GOPS < count ? index + MAX_RUN_GOPS : undefined;
    const gops = Math.min(MAX_RUN_GOPS, Math.max(1, (until ?? count + 1) - index));
    const keyMs = Array.from({ length: gops }, (_, i) => pictureGrid.startMs(index + i));
    // a broken GOP goes on behind its last frame, with a key frame of its own
    const fromMs = afterMs === undefined ? pictureGrid.startMs(index) : afterMs + 2;
    if (afterMs !== undefined) keyMs[0] = fromMs;
    const { streamIndex, seekBackMs } = video;
    const common = { startMs: title.startMs, streamIndex, seekBackMs, fromMs };
    const untilMs = until === undefined ? undefined : pictureGrid.startMs(until);
    return { spec: { ...common, kind: "video", codec, size, bitsPerSecond: rate, untilMs, keyMs }, until };
  };
  return { grid: pictureGrid, runAt, mustHaveFrames: true };
};

const copyShape = (title: Title, video: VideoInfo, rendition: Rendition): LaneShape => {
  const { passthrough } = video;
  if (passthrough === undefined || passthrough.codec !== rendition.codec)
    throw new Refusal("NO_SUCH_RENDITION", "cannot pass through");
  const grid = keyFrameGrid(passthrough.keyMs);
  const runAt: LaneShape["runAt"] = (index) => {
    const { codec } = passthrough;
    const spec: RunSpec = {
      kind: "copy",
      codec,
      startMs: title.startMs,
      streamIndex: video.streamIndex,
      fromMs: grid.startMs(index),
    };
    return { spec, until: undefined };
  };
  return { grid, runAt, mustHaveFrames: true };
};

const soundShape = (title: Title, streamIndex: number): LaneShape => ({
  grid: soundGrid,
  runAt: (index, afterMs) => {
    const fromMs =
      afterMs === undefined ? soundGrid.startMs(index) : (opusSlot(afterMs) + 1) * OPUS_PACKET_MS;
    return { spec: { kind: "audio", startMs: title.startMs, streamIndex, fromMs }, until: undefined };
  },
  mustHaveFrames: false,
});

export interface LanePlan {
  readonly key: string;
  readonly shape: LaneShape;
}

/**
 * Describes the lane of a rendition.
 * @throws Refusal NOT_PLAYABLE (the title's own reason), NO_SUCH_RENDITION (no such stream, or a codec nobody encodes)
 */
export const describeLane = (title: Title, rendition: AnyRendition): LanePlan => {
  if (title.refusal !== undefined) throw new Refusal(title.refusal.code, title.refusal.reason);
  if (rendition.kind === "audio") {
    if (title.audio === undefined) throw new Refusal("NO_SUCH_RENDITION", "no sound in this title");
    const { streamIndex } = title.audio;
    return { key: laneKey(title, rendition, streamIndex), shape: soundShape(title, streamIndex) };
  }
  const { video } = title;
  if (video === undefined) throw new Refusal("NO_SUCH_RENDITION", "no picture in this title");
  const key = laneKey(title, rendition, video.streamIndex);
  if (rendition.copy) return { key, shape: copyShape(title, video, rendition) };
  if (rendition.codec !== "h264" && rendition.codec !== "vp8")
    throw new Refusal("NO_SUCH_RENDITION", `${rendition.codec} is not encoded here`);
  return { key, shape: pictureShape(title, video, rendition, rendition.codec) };
};
