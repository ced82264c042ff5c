import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bitsPerSecond, displaySize, renditionSize } from "../../src/encode/size.ts";

describe("sizes", () => {
  test("sample aspect ratio and quarter turns are applied", () => {
    expect(displaySize({ width: 720, height: 576 }, 64 / 45, 0)).toEqual({ width: 1024, height: 576 });
    expect(displaySize({ width: 1920, height: 1080 }, 1, -90)).toEqual({ width: 1080, height: 1920 });
    expect(displaySize({ width: 1920, height: 1080 }, 1, 180)).toEqual({ width: 1920, height: 1080 });
  });

  test("renditions are even, keep the aspect and never exceed the source", () => {
    expect(renditionSize({ width: 1920, height: 1080 }, 720)).toEqual({ width: 1280, height: 720 });
    expect(renditionSize({ width: 640, height: 360 }, 1080)).toEqual({ width: 640, height: 360 });
    const side = fc.integer({ min: 16, max: 4096 });
    fc.assert(
      fc.property(
        side,
        side,
        fc.constantFrom(144, 240, 360, 480, 720, 1080, 2160, "source" as const),
        (width, height, step) => {
          const size = renditionSize({ width, height }, step);
          expect([size.width % 2, size.height % 2]).toEqual([0, 0]);
          expect(size.height).toBeLessThanOrEqual(height + 1);
          if (step !== "source") expect(size.height).toBeLessThanOrEqual(step);
          if (size.width > 2)
            expect(
              Math.abs(size.width - (width * Math.min(height, step === "source" ? height : step)) / height),
            ).toBeLessThanOrEqual(1.01);
        },
      ),
    );
  });

  test("bit rates are those of the facts page, more or less", () => {
    expect(bitsPerSecond({ width: 640, height: 360 }, 30) / 800_000).toBeCloseTo(1, 0);
    expect(bitsPerSecond({ width: 1280, height: 720 }, 30)).toBe(2_500_000);
    expect(bitsPerSecond({ width: 1920, height: 1080 }, 30) / 5_000_000).toBeCloseTo(1, 0);
  });
});
