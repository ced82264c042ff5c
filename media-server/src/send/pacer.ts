/** Bits per second a queue is emptied with at least, so that small streams are not held back at all. */
const FLOOR_BPS = 10_000_000;
/** On a short, clean path the first frame of a play may go this fast. */
const EAGER_BPS = 40_000_000;
const HEADROOM = 2.5;
const RATE_WINDOW_MS = 1000;

export interface PacerState {
  /** bytes that may leave now; negative after a packet larger than the rest */
  readonly budgetBytes: number;
  readonly atMs: number;
  /** bytes offered in the present and the last window */
  readonly windowAtMs: number;
  readonly windowBytes: number;
  readonly lastBytes: number;
}

export const newPacer = (nowMs: number): PacerState => ({
  budgetBytes: 0,
  atMs: nowMs,
  windowAtMs: nowMs,
  windowBytes: 0,
  lastBytes: 0,
});

/** The stream's own rate: the larger of the last and the present second. */
export const offeredBps = (s: PacerState): number => Math.max(s.lastBytes, s.windowBytes) * 8;

/** Speed at which the queue leaves: max(2.5 × the stream's rate, 10 Mbit/s), more where `eager`. */
export const releaseBps = (s: PacerState, eager: boolean): number =>
  Math.max(offeredBps(s) * HEADROOM, eager ? EAGER_BPS : FLOOR_BPS);

/** Counts `bytes` as offered to the queue. */
export function offered(s: PacerState, bytes: number, nowMs: number): PacerState {
  const elapsedMs = nowMs - s.windowAtMs;
  if (elapsedMs < RATE_WINDOW_MS) return { ...s, windowBytes: s.windowBytes + bytes };
  return {
    ...s,
    windowAtMs: nowMs,
    windowBytes: bytes,
    lastBytes: elapsedMs < 2 * RATE_WINDOW_MS ? s.windowBytes : 0,
  };
}

/**
 * Refills the budget for the time gone by. It holds at most two ticks' worth: a burst is what this is here to prevent
 * (whole key frames at once overran a receiver's socket buffer; facts: webrtc §2, Firefox).
 */
export function refilled(s: PacerState, nowMs: number, tickMs: number, eager: boolean): PacerState {
  const bytesPerMs = releaseBps(s, eager) / 8000;
  const gained = Math.max(0, nowMs - s.atMs) * bytesPerMs;
  return { ...s, atMs: nowMs, budgetBytes: Math.min(s.budgetBytes + gained, 2 * tickMs * bytesPerMs) };
}

export const spent = (s: PacerState, bytes: number): PacerState => ({
  ...s,
  budgetBytes: s.budgetBytes - bytes,
});
