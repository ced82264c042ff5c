/**
 * What this tab remembers over a reload: the name and whether it was in the room. It lives in the history entry, so it
 * goes with the tab and no storage of the browser holds it.
 */
export interface Seat {
  readonly name: string;
  readonly isIn: boolean;
}

export function readSeat(state: unknown): Seat | undefined {
  if (typeof state !== "object" || state === null || !("loge" in state)) return undefined;
  const { loge } = state;
  if (typeof loge !== "object" || loge === null || !("name" in loge) || !("isIn" in loge)) return undefined;
  return typeof loge.name === "string" ? { name: loge.name, isIn: loge.isIn === true } : undefined;
}

/** Keeps the rest of the entry: Next's router has its own words in there. */
export function keepSeat(seat: Seat): void {
  const state: unknown = window.history.state;
  const rest = typeof state === "object" && state !== null ? state : {};
  window.history.replaceState({ ...rest, loge: seat }, "");
}
