/** Film time of the frame on screen: the RTP timestamp that requestVideoFrameCallback tells, mapped by the timeline. */
import { mediaMsAt } from "@loge/protocol/control";
import { positionMs, type Watch } from "@loge/protocol/watch";

/** The newest frame that reached the screen; forgotten while the tab is hidden, where the browser reports none. */
export interface ShownFrame {
  readonly rtpVideo: number;
}

/** The first frame may take so long to come; until then the film has not begun to move. */
const FIRST_FRAME_MS = 1500;

/** Signed distance mod 2^32: a frame from before the newest play, seek or switch is older than its timeline. */
const isOfLine = (watch: Watch, frame: ShownFrame): boolean =>
  ((frame.rtpVideo - watch.line.rtpVideo) | 0) >= 0;

/** Film time of the frame on screen; undefined where no frame of this timeline was shown yet. */
export function frameMs(watch: Watch, frame: ShownFrame | undefined): number | undefined {
  if (!frame || !isOfLine(watch, frame)) return undefined;
  return Math.min(watch.line.durationMs, mediaMsAt(watch.line, frame.rtpVideo));
}

/** Film time for the bar: of the frame on screen (it stands where the picture stands), else by the local clock. */
export function shownMs(watch: Watch, frame: ShownFrame | undefined, nowMs: number): number {
  if (!watch.line.playing || watch.frozen || watch.phase === "ended") return positionMs(watch, nowMs);
  const shown = frameMs(watch, frame);
  if (shown !== undefined) return shown;
  return nowMs - watch.atMs < FIRST_FRAME_MS ? watch.line.mediaMs : positionMs(watch, nowMs);
}

/** Reports every frame that is shown until the returned function is called. */
export function followFrames(video: HTMLVideoElement, onFrame: (rtpVideo: number) => void): () => void {
  let handle = 0;
  const next = (): void => {
    handle = video.requestVideoFrameCallback((_now, metadata) => {
      if (metadata.rtpTimestamp !== undefined) onFrame(metadata.rtpTimestamp);
      next();
    });
  };
  next();
  return () => video.cancelVideoFrameCallback(handle);
}

/** 754000 → "0:12:34". */
export function clockText(mediaMs: number): string {
  const seconds = Math.max(0, Math.floor(mediaMs / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
