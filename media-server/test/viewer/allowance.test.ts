import { describe, expect, test } from "vitest";
import { Allowance } from "../../src/viewer/allowance.ts";

/** Verdicts of so many commands a second, evenly, for so long. */
function verdicts(perSecond: number, seconds: number): readonly string[] {
  const allowance = new Allowance(0);
  return Array.from({ length: perSecond * seconds }, (_, at) => allowance.take((at * 1000) / perSecond));
}

describe("what a viewer may send", () => {
  test("forty a second for ever, and a burst of two hundred", () => {
    expect(new Set(verdicts(40, 60))).toEqual(new Set(["ok"]));
    const allowance = new Allowance(0);
    const burst = Array.from({ length: 201 }, () => allowance.take(0));
    expect(burst.lastIndexOf("ok")).toBe(199);
    expect(burst[200]).toBe("over");
  });

  test("somewhat more is refused but is no flood", () => {
    expect(new Set(verdicts(50, 120))).toEqual(new Set(["ok", "over"]));
  });

  test.each([100, 1000, 10_000])("%i a second is a flood, however slowly a busy machine takes it", (rate) => {
    expect(verdicts(rate, 20)).toContain("flood");
  });

  test("ten messages that were not understood are enough", () => {
    const allowance = new Allowance(0);
    expect(Array.from({ length: 10 }, () => allowance.strike()).indexOf(true)).toBe(9);
  });
});
