/** A token bucket as a value: pure, so that time is an argument. */
export interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

export interface Rate {
  /** Tokens that come back each second. */
  readonly perSecond: number;
  readonly burst: number;
}

export const fullBucket = (rate: Rate, nowMs: number): Bucket => ({ tokens: rate.burst, atMs: nowMs });

/** The bucket after paying `cost`, or undefined where it holds too little; then nothing is taken. */
export function take(bucket: Bucket, rate: Rate, cost: number, nowMs: number): Bucket | undefined {
  const elapsedS = Math.max(0, nowMs - bucket.atMs) / 1000;
  const tokens = Math.min(rate.burst, bucket.tokens + elapsedS * rate.perSecond);
  return tokens < cost ? undefined : { tokens: tokens - cost, atMs: Math.max(nowMs, bucket.atMs) };
}

/** Buckets by key (an address), bounded: the least recently used one is forgotten, which only ever favours its owner. */
export class Buckets {
  readonly #rate: Rate;
  readonly #limit: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate, limit = 10_000) {
    this.#rate = rate;
    this.#limit = limit;
  }

  take(key: string, cost: number, nowMs: number): boolean {
    const before = this.#buckets.get(key) ?? fullBucket(this.#rate, nowMs);
    const after = take(before, this.#rate, cost, nowMs);
    this.#buckets.delete(key);
    this.#buckets.set(key, after ?? before);
    if (this.#buckets.size > this.#limit) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return after !== undefined;
  }
}
