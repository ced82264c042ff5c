/** The whole system as a newcomer starts it: `npm start` in a process of its own, on free ports, with throw-away keys. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface House {
  /** The two links, with `&lang=en`. */
  readonly invite: string;
  readonly host: string;
  readonly origin: string;
  /** Everything the launcher has printed. */
  output(): string;
  /** The process of `npm start`. */
  readonly pid: number;
  /** Pids of a part's process or of all ffmpeg children, as they are now. */
  pids(part: "launcher" | "signaling" | "media-server" | "ffmpeg"): Promise<readonly number[]>;
  /** The one process of a part; waits for it where it is just being started again. Throws where there is none. */
  pidOf(part: "launcher" | "signaling" | "media-server"): Promise<number>;
  /** Every process of the house, as they are now. */
  family(): Promise<readonly Process[]>;
  /** Ctrl-C; resolves with the exit code. Fails if a process of the house survives. */
  close(): Promise<number | null>;
}

export interface HouseOptions {
  readonly videos?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const START_TIMEOUT_MS = 120_000;
const PART_TIMEOUT_MS = 30_000;

/** Starts and waits for both links. Throws with the output where it does not come up. */
export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const folder = await mkdtemp(join(tmpdir(), "loge-house-"));
  const args = [
    "--port",
    "0",
    "--encode-budget",
    "off",
    "--keys",
    join(folder, "keys.json"),
    ...(options.args ?? []),
  ];
  if (options.videos !== undefined) args.push("--videos", options.videos);
  const child = spawnLauncher(args, options.env ?? {});
  let text = "";
  const collect = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const lineOf = (label: string): string | undefined =>
    new RegExp(`^${label}: +(\\S+)$`, "m").exec(text)?.[1];
  const isUp = await waitFor(
    () => lineOf("Invite") !== undefined && lineOf("Host") !== undefined,
    START_TIMEOUT_MS,
    exited,
  );
  if (!isUp) {
    child.kill("SIGKILL");
    throw new Error(`the house did not open:\n${text}`);
  }
  const invite = `${lineOf("Invite")}&lang=en`;
  const launcherPid = pidOf(child);
  const pids: House["pids"] = async (part) => {
    const family = await descendants(launcherPid);
    if (part === "ffmpeg") return family.filter((p) => /^\S*ffmpeg\b/.test(p.command)).map((p) => p.pid);
    return family.filter((p) => p.command.includes(`${part}/src/main.ts`)).map((p) => p.pid);
  };
  let closing: Promise<number | null> | undefined;
  return {
    invite,
    host: `${lineOf("Host")}&lang=en`,
    origin: new URL(invite).origin,
    pid: launcherPid,
    output: () => text,
    family: () => descendants(launcherPid),
    pids,
    pidOf: async (part) => {
      await waitFor(async () => (await pids(part)).length > 0, PART_TIMEOUT_MS, exited);
      const [pid] = await pids(part);
      // never a 0 instead: a signal sent to that stops or kills the tests themselves
      if (pid === undefined) throw new Error(`there is no ${part}`);
      return pid;
    },
    close: () => {
      closing ??= (async () => {
        const family = await descendants(launcherPid);
        child.kill("SIGINT");
        const code = await exited;
        await rm(folder, { recursive: true, force: true });
        await waitFor(() => !family.some((p) => isAlive(p.pid)), 5000);
        const left = family.filter((p) => isAlive(p.pid));
        for (const p of left) process.kill(p.pid, "SIGKILL");
        if (left.length > 0) throw new Error(`survived: ${left.map((p) => p.command).join("; ")}`);
        return code;
      })();
      return closing;
    },
  };
}

/** `npm start -- ARGS` to its end, for starts that must fail. */
export async function runLauncher(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; text: string }> {
  const child = spawnLauncher(args, env);
  let text = "";
  const collect = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { code, text };
}

function spawnLauncher(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [join(ROOT, "scripts/start.mjs"), ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All processes below one, read from /proc. */
async function descendants(root: number): Promise<readonly Process[]> {
  const all: Process[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = await readFile(`/proc/${name}/stat`, "utf8");
      const command = (await readFile(`/proc/${name}/cmdline`, "utf8")).replaceAll("\0", " ").trim();
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      all.push({ pid: Number(name), parent, command });
    } catch {
      // it has ended meanwhile
    }
  }
  const family = new Set([root]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const p of all) if (family.has(p.parent) && !family.has(p.pid)) grown = Boolean(family.add(p.pid));
  }
  return all.filter((p) => family.has(p.pid));
}

/** Throws where it could not be started; 0 would be everybody here. */
export function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error("the program could not be started");
  return child.pid;
}

/** A process that has ended but that nobody has asked about yet is not alive: in a container there may be no init to do so. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2)[0] !== "Z";
  } catch {
    return false;
  }
}

/** Polls until true; false when the time or `unless` is over first. */
export async function waitFor(
  done: () => boolean | Promise<boolean>,
  timeoutMs: number,
  unless?: Promise<unknown>,
): Promise<boolean> {
  let over = false;
  const end = (): void => {
    over = true;
  };
  unless?.then(end, end);
  for (const endMs = performance.now() + timeoutMs; performance.now() < endMs && !over; ) {
    if (await done()) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return await done();
}
