/** http://www.webrtc.org/experiments/rtp-hdrext/playout-delay: 12-bit minimum and maximum, in units of 10 ms. */
export function playoutDelay(minMs: number, maxMs: number): Uint8Array {
  const min = Math.min(0xfff, Math.round(minMs / 10));
  const max = Math.min(0xfff, Math.round(maxMs / 10));
  return Uint8Array.of(min >> 4, ((min & 0x0f) << 4) | (max >> 8), max & 0xff);
}

/** Show at once: the first frame of a play, seek or resume. */
export const AT_ONCE = playoutDelay(0, 0);
/** Let the receiver's jitter buffer choose. */
export const AS_NEEDED = playoutDelay(0, 10_000);
