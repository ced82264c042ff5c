// The library: the titles of one folder, kept up to date while it runs.

import { type FSWatcher, watch } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { Refusal } from "@loge/protocol/errors";
import type { Ffmpeg } from "../encode/ffmpeg.ts";
import type { Log } from "../log.ts";
import { fingerprintOf, folderOf, nameTitles, titleId } from "./names.ts";
import { type Probe, probeFile } from "./probe.ts";
import { type FoundFile, isUnder, scanFolder } from "./scan.ts";
import type { Title } from "./title.ts";

/** `folder` is the path as the host gave it: pages and logs name it. */
export type LibraryState =
  | { readonly kind: "scanning"; readonly folder: string; readonly probed: number; readonly found: number }
  | { readonly kind: "ready"; readonly folder: string }
  | { readonly kind: "empty"; readonly folder: string; readonly code: "LIBRARY_EMPTY" }
  | { readonly kind: "missing"; readonly folder: string; readonly code: "LIBRARY_MISSING" };

export interface Library {
  /** In natural order of their paths. Grows while scanning. */
  titles(): readonly Title[];
  get(id: string): Title | undefined;
  /** The title as soon as it has been probed, and before others; undefined where the folder holds no such file. */
  find(id: string): Promise<Title | undefined>;
  state(): LibraryState;
  /** Undefined when the title's file is still the one that was probed; asked before a file is opened. */
  check(title: Title): Promise<Refusal | undefined>;
  /** Resolves when every file found by the first scan has been probed. */
  readonly ready: Promise<void>;
  /** Looks now instead of at the next change; resolves when done. */
  rescan(): Promise<void>;
  close(reason: string): Promise<void>;
}

export interface LibraryOptions {
  readonly folder: string;
  readonly ffmpeg: Ffmpeg;
  readonly log: Log;
  readonly onChange?: () => void;
  /** After a change is seen, so long until the folder is read again. */
  readonly debounceMs?: number;
  /** Also without a change seen (network folders do not tell). */
  readonly pollMs?: number;
}

const PROBES_AT_ONCE = 2;

interface Entry extends FoundFile {
  readonly id: string;
  readonly fingerprint: string;
}

class FolderLibrary implements Library {
  readonly #options: LibraryOptions;
  readonly #probes = new Map<string, Probe>();
  /** Ids that somebody waits for, and who looks again after every change. */
  readonly #wanted = new Set<string>();
  readonly #waiting = new Set<() => void>();
  #entries: readonly Entry[] = [];
  #titles: readonly Title[] = [];
  #byId: ReadonlyMap<string, Title> = new Map();
  #state: LibraryState;
  #shown = "";
  #watcher: FSWatcher | undefined;
  #soon: NodeJS.Timeout | undefined;
  #poll: NodeJS.Timeout | undefined;
  #scanning: Promise<void> | undefined;
  #again = false;
  readonly #stop = new AbortController();
  readonly ready: Promise<void>;

  constructor(options: LibraryOptions) {
    this.#options = options;
    this.#state = { kind: "scanning", folder: options.folder, probed: 0, found: 0 };
    this.ready = this.rescan();
  }

  get #closed(): boolean {
    return this.#stop.signal.aborted;
  }

  titles(): readonly Title[] {
    return this.#titles;
  }
  get(id: string): Title | undefined {
    return this.#byId.get(id);
  }
  state(): LibraryState {
    return this.#state;
  }

  async find(id: string): Promise<Title | undefined> {
    this.#wanted.add(id);
    while (!this.#byId.has(id) && this.#state.kind === "scanning" && !this.#closed)
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    this.#wanted.delete(id);
    return this.#byId.get(id);
  }

  #lookAgain(): void {
    for (const look of this.#waiting) look();
    this.#waiting.clear();
  }

  async check(title: Title): Promise<Refusal | undefined> {
    const entry = this.#entries.find((each) => each.id === title.id);
    if (entry === undefined) return new Refusal("TITLE_GONE", title.name);
    try {
      const [root, real] = await Promise.all([realpath(this.#options.folder), realpath(title.file)]);
      const info = await stat(real);
      const same = real === title.file && isUnder(root, real) && info.isFile();
      if (same && fingerprintOf(entry.relativePath, info.size, info.mtimeMs) === title.fingerprint)
        return undefined;
    } catch {
      // gone, or no longer ours to read: the same answer
    }
    this.#rescanSoon();
    return new Refusal("TITLE_GONE", title.name);
  }

  rescan(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    if (this.#scanning !== undefined) {
      this.#again = true;
      return this.#scanning;
    }
    this.#scanning = this.#scanAll().finally(() => {
      this.#scanning = undefined;
      this.#schedulePoll();
    });
    return this.#scanning;
  }

  async close(reason: string): Promise<void> {
    if (this.#closed) return;
    this.#stop.abort();
    this.#lookAgain();
    clearTimeout(this.#soon);
    clearTimeout(this.#poll);
    this.#watcher?.close();
    this.#options.log.info({ reason }, "library closed");
    await this.#scanning;
  }

  async #scanAll(): Promise<void> {
    do {
      this.#again = false;
      await this.#scanOnce();
    } while (this.#again && !this.#closed);
  }

  async #scanOnce(): Promise<void> {
    const { folder, log } = this.#options;
    let found: FoundFile[];
    try {
      this.#watch();
      found = await scanFolder(folder);
    } catch (error) {
      this.#unwatch();
      if (this.#state.kind !== "missing")
        log.error(
          { folder, error: String(error) },
          "the library folder does not exist or cannot be read; make it, or start with --videos DIR",
        );
      return this.#publish([], { kind: "missing", folder, code: "LIBRARY_MISSING" });
    }
    if (found.length === 0) {
      if (this.#state.kind !== "empty")
        log.warn({ folder }, "the library holds no videos; put videos into the folder");
      return this.#publish([], { kind: "empty", folder, code: "LIBRARY_EMPTY" });
    }
    const entries = found.map((each) => ({
      ...each,
      id: titleId(each.relativePath),
      fingerprint: fingerprintOf(each.relativePath, each.sizeBytes, each.mtimeMs),
    }));
    await this.#probeAll(entries);
    if (!this.#closed) this.#publish(entries, { kind: "ready", folder });
  }

  async #probeAll(entries: readonly Entry[]): Promise<void> {
    const wanted = new Set(entries.map((entry) => entry.fingerprint));
    for (const fingerprint of this.#probes.keys())
      if (!wanted.has(fingerprint)) this.#probes.delete(fingerprint);
    const queue = entries.filter((entry) => !this.#probes.has(entry.fingerprint));
    const found = queue.length;
    let probed = 0;
    const next = (): Entry | undefined => {
      const wantedAt = queue.findIndex((entry) => this.#wanted.has(entry.id));
      return queue.splice(Math.max(0, wantedAt), 1)[0];
    };
    const work = async (): Promise<void> => {
      for (let entry = next(); entry !== undefined && !this.#closed; entry = next()) {
        const probe = await probeFile(this.#options.ffmpeg, entry.file, entry.sizeBytes, this.#stop.signal);
        if (this.#closed) return;
        this.#probes.set(entry.fingerprint, probe);
        probed += 1;
        if (probe.refusal !== undefined)
          this.#options.log.warn(
            { title: entry.id, reason: probe.refusal.reason },
            "a file of the library cannot be played",
          );
        this.#publish(entries, { kind: "scanning", folder: this.#options.folder, probed, found });
      }
    };
    await Promise.all(Array.from({ length: PROBES_AT_ONCE }, work));
  }

  #publish(entries: readonly Entry[], state: LibraryState): void {
    const names = nameTitles(entries.map((entry) => entry.relativePath));
    this.#entries = entries;
    this.#titles = entries.flatMap((entry) => {
      const probe = this.#probes.get(entry.fingerprint);
      if (probe === undefined) return [];
      const { id, fingerprint, file, sizeBytes, relativePath } = entry;
      return {
        id,
        fingerprint,
        file,
        sizeBytes,
        name: names.get(relativePath) ?? id,
        folder: folderOf(relativePath),
        ...probe,
      };
    });
    this.#byId = new Map(this.#titles.map((title) => [title.id, title]));
    this.#state = state;
    this.#lookAgain();
    const shown = JSON.stringify([
      state,
      this.#titles.map((title) => [title.id, title.name, title.fingerprint]),
    ]);
    if (shown === this.#shown || this.#closed) return;
    this.#shown = shown;
    this.#options.onChange?.();
  }

  #watch(): void {
    if (this.#watcher !== undefined) return;
    this.#watcher = watch(this.#options.folder, { recursive: true, persistent: false }, () =>
      this.#rescanSoon(),
    );
    this.#watcher.on("error", () => this.#unwatch());
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #rescanSoon(): void {
    if (this.#closed) return;
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => void this.rescan(), this.#options.debounceMs ?? 400).unref();
  }

  #schedulePoll(): void {
    if (this.#closed) return;
    clearTimeout(this.#poll);
    const everyMs = this.#options.pollMs ?? 30_000;
    // a folder that is missing cannot be watched
    const delayMs = this.#watcher === undefined ? Math.min(everyMs, 2_000) : everyMs;
    this.#poll = setTimeout(() => void this.rescan(), delayMs).unref();
  }
}

/** Opens the library of a folder. Never fails: a missing folder is a state, and it is looked for again. */
export const openLibrary = (options: LibraryOptions): Library => new FolderLibrary(options);
