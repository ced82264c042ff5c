import { randomInt } from "node:crypto";

/** Sequence numbers and totals of one SSRC; they run on over seeks, pauses and codec switches. */
export interface TrackCounter {
  next(): number;
  /** A packet that left with `bytes` on the wire, `octets` of them payload; 0 bytes = it did not leave. */
  count(bytes: number, octets: number): void;
  readonly packets: number;
  readonly bytes: number;
  readonly octets: number;
}

/** Starts in the lower half, so that the first packets cannot wrap while the receiver learns the roll-over count (RFC 3711 §3.3.1). */
export function createTrackCounter(start = randomInt(0, 0x8000)): TrackCounter {
  let sequence = start;
  let packets = 0;
  let bytes = 0;
  let octets = 0;
  return {
    next: () => {
      const given = sequence;
      sequence = (sequence + 1) & 0xffff;
      return given;
    },
    count: (wire, payload) => {
      if (wire === 0) return;
      packets++;
      bytes += wire;
      octets += payload;
    },
    get packets() {
      return packets;
    },
    get bytes() {
      return bytes;
    },
    get octets() {
      return octets;
    },
  };
}
