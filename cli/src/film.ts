/** Counts what arrives of one film: pictures, their size, film time played. */
import type { Timeline } from "@loge/protocol/control";
import { positionMs, type Watch } from "@loge/protocol/watch";

export interface FilmReport {
  readonly frames: number;
  /** Of the last picture; 0 where none came. */
  readonly width: number;
  readonly height: number;
  /** Film time that ran, without pauses and jumps. */
  readonly playedMs: number;
}

const JUMPS: ReadonlySet<Timeline["cause"]> = new Set(["play", "join", "seek"]);

export class Film {
  readonly #now: () => number;
  #watch: Watch | undefined;
  #frames = 0;
  #width = 0;
  #height = 0;
  #playedMs = 0;
  #lastPictureAtMs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Local clock of the last picture; 0 before the first. */
  get lastPictureAtMs(): number {
    return this.#lastPictureAtMs;
  }

  picture(width: number, height: number): void {
    this.#frames++;
    this.#width = width;
    this.#height = height;
    this.#lastPictureAtMs = this.#now();
  }

  /** Every change of what is watched, in order: film time up to here is added. */
  watch(next: Watch | undefined): void {
    const before = this.#watch;
    this.#watch = next;
    if (before?.phase !== "watching") return;
    const isSame = next?.line.screening === before.line.screening;
    // only a jump hides how far the film had come; everything else goes on exactly there
    const isJump = !isSame || (next.phase === "watching" && !next.frozen && JUMPS.has(next.line.cause));
    const untilMs = isJump ? positionMs(before, this.#now()) : next.line.mediaMs;
    this.#playedMs += Math.max(0, untilMs - before.line.mediaMs);
  }

  report(): FilmReport {
    return { frames: this.#frames, width: this.#width, height: this.#height, playedMs: this.#playedMs };
  }
}
