// The GOP cache: GOPs by (lane, index), bounded in bytes, least recently used ones go first, pinned ones never.
// Pure: no clock, no I/O. A lane is one rendition of one file (see laneKey in lane.ts).

import type { Frame } from "./frame.ts";

export interface Gop {
  readonly lane: string;
  readonly index: number;
  /** In order. Grows while the GOP is being encoded. */
  readonly frames: readonly Frame[];
  /** No frame will be added. A complete GOP without frames is a gap in the film. */
  readonly complete: boolean;
}

interface Entry extends Gop {
  readonly frames: Frame[];
  complete: boolean;
  bytes: number;
  pins: number;
}

/** Objects and array slots weigh something too; an empty GOP is not free. */
const FRAME_OVERHEAD_BYTES = 120;
const GOP_OVERHEAD_BYTES = 300;

const keyOf = (lane: string, index: number): string => `${lane}#${index}`;

export class GopCache {
  readonly #limitBytes: number;
  /** All entries. */
  readonly #entries = new Map<string, Entry>();
  /** Unpinned entries, least recently used first. */
  readonly #idle = new Map<string, Entry>();
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }
  get size(): number {
    return this.#entries.size;
  }

  /** Looks without counting as a use. */
  peek(lane: string, index: number): Gop | undefined {
    return this.#entries.get(keyOf(lane, index));
  }

  /** The GOP, made empty and incomplete if absent; pinned until unpin() was called as often. */
  pin(lane: string, index: number): Gop {
    const key = keyOf(lane, index);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { lane, index, frames: [], complete: false, bytes: GOP_OVERHEAD_BYTES, pins: 0 };
      this.#entries.set(key, entry);
      this.#bytes += entry.bytes;
    }
    entry.pins += 1;
    this.#idle.delete(key);
    this.#evict();
    return entry;
  }

  /** Gives a pin back. An incomplete GOP that nobody holds is dropped: it could never be continued. */
  unpin(lane: string, index: number): void {
    const key = keyOf(lane, index);
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.pins === 0) return;
    entry.pins -= 1;
    if (entry.pins > 0) return;
    if (!entry.complete) return this.#drop(key, entry);
    this.#idle.set(key, entry);
    this.#evict();
  }

  /** Adds a frame to a pinned GOP. */
  append(lane: string, index: number, frame: Frame): void {
    const entry = this.#entries.get(keyOf(lane, index));
    if (entry === undefined || entry.complete) return;
    entry.frames.push(frame);
    const bytes = frame.data.length + FRAME_OVERHEAD_BYTES;
    entry.bytes += bytes;
    this.#bytes += bytes;
    this.#evict();
  }

  complete(lane: string, index: number): void {
    const entry = this.#entries.get(keyOf(lane, index));
    if (entry !== undefined) entry.complete = true;
  }

  clear(): void {
    this.#entries.clear();
    this.#idle.clear();
    this.#bytes = 0;
  }

  #evict(): void {
    for (const [key, entry] of this.#idle) {
      if (this.#bytes <= this.#limitBytes) return;
      this.#drop(key, entry);
    }
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#idle.delete(key);
    this.#bytes -= entry.bytes;
  }
}
