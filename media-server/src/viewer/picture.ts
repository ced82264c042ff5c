/**
 * The picture half of a pump: one reader, the frames that lead up to a place, and the next rendition waiting for its GOP
 * boundary. It decides which frame goes next and at what wall time; sending is the pump's.
 */
import type { Frame, Rendition } from "../gop/frame.ts";
import type { GopReader, GopStore, OpenOptions } from "../gop/store.ts";
import type { Title } from "../library/title.ts";

interface Incoming {
  readonly rendition: Rendition;
  readonly reader: GopReader;
}

/** A switch begins at the first grid second at least this far ahead. */
const SWITCH_AHEAD_MS = 100;

export class Picture {
  readonly #store: GopStore;
  readonly #title: Title;
  readonly #frameMs: number;
  readonly #onReady: () => void;
  #rendition: Rendition;
  #reader: GopReader;
  #lead: Frame[] = [];
  #targetMs: number;
  #incoming: Incoming | undefined;
  #isLeadTaken = false;
  /** Film time of the last frame taken; before there is one, of the one before the place. */
  lastPtsMs: number;

  constructor(o: {
    store: GopStore;
    title: Title;
    rendition: Rendition;
    atMs: number;
    onReady: () => void;
    instead: GopReader | undefined;
  }) {
    this.#store = o.store;
    this.#title = o.title;
    this.#frameMs = 1000 / Math.max(1, o.title.video?.fps || 25);
    this.#onReady = o.onReady;
    this.#rendition = o.rendition;
    this.#targetMs = o.atMs;
    this.lastPtsMs = o.atMs - this.#frameMs;
    this.#reader = this.#open(o.rendition, o.atMs, { instead: o.instead });
  }

  /** What a following encode of the same viewer replaces, for the encode budget. */
  get reader(): GopReader {
    return this.#reader;
  }
  get rendition(): Rendition {
    return this.#rendition;
  }
  get frameMs(): number {
    return this.#frameMs;
  }
  get error(): GopReader["error"] {
    return this.#reader.error;
  }
  /** Where it stands: the place asked for, then the last frame taken. */
  get atMs(): number {
    return this.#isLeadTaken ? Math.max(0, this.lastPtsMs) : this.#targetMs;
  }
  get switching(): boolean {
    return this.#incoming !== undefined;
  }

  /** Goes to another place, or to another rendition at this place at once. */
  place(atMs: number, rendition: Rendition = this.#rendition): void {
    this.#dropIncoming();
    this.#reader.close();
    this.#rendition = rendition;
    this.#lead = [];
    this.#targetMs = atMs;
    this.lastPtsMs = atMs - this.#frameMs;
    this.#isLeadTaken = false;
    this.#reader = this.#open(rendition, atMs);
  }

  /**
   * The frames from the key frame to the one that covers the place, once they are all there; undefined while they are not.
   * At the end of a film the last frame stands for any later place.
   */
  takeLead(): readonly Frame[] | undefined {
    for (;;) {
      const last = this.#lead.at(-1);
      if (last && last.ptsMs + this.#frameMs > this.#targetMs + 0.5) break;
      const next = this.#reader.peek();
      if (next === "waiting") return undefined;
      if (next === "end") break;
      // with a variable rate a frame may cover far more than its nominal time: stop before one that is later than the place
      if (last && next.ptsMs > this.#targetMs + 0.5) break;
      this.#lead.push(next);
      this.#reader.shift();
    }
    const lead = this.#lead;
    this.#lead = [];
    this.#isLeadTaken = true;
    this.lastPtsMs = lead.at(-1)?.ptsMs ?? this.#targetMs;
    return lead;
  }

  peek(): Frame | "waiting" | "end" {
    return this.#reader.peek();
  }

  take(frame: Frame): void {
    this.lastPtsMs = frame.ptsMs;
    this.#reader.shift();
  }

  /** Prepares another rendition; {@link trySwitch} changes over at a GOP boundary. */
  switchTo(rendition: Rendition, positionMs: number): void {
    this.#dropIncoming();
    if (
      rendition.height === this.#rendition.height &&
      rendition.codec === this.#rendition.codec &&
      rendition.copy === this.#rendition.copy
    )
      return;
    const fromMs = this.#boundaryAfter(rendition, positionMs + SWITCH_AHEAD_MS);
    this.#incoming = { rendition, reader: this.#open(rendition, fromMs, { instead: this.#reader }) };
  }

  /** True when the picture has just changed to the new rendition; its key frame is next. */
  trySwitch(positionMs: number): boolean {
    const incoming = this.#incoming;
    if (!incoming) return false;
    const first = incoming.reader.peek();
    if (first === "waiting") return false;
    if (first === "end") {
      this.#dropIncoming(); // refused or nothing there: the old rendition goes on; the pump reads incomingError first
      return false;
    }
    if (first.ptsMs <= this.lastPtsMs + 0.5) {
      incoming.reader.close();
      const fromMs = this.#boundaryAfter(incoming.rendition, positionMs + SWITCH_AHEAD_MS);
      const reader = this.#open(incoming.rendition, fromMs, { instead: this.#reader });
      this.#incoming = { rendition: incoming.rendition, reader };
      return false;
    }
    const old = this.#reader.peek();
    if (old !== "waiting" && old !== "end" && old.ptsMs < first.ptsMs - 0.5) return false;
    this.#reader.close();
    this.#reader = incoming.reader;
    this.#rendition = incoming.rendition;
    this.#incoming = undefined;
    return true;
  }

  /** Why the rendition in preparation cannot be had. */
  get incomingError(): GopReader["error"] {
    return this.#incoming?.reader.error;
  }

  close(): void {
    this.#dropIncoming();
    this.#reader.close();
  }

  #boundaryAfter(rendition: Rendition, ms: number): number {
    const keys = rendition.copy ? this.#title.video?.passthrough?.keyMs : undefined;
    return keys ? (keys.find((key) => key >= ms) ?? this.#title.durationMs) : Math.ceil(ms / 1000) * 1000;
  }

  #dropIncoming(): void {
    this.#incoming?.reader.close();
    this.#incoming = undefined;
  }

  #open(rendition: Rendition, atMs: number, options: OpenOptions = {}): GopReader {
    const reader = this.#store.open(this.#title, rendition, atMs, options);
    reader.onReady = this.#onReady;
    return reader;
  }
}
