/** What was relayed but not yet acknowledged: same bytes again after 2, 4, 8 s, until acknowledged or the receiver is gone. */
import type { Sid } from "./brands.ts";
import type { GeneralJwe } from "./wire.ts";

export interface Pending {
  readonly mid: string;
  readonly jwe: GeneralJwe;
  readonly waiting: ReadonlySet<Sid>;
  readonly tries: number;
  readonly dueMs: number;
}

const FIRST_RETRY_MS = 2000;
const MAX_TRIES = 5;

export class Outbox {
  readonly #pending = new Map<string, Pending>();

  add(mid: string, jwe: GeneralJwe, to: readonly Sid[], nowMs: number): void {
    this.#pending.set(mid, { mid, jwe, waiting: new Set(to), tries: 1, dueMs: nowMs + FIRST_RETRY_MS });
  }

  drop(mid: string): void {
    this.#pending.delete(mid);
  }

  /** True when `from` had not acknowledged `mid` before. */
  acknowledge(mid: string, from: Sid): boolean {
    const entry = this.#pending.get(mid);
    if (!entry?.waiting.has(from)) return false;
    const waiting = new Set(entry.waiting);
    waiting.delete(from);
    if (waiting.size === 0) this.#pending.delete(mid);
    else this.#pending.set(mid, { ...entry, waiting });
    return true;
  }

  /** Entries to relay again now, cut down to receivers that are still here; exhausted ones are dropped. */
  due(nowMs: number, present: (sid: Sid) => boolean): readonly Pending[] {
    const due: Pending[] = [];
    for (const entry of this.#pending.values()) {
      const waiting = new Set([...entry.waiting].filter(present));
      if (waiting.size === 0 || entry.tries >= MAX_TRIES) {
        this.#pending.delete(entry.mid);
        continue;
      }
      if (entry.dueMs > nowMs) continue;
      const next = {
        ...entry,
        waiting,
        tries: entry.tries + 1,
        dueMs: nowMs + FIRST_RETRY_MS * 2 ** entry.tries,
      };
      this.#pending.set(entry.mid, next);
      due.push(next);
    }
    return due;
  }

  get size(): number {
    return this.#pending.size;
  }
}
