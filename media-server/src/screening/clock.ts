/** The position of a screening as a line: film time `mediaMs` at wall time `atMs`. Pure; wall = the server's monotonic clock. */
export interface Clock {
  readonly mediaMs: number;
  readonly atMs: number;
  readonly running: boolean;
}

export const positionAt = (clock: Clock, nowMs: number): number =>
  clock.running ? clock.mediaMs + (nowMs - clock.atMs) : clock.mediaMs;

/** When a film time is due; for a standing clock as if it ran from `atMs`. */
export const wallAt = (clock: Clock, mediaMs: number): number => clock.atMs + (mediaMs - clock.mediaMs);

export const stopAt = (mediaMs: number, nowMs: number): Clock => ({ mediaMs, atMs: nowMs, running: false });
export const runFrom = (mediaMs: number, nowMs: number): Clock => ({ mediaMs, atMs: nowMs, running: true });
