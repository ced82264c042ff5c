import { describe, expect, test } from "vitest";
import {
  admits,
  createBudget,
  highestWithinBudget,
  observeSpeed,
  speedOf,
  stepOf,
} from "../../src/encode/budget.ts";

describe("encode budget", () => {
  const two = createBudget(2);
  const hd = { codec: "h264", height: 1080 } as const;

  test("lets encodes in until their shares fill the machine", () => {
    expect(admits(two, [], hd)).toBe(true);
    expect(admits(two, [hd], hd)).toBe(true);
    expect(admits(two, [hd, hd], hd)).toBe(false);
    expect(admits(createBudget(8), [hd, hd], hd)).toBe(true);
  });

  test("an encode that cannot hold real time alone is refused, a lower one is offered", () => {
    expect(admits(two, [], { codec: "h264", height: 2160 })).toBe(false);
    expect(highestWithinBudget(two, [], "h264", 2160)).toBe(1440);
    expect(highestWithinBudget(two, [hd], "h264", 2160)).toBe(1080);
    expect(highestWithinBudget(two, [hd, hd], "h264", 720)).toBeUndefined();
    expect(highestWithinBudget(two, [], "vp8", 720)).toBe(720);
  });

  test("measured speeds take over; short runs say nothing", () => {
    expect(observeSpeed(two, hd, 2_000, 100)).toBe(two);
    let slow = two;
    for (let i = 0; i < 8; i += 1) slow = observeSpeed(slow, hd, 6_000, 6_500);
    expect(speedOf(slow, hd)).toBeCloseTo(0.92, 1);
    expect(admits(slow, [], hd)).toBe(false);
    expect(admits(slow, [], { codec: "vp8", height: 1080 })).toBe(true);
  });

  test("odd heights count as the step above them", () => {
    expect([100, 144, 145, 1080, 1081, 5000].map(stepOf)).toEqual([144, 144, 240, 1080, 1440, 2160]);
  });
});
