/** The media server's end of the `bulk` channel: library pages in chunks, slowed down by the channel's own buffer, cancellable. */
import { LIMITS } from "@loge/protocol/brands";
import { utf8 } from "@loge/protocol/bytes";
import {
  BULK,
  type BulkRequest,
  bulkFrame,
  bulkRequest,
  type LibraryPage,
  parseFrame,
} from "@loge/protocol/control";
import { Refusal, toWireError } from "@loge/protocol/errors";
import type { Channel } from "../webrtc/peer.ts";

export interface BulkOptions {
  readonly bulk: Channel;
  readonly page: (offset: number, limit: number) => LibraryPage;
  /** Commands count against the viewer's allowance here as on `control`; false = over it. */
  readonly allow: () => boolean;
  readonly malformed: () => void;
}

const HIGH_WATER_BYTES = 256 * 1024;
const POLL_MS = 10;
const MAX_RUNNING = 16;

export class BulkOut {
  readonly #o: BulkOptions;
  readonly #running = new Map<number, AbortController>();

  constructor(options: BulkOptions) {
    this.#o = options;
    options.bulk.onMessage = (data) => this.#onMessage(data);
  }

  close(): void {
    for (const running of this.#running.values()) running.abort();
    this.#running.clear();
  }

  #onMessage(data: string | Uint8Array): void {
    if (!this.#o.allow()) return;
    const request = parseFrame(bulkRequest, data);
    if (!request) return this.#o.malformed();
    if (request.type === "cancel") return this.#running.get(request.id)?.abort();
    const abort = new AbortController();
    if (this.#running.size >= MAX_RUNNING || this.#running.has(request.id))
      return this.#refuse(request.id, new Refusal("RATE_LIMITED"));
    this.#running.set(request.id, abort);
    this.#answer(request, abort.signal)
      .catch((thrown: unknown) => this.#refuse(request.id, thrown))
      .finally(() => this.#running.delete(request.id));
  }

  async #answer(request: Extract<BulkRequest, { type: "library" }>, signal: AbortSignal): Promise<void> {
    const payload = utf8(JSON.stringify(this.#o.page(request.offset, request.limit)));
    for (let at = 0; ; at += LIMITS.bulkChunkBytes) {
      while (this.#o.bulk.open && this.#o.bulk.bufferedAmount > HIGH_WATER_BYTES && !signal.aborted)
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      if (signal.aborted || !this.#o.bulk.open) return;
      const last = at + LIMITS.bulkChunkBytes >= payload.length;
      this.#o.bulk.send(
        bulkFrame(request.id, last ? BULK.last : 0, payload.subarray(at, at + LIMITS.bulkChunkBytes)),
      );
      if (last) return;
    }
  }

  #refuse(id: number, thrown: unknown): void {
    this.#o.bulk.send(bulkFrame(id, BULK.last | BULK.error, utf8(JSON.stringify(toWireError(thrown)))));
  }
}
