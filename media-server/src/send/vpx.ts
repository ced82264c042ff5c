import { joined, splitEqually } from "./split.ts";

/**
 * VP8 (RFC 7741 §4.2), one-byte descriptor: S on the first packet. No picture id on purpose: it would have to count
 * without gaps for each viewer, so the payload could not be shared; receivers then order by sequence number, as for H.264.
 */
export function packetizeVp8(frame: Uint8Array, max: number): Uint8Array[] {
  return splitEqually(frame, max - 1).map((piece, i) => joined([i === 0 ? 0x10 : 0], piece));
}

/** VP9 (RFC 9628 §4.2), non-flexible mode, one layer, one-byte descriptor: P unless key, B at the start, E at the end. */
export function packetizeVp9(frame: Uint8Array, key: boolean, max: number): Uint8Array[] {
  const pieces = splitEqually(frame, max - 1);
  return pieces.map((piece, i) => {
    const begin = i === 0 ? 0x08 : 0;
    const end = i === pieces.length - 1 ? 0x04 : 0;
    return joined([(key ? 0 : 0x40) | begin | end], piece);
  });
}
