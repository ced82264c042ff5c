// The grids of times on which renditions are cut into GOPs: whole seconds for what we encode, the file's own key
// frames for what is passed through. Pure.

import { OPUS_DELAY_MS } from "../encode/film-frame.ts";

export const GOP_MS = 1000;
/** Times came through a container that counts whole ms. */
const ROUNDING_MS = 1;

export interface Grid {
  /** GOP in which a frame of this film time lies. */
  indexOf(ptsMs: number): number;
  /** Film time at which GOP `index` begins; Infinity beyond the last of a list. */
  startMs(index: number): number;
}

/** Even grid for encoded pictures. */
export const pictureGrid: Grid = {
  indexOf: (ptsMs) => Math.max(0, Math.floor((ptsMs + ROUNDING_MS) / GOP_MS)),
  startMs: (index) => index * GOP_MS,
};

/** Even grid for sound: packets lie 6.5 ms before their slot. */
export const soundGrid: Grid = {
  indexOf: (ptsMs) => Math.max(0, Math.floor((ptsMs + OPUS_DELAY_MS + ROUNDING_MS) / GOP_MS)),
  startMs: (index) => index * GOP_MS,
};

/** The file's own key frames. `keyMs` ascending and not empty. */
export const keyFrameGrid = (keyMs: readonly number[]): Grid => ({
  indexOf: (ptsMs) => {
    let low = 0;
    let high = keyMs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((keyMs[middle] ?? Number.POSITIVE_INFINITY) <= ptsMs + ROUNDING_MS) low = middle;
      else high = middle - 1;
    }
    return low;
  },
  startMs: (index) => keyMs[index] ?? Number.POSITIVE_INFINITY,
});
