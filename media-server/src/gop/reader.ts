// A reader: one viewer's walk through the GOPs of a lane. See GopReader in store.ts for the contract.

import type { Refusal } from "@loge/protocol/errors";
import type { Gop } from "./cache.ts";
import type { Frame } from "./frame.ts";
import type { Lane, LaneReader } from "./lane.ts";
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

export class LaneGopReader implements GopReader, LaneReader {
  readonly #lane: Lane;
  readonly #start: ReaderStart;
  #index: number;
  #gop: Gop;
  #position = 0;
  /** The first frame has been found. Until then an empty place makes it look further back. */
  #located = false;
  #backStep = 1;
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
      if (frame !== undefined) {
        if (this.#located || this.#isFirst(frame)) return frame;
      } else if (!this.#goOn()) {
        if (this.#waiting) return "waiting";
        break;
      }
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

  /** Decides whether reading begins with this frame; if not, moves on or back. */
  #isFirst(frame: Frame): boolean {
    const { kind, fromMs, toleranceMs } = this.#start;
    if (kind === "audio" && frame.ptsMs < fromMs - SOUND_EARLY_MS) {
      this.#position += 1;
      return false;
    }
    if (kind === "video" && this.#index > 0 && frame.ptsMs > fromMs + toleranceMs) {
      this.#moveBack();
      return false;
    }
    this.#located = true;
    return true;
  }

  /** No frame at the position: moves to another GOP. False when there is nowhere to go (now). */
  #goOn(): boolean {
    const end = this.#lane.end ?? Number.POSITIVE_INFINITY;
    const mayLookBack = !this.#located && this.#start.kind === "video" && this.#index > 0;
    if (this.#index < end && !this.#gop.complete) {
      const refusal = this.#lane.refusalAt(this.#index);
      if (refusal !== undefined) this.fail(refusal);
      this.#waiting = refusal === undefined;
      return false;
    }
    if (mayLookBack) {
      this.#moveBack();
      return true;
    }
    if (this.#index + 1 >= end) {
      const refusal = this.#lane.refusalAt(this.#index);
      if (refusal !== undefined && !this.#located) this.fail(refusal);
      return false;
    }
    // nothing before the film's first frame: take whatever comes first
    if (this.#start.kind === "video") this.#located = true;
    this.#moveTo(this.#index + 1);
    return true;
  }

  /** Steps grow, so that a film that is shorter than it says does not cost one run for each missing second. */
  #moveBack(): void {
    const known = Math.min(this.#index, this.#lane.end ?? Number.POSITIVE_INFINITY);
    this.#moveTo(Math.max(0, known - this.#backStep));
    this.#backStep *= 2;
  }

  #moveTo(index: number): void {
    const left = this.#index;
    this.#index = index;
    this.#position = 0;
    this.#gop = this.#lane.pin(index);
    this.#lane.unpin(left);
    this.#lane.update();
  }
}
