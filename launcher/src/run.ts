/** A helper program with a beginning, an end and output that somebody reads. */
import { spawn } from "node:child_process";

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Each line of stdout and stderr, as it comes. */
  readonly onLine?: (line: string, from: "stdout" | "stderr") => void;
}

export interface Ran {
  /** Null where a signal ended it. */
  readonly code: number | null;
  /** The last of what it wrote to stderr. */
  readonly stderr: string;
}

const KEPT_CHARACTERS = 4_000;

/** Splits a stream of text into lines. */
export function lineSplitter(onLine: (line: string) => void): (chunk: Buffer | string) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + String(chunk)).split(/\r?\n|\r/);
    rest = (lines.pop() ?? "").slice(-KEPT_CHARACTERS);
    for (const line of lines) if (line !== "") onLine(line);
  };
}

/** Runs to the end. Rejects where it cannot be started or `signal` ends it. */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    // undefined: ours
    env: options.env,
    stdio: ["ignore", "pipe", "pipe"],
    signal: options.signal,
    killSignal: "SIGKILL",
  });
  let stderr = "";
  child.stdout.on(
    "data",
    lineSplitter((line) => options.onLine?.(line, "stdout")),
  );
  child.stderr.on(
    "data",
    lineSplitter((line) => {
      stderr = `${stderr}${line}\n`.slice(-KEPT_CHARACTERS);
      options.onLine?.(line, "stderr");
    }),
  );
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stderr }));
  });
}
