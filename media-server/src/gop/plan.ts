// What the encoder runs of one lane should do, given what its readers need. Pure.

/** GOPs that a run may be ahead of the furthest reader it serves; then it blocks on the pipe. */
export const AHEAD_GOPS = 6;
/** A new run starts when a reader has no more than so many GOPs in hand. */
export const LOW_WATER_GOPS = 3;
/** A reader waits for a run that will reach its position within so many GOPs instead of getting its own. */
export const SHARE_GOPS = 2;
/** How far beyond a reader its first missing GOP is looked for: one more than where a blocked run stands. */
export const HORIZON_GOPS = AHEAD_GOPS + 2;

export interface Need {
  /** GOP that the reader is in. */
  readonly from: number;
  /** First GOP from there that is not complete; undefined = none within the horizon or before the end. */
  readonly missing: number | undefined;
}

export interface RunView {
  /** GOP being made. */
  readonly cursor: number;
  /** First GOP it will not make; undefined = it runs to the end of the film. */
  readonly until: number | undefined;
}

export interface Plan<N, R> {
  /** Nobody needs these. */
  readonly idle: readonly R[];
  readonly pause: readonly R[];
  readonly resume: readonly R[];
  /** Needs that a run will meet. */
  readonly served: readonly N[];
  /** Needs that want a new run at their `missing`, each only once per position. */
  readonly spawn: readonly N[];
}

const serves = (run: RunView, missing: number, isComplete: (index: number) => boolean): boolean => {
  if (run.cursor > missing || missing - run.cursor > SHARE_GOPS) return false;
  if (run.until !== undefined && missing >= run.until) return false;
  // it would stop at a GOP that is there already
  for (let index = run.cursor + 1; index < missing; index += 1) if (isComplete(index)) return false;
  return true;
};

export const planRuns = <N extends Need, R extends RunView>(
  needs: readonly N[],
  runs: readonly R[],
  isComplete: (index: number) => boolean,
): Plan<N, R> => {
  const idle: R[] = [];
  const pause: R[] = [];
  const resume: R[] = [];
  const met = new Set<N>();
  for (const run of runs) {
    const served = needs.filter(
      (need) => need.missing !== undefined && serves(run, need.missing, isComplete),
    );
    for (const need of served) met.add(need);
    if (served.length === 0) idle.push(run);
    else if (run.cursor > Math.max(...served.map((need) => need.from)) + AHEAD_GOPS) pause.push(run);
    else resume.push(run);
  }
  const busy: RunView[] = [...pause, ...resume];
  const spawn: N[] = [];
  for (const need of needs.toSorted((a, b) => (a.missing ?? 0) - (b.missing ?? 0))) {
    const { missing } = need;
    if (missing === undefined || missing > need.from + LOW_WATER_GOPS) continue;
    if (busy.some((run) => serves(run, missing, isComplete))) continue;
    spawn.push(need);
    busy.push({ cursor: missing, until: undefined });
  }
  return { idle, pause, resume, served: [...met], spawn };
};
