/** One supervised part: started with its configuration by IPC, started again when it ends, ended with all it started. */
import { type ChildProcess, spawn } from "node:child_process";
import { lineSplitter } from "./run.ts";

/** What a part answers to its configuration. */
export interface Ready {
  readonly type: "ready";
  readonly port?: number;
  readonly udpPort?: number;
  readonly ffmpeg?: string;
}
interface Fatal {
  readonly type: "fatal";
  readonly code: string;
  readonly message: string;
}

/** Ends everything: its message is the sentence to show. */
export class FatalError extends Error {
  override readonly name = "FatalError";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface PartOptions {
  readonly name: string;
  readonly entry: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asked before every start; `last` is the newest `ready`, so that a restart keeps its ports. */
  readonly config: (last: Ready | undefined) => object;
  readonly onLine: (line: string) => void;
  /** It gave up after having been ready once. */
  readonly onGivenUp: (error: FatalError) => void;
  readonly times?: Partial<Times>;
}

export interface Times {
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** Up for so long: the next failure counts as the first again. */
  readonly healthyMs: number;
  readonly closeMs: number;
  /** Failures in a row before it is given up. */
  readonly attempts: number;
}

const TIMES: Times = {
  firstDelayMs: 200,
  longestDelayMs: 5_000,
  healthyMs: 10_000,
  closeMs: 5_000,
  attempts: 12,
};

/** Wait before the n-th start in a row (n from 1): 0.2 s doubling up to 5 s. */
export const delayMs = (failures: number, times: Times = TIMES): number =>
  Math.min(times.longestDelayMs, times.firstDelayMs * 2 ** (failures - 1));

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
const isReady = (value: unknown): value is Ready => isObject(value) && value["type"] === "ready";
const isFatal = (value: unknown): value is Fatal =>
  isObject(value) &&
  value["type"] === "fatal" &&
  typeof value["code"] === "string" &&
  typeof value["message"] === "string";

const describe = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal ?? `exit code ${code}`;

export class Part {
  readonly #options: PartOptions;
  readonly #times: Times;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #last: Ready | undefined;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #settle: { resolve(ready: Ready): void; reject(error: Error): void } | undefined;

  constructor(options: PartOptions) {
    this.#options = options;
    this.#times = { ...TIMES, ...options.times };
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when it is ready for the first time. Rejects with a {@link FatalError}. Call once. */
  start(): Promise<Ready> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#spawn();
    });
  }

  /** Ends it and whatever it started; idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#settle?.reject(new FatalError("CLOSED", `${this.#options.name} was ended`));
    const child = this.#child;
    if (child?.pid === undefined) return;
    const killer = setTimeout(() => this.#killGroup(child.pid), this.#times.closeMs);
    child.kill("SIGTERM");
    await this.#ended;
    clearTimeout(killer);
  }

  #killGroup(pid: number | undefined): void {
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // ESRCH: nobody is left
    }
  }

  #spawn(): void {
    const { entry, env, config, onLine } = this.#options;
    const startedMs = performance.now();
    // its own group: Ctrl-C of the terminal reaches only us, and we end the parts in order
    const child = spawn(process.execPath, [entry], {
      env,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
    });
    this.#child = child;
    child.stdout?.on("data", lineSplitter(onLine));
    child.stderr?.on("data", lineSplitter(onLine));
    child.on("message", (message) => this.#onMessage(message));
    let failure = "";
    child.once("error", (error) => {
      failure = error.message;
    });
    this.#ended = new Promise<void>((resolve) => {
      // `exit`, not `close`: a grandchild may hold the pipes for as long as it likes
      child.once("exit", (code, signal) => {
        resolve();
        this.#onEnd(child, startedMs, describe(code, signal));
      });
      // an error without a pid is a start that failed: then there is no exit
      child.once("error", () => {
        if (child.pid !== undefined) return;
        resolve();
        this.#onEnd(child, startedMs, failure);
      });
    });
    // an error here means the child is gone already, which `close` tells
    child.send({ type: "config", config: config(this.#last) }, () => undefined);
  }

  #onEnd(child: ChildProcess, startedMs: number, why: string): void {
    // also what outlived its leader
    this.#killGroup(child.pid);
    if (this.#closing !== undefined) return;
    if (performance.now() - startedMs >= this.#times.healthyMs) this.#failures = 0;
    this.#again(why);
  }

  #onMessage(message: unknown): void {
    if (isReady(message)) {
      this.#last = message;
      this.#settle?.resolve(message);
      this.#settle = undefined;
    } else if (isFatal(message)) {
      // after a first start the cause may pass (a port not yet free); then the ordinary restarts go on
      this.#settle?.reject(new FatalError(message.code, message.message));
      this.#settle = undefined;
      if (this.#last === undefined) this.#failures = this.#times.attempts;
      else this.#options.onLine(message.message);
    }
  }

  #again(why: string): void {
    const { name, onLine } = this.#options;
    this.#failures += 1;
    if (this.#failures >= this.#times.attempts) {
      const error = new FatalError(
        "GAVE_UP",
        `${name} ended ${this.#failures} times in a row (${why}); giving up.`,
      );
      if (this.#settle !== undefined) this.#settle.reject(error);
      else if (this.#last !== undefined) this.#options.onGivenUp(error);
      this.#settle = undefined;
      return;
    }
    const waitMs = delayMs(this.#failures, this.#times);
    onLine(`ended (${why}); starting it again in ${waitMs / 1000} s`);
    this.#timer = setTimeout(() => this.#spawn(), waitMs);
  }
}
