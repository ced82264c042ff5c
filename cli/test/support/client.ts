/** The client as a process, talked to through pipes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";

const main = join(dirname(dirname(import.meta.dirname)), "src/main.ts");
/** No test measures time: this only ends what would never end. */
const PATIENCE_MS = 60_000;

export interface Client {
  type(...lines: readonly string[]): void;
  /** No more lines will come. */
  end(): void;
  kill(signal: NodeJS.Signals): void;
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves with the match as soon as stdout (or stderr) holds one. */
  sees(pattern: RegExp): Promise<RegExpExecArray>;
  readonly exit: Promise<number | null>;
}

export function startClient(args: readonly string[], env: NodeJS.ProcessEnv = {}): Client {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let out = "";
  let err = "";
  const looks = new Set<() => void>();
  const gather = (add: (text: string) => void) => (chunk: string) => {
    add(chunk);
    for (const look of [...looks]) look();
  };
  child.stdout.setEncoding("utf8").on(
    "data",
    gather((text) => (out += text)),
  );
  child.stderr.setEncoding("utf8").on(
    "data",
    gather((text) => (err += text)),
  );
  child.stdin.on("error", () => undefined);
  const exit = once(child, "close").then(([code]: readonly (number | null)[]) => code ?? null);
  const told = (): string => `\nstdout:\n${out}\nstderr:\n${err}`;
  return {
    type: (...lines) => child.stdin.write(lines.map((line) => `${line}\n`).join("")),
    end: () => child.stdin.end(),
    kill: (signal) => child.kill(signal),
    out: () => out,
    err: () => err,
    sees: (pattern) =>
      new Promise((resolve, reject) => {
        const give = (): void => {
          looks.delete(look);
          clearTimeout(timer);
        };
        const look = (): void => {
          const match = pattern.exec(out) ?? pattern.exec(err);
          if (!match) return;
          give();
          resolve(match);
        };
        const vain = (why: string): void => {
          give();
          reject(new Error(`${why} ${pattern}${told()}`));
        };
        const timer = setTimeout(() => vain("waited in vain for"), PATIENCE_MS);
        looks.add(look);
        look();
        void exit.then(() => vain("ended without"));
      }),
    exit,
  };
}
