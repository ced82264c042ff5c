import type { HeaderExtension } from "./packet-sender.ts";

export interface SentPacket {
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly rtxPayloadType: number | undefined;
  /** shared with every other viewer of the frame */
  readonly payload: Uint8Array;
  readonly extensions: readonly HeaderExtension[];
}

interface Kept {
  readonly packet: SentPacket;
  resentAtMs: number | undefined;
}

const SLOTS = 8192;

/**
 * What was sent to one viewer, by sequence number, for answering NACKs: at most 8192 packets and `maxBytes` (werift keeps 128
 * packets, less than one 1080p key frame). A packet is resent at most once per max(RTT, 20 ms), and all resends together
 * keep to a rate: Chromium asks again before an answer can be there, and a full link must not be filled with repeats.
 */
export interface RtxHistory {
  add(packet: SentPacket): void;
  /** The packets to send again now. */
  wanted(sequences: readonly number[], nowMs: number, rttMs: number, mediaBps: number): SentPacket[];
  readonly missed: number;
  readonly bytes: number;
}

export function createRtxHistory(nowMs: number, maxBytes = 4 * 1024 * 1024): RtxHistory {
  const slots: (Kept | undefined)[] = new Array<Kept | undefined>(SLOTS).fill(undefined);
  const burstBytes = 64 * 1024;
  let bytes = 0;
  let missed = 0;
  let oldest: number | undefined;
  let budgetBytes = burstBytes;
  let budgetAtMs = nowMs;
  const remove = (sequence: number): void => {
    const kept = slots[sequence % SLOTS];
    if (!kept || kept.packet.sequence !== sequence) return;
    bytes -= kept.packet.payload.length;
    slots[sequence % SLOTS] = undefined;
  };
  return {
    get missed() {
      return missed;
    },
    get bytes() {
      return bytes;
    },
    add: (packet) => {
      const old = slots[packet.sequence % SLOTS];
      if (old) bytes -= old.packet.payload.length;
      slots[packet.sequence % SLOTS] = { packet, resentAtMs: undefined };
      bytes += packet.payload.length;
      oldest ??= packet.sequence;
      while (bytes > maxBytes && oldest !== packet.sequence) {
        remove(oldest);
        oldest = (oldest + 1) & 0xffff;
      }
    },
    wanted: (sequences, atMs, rttMs, mediaBps) => {
      const resendBps = Math.max(mediaBps / 2, 1_000_000);
      budgetBytes = Math.min(burstBytes, budgetBytes + ((atMs - budgetAtMs) * resendBps) / 8000);
      budgetAtMs = atMs;
      const again: SentPacket[] = [];
      for (const sequence of new Set(sequences)) {
        const kept = slots[sequence % SLOTS];
        if (!kept || kept.packet.sequence !== sequence) {
          missed++;
          continue;
        }
        // the first answer must not wait; only a repeat has an interval to keep
        if (kept.resentAtMs !== undefined && atMs - kept.resentAtMs < Math.max(rttMs, 20)) continue;
        if (budgetBytes < kept.packet.payload.length) break;
        kept.resentAtMs = atMs;
        budgetBytes -= kept.packet.payload.length;
        again.push(kept.packet);
      }
      return again;
    },
  };
}
