// A reader: one viewer's walk through the GOPs of a lane. See GopReader in store.ts for the contract.

import type { Refusal } from "@loge/protocol/errors";
import type { Gop } from "./cache.ts";
import type { Frame } from "./frame.ts";
import type { Lane } from "./lane.ts";
import type { LaneReader } from "./lane-parts.ts";
import type { GopReader } from "./store.ts";

export interface ReaderStart {
  readonly kind: "video" | "audio";
  readonly fromMs: number;
  /** A first frame later than fromMs by no more than this still counts as "at" it: about one frame. */
  readonly toleranceMs: number;
  readonly firstIndex: number;
  readonly onClose: () => void;
}

/** Sound may begin one packet early. */
const SOUND_EARLY_MS = 20;
/** After a longer step back it begins there instead of encoding everything in between first. */
const MAX_UNSEEN_GOPS = 8;

type Step = "again" | "waiting" | "end";

export class LaneGopReader implements GopReader, LaneReader {
  readonly #lane: Lane;
  readonly #start: ReaderStart;
  #index: number;
  #gop: Gop;
  #position = 0;
  /** The first frame has been found. Until then an empty place makes it look further back. */
  #located = false;
  #backStep = 1;
  /** While looking back: first GOP known to begin too late or to be empty. */
  #top: number | undefined;
  /** While looking forward again: last GOP known to begin early enough. */
  #floor: number | undefined;
  #waiting = true;
  #closed = false;
  #error: Refusal | undefined;
  admitted = false;
  /** A reader that goes when this one plays. */
  instead: LaneGopReader | undefined;
  onReady: (() => void) | undefined;

  constructor(lane: Lane, start: ReaderStart) {
    this.#lane = lane;
    this.#start = start;
    this.#index = start.firstIndex;
    this.#gop = lane.pin(this.#index);
  }

  get index(): number {
    return this.#index;
  }
  get error(): Refusal | undefined {
    return this.#error;
  }
  get closed(): boolean {
    return this.#closed;
  }

  peek(): Frame | "waiting" | "end" {
    this.#waiting = false;
    while (!this.#closed && this.#error === undefined) {
      const frame = this.#gop.frames[this.#position];
      if (frame !== undefined && this.#located) return frame;
      const step = frame === undefined ? this.#goOn() : this.#consider(frame);
      if (step === "end") break;
      if (step !== "waiting") continue;
      this.#waiting = true;
      return "waiting";
    }
    return "end";
  }

  shift(): void {
    if (this.#position < this.#gop.frames.length) this.#position += 1;
  }

  wake(): void {
    if (!this.#waiting || this.#closed) return;
    this.#waiting = false;
    this.onReady?.();
  }

  fail(refusal: Refusal): void {
    if (this.#closed || this.#error !== undefined) return;
    this.#error = refusal;
    this.#leave();
    // inside peek() nobody waits: the caller sees it in the answer
    this.wake();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onReady = undefined;
    if (this.#error === undefined) this.#leave();
    this.#start.onClose();
  }

  #leave(): void {
    this.#lane.unpin(this.#index);
    this.#lane.leave(this);
  }

  /** Nothing was given out yet: does reading begin with this frame, or further on, or further back? */
  #consider(frame: Frame): Step {
    const { kind, fromMs, toleranceMs } = this.#start;
    if (kind === "audio") {
      if (frame.ptsMs < fromMs - SOUND_EARLY_MS) this.#position += 1;
      else this.#located = true;
      return "again";
    }
    if (this.#index > 0 && frame.ptsMs > fromMs + toleranceMs) return this.#moveBack();
    const unseen = this.#top === undefined ? 0 : this.#top - this.#index - 1;
    if (unseen <= 0 || unseen > MAX_UNSEEN_GOPS) {
      this.#located = true;
      return "again";
    }
    // the step back was longer than one GOP: a later one may still begin before fromMs
    if (!this.#gop.complete) return "waiting";
    this.#floor = this.#index;
    return this.#moveTo(this.#index + 1);
  }

  /** No frame at the position: moves to another GOP, or says why not. */
  #goOn(): Step {
    const end = this.#lane.end ?? Number.POSITIVE_INFINITY;
    if (this.#index < end && !this.#gop.complete) {
      const refusal = this.#lane.refusalAt(this.#index);
      if (refusal !== undefined) this.fail(refusal);
      return refusal === undefined ? "waiting" : "end";
    }
    const isPicture = this.#start.kind === "video";
    if (!this.#located && isPicture) {
      if (this.#floor !== undefined && this.#index + 1 < Math.min(end, this.#top ?? 0))
        return this.#moveTo(this.#index + 1);
      if (this.#index > 0) return this.#moveBack();
    }
    if (this.#index + 1 >= end) {
      const refusal = this.#lane.refusalAt(this.#index);
      if (refusal !== undefined && !this.#located) this.fail(refusal);
      return "end";
    }
    // nothing before the film's first frame: take whatever comes first
    if (isPicture) this.#located = true;
    return this.#moveTo(this.#index + 1);
  }

  /**
   * To the last GOP known to begin early enough, else further back. Steps grow, so that a film that is shorter than it
   * says does not cost one run for each missing second.
   */
  #moveBack(): Step {
    if (this.#floor !== undefined) {
      this.#located = true;
      return this.#moveTo(this.#floor);
    }
    this.#top = Math.min(this.#index, this.#lane.end ?? Number.POSITIVE_INFINITY);
    const step = this.#backStep;
    this.#backStep *= 2;
    return this.#moveTo(Math.max(0, this.#top - step));
  }

  #moveTo(index: number): Step {
    const left = this.#index;
    this.#index = index;
    this.#position = 0;
    this.#gop = this.#lane.pin(index);
    this.#lane.unpin(left);
    this.#lane.update();
    return "again";
  }
}
