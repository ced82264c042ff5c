import type { Refusal } from "@loge/protocol/errors";

/** What a pump reports to the one that conducts the screening. */
export interface PumpEvents {
  /** The picture of the place is there; call {@link Pump.go}. */
  ready(): void;
  /** Frames are missing: nothing has been sent for a while though the clock runs. */
  starved(nextMs: number): void;
  /** Frames are there again. */
  fed(): void;
  /** So late (this process itself did not get to run) that the place has to be taken up anew; `nextMs` goes next. */
  behind(nextMs: number): void;
  /** The rendition has just changed at a GOP boundary; its key frame goes next. */
  switched(): void;
  /** The rendition asked for cannot be had; the old one goes on. */
  switchRefused(error: Refusal): void;
  /** The last frame was sent and shown for its time. */
  done(): void;
  failed(error: Refusal): void;
}
