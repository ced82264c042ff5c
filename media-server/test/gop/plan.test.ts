import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AHEAD_GOPS, type Need, planRuns, type RunView, SHARE_GOPS } from "../../src/gop/plan.ts";

const run = (cursor: number, until?: number): RunView => ({ cursor, until });
const nothing = (): boolean => false;

describe("plan of a lane's runs", () => {
  test("a missing GOP starts a run; readers close behind it wait for the same one", () => {
    const needs: Need[] = [
      { from: 5, missing: 5 },
      { from: 6, missing: 6 },
      { from: 5, missing: 5 },
      { from: 40, missing: 40 },
    ];
    expect(planRuns(needs, [], nothing).spawn.map((need) => need.missing)).toEqual([5, 40]);
    expect(planRuns([{ from: 7, missing: 7 }], [run(5)], nothing)).toMatchObject({
      idle: [],
      spawn: [],
      resume: [run(5)],
    });
    expect(planRuns([{ from: 8, missing: 8 }], [run(5)], nothing)).toMatchObject({
      idle: [run(5)],
      spawn: [{ missing: 8 }],
    });
  });

  test("a run is held back when it is far enough ahead, and kept", () => {
    expect(planRuns([{ from: 5, missing: 12 }], [run(12)], nothing)).toMatchObject({
      pause: [run(12)],
      idle: [],
      spawn: [],
    });
    expect(planRuns([{ from: 6, missing: 12 }], [run(12)], nothing)).toMatchObject({
      resume: [run(12)],
      pause: [],
    });
  });

  test("a seek away leaves the run idle; so does one that would stop before the place, or ends before it", () => {
    expect(planRuns([{ from: 50, missing: 50 }], [run(12)], nothing).idle).toEqual([run(12)]);
    expect(planRuns([{ from: 14, missing: 14 }], [run(12)], (index) => index === 13)).toMatchObject({
      idle: [run(12)],
      spawn: [{ missing: 14 }],
    });
    expect(planRuns([{ from: 13, missing: 13 }], [run(12, 13)], nothing)).toMatchObject({
      idle: [run(12, 13)],
      spawn: [{ missing: 13 }],
    });
  });

  test("always: every urgent need is met once, no idle run is needed, nobody runs too far", () => {
    const need = fc
      .tuple(fc.nat(60), fc.option(fc.nat(8), { nil: undefined }))
      .map(([from, after]) => ({ from, missing: after === undefined ? undefined : from + after }));
    fc.assert(
      fc.property(
        fc.array(need, { maxLength: 6 }),
        fc.uniqueArray(fc.nat(70), { maxLength: 4 }),
        (needs, cursors) => {
          const runs = cursors.map((cursor) => run(cursor));
          const plan = planRuns(needs, runs, nothing);
          expect(
            [...plan.idle, ...plan.pause, ...plan.resume].toSorted((a, b) => a.cursor - b.cursor),
          ).toEqual(runs.toSorted((a, b) => a.cursor - b.cursor));
          const at = [...plan.pause, ...plan.resume]
            .map((each) => each.cursor)
            .concat(plan.spawn.map((each) => each.missing ?? -1));
          for (const { from, missing } of needs) {
            if (missing === undefined || missing > from + 3) continue;
            expect(at.some((cursor) => cursor <= missing && missing - cursor <= SHARE_GOPS)).toBe(true);
          }
          for (const each of plan.resume)
            expect(needs.some(({ from }) => each.cursor <= from + AHEAD_GOPS)).toBe(true);
        },
      ),
    );
  });
});
