// Encode budget: will one more live encode still hold real time beside the others? Pure.

import type { VideoCodec } from "../gop/frame.ts";

export interface EncodeLoad {
  readonly codec: VideoCodec;
  /** Encoded height in pixels. */
  readonly height: number;
}

export interface BudgetState {
  /** Speed alone on this machine in multiples of real time, by `codec:step`; measured ones replace the first guess. */
  readonly measured: ReadonlyMap<string, number>;
  readonly cores: number;
}

export const HEIGHTS = [2160, 1440, 1080, 720, 480, 360, 240, 144] as const;

/** Share of the machine that live encodes may take; the rest is for sending, decoding bursts and the system. */
const USABLE = 0.85;

/** Speeds on two cores from a 1080p source (facts media §3, webrtc §5), taken with care: a real film is harder. */
const GUESS_ON_TWO_CORES: Readonly<Record<number, number>> = {
  2160: 0.6,
  1440: 1.3,
  1080: 2.4,
  720: 3.4,
  480: 4.2,
  360: 4.8,
  240: 5.2,
  144: 5.5,
};

/** The step of HEIGHTS at or above a height. */
export const stepOf = (height: number): number => HEIGHTS.findLast((step) => step >= height) ?? HEIGHTS[0];

const keyOf = (load: EncodeLoad): string => `${load.codec}:${stepOf(load.height)}`;

/** `cores` may be a fraction (a container's share). */
export const createBudget = (cores: number): BudgetState => ({ measured: new Map(), cores });

/** Speed alone in multiples of real time. */
export const speedOf = (state: BudgetState, load: EncodeLoad): number =>
  state.measured.get(keyOf(load)) ?? ((GUESS_ON_TWO_CORES[stepOf(load.height)] ?? 1) * state.cores) / 2;

/** Folds in a run that had the machine to itself: `mediaMs` of film in `wallMs`. Short runs say nothing. */
export const observeSpeed = (
  state: BudgetState,
  load: EncodeLoad,
  mediaMs: number,
  wallMs: number,
): BudgetState => {
  if (mediaMs < 3_000 || wallMs <= 0) return state;
  const blended = speedOf(state, load) * 0.5 + (mediaMs / wallMs) * 0.5;
  return { ...state, measured: new Map(state.measured).set(keyOf(load), blended) };
};

/** Share of the machine an encode takes while it holds real time. */
const shareOf = (state: BudgetState, load: EncodeLoad): number => 1 / speedOf(state, load);

/** True when `wanted` holds real time beside `running`. The first encode is let in when it holds real time at all. */
export const admits = (state: BudgetState, running: readonly EncodeLoad[], wanted: EncodeLoad): boolean => {
  const taken = running.reduce((sum, load) => sum + shareOf(state, load), 0);
  return taken + shareOf(state, wanted) <= (running.length === 0 ? 1 : USABLE);
};

/** The highest step up to `maxHeight` that would be admitted; undefined when not even the lowest is. */
export const highestWithinBudget = (
  state: BudgetState,
  running: readonly EncodeLoad[],
  codec: VideoCodec,
  maxHeight: number,
): number | undefined =>
  HEIGHTS.find((height) => height <= maxHeight && admits(state, running, { codec, height }));
