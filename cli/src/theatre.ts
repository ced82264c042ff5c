/** The film that this terminal shows: opens an output for it, counts what arrives, and says at its end what that was. */
import { setTimeout as delay } from "node:timers/promises";
import type { Watch } from "@loge/protocol/watch";
import { Film } from "./film.ts";
import type { Output, Picture, Sound } from "./output.ts";
import type { Sinks } from "./peer.ts";
import { seconds } from "./words.ts";

export interface TheatreOptions {
  readonly open: (title: string) => Output;
  /** Shown name of a title's id. */
  readonly nameOf: (watch: Watch) => string;
  readonly print: (line: string) => void;
  /** Pictures that the decoder has made so far; undefined without a connection. */
  readonly decoded: () => Promise<Decoded | undefined>;
  readonly now: () => number;
}

export interface Decoded {
  /** The count begins again with every connection. */
  readonly connection: object;
  readonly frames: number;
}

interface Show {
  readonly film: Film;
  readonly before: Promise<Decoded | undefined>;
  output: Output | undefined;
  /** Undefined until the first timeline: pictures may come before it, by another road. */
  screening: string | undefined;
  name: string;
}

/** The last pictures are still being decoded when the end is told: it is over when none came for so long. */
const QUIET_MS = 400;
const SETTLE_MAX_MS = 3000;

export class Theatre implements Sinks {
  readonly #o: TheatreOptions;
  #show: Show | undefined;
  #closing: Promise<void> = Promise.resolve();
  #ending = 0;

  constructor(options: TheatreOptions) {
    this.#o = options;
  }

  /** A film is expected, running or being counted up. */
  get isRunning(): boolean {
    return this.#show !== undefined || this.#ending > 0;
  }

  /** A film was asked for: what arrives from now on is part of it. */
  expect(): void {
    // one that runs goes on until the other's first timeline: the wish may be refused
    this.#show ??= this.#begin(undefined);
  }

  /** What was asked for was refused. */
  forget(): void {
    if (this.#show?.screening === undefined) this.#show = undefined;
  }

  watch(next: Watch | undefined): void {
    let show = this.#show;
    if (next) {
      const { screening } = next.line;
      const isOther = show !== undefined && show.screening !== undefined && show.screening !== screening;
      if (show && isOther) this.#close(show, "stopped");
      if (!show || isOther) {
        if (next.phase === "ended") return; // its end was told already
        show = this.#begin(screening);
        this.#show = show;
      }
      show.screening = screening;
      show.name = this.#o.nameOf(next);
    }
    if (!show || (!next && show.screening === undefined)) return;
    show.film.watch(next);
    if (!next) this.#close(show, "stopped");
    else if (next.phase === "ended") this.#closing = this.#settle(show);
  }

  picture(picture: Picture): void {
    const show = this.#show;
    if (!show) return;
    show.film.picture(picture.width, picture.height);
    if (show.screening === undefined) return; // counted; shown when it has a name
    show.output ??= this.#o.open(show.name);
    show.output.picture(picture);
  }

  sound(sound: Sound): void {
    this.#show?.output?.sound(sound);
  }

  /** Ends what runs without a word; resolves when its window is gone. */
  async close(): Promise<void> {
    const show = this.#show;
    this.#show = undefined;
    await show?.output?.close();
    await this.#closing;
  }

  #begin(screening: string | undefined): Show {
    return { film: new Film(this.#o.now), before: this.#o.decoded(), output: undefined, screening, name: "" };
  }

  async #settle(show: Show): Promise<void> {
    const untilMs = this.#o.now() + SETTLE_MAX_MS;
    while (
      this.#show === show &&
      this.#o.now() < untilMs &&
      this.#o.now() - show.film.lastPictureAtMs < QUIET_MS
    ) {
      await delay(50);
    }
    if (this.#show === show) this.#close(show, "ended");
  }

  #close(show: Show, word: "ended" | "stopped"): void {
    if (this.#show === show) this.#show = undefined;
    this.#ending++;
    this.#closing = this.#tell(show, word).finally(() => {
      this.#ending--;
    });
  }

  async #tell(show: Show, word: "ended" | "stopped"): Promise<void> {
    const [before, after] = await Promise.all([show.before, this.#o.decoded(), show.output?.close()]);
    if (show.screening === undefined) return;
    const { frames, width, height, playedMs } = show.film.report();
    // the sink leaves out pictures that were decoded too late to be shown (a busy machine); they have arrived all the same
    const decoded = before && after?.connection === before.connection ? after.frames - before.frames : 0;
    const arrived = Math.max(frames, decoded);
    this.#o.print(`${word} ${show.name}: ${arrived} frames, ${width}x${height}, ${seconds(playedMs)}`);
  }
}
