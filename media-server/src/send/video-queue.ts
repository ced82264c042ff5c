import type { HeaderExtension, VideoPayload } from "./packet-sender.ts";

/** One frame on its way out; `next` payloads of it have left. */
export interface QueuedFrame {
  readonly payloads: readonly Uint8Array[];
  readonly payload: VideoPayload;
  readonly timestamp: number;
  readonly extensions: readonly HeaderExtension[];
  readonly eager: boolean;
  next: number;
}

/** A viewer's picture packets that wait for their turn. Bounded: past `maxBytes` the caller is to drop frames. */
export interface VideoQueue {
  readonly bytes: number;
  readonly head: QueuedFrame | undefined;
  push(frame: QueuedFrame): boolean;
  /** The next payload, taken out. */
  take(): { frame: QueuedFrame; payload: Uint8Array; last: boolean } | undefined;
  /** Forgets every frame that has not begun to leave; a begun one is finished, so that none is cut in two. */
  dropUnbegun(): number;
}

export function createVideoQueue(maxBytes = 4 * 1024 * 1024): VideoQueue {
  let frames: QueuedFrame[] = [];
  let bytes = 0;
  const sizeOf = (frame: QueuedFrame): number => frame.payloads.reduce((sum, p) => sum + p.length, 0);
  return {
    get bytes() {
      return bytes;
    },
    get head() {
      return frames[0];
    },
    push: (frame) => {
      if (frame.payloads.length === 0) return true;
      const size = sizeOf(frame);
      if (bytes > 0 && bytes + size > maxBytes) return false;
      frames.push(frame);
      bytes += size;
      return true;
    },
    take: () => {
      const frame = frames[0];
      const payload = frame?.payloads[frame.next];
      if (!frame || !payload) return undefined;
      frame.next++;
      bytes -= payload.length;
      const last = frame.next === frame.payloads.length;
      if (last) frames.shift();
      return { frame, payload, last };
    },
    dropUnbegun: () => {
      const kept = frames.filter((frame) => frame.next > 0);
      const dropped = frames.length - kept.length;
      for (const frame of frames) if (frame.next === 0) bytes -= sizeOf(frame);
      frames = kept;
      return dropped;
    },
  };
}
