// A lane: one rendition of one file. Owns its encoder runs and says when film, failure or frame has come; its readers
// say what they need. What to do is decided in plan.ts, this file does it.

import { Refusal } from "@loge/protocol/errors";
import type { EncoderRun, RunEnd } from "../encode/run.ts";
import type { Gop } from "./cache.ts";
import type { Frame } from "./frame.ts";
import type { Grid } from "./grid.ts";
import type { LaneDeps, LaneReader } from "./lane-parts.ts";
import { AHEAD_GOPS, HORIZON_GOPS, type Need, planRuns } from "./plan.ts";

interface LaneRun {
  encoder: EncoderRun | undefined;
  cursor: number;
  readonly until: number | undefined;
  /** Film time and clock of its first frame. */
  firstMs: number;
  firstAtMs: number;
  frames: number;
  lastMs: number;
  paused: boolean;
  everPaused: boolean;
  over: boolean;
  /** Complete GOPs it still holds, so that a small cache does not drop them before they are read. */
  readonly held: number[];
}

const MAX_TRIES = 3;

export class Lane {
  readonly #deps: LaneDeps;
  readonly #readers = new Set<LaneReader>();
  readonly #runs = new Set<LaneRun>();
  #end: number | undefined;
  #broken: { index: number; refusal: Refusal } | undefined;
  #tries = { index: -1, frames: -1, count: 0 };
  #linger: NodeJS.Timeout | undefined;
  #updating: "no" | "yes" | "again" = "no";

  constructor(deps: LaneDeps) {
    this.#deps = deps;
  }

  /** One past the last GOP of the film, once known. */
  get end(): number | undefined {
    return this.#end;
  }
  get grid(): Grid {
    return this.#deps.shape.grid;
  }
  get runs(): number {
    return this.#runs.size;
  }
  get readers(): ReadonlySet<LaneReader> {
    return this.#readers;
  }

  /** A reader begins; it has pinned its GOP. A failure is tried again for it. */
  join(reader: LaneReader): void {
    this.#broken = undefined;
    this.#tries = { index: -1, frames: -1, count: 0 };
    this.#readers.add(reader);
    this.update();
  }
  leave(reader: LaneReader): void {
    if (this.#readers.delete(reader)) this.update();
  }
  pin(index: number): Gop {
    return this.#deps.cache.pin(this.#deps.key, index);
  }
  unpin(index: number): void {
    this.#deps.cache.unpin(this.#deps.key, index);
  }
  refusalAt(index: number): Refusal | undefined {
    return this.#broken !== undefined && index >= this.#broken.index ? this.#broken.refusal : undefined;
  }

  /** Brings the runs in line with what the readers need now. */
  update(): void {
    // what it does may call it again (a refused reader leaves): then once more from the top, not in the middle
    if (this.#updating !== "no") {
      this.#updating = "again";
      return;
    }
    do {
      this.#updating = "yes";
      this.#updateOnce();
    } while (this.#isAgain());
    this.#updating = "no";
  }

  #isAgain(): boolean {
    return this.#updating === "again";
  }

  #updateOnce(): void {
    const needs = [...this.#readers].map((reader) => ({ reader, ...this.#needOf(reader) }));
    const plan = planRuns(needs, [...this.#runs], (index) => this.#isComplete(index));
    const lingering = needs.length === 0;
    for (const run of plan.idle) {
      // with no reader at all somebody may be about to come back (a seek closes and opens); held back it costs nothing
      if (lingering && run.frames > 0 && this.#deps.lingerMs > 0) this.#pause(run);
      else this.#stop(run);
    }
    this.#setLinger(lingering && this.#runs.size > 0);
    for (const run of plan.pause) this.#pause(run);
    for (const run of plan.resume) this.#resume(run);
    for (const need of plan.served) need.reader.admitted = true;
    for (const need of plan.spawn) if (need.missing !== undefined) this.#spawn(need.missing, need.reader);
  }

  close(): void {
    this.#setLinger(false);
    for (const run of [...this.#runs]) this.#stop(run);
  }

  #isComplete(index: number): boolean {
    return this.#deps.cache.peek(this.#deps.key, index)?.complete === true;
  }

  #needOf(reader: LaneReader): Need {
    const from = reader.index;
    const last = Math.min(from + HORIZON_GOPS, (this.#end ?? Number.POSITIVE_INFINITY) - 1);
    for (let index = from; index <= last; index += 1)
      if (!this.#isComplete(index)) return { from, missing: index };
    return { from, missing: undefined };
  }

  #setLinger(on: boolean): void {
    if (!on) {
      clearTimeout(this.#linger);
      this.#linger = undefined;
      return;
    }
    this.#linger ??= setTimeout(() => {
      this.#linger = undefined;
      if (this.#readers.size === 0) for (const run of [...this.#runs]) this.#stop(run);
    }, this.#deps.lingerMs);
  }

  #pause(run: LaneRun): void {
    if (run.paused) return;
    run.paused = true;
    run.encoder?.pause();
    if (!run.everPaused && run.frames > 0)
      this.#deps.measured(run.lastMs - run.firstMs, this.#deps.now() - run.firstAtMs);
    run.everPaused = true;
  }

  #resume(run: LaneRun): void {
    if (!run.paused) return;
    run.paused = false;
    run.encoder?.resume();
  }

  #spawn(index: number, reader: LaneReader): void {
    if (this.refusalAt(index) !== undefined) return reader.wake();
    if (!reader.admitted) {
      const refusal = this.#deps.admit(reader);
      if (refusal !== undefined) return reader.fail(refusal);
      reader.admitted = true;
    }
    const gop = this.pin(index);
    const { spec, until } = this.#deps.shape.runAt(index, gop.frames.at(-1)?.ptsMs);
    const run: LaneRun = {
      ...{ encoder: undefined, cursor: index, until, firstMs: 0, firstAtMs: 0, frames: 0, lastMs: 0 },
      ...{ paused: false, everPaused: false, over: false, held: [] },
    };
    this.#runs.add(run);
    run.encoder = this.#deps.start(spec, {
      onFrame: (frame) => this.#onFrame(run, frame),
      onEnd: (end) => this.#onEnd(run, end),
    });
  }

  #stop(run: LaneRun): void {
    this.#release(run);
    void run.encoder?.close();
  }

  #release(run: LaneRun): void {
    if (run.over) return;
    run.over = true;
    this.#runs.delete(run);
    this.unpin(run.cursor);
    for (const index of run.held.splice(0)) this.unpin(index);
  }

  #onFrame(run: LaneRun, frame: Frame): void {
    if (run.over) return;
    const index = this.#deps.shape.grid.indexOf(frame.ptsMs);
    if (frame.key && index > run.cursor) {
      this.#advance(run, index);
      if (run.over) return;
    }
    const last = this.#deps.cache.peek(this.#deps.key, run.cursor)?.frames.at(-1);
    // a run that continues a broken one may bring frames that are there already
    if (last !== undefined && frame.ptsMs <= last.ptsMs) return;
    this.#deps.cache.append(this.#deps.key, run.cursor, frame);
    if (run.frames === 0) {
      run.firstMs = frame.ptsMs;
      run.firstAtMs = this.#deps.now();
    }
    run.frames += 1;
    run.lastMs = frame.ptsMs;
    this.#wake();
  }

  /** The GOP at the cursor is complete; those between it and `index` hold nothing. */
  #advance(run: LaneRun, index: number): void {
    const { cache, key } = this.#deps;
    cache.complete(key, run.cursor);
    run.held.push(run.cursor);
    this.#fillGaps(run.cursor + 1, index);
    while (run.held.length > AHEAD_GOPS + 1) this.unpin(run.held.shift() ?? 0);
    run.cursor = index;
    this.pin(index);
    const takenByOther = [...this.#runs].some((other) => other !== run && other.cursor === index);
    if (this.#isComplete(index) || takenByOther) this.#stop(run);
    this.update();
    if (run.over) this.#wake();
  }

  #fillGaps(from: number, to: number): void {
    for (let index = from; index < to; index += 1) {
      this.pin(index);
      this.#deps.cache.complete(this.#deps.key, index);
      this.unpin(index);
    }
  }

  #onEnd(run: LaneRun, end: RunEnd): void {
    if (run.over) return;
    if (end.kind === "complete") this.#onComplete(run);
    else if (end.kind !== "closed") this.#onFailure(run, end);
    this.#release(run);
    this.update();
    this.#wake();
  }

  #onComplete(run: LaneRun): void {
    const has = (this.#deps.cache.peek(this.#deps.key, run.cursor)?.frames.length ?? 0) > 0;
    if (has) this.#deps.cache.complete(this.#deps.key, run.cursor);
    if (run.until !== undefined && run.frames > 0) return this.#fillGaps(run.cursor + 1, run.until);
    this.#end = Math.min(this.#end ?? Number.POSITIVE_INFINITY, has ? run.cursor + 1 : run.cursor);
    if (this.#end === 0 && this.#deps.shape.mustHaveFrames) {
      this.#broken = { index: 0, refusal: new Refusal("NOT_PLAYABLE", "no picture of it could be decoded") };
    }
  }

  #onFailure(run: LaneRun, end: Extract<RunEnd, { reason: string }>): void {
    const frames = this.#deps.cache.peek(this.#deps.key, run.cursor)?.frames.length ?? 0;
    const same = this.#tries.index === run.cursor && this.#tries.frames === frames;
    this.#tries = { index: run.cursor, frames, count: same ? this.#tries.count + 1 : 1 };
    this.#deps.log.warn(
      { lane: this.#deps.key, gop: run.cursor, reason: end.reason, tries: this.#tries.count },
      "encoder run failed",
    );
    const hopeless = end.kind === "failed" && run.frames === 0;
    if (!hopeless && this.#tries.count < MAX_TRIES) return;
    const code = end.kind === "failed" ? "NOT_PLAYABLE" : "ENCODER_FAILED";
    this.#broken = { index: run.cursor, refusal: new Refusal(code, end.reason) };
  }

  #wake(): void {
    for (const reader of [...this.#readers]) reader.wake();
  }
}
