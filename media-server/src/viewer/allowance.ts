/** How many commands a viewer may send: a token bucket, and strikes for what is not understood. Pure but for its two counters. */

const PER_SECOND = 40;
const BURST = 200;
/** This far over the allowance is no impatience any more. */
const FLOOD = 400;
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
    this.#tokens = Math.min(BURST, this.#tokens + ((nowMs - this.#atMs) * PER_SECOND) / 1000);
    this.#atMs = nowMs;
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      // one by one: the trickle of tokens must not excuse a flood that comes slowly because we are busy
      this.#over = Math.max(0, this.#over - 1);
      return "ok";
    }
    return ++this.#over > FLOOD ? "flood" : "over";
  }

  /** True when something not understood came once too often. */
  strike(): boolean {
    return ++this.#strikes >= STRIKES;
  }
}
