/**
 * RTP time of one viewer: one line over the server's monotonic clock for its whole life. Film time jumps (seek, pause), this
 * never does; sender reports state exactly this line (media.md §6).
 */
export interface RtpLine {
  /** Ticks at a wall time in ms, not yet reduced mod 2^32. */
  video(wallMs: number): number;
  audio(wallMs: number): number;
}

export function createRtpLine(video0: number, audio0: number): RtpLine {
  return {
    video: (wallMs) => Math.round(video0 + wallMs * 90),
    audio: (wallMs) => Math.round(audio0 + wallMs * 48),
  };
}

/** The 32 bits that go into a header. */
export const ticks32 = (ticks: number): number => ((ticks % 2 ** 32) + 2 ** 32) % 2 ** 32;
