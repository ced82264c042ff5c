/** How many commands a viewer may send: a token bucket, and strikes for what is not understood. Pure but for its two counters. */

const PER_SECOND = 40;
const BURST = 200;
/** This far over the allowance is no impatience any more. */
const FLOOD = 400;
const FORGIVEN_PER_SECOND = 10;
const STRIKES = 10;

export class Allowance {
  #tokens = BURST;
  #atMs: number;
  #over = 0;
  #strikes = 0;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** "over": answer RATE_LIMITED; "flood": end it. */
  take(nowMs: number): "ok" | "over" | "flood" {
    const seconds = (nowMs - this.#atMs) / 1000;
    this.#atMs = nowMs;
    this.#tokens = Math.min(BURST, this.#tokens + seconds * PER_SECOND);
    // by time and not by the next token: a busy machine takes a flood slowly, and it is one all the same
    this.#over = Math.max(0, this.#over - seconds * FORGIVEN_PER_SECOND);
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return "ok";
    }
    return ++this.#over > FLOOD ? "flood" : "over";
  }

  /** True when something not understood came once too often. */
  strike(): boolean {
    return ++this.#strikes >= STRIKES;
  }
}
