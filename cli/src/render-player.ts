/** The film in a window of ffplay or mpv, fed through its standard input; nothing touches the disk. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { header, pictureBlock, soundBlock } from "./matroska.ts";
import type { Output, OutputOptions, Picture } from "./output.ts";

const RATE_HZ = 48_000;
/** A player that does not read loses pictures instead of filling the memory. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;
const GRACE_MS = 500;

function playerArgs(player: "ffplay" | "mpv", title: string): readonly string[] {
  if (player === "mpv") {
    return [
      "--profile=low-latency",
      "--no-cache",
      "--force-window=immediate",
      "--no-terminal",
      `--title=${title}`,
      "-",
    ];
  }
  return [
    "-hide_banner",
    "-loglevel",
    "quiet",
    "-fflags",
    "nobuffer",
    "-flags",
    "low_delay",
    "-analyzeduration",
    "0",
    "-window_title",
    title,
    "-f",
    "matroska",
    "-i",
    "pipe:0",
  ];
}

export function playerOutput(options: OutputOptions & { readonly player: "ffplay" | "mpv" }): Output {
  let child: ChildProcess | undefined;
  let size = "";
  let startedAtMs = 0;
  let isGone = false;

  const start = (picture: Picture): ChildProcess => {
    const next = spawn(options.player, playerArgs(options.player, options.title), {
      stdio: ["pipe", "ignore", "ignore"],
      // its own group: Ctrl-C is ours to handle
      detached: true,
      env: options.env,
    });
    const gone = (why: string): void => {
      if (child !== next || isGone) return;
      isGone = true;
      options.gone(why);
    };
    next.once("error", () => gone(`${options.player} could not be started`));
    next.once("exit", () => gone(`${options.player} was closed`));
    next.stdin?.on("error", () => undefined); // its exit says the same
    next.stdin?.write(header({ width: picture.width, height: picture.height, rateHz: RATE_HZ }));
    return next;
  };
  const write = (block: () => Buffer): void => {
    if (child?.stdin?.writable && child.stdin.writableLength < MAX_QUEUED_BYTES) child.stdin.write(block());
  };

  return {
    picture: (picture) => {
      if (isGone) return;
      const nextSize = `${picture.width}x${picture.height}`;
      if (nextSize !== size) {
        // a raw stream has one size; another resolution is another window
        const before = child;
        child = start(picture);
        if (before) void end(before);
        size = nextSize;
        startedAtMs = options.now();
      }
      write(() => pictureBlock(options.now() - startedAtMs, picture.data));
    },
    sound: ({ samples, rateHz, channels }) => {
      if (isGone || !child || rateHz !== RATE_HZ || channels > 2) return;
      write(() => soundBlock(options.now() - startedAtMs, samples, channels));
    },
    close: async () => {
      isGone = true;
      if (child) await end(child);
    },
  };
}

/** Asks, then insists. Resolves when the process is gone. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.stdin?.destroy();
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  await exited;
  clearTimeout(timer);
}
