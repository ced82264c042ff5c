/** Seeks one at a time: of those asked for while one is under way only the last counts. */

/** A seek that was agreed to may wait so long for its encoder before the bar goes back to where the picture stands. */
const SHOWN_MS = 15_000;
/** A timeline so near to where the seek went is that seek's. */
const NEAR_MS = 3000;

export interface SeekQueueOptions {
  /** True where the media server agreed. */
  readonly send: (toMs: number) => Promise<boolean>;
  /** Where the bar should stand meanwhile; undefined: follow the film again. */
  readonly onTarget: (toMs: number | undefined) => void;
}

export class SeekQueue {
  readonly #o: SeekQueueOptions;
  #target: number | undefined;
  #nextMs: number | undefined;
  #isUnderWay = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SeekQueueOptions) {
    this.#o = options;
  }

  async seek(toMs: number): Promise<void> {
    clearTimeout(this.#timer);
    this.#aim(toMs);
    this.#nextMs = toMs;
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    while (this.#nextMs !== undefined) {
      const next: number = this.#nextMs;
      this.#nextMs = undefined;
      const went = await this.#o.send(next);
      if (!went && this.#nextMs === undefined) this.#aim(undefined);
    }
    this.#isUnderWay = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#aim(undefined), SHOWN_MS);
  }

  /** The film stands or runs at `mediaMs` by a new timeline; undefined: there is no film any more. */
  arrived(mediaMs: number | undefined): void {
    if (this.#target === undefined) return;
    if (mediaMs === undefined || Math.abs(mediaMs - this.#target) < NEAR_MS) this.#aim(undefined);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #aim(toMs: number | undefined): void {
    if (toMs === this.#target) return;
    this.#target = toMs;
    this.#o.onTarget(toMs);
  }
}
