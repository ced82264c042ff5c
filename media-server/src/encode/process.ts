// Child processes: start in their own group, bound what they say, end the whole group.

import { type ChildProcess, spawn } from "node:child_process";

/** Where tools are looked for: the usual places of Linux and macOS. An ffmpeg elsewhere is named by FFMPEG_PATH. */
const TOOL_FOLDERS = [
  ...["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"],
  ...[
    "/opt/homebrew/bin",
    "/opt/local/bin",
    "/home/linuxbrew/.linuxbrew/bin",
    "/snap/bin",
    "/run/current-system/sw/bin",
  ],
];

/** What a child sees of our environment: nothing but what it needs to start. */
export const childEnv = (): NodeJS.ProcessEnv => ({
  PATH: TOOL_FOLDERS.join(":"),
  LC_ALL: "C",
  // a static ffprobe (npm's) loads the system's character tables into another glibc and dies on every MPEG-TS file
  GCONV_PATH: "/dev/null",
  AV_LOG_FORCE_NOCOLOR: "1",
});

/** SIGKILLs the group that a detached child leads. A group that is gone already is fine. */
export const killGroup = (child: ChildProcess): void => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL");
  }
};

/** Keeps the last `limitChars` of a text stream. */
export class TextTail {
  readonly #limitChars: number;
  #text = "";
  constructor(limitChars: number) {
    this.#limitChars = limitChars;
  }
  append(piece: string): void {
    this.#text = (this.#text + piece).slice(-this.#limitChars);
  }
  get text(): string {
    return this.#text;
  }
}

export interface ToolResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** The last 8 KiB. */
  readonly stderr: string;
  /** Set when it was ended by us, or could not start. */
  readonly failure: "timeout" | "too-much-output" | "spawn" | "aborted" | undefined;
}

export interface ToolOptions {
  readonly timeoutMs: number;
  readonly maxStdoutBytes?: number;
  /** Takes stdout line by line; nothing is kept then, and maxStdoutBytes does not apply. */
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
}

const LINE_LIMIT_CHARS = 4096;

const splitLines = (onLine: (line: string) => void): ((text: string) => void) => {
  let rest = "";
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = (lines.pop() ?? "").slice(0, LINE_LIMIT_CHARS);
    for (const line of lines) onLine(line.trimEnd());
  };
};

/** Runs a short-lived tool to its end. Never throws and never rejects: the result says what happened. */
export const runTool = (argv: readonly string[], options: ToolOptions): Promise<ToolResult> =>
  new Promise((resolve) => {
    const [command, ...args] = argv;
    if (command === undefined) throw new Error("runTool needs a command");
    const limitBytes = options.maxStdoutBytes ?? 4 * 1024 * 1024;
    const child = spawn(command, args, {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: childEnv(),
      windowsHide: true,
    });
    const stderr = new TextTail(8192);
    let stdout = "";
    let failure: ToolResult["failure"];
    const stop = (why: ToolResult["failure"]): void => {
      failure ??= why;
      killGroup(child);
    };
    const timer = setTimeout(() => stop("timeout"), options.timeoutMs);
    const onAbort = (): void => stop("aborted");
    options.signal?.addEventListener("abort", onAbort, { once: true });
    if (options.signal?.aborted) onAbort();
    const onLine = options.onLine === undefined ? undefined : splitLines(options.onLine);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (onLine !== undefined) return onLine(text);
      stdout += text;
      if (stdout.length > limitBytes) stop("too-much-output");
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.append(text));
    const finish = (code: number | null, signal: NodeJS.Signals | null): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
      resolve({ code, signal, stdout, stderr: stderr.text, failure });
    };
    child.on("error", (error) => {
      stderr.append(error.message);
      failure ??= "spawn";
      if (child.pid === undefined) finish(null, null);
    });
    child.on("close", finish);
  });
