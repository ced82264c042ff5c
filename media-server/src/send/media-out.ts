import type { Frame, VideoCodec } from "../gop/frame.ts";

/** What has left for one viewer so far, and what the viewer's reports say of the way there. */
export interface MediaStats {
  readonly packets: number;
  readonly bytes: number;
  /** frames given before key confirmation (allowMedia) or after close */
  readonly dropped: number;
  readonly rtxSent: number;
  /** NACKed packets that were no longer in the history */
  readonly nackMissed: number;
  /** the receiver's estimate (REMB); undefined before the first */
  readonly rembBps: number | undefined;
  /** share of the video packets lost in the last receiver report, 0..1 */
  readonly lossFraction: number;
  readonly rttMs: number | undefined;
  /** how long the pacer's queue takes to empty at its present rate */
  readonly queueMs: number;
}

/** Wall time (the caller's monotonic ms) to RTP ticks of both tracks; reduced mod 2^32 inside. */
export type RtpClock = (nowMs: number) => { video: number; audio: number };

/** Frames of one viewer in, packets out. Nothing here throws: a slow or gone viewer only counts. */
export interface MediaOut {
  /** rtpTicks on the 90 kHz clock; `first` = first frame of a play, seek or resume (playout delay 0/0). */
  video(frame: Frame, codec: VideoCodec, rtpTicks: number, opts: { first: boolean }): void;
  /** rtpTicks on the 48 kHz clock. */
  audio(frame: Frame, rtpTicks: number): void;
  /** The line the sender reports speak of: sent at once and every 500 ms. */
  setClock(clock: RtpClock): void;
  syncNow(): void;
  /** PLI or FIR of the viewer, rate limited. */
  onKeyFrameWanted: (() => void) | undefined;
  readonly stats: MediaStats;
}
