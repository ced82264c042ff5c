// A push demuxer for the one-track Matroska stream that our encoder runs write to stdout (RFC 9559). Strict: what ffmpeg
// does not write is a typed error. Frames come out of push() itself, so the first one costs no turn of the event loop.

import { children, type ElementHead, MatroskaError, readHead, readNumber } from "./ebml.ts";

const ID = {
  ebml: 0x1a45dfa3,
  segment: 0x18538067,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  cluster: 0x1f43b675,
  clusterTimestamp: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  referenceBlock: 0xfb,
} as const;

export interface MatroskaTrack {
  /** e.g. V_MPEG4/ISO/AVC */
  readonly codecId: string;
  readonly codecPrivate: Uint8Array;
}

export interface MatroskaSink {
  onTrack(track: MatroskaTrack): void;
  /** `data` is the callee's to keep. Time is the file's, in ms, may be negative. */
  onFrame(timeMs: number, key: boolean, data: Uint8Array): void;
}

/** No element of ours comes near: a 2160p key frame is about 1 MiB. */
const LARGEST_ELEMENT_BYTES = 32 * 1024 * 1024;

export class MatroskaDemuxer {
  readonly #sink: MatroskaSink;
  #buffer = Buffer.allocUnsafe(256 * 1024);
  #from = 0;
  #to = 0;
  /** Bytes of an uninteresting element still to be passed over. */
  #skipBytes = 0;
  #seenEbml = false;
  #seenTrack = false;
  #clusterMs: number | undefined;

  constructor(sink: MatroskaSink) {
    this.#sink = sink;
  }

  /** Takes the next piece of the stream, split anywhere. @throws MatroskaError; the demuxer is of no use after that. */
  push(chunk: Uint8Array): void {
    this.#append(chunk);
    while (this.#step()) {
      // one element a step
    }
  }

  /** The stream is over. @throws MatroskaError when it ends inside an element or before the first track. */
  end(): void {
    if (this.#from !== this.#to || this.#skipBytes > 0)
      throw new MatroskaError("truncated", "inside an element");
    if (!this.#seenTrack) throw new MatroskaError("truncated", "before the first track");
  }

  #append(chunk: Uint8Array): void {
    const held = this.#to - this.#from;
    if (this.#to + chunk.length > this.#buffer.length) {
      const needed = held + chunk.length;
      const target =
        needed > this.#buffer.length
          ? Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
          : this.#buffer;
      this.#buffer.copy(target, 0, this.#from, this.#to);
      this.#buffer = target;
      this.#from = 0;
      this.#to = held;
    }
    this.#buffer.set(chunk, this.#to);
    this.#to += chunk.length;
  }

  #step(): boolean {
    if (this.#skipBytes > 0) {
      const passed = Math.min(this.#skipBytes, this.#to - this.#from);
      this.#skipBytes -= passed;
      this.#from += passed;
      if (this.#skipBytes > 0) return false;
    }
    const head = readHead(this.#buffer, this.#from, this.#to);
    if (head === undefined) return false;
    if (!this.#seenEbml && head.id !== ID.ebml) throw new MatroskaError("not-matroska", "no EBML header");
    if (head.id === ID.segment || head.id === ID.cluster) return this.#enter(head);
    if (head.sizeBytes === undefined) throw new MatroskaError("bad-structure", "unknown size");
    if (!this.#isRead(head.id)) {
      this.#from += head.headBytes;
      this.#skipBytes = head.sizeBytes;
      return true;
    }
    if (head.sizeBytes > LARGEST_ELEMENT_BYTES)
      throw new MatroskaError("too-large", `element of ${head.sizeBytes} bytes`);
    const dataAt = this.#from + head.headBytes;
    if (dataAt + head.sizeBytes > this.#to) return false;
    const data = this.#buffer.subarray(dataAt, dataAt + head.sizeBytes);
    this.#from = dataAt + head.sizeBytes;
    this.#element(head.id, data);
    return true;
  }

  #enter(head: ElementHead): true {
    if (head.id === ID.cluster) {
      if (!this.#seenTrack) throw new MatroskaError("bad-structure", "cluster before tracks");
      this.#clusterMs = undefined;
    }
    this.#from += head.headBytes;
    return true;
  }

  #isRead(id: number): boolean {
    switch (id) {
      case ID.ebml:
      case ID.info:
      case ID.tracks:
      case ID.clusterTimestamp:
      case ID.simpleBlock:
      case ID.blockGroup:
        return true;
      default:
        return false;
    }
  }

  #element(id: number, data: Uint8Array): void {
    switch (id) {
      case ID.ebml:
        this.#seenEbml = true;
        return;
      case ID.info: {
        const scale = children(data).find((child) => child.id === ID.timestampScale);
        if (scale !== undefined && readNumber(scale.data) !== 1_000_000)
          throw new MatroskaError("bad-structure", "timestamp scale");
        return;
      }
      case ID.tracks:
        return this.#tracks(data);
      case ID.clusterTimestamp:
        this.#clusterMs = readNumber(data);
        return;
      case ID.simpleBlock:
        return this.#block(data, ((data[3] ?? 0) & 0x80) !== 0);
      default:
        return this.#blockGroup(data);
    }
  }

  #tracks(data: Uint8Array): void {
    const entries = children(data).filter((child) => child.id === ID.trackEntry);
    const entry = entries[0];
    if (entry === undefined || entries.length > 1)
      throw new MatroskaError("bad-structure", `${entries.length} tracks`);
    const fields = children(entry.data);
    const codecId = fields.find((field) => field.id === ID.codecId)?.data ?? new Uint8Array();
    const codecPrivate = fields.find((field) => field.id === ID.codecPrivate)?.data ?? new Uint8Array();
    this.#seenTrack = true;
    this.#sink.onTrack({
      codecId: Buffer.from(codecId).toString("latin1"),
      codecPrivate: Uint8Array.from(codecPrivate),
    });
  }

  #blockGroup(data: Uint8Array): void {
    const parts = children(data);
    const block = parts.find((part) => part.id === ID.block);
    if (block === undefined) throw new MatroskaError("bad-structure", "block group without block");
    this.#block(block.data, !parts.some((part) => part.id === ID.referenceBlock));
  }

  #block(data: Uint8Array, key: boolean): void {
    if (this.#clusterMs === undefined)
      throw new MatroskaError("bad-structure", "block before its cluster's time");
    if (data.length < 5 || ((data[0] ?? 0) & 0x80) === 0)
      throw new MatroskaError("bad-structure", "block head");
    if (((data[3] ?? 0) & 0x06) !== 0) throw new MatroskaError("bad-structure", "laced block");
    const relativeMs = (((data[1] ?? 0) << 24) >> 16) | (data[2] ?? 0);
    this.#sink.onFrame(this.#clusterMs + relativeMs, key, Uint8Array.prototype.slice.call(data, 4));
  }
}
