/** What this viewer is watching, from the control events alone; pure, the same in page and terminal. */
import type { ControlEvent, Timeline } from "./control.ts";

export interface Watch {
  readonly line: Timeline;
  /** Local clock when the timeline arrived. */
  readonly atMs: number;
  readonly phase: "watching" | "ended";
  /** The connection is lost: film time stands until the film is taken up again. */
  readonly frozen: boolean;
}

/** The next state; undefined = watching nothing. */
export function watchStep(watch: Watch | undefined, event: ControlEvent, nowMs: number): Watch | undefined {
  switch (event.type) {
    case "timeline":
      if (watch && watch.line.screening === event.screening && event.epoch < watch.line.epoch) return watch;
      return { line: event, atMs: nowMs, phase: "watching", frozen: false };
    case "ended":
      if (watch?.line.screening !== event.screening) return watch;
      return {
        line: { ...watch.line, mediaMs: event.mediaMs, playing: false },
        atMs: nowMs,
        phase: "ended",
        frozen: false,
      };
    case "stopped":
      return watch?.line.screening === event.screening ? undefined : watch;
    default:
      return watch;
  }
}

/** Film time by the local clock: exact enough for a bar; the page refines it with the frame on screen. */
export function positionMs(watch: Watch, nowMs: number): number {
  const { line } = watch;
  const ran = line.playing && !watch.frozen ? (nowMs - watch.atMs) * line.rate : 0;
  return Math.min(line.durationMs, Math.max(0, line.mediaMs + ran));
}
