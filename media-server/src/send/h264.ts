import { joined, splitEqually } from "./split.ts";

const STAP_A = 24;
const FU_A = 28;
/** SEI, access unit delimiter, end of sequence, end of stream, filler: a decoder does without. */
const DROPPED = new Set([6, 9, 10, 11, 12]);

/**
 * RTP payloads of one access unit (RFC 6184, packetization-mode 1): small NAL units share a STAP-A, large ones become
 * FU-As of equal size. `frame` is 4-byte length-prefixed; a broken length ends the walk.
 */
export function packetizeH264(frame: Uint8Array, max: number): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  let smallBytes = 1;
  const flush = (): void => {
    const [only] = small;
    if (small.length === 1 && only) payloads.push(only);
    else if (small.length > 1) payloads.push(stapA(small, smallBytes));
    small = [];
    smallBytes = 1;
  };
  for (const nal of nalUnits(frame)) {
    if (nal.length > max) {
      flush();
      payloads.push(...fuA(nal, max));
      continue;
    }
    if (smallBytes + 2 + nal.length > max) flush();
    small.push(nal);
    smallBytes += 2 + nal.length;
  }
  flush();
  return payloads;
}

function nalUnits(frame: Uint8Array): Uint8Array[] {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const nals: Uint8Array[] = [];
  for (let at = 0; at + 4 <= frame.length; ) {
    const length = view.getUint32(at);
    if (at + 4 + length > frame.length) break;
    const nal = frame.subarray(at + 4, at + 4 + length);
    if (length > 0 && !DROPPED.has((nal[0] ?? 0) & 0x1f)) nals.push(nal);
    at += 4 + length;
  }
  return nals;
}

function stapA(nals: readonly Uint8Array[], bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  out[0] = Math.max(...nals.map((nal) => (nal[0] ?? 0) & 0x60)) | STAP_A;
  let at = 1;
  for (const nal of nals) {
    out[at] = nal.length >> 8;
    out[at + 1] = nal.length & 0xff;
    out.set(nal, at + 2);
    at += 2 + nal.length;
  }
  return out;
}

function fuA(nal: Uint8Array, max: number): Uint8Array[] {
  const first = nal[0] ?? 0;
  const pieces = splitEqually(nal.subarray(1), max - 2);
  return pieces.map((piece, i) => {
    const start = i === 0 ? 0x80 : 0;
    const end = i === pieces.length - 1 ? 0x40 : 0;
    return joined([(first & 0xe0) | FU_A, start | end | (first & 0x1f)], piece);
  });
}
