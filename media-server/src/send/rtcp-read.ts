import type { Feedback } from "./viewer-out.ts";

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const TRANSPORT_FEEDBACK = 205;
const PAYLOAD_FEEDBACK = 206;
const GENERIC_NACK = 1;
const PICTURE_LOSS = 1;
const FULL_INTRA_REQUEST = 4;
const APPLICATION_LAYER = 15;
const REMB = 0x52454d42;
const REPORT_BYTES = 24;

/**
 * Reads a compound of RTCP packets (RFC 3550 §6.1, RFC 4585 §6, draft-alvestrand-rmcat-remb) and passes on what concerns
 * `videoSsrc` and the reports. Each packet is read within its own length: werift reads a NACK on to the end of the datagram and
 * takes the REMB behind it for lost packets. Anything malformed ends the reading; nothing throws. Pure but for `to`.
 */
export function readRtcp(compound: Uint8Array, videoSsrc: number, to: Feedback): void {
  const view = new DataView(compound.buffer, compound.byteOffset, compound.byteLength);
  for (let at = 0; at + 4 <= compound.length; ) {
    const end = at + 4 + view.getUint16(at + 2) * 4;
    const first = view.getUint8(at);
    if (first >> 6 !== 2 || end > compound.length) return;
    const packet = new DataView(view.buffer, view.byteOffset + at, end - at);
    readPacket(packet, view.getUint8(at + 1), first & 0x1f, videoSsrc, to);
    at = end;
  }
}

/** `count` is the number of reports or the feedback's format. */
function readPacket(p: DataView, type: number, count: number, videoSsrc: number, to: Feedback): void {
  if (type === SENDER_REPORT) readReports(p, 28, count, to);
  else if (type === RECEIVER_REPORT) readReports(p, 8, count, to);
  else if (p.byteLength < 12) return;
  else if (type === TRANSPORT_FEEDBACK && count === GENERIC_NACK) {
    if (p.getUint32(8) === videoSsrc) to.nack(lostIn(p));
  } else if (type === PAYLOAD_FEEDBACK) {
    if (count === PICTURE_LOSS || count === FULL_INTRA_REQUEST) to.keyFrameWanted();
    else if (count === APPLICATION_LAYER) readEstimate(p, to);
  }
}

function readReports(p: DataView, start: number, count: number, to: Feedback): void {
  for (let i = 0, at = start; i < count && at + REPORT_BYTES <= p.byteLength; i++, at += REPORT_BYTES) {
    to.report(p.getUint32(at), p.getUint8(at + 4) / 256, p.getUint32(at + 16), p.getUint32(at + 20));
  }
}

function lostIn(p: DataView): number[] {
  const lost: number[] = [];
  for (let at = 12; at + 4 <= p.byteLength; at += 4) {
    const sequence = p.getUint16(at);
    const mask = p.getUint16(at + 2);
    lost.push(sequence);
    for (let bit = 0; bit < 16; bit++) if ((mask >> bit) & 1) lost.push((sequence + bit + 1) & 0xffff);
  }
  return lost;
}

function readEstimate(p: DataView, to: Feedback): void {
  if (p.byteLength < 20 || p.getUint32(12) !== REMB) return;
  const packed = p.getUint32(16) & 0xffffff;
  to.estimate((packed & 0x3ffff) * 2 ** (packed >> 18));
}
