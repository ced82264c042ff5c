// The GOP store: turns viewers' needs into encoder runs, encodes each GOP once and serves it to every reader.

import { Refusal } from "@loge/protocol/errors";
import {
  admits,
  type BudgetState,
  createBudget,
  type EncodeLoad,
  highestWithinBudget,
  observeSpeed,
} from "../encode/budget.ts";
import type { Ffmpeg } from "../encode/ffmpeg.ts";
import { type EncoderRun, startRun } from "../encode/run.ts";
import type { Title } from "../library/title.ts";
import type { Log } from "../log.ts";
import { GopCache } from "./cache.ts";
import type { AnyRendition, Frame, VideoCodec } from "./frame.ts";
import { Lane } from "./lane.ts";
import { LaneGopReader } from "./reader.ts";
import { describeLane, sizeOf } from "./renditions.ts";

/** One viewer's need of one rendition from a position on. Frames come in order; nothing here blocks. */
export interface GopReader {
  /**
   * The next frame, without taking it. The first is the key frame at or before `fromMs` (video; one that is late by a frame
   * counts) or the first packet at or after `fromMs - 20` (audio). "waiting": not encoded yet, see onReady. "end": nothing more comes.
   */
  peek(): Frame | "waiting" | "end";
  /** Takes the frame that peek() shows. */
  shift(): void;
  /** Why it cannot go on (peek() says "end" then). */
  readonly error: Refusal | undefined;
  /** Called when "waiting" may have changed. Never called from inside peek() or shift(). */
  onReady: (() => void) | undefined;
  close(): void;
}

export interface GopStoreStats {
  /** Encoded bytes held. */
  readonly bytes: number;
  readonly gops: number;
  /** Encoder processes alive now. */
  readonly encoders: number;
  /** Encoder processes started since the store exists. */
  readonly spawned: number;
}

export interface OpenOptions {
  /** A reader that will be closed when this one plays (a switch): its encode does not count against the budget. */
  readonly instead?: GopReader | undefined;
}

export interface GopStore {
  open(title: Title, rendition: AnyRendition, fromMs: number, options?: OpenOptions): GopReader;
  /** Highest step of the ladder, up to maxHeight, that a new encode may have now; undefined = none. */
  highestWithinBudget(codec: VideoCodec, maxHeight: number): number | undefined;
  stats(): GopStoreStats;
  /** Child pids of the encoders alive, for tests and the log. */
  pids(): readonly number[];
  close(reason: string): Promise<void>;
}

export interface GopStoreOptions {
  readonly ffmpeg: Ffmpeg;
  readonly cacheBytes: number;
  /** Looked at once for every open(): the file may have gone or changed. */
  readonly check: (title: Title) => Promise<Refusal | undefined>;
  /** `false` = let every encode in. */
  readonly budget: { readonly cores: number } | false;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly log: Log;
  /** How long an encoder, held back, outlives the last reader of its rendition. */
  readonly lingerMs?: number;
}

const LINGER_MS = 700;
/** Lanes without readers and runs hold only where the film ended; this many are remembered. */
const MAX_LANES = 256;

interface Room {
  readonly lane: Lane;
  /** What a run of it costs; undefined = next to nothing. */
  readonly load: EncodeLoad | undefined;
}

const loadOf = (title: Title, rendition: AnyRendition): EncodeLoad | undefined =>
  rendition.kind === "video" && !rendition.copy && title.video !== undefined
    ? { codec: rendition.codec, height: sizeOf(title.video, rendition).height }
    : undefined;

const firstIndexOf = (title: Title, rendition: AnyRendition, fromMs: number, lane: Lane): number => {
  if (rendition.kind === "audio") return lane.grid.indexOf(fromMs - 20);
  const lastMs = title.durationMs > 0 ? Math.max(0, title.durationMs - 1) : Number.POSITIVE_INFINITY;
  return lane.grid.indexOf(Math.min(fromMs, lastMs));
};

const deadReader = (error: Refusal): GopReader => ({
  peek: () => "end",
  shift: () => undefined,
  error,
  onReady: undefined,
  close: () => undefined,
});

class Store implements GopStore {
  readonly #options: GopStoreOptions;
  readonly #cache: GopCache;
  readonly #rooms = new Map<string, Room>();
  readonly #readers = new Set<LaneGopReader>();
  readonly #alive = new Set<EncoderRun>();
  #budget: BudgetState | undefined;
  #spawned = 0;
  #closing: Promise<void> | undefined;

  constructor(options: GopStoreOptions) {
    this.#options = options;
    this.#cache = new GopCache(options.cacheBytes);
    this.#budget = options.budget === false ? undefined : createBudget(options.budget.cores);
  }

  open(title: Title, rendition: AnyRendition, fromMs: number, options: OpenOptions = {}): GopReader {
    if (this.#closing !== undefined) return deadReader(new Refusal("SHUTTING_DOWN"));
    try {
      const room = this.#room(title, rendition);
      const at = Math.max(0, fromMs);
      const frameMs = 1500 / Math.max(1, title.video?.fps ?? 25);
      const reader = new LaneGopReader(room.lane, {
        kind: rendition.kind,
        fromMs: at,
        toleranceMs: Math.min(150, Math.max(20, frameMs)),
        firstIndex: firstIndexOf(title, rendition, at, room.lane),
        onClose: () => this.#readers.delete(reader),
      });
      reader.instead = options.instead instanceof LaneGopReader ? options.instead : undefined;
      this.#readers.add(reader);
      void this.#begin(title, reader, room.lane);
      return reader;
    } catch (error) {
      if (error instanceof Refusal) return deadReader(error);
      throw error;
    }
  }

  highestWithinBudget(codec: VideoCodec, maxHeight: number): number | undefined {
    return highestWithinBudget(this.#budget ?? createBudget(1_000), this.#loads(undefined), codec, maxHeight);
  }

  stats(): GopStoreStats {
    return {
      bytes: this.#cache.bytes,
      gops: this.#cache.size,
      encoders: this.#alive.size,
      spawned: this.#spawned,
    };
  }

  pids(): readonly number[] {
    return [...this.#alive].flatMap((run) => run.pid ?? []);
  }

  close(reason: string): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  async #close(reason: string): Promise<void> {
    this.#options.log.info({ reason, ...this.stats() }, "GOP store closed");
    for (const reader of [...this.#readers]) reader.fail(new Refusal("SHUTTING_DOWN"));
    for (const { lane } of this.#rooms.values()) lane.close();
    await Promise.all([...this.#alive].map((run) => run.close()));
    this.#cache.clear();
  }

  async #begin(title: Title, reader: LaneGopReader, lane: Lane): Promise<void> {
    try {
      const refusal = await this.#options.check(title);
      if (refusal !== undefined) reader.fail(refusal);
      else if (!reader.closed && reader.error === undefined) lane.join(reader);
    } catch (error) {
      this.#options.log.error({ title: title.id, error: String(error) }, "a reader could not begin");
      reader.fail(new Refusal("INTERNAL"));
    }
  }

  #room(title: Title, rendition: AnyRendition): Room {
    const { key, shape } = describeLane(title, rendition);
    const known = this.#rooms.get(key);
    if (known !== undefined) return known;
    this.#forgetIdle();
    const load = loadOf(title, rendition);
    const { cache, options } = { cache: this.#cache, options: this.#options };
    const lane = new Lane({
      ...{ key, shape, cache, log: options.log, lingerMs: options.lingerMs ?? LINGER_MS },
      start: (spec, events) => {
        const run = startRun(options.ffmpeg, title.file, spec, events, options.log);
        this.#spawned += 1;
        this.#alive.add(run);
        void run.gone.then(() => this.#alive.delete(run));
        return run;
      },
      admit: (reader) => this.#admit(load, reader instanceof LaneGopReader ? reader : undefined),
      now: options.now,
      measured: (mediaMs, wallMs) => {
        if (load === undefined || this.#budget === undefined || this.#loads(undefined).length > 1) return;
        this.#budget = observeSpeed(this.#budget, load, mediaMs, wallMs);
      },
    });
    const room = { lane, load };
    this.#rooms.set(key, room);
    return room;
  }

  #admit(load: EncodeLoad | undefined, reader: LaneGopReader | undefined): Refusal | undefined {
    if (load === undefined || this.#budget === undefined) return undefined;
    const running = this.#loads(reader?.instead);
    if (admits(this.#budget, running, load)) return undefined;
    const lower = highestWithinBudget(this.#budget, running, load.codec, load.height - 1);
    return new Refusal("BUDGET", lower === undefined ? undefined : `${lower}p would be possible`);
  }

  /** Live encodes: one for each run, and one where admitted readers have none just now. */
  #loads(instead: LaneGopReader | undefined): EncodeLoad[] {
    return [...this.#rooms.values()].flatMap(({ lane, load }) => {
      const others = [...lane.readers].filter((reader) => reader.admitted && reader !== instead);
      if (load === undefined || others.length === 0) return [];
      return Array.from({ length: Math.max(1, Math.min(lane.runs, others.length)) }, () => load);
    });
  }

  #forgetIdle(): void {
    for (const [key, { lane }] of this.#rooms) {
      if (this.#rooms.size < MAX_LANES) return;
      if (lane.readers.size === 0 && lane.runs === 0) this.#rooms.delete(key);
    }
  }
}

/** Opens a store. Nothing runs until a reader is opened. */
export const createGopStore = (options: GopStoreOptions): GopStore => new Store(options);
