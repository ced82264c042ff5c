/** The viewer's end of the `bulk` channel: one answer is put together from its chunks, bounded. */
import { fromUtf8 } from "./bytes.ts";
import { BULK, type LibraryPage, libraryPage, parseBulkFrame } from "./control.ts";
import { Refusal } from "./errors.ts";
import { wireError } from "./wire.ts";

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 10_000;

interface Fetch {
  readonly chunks: Uint8Array[];
  bytes: number;
  readonly done: (payload: Uint8Array | Refusal) => void;
}

export class BulkFetch {
  readonly #open = new Map<number, Fetch>();
  #next = 1;

  async library(channel: { send(text: string): void }, offset: number, limit: number): Promise<LibraryPage> {
    const id = this.#next++;
    const payload = await new Promise<Uint8Array>((resolve, reject) => {
      const timer = setTimeout(() => this.#finish(id, new Refusal("TIMEOUT")), TIMEOUT_MS);
      const done = (result: Uint8Array | Refusal): void => {
        clearTimeout(timer);
        if (result instanceof Refusal) reject(result);
        else resolve(result);
      };
      this.#open.set(id, { chunks: [], bytes: 0, done });
      channel.send(JSON.stringify({ v: 1, id, type: "library", offset, limit }));
    });
    return parse(libraryPage, payload);
  }

  frame(data: Uint8Array): void {
    const frame = parseBulkFrame(data);
    const fetch = frame && this.#open.get(frame.id);
    if (!frame || !fetch) return;
    fetch.bytes += frame.payload.length;
    if (fetch.bytes > MAX_ANSWER_BYTES) return this.#finish(frame.id, new Refusal("TOO_LARGE"));
    fetch.chunks.push(frame.payload);
    if (!(frame.flags & BULK.last)) return;
    const whole = new Uint8Array(fetch.bytes);
    let at = 0;
    for (const chunk of fetch.chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    if (!(frame.flags & BULK.error)) return this.#finish(frame.id, whole);
    try {
      const error = parse(wireError, whole);
      this.#finish(frame.id, new Refusal(error.code, error.detail));
    } catch {
      this.#finish(frame.id, new Refusal("BAD_MESSAGE"));
    }
  }

  fail(refusal: Refusal): void {
    for (const id of [...this.#open.keys()]) this.#finish(id, refusal);
  }

  #finish(id: number, result: Uint8Array | Refusal): void {
    const fetch = this.#open.get(id);
    this.#open.delete(id);
    fetch?.done(result);
  }
}

function parse<T>(schema: { parse(data: unknown): T }, payload: Uint8Array): T {
  try {
    return schema.parse(JSON.parse(fromUtf8(payload)));
  } catch (cause) {
    throw new Refusal("BAD_MESSAGE", undefined, { cause });
  }
}
