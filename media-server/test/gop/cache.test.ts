import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GopCache } from "../../src/gop/cache.ts";

interface ModelGop {
  key: string;
  frames: number[];
  complete: boolean;
  pins: number;
}

/** The same cache written the slow way: an array, most recently used last. */
class Model {
  gops: ModelGop[] = [];
  readonly limit: number;
  constructor(limit: number) {
    this.limit = limit;
  }
  bytes(): number {
    return this.gops.reduce(
      (sum, gop) => sum + 300 + gop.frames.reduce((inner, size) => inner + size + 120, 0),
      0,
    );
  }
  find(key: string): ModelGop | undefined {
    return this.gops.find((gop) => gop.key === key);
  }
  evict(): void {
    while (this.bytes() > this.limit) {
      const victim = this.gops.find((gop) => gop.pins === 0);
      if (victim === undefined) return;
      this.gops = this.gops.filter((gop) => gop !== victim);
    }
  }
  pin(key: string): void {
    const known = this.find(key);
    if (known === undefined) this.gops.push({ key, frames: [], complete: false, pins: 1 });
    else known.pins += 1;
    this.evict();
  }
  unpin(key: string): void {
    const gop = this.find(key);
    if (gop === undefined || gop.pins === 0) return;
    gop.pins -= 1;
    if (gop.pins > 0) return;
    this.gops = this.gops.filter((other) => other !== gop);
    if (gop.complete) this.gops.push(gop);
    this.evict();
  }
  append(key: string, size: number): void {
    const gop = this.find(key);
    if (gop === undefined || gop.complete) return;
    gop.frames.push(size);
    this.evict();
  }
  complete(key: string): void {
    const gop = this.find(key);
    if (gop !== undefined) gop.complete = true;
  }
}

const place = fc.tuple(fc.constantFrom("a", "b"), fc.nat(5));
const step = fc.oneof(
  fc.record({ do: fc.constant("pin" as const), place }),
  fc.record({ do: fc.constant("unpin" as const), place }),
  fc.record({ do: fc.constant("append" as const), place, size: fc.nat(900) }),
  fc.record({ do: fc.constant("complete" as const), place }),
);

describe("GOP cache", () => {
  test("does what the model does, whatever is done to it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 6000 }), fc.array(step, { maxLength: 80 }), (limit, steps) => {
        const cache = new GopCache(limit);
        const model = new Model(limit);
        let ptsMs = 0;
        for (const each of steps) {
          const [lane, index] = each.place;
          const key = `${lane}#${index}`;
          if (each.do === "pin") expect(cache.pin(lane, index)).toBe(cache.peek(lane, index));
          if (each.do === "pin") model.pin(key);
          else if (each.do === "unpin") {
            cache.unpin(lane, index);
            model.unpin(key);
          } else if (each.do === "complete") {
            cache.complete(lane, index);
            model.complete(key);
          } else {
            ptsMs += 1;
            cache.append(lane, index, { ptsMs, key: false, data: new Uint8Array(each.size) });
            model.append(key, each.size);
          }
          expect(cache.bytes).toBe(model.bytes());
          expect(cache.size).toBe(model.gops.length);
          for (const gop of model.gops) {
            const [inLane = "", at = ""] = gop.key.split("#");
            const held = cache.peek(inLane, Number(at));
            expect([held?.complete, held?.frames.map((frame) => frame.data.length)]).toEqual([
              gop.complete,
              gop.frames,
            ]);
          }
          if (model.gops.every((gop) => gop.pins === 0)) expect(cache.bytes).toBeLessThanOrEqual(limit);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("a pinned GOP outlives any pressure, the least recently used one goes first", () => {
    const cache = new GopCache(3000);
    const fill = (index: number): void => {
      cache.pin("lane", index);
      cache.append("lane", index, { ptsMs: index, key: true, data: new Uint8Array(580) });
      cache.complete("lane", index);
    };
    fill(0);
    for (const index of [1, 2]) {
      fill(index);
      cache.unpin("lane", index);
    }
    cache.pin("lane", 1);
    cache.unpin("lane", 1);
    fill(3);
    expect([0, 1, 2, 3].map((index) => cache.peek("lane", index) !== undefined)).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });
});
