import type { Refusal } from "@loge/protocol/errors";
import type { Rendition } from "../gop/frame.ts";
import type { GopReader, GopStore } from "../gop/store.ts";
import type { Title } from "../library/title.ts";
import type { MediaOut } from "../send/media-out.ts";
import type { RtpLine } from "./rtp-line.ts";

export interface PumpOptions {
  readonly store: GopStore;
  readonly title: Title;
  readonly rendition: Rendition;
  readonly atMs: number;
  readonly media: MediaOut;
  readonly line: RtpLine;
  readonly now: () => number;
  readonly events: PumpEvents;
  /** The pump this one takes over from: its encode does not count against the budget. */
  readonly instead: { readonly reader: GopReader } | undefined;
}

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
