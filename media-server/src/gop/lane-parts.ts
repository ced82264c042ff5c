// What a lane is given and what it asks of its readers.

import type { Refusal } from "@loge/protocol/errors";
import type { RunSpec } from "../encode/args.ts";
import type { EncoderRun, RunEvents } from "../encode/run.ts";
import type { Log } from "../log.ts";
import type { GopCache } from "./cache.ts";
import type { Grid } from "./grid.ts";

/** What a lane knows of its readers. */
export interface LaneReader {
  /** GOP it is in. */
  readonly index: number;
  /** Its encode was let in by the budget once. */
  admitted: boolean;
  wake(): void;
  fail(refusal: Refusal): void;
}

/** How runs of a rendition are described; made in renditions.ts. */
export interface LaneShape {
  readonly grid: Grid;
  /** Where a run that begins at GOP `index` (after `afterMs`, when frames of it are there already) starts and stops. */
  runAt(index: number, afterMs: number | undefined): { spec: RunSpec; until: number | undefined };
  /** Empty pictures are a fault of the file, no sound is not. */
  readonly mustHaveFrames: boolean;
}

export interface LaneDeps {
  readonly key: string;
  readonly shape: LaneShape;
  readonly cache: GopCache;
  readonly log: Log;
  readonly lingerMs: number;
  start(spec: RunSpec, events: RunEvents): EncoderRun;
  /** Undefined when one more run may start for this reader. */
  admit(reader: LaneReader): Refusal | undefined;
  /** Monotonic ms. */
  now(): number;
  /** A run that was never held back made so much film in so long. */
  measured(mediaMs: number, wallMs: number): void;
}
