// One encoder run: an ffmpeg child whose frames come out one by one, with back-pressure, and whose whole process group
// goes when it is closed.

import type { ChildProcess } from "node:child_process";
import { Writable } from "node:stream";
import type { Frame } from "../gop/frame.ts";
import type { Log } from "../log.ts";
import { ffmpegArgs, type RunSpec } from "./args.ts";
import type { Ffmpeg } from "./ffmpeg.ts";
import { createShaper } from "./film-frame.ts";
import { spawnEncode } from "./fluent.ts";
import { MatroskaDemuxer } from "./matroska.ts";
import { killGroup } from "./process.ts";

/** How a run ended. `killed`: by a signal that was not ours; `failed`: ffmpeg gave up, or wrote nonsense, or hung. */
export type RunEnd =
  | { readonly kind: "complete" }
  | { readonly kind: "killed"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "closed" };

export interface RunEvents {
  /** Called from inside the read of the pipe: the first frame costs no turn of the event loop. */
  onFrame(frame: Frame): void;
  /** Called once, after the last frame. */
  onEnd(end: RunEnd): void;
}

export interface EncoderRun {
  readonly pid: number | undefined;
  /** Resolves when no child is alive any more, whatever ended it. */
  readonly gone: Promise<void>;
  /** Stops reading; ffmpeg blocks on the pipe. Frames of the piece at hand still come. */
  pause(): void;
  resume(): void;
  /** Kills the group; resolves when the child is gone. No frame comes after the call. */
  close(): Promise<void>;
}

/** A child that is read from and writes nothing for so long hangs. */
const HANG_MS = 30_000;

/** The last complaint of ffmpeg in words that hold no path and no address. */
export const complaint = (stderr: string, file: string): string => {
  const lines = stderr.replaceAll(`file:${file}`, "the file").replaceAll(file, "the file").split("\n");
  const last = lines
    .map((line) =>
      line
        .replace(/^\[[^\]]*\]\s*/, "")
        .replace(/^the file: /, "")
        .trim(),
    )
    .findLast((line) => line !== "");
  return (last ?? "ffmpeg gave no reason").slice(0, 200);
};

/** Starts ffmpeg for `spec` over `file`. Never throws: what goes wrong comes as onEnd. */
export const startRun = (
  ffmpeg: Ffmpeg,
  file: string,
  spec: RunSpec,
  events: RunEvents,
  log: Log,
): EncoderRun => {
  const shaper = createShaper(spec);
  const gone = Promise.withResolvers<void>();
  let child: ChildProcess | undefined;
  let stderr = (): string => "";
  let closed = false;
  let ended = false;
  let broken: string | undefined;
  let exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  let drained = false;
  let paused = false;
  let resumeRead: (() => void) | undefined;

  const finish = (end: RunEnd): void => {
    if (ended) return;
    ended = true;
    clearTimeout(watchdog);
    log.debug({ pid: child?.pid, run: spec.kind, fromMs: spec.fromMs, end: end.kind }, "encoder run ended");
    events.onEnd(end);
  };
  const settle = (): void => {
    if (exit === undefined || !(drained || closed || broken !== undefined)) return;
    if (closed) finish({ kind: "closed" });
    else if (broken !== undefined) finish({ kind: "failed", reason: broken });
    else if (exit.signal !== null) finish({ kind: "killed", reason: `ffmpeg was ended by ${exit.signal}` });
    else if (exit.code !== 0) finish({ kind: "failed", reason: complaint(stderr(), file) });
    else finish({ kind: "complete" });
  };
  const breakOff = (reason: string): void => {
    broken ??= reason;
    if (child !== undefined) killGroup(child);
  };
  const watchdog = setTimeout(() => {
    if (paused) watchdog.refresh();
    else breakOff(`ffmpeg wrote nothing for ${HANG_MS / 1000} seconds`);
  }, HANG_MS).unref();

  const demuxer = new MatroskaDemuxer({
    onTrack: (track) => shaper.onTrack(track),
    onFrame: (timeMs, key, data) => {
      if (closed) return;
      const frame = shaper.shape(timeMs, key, data);
      if (frame !== undefined) events.onFrame(frame);
    },
  });
  const out = new Writable({
    highWaterMark: 1,
    // fluent-ffmpeg kills the child 20 ms after a "close" of its target, which would race with a clean exit
    emitClose: false,
    write: (chunk: Buffer, _encoding, done) => {
      watchdog.refresh();
      try {
        if (!closed && broken === undefined) demuxer.push(chunk);
      } catch (error) {
        breakOff(error instanceof Error ? error.message : String(error));
      }
      if (paused && !closed) resumeRead = done;
      else done();
    },
    final: (done) => {
      done();
      drained = true;
      settle();
    },
  });

  const hooks = {
    cancelled: () => closed,
    onChild: (spawned: ChildProcess, readStderr: () => string) => {
      child = spawned;
      stderr = readStderr;
      spawned.on("exit", (code, signal) => {
        exit = { code, signal };
        gone.resolve();
        settle();
      });
    },
    onFailure: (error: Error) => {
      if (child?.pid !== undefined) return;
      gone.resolve();
      finish(closed ? { kind: "closed" } : { kind: "failed", reason: error.message });
    },
  };
  spawnEncode(ffmpeg, file, ffmpegArgs(spec), out, hooks);

  const unpause = (): void => {
    paused = false;
    watchdog.refresh();
    const read = resumeRead;
    resumeRead = undefined;
    read?.();
  };
  return {
    get pid() {
      return child?.pid;
    },
    gone: gone.promise,
    pause: () => {
      paused = true;
    },
    resume: unpause,
    close: () => {
      closed = true;
      if (child !== undefined) killGroup(child);
      unpause();
      return gone.promise;
    },
  };
};
