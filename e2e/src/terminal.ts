/** A person at the terminal client: the program itself, its input and output as pipes. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { pidOf, ROOT, waitFor } from "./house.ts";

export interface Terminal {
  readonly name: string;
  readonly pid: number;
  /** What it has printed so far: the room and the film; and errors and confirmations. */
  out(): string;
  err(): string;
  type(line: string): void;
  /** Resolves when either output holds the text; throws with both where it does not come. */
  shows(text: string | RegExp, timeoutMs?: number): Promise<void>;
  /** Types `quit`; resolves with the exit code. */
  close(): Promise<number | null>;
}

const JOIN_MS = 60_000;
const SHOW_MS = 30_000;
const QUIT_MS = 15_000;

/** Starts it without a picture and waits until the room is joined. */
export async function openTerminal(
  invite: string,
  name: string,
  args: readonly string[] = ["--video", "none"],
): Promise<Terminal> {
  const child = spawn(process.execPath, [join(ROOT, "cli/src/main.ts"), invite, "--name", name, ...args], {
    cwd: ROOT,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  child.stdin.on("error", () => undefined); // it may have ended meanwhile; its exit code says so
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const shows = async (text: string | RegExp, timeoutMs = SHOW_MS): Promise<void> => {
    const has = (all: string): boolean => (typeof text === "string" ? all.includes(text) : text.test(all));
    if (await waitFor(() => has(out) || has(err), timeoutMs, exited)) return;
    throw new Error(`the terminal does not show ${String(text)}:\n${out}\n--- errors\n${err}`);
  };
  const kill = (): boolean => child.kill("SIGKILL");
  try {
    await shows(`joined as ${name}`, JOIN_MS);
  } catch (thrown) {
    kill();
    throw thrown;
  }
  return {
    name,
    pid: pidOf(child),
    out: () => out,
    err: () => err,
    type: (line) => void child.stdin.write(`${line}\n`),
    shows,
    close: async () => {
      if (child.exitCode === null) child.stdin.end("quit\n");
      const timer = setTimeout(kill, QUIT_MS);
      const code = await exited;
      clearTimeout(timer);
      return code;
    },
  };
}
