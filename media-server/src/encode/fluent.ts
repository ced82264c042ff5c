// The only file that knows fluent-ffmpeg. It has no spawn hook, so one method of each command instance is replaced: children
// start in the jail, in a group of their own, with bounded ears (design: "The media engine"). Its version is pinned.

import { type ChildProcess, spawn } from "node:child_process";
import type { Writable } from "node:stream";
import createCommand from "fluent-ffmpeg";
import type { FfmpegArgs } from "./args.ts";
import type { Ffmpeg } from "./ffmpeg.ts";
import { inputName } from "./formats.ts";
import { childEnv, TextTail } from "./process.ts";

/** What fluent-ffmpeg expects of the rings it reads stdout and stderr from. */
interface Ring {
  append(text: string): void;
  get(): string;
  callback(listener: (line: string) => void): void;
  close(): void;
}
type EndCallback = (error: Error | null, stdout: Ring, stderr: Ring) => void;
type ProcessCallback = (child: ChildProcess, stdout: Ring, stderr: Ring) => void;
type SpawnFfmpeg = (
  args: string[],
  options: { captureStdout?: boolean },
  ...callbacks: [EndCallback] | [ProcessCallback, EndCallback]
) => void;

const STDERR_CHARS = 8 * 1024;
/** `-encoders` prints about 20 kB. */
const STDOUT_CHARS = 512 * 1024;

const ring = (limitChars: number): Ring => {
  const tail = new TextTail(limitChars);
  return {
    append: (text) => tail.append(text),
    get: () => tail.text,
    callback: () => undefined,
    close: () => undefined,
  };
};

interface Hooks {
  /** Asked just before the spawn: true = it is no longer wanted. */
  cancelled(): boolean;
  onChild(child: ChildProcess, stderr: () => string): void;
}

const jailedSpawn =
  (ffmpeg: Ffmpeg, hooks: Hooks): SpawnFfmpeg =>
  (args, options, ...callbacks) => {
    const end = callbacks.length === 2 ? callbacks[1] : callbacks[0];
    const started: ProcessCallback = callbacks.length === 2 ? callbacks[0] : () => undefined;
    const stdout = ring(STDOUT_CHARS);
    const stderr = ring(STDERR_CHARS);
    if (hooks.cancelled()) return end(new Error("cancelled"), stdout, stderr);
    const [command = ffmpeg.ffmpegPath, ...argv] = [
      ...ffmpeg.jail,
      ffmpeg.ffmpegPath,
      "-hide_banner",
      "-loglevel",
      "error",
      ...args,
    ];
    const child = spawn(command, argv, {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: childEnv(),
      windowsHide: true,
    });
    hooks.onChild(child, () => stderr.get());
    child.on("error", (error) => end(error, stdout, stderr));
    child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.append(text));
    if (options.captureStdout === true)
      child.stdout.setEncoding("utf8").on("data", (text: string) => stdout.append(text));
    child.on("close", (code, signal) => {
      const how = signal === null ? `exited with code ${code}` : `was killed with signal ${signal}`;
      end(code === 0 ? null : new Error(`ffmpeg ${how}`), stdout, stderr);
    });
    started(child, stdout, stderr);
  };

const jailedCommand = (ffmpeg: Ffmpeg, hooks: Hooks): createCommand.FfmpegCommand => {
  const command = createCommand({ logger: undefined });
  // the one seam: a method its types do not show
  Object.assign(command, { _spawnFfmpeg: jailedSpawn(ffmpeg, hooks) } satisfies {
    _spawnFfmpeg: SpawnFfmpeg;
  });
  return command;
};

/** Runs ffmpeg over one file into `out` as Matroska. `onFailure` hears of commands that never became a child. */
export const spawnEncode = (
  ffmpeg: Ffmpeg,
  file: string,
  args: FfmpegArgs,
  out: Writable,
  hooks: Hooks & { onFailure(error: Error): void },
): void => {
  jailedCommand(ffmpeg, hooks)
    .input(inputName(file))
    .inputOptions(...args.input)
    .outputOptions(...args.output)
    .format("matroska")
    .on("error", (error: Error) => hooks.onFailure(error))
    .pipe(out, { end: true });
};

/** Lets fluent-ffmpeg do its once-per-process questions now (about 130 ms) instead of at the first play. */
export const warmFluent = (ffmpeg: Ffmpeg): Promise<void> =>
  new Promise((resolve, reject) => {
    const command = jailedCommand(ffmpeg, { cancelled: () => false, onChild: () => undefined });
    command.getAvailableFormats((formatsError: Error | null) => {
      if (formatsError) return reject(formatsError);
      command.getAvailableEncoders((encodersError: Error | null) =>
        encodersError ? reject(encodersError) : resolve(),
      );
    });
  });
