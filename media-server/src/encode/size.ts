// Sizes and bit rates of renditions: pure arithmetic.

import type { Rendition } from "../gop/frame.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

const even = (pixels: number): number => Math.max(2, Math.round(pixels / 2) * 2);

/** Size as shown: sample aspect ratio stretches the width, a quarter turn swaps the sides. */
export const displaySize = (coded: Size, sar: number, rotationDeg: number): Size => {
  const stretched = {
    width: Math.round(coded.width * (sar > 0 && Number.isFinite(sar) ? sar : 1)),
    height: coded.height,
  };
  const quarterTurns = Math.round(rotationDeg / 90);
  return Math.abs(quarterTurns) % 2 === 1 ? { width: stretched.height, height: stretched.width } : stretched;
};

/** The encoded size: never above the source, same aspect, even sides (4:2:0 needs them). */
export const renditionSize = (source: Size, height: Rendition["height"]): Size => {
  const target = height === "source" ? source.height : Math.min(height, source.height);
  return { width: even((source.width * target) / source.height), height: even(target) };
};

/** Bit rate that the facts pages measured with at 360, 720, 1080; between them by pixel count to the power 0.85. */
export const bitsPerSecond = (size: Size, fps: number): number => {
  const at720 = 2_500_000;
  const byPixels = at720 * ((size.width * size.height) / (1280 * 720)) ** 0.85;
  const forMotion = fps > 40 ? 1.4 : 1;
  return Math.round(Math.min(25_000_000, Math.max(120_000, byPixels * forMotion)) / 1000) * 1000;
};
