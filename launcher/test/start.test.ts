import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseInvite } from "@loge/protocol/invite";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

const root = dirname(dirname(import.meta.dirname));
let dir: string;
const started: ChildProcess[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "loge-start-"));
  await mkdir(join(dir, "films"));
});
afterAll(() => rm(dir, { recursive: true }));
afterEach(() => {
  for (const child of started.splice(0)) if (child.exitCode === null) child.kill("SIGKILL");
});

interface Launched {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  text(): string;
}

function launch(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; script?: string } = {},
): Launched {
  const script = options.script ?? "launcher/src/main.ts";
  const child = spawn(process.execPath, [join(root, script), ...args], {
    cwd: dir,
    env: { ...process.env, INIT_CWD: dir, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  let text = "";
  const gather = (chunk: Buffer): void => {
    text += String(chunk);
  };
  child.stdout.on("data", gather);
  child.stderr.on("data", gather);
  const ended = once(child, "close").then(([code]) => code as number | null);
  return { child, ended, text: () => text };
}

async function until<T>(find: () => T | undefined | false, what: () => string): Promise<T> {
  const endMs = Date.now() + 110_000;
  for (;;) {
    const found = find();
    if (found) return found;
    if (Date.now() > endMs) throw new Error(`waited in vain for ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function processes(): readonly Process[] {
  if (!existsSync("/proc/self/stat")) {
    const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
    return lines.flatMap((line) => {
      const [, pid, parent, command = ""] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
    });
  }
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (state === "Z") return [];
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
      return [{ pid: Number(name), parent: Number(parent), command }];
    } catch {
      return []; // ended meanwhile
    }
  });
}

/** A process and everything below it. */
function family(pid: number): readonly Process[] {
  const all = processes();
  const below = (parent: number): readonly Process[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)]);
  return [...all.filter((one) => one.pid === pid), ...below(pid)];
}
const partOf = (pid: number, folder: string): number | undefined =>
  family(pid).find(({ command }) => command.includes(`/${folder}/src/main.ts`))?.pid;
const anyAlive = (pids: readonly number[]): boolean => processes().some(({ pid }) => pids.includes(pid));

const usual = (): readonly string[] => ["--port", "0", "--videos", "films", "--keys", "keys.json"];
const linkOf = (text: string, word: string): string | undefined =>
  new RegExp(`^${word}: +(\\S+)$`, "m").exec(text)?.[1];

describe("what cannot start says one sentence", () => {
  test("--help is no error", async () => {
    const { ended, text } = launch(["--help"]);
    expect(await ended).toBe(0);
    expect(text()).toContain("--behind-proxy URL");
  });

  test("an unknown option", async () => {
    const { ended, text } = launch(["--prot", "1"]);
    expect(await ended).toBe(2);
    expect(text()).toBe("Unknown option --prot. See npm start -- --help.\n");
  });

  test("a taken port", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const { ended, text } = launch(["--port", String(port), "--videos", "films", "--keys", "keys.json"]);
    expect(await ended).toBe(1);
    expect(text()).toContain(
      `The port is already in use. (127.0.0.1:${port}; --port N) Stop the other program`,
    );
    expect(text().trim().split("\n")).toHaveLength(1);
    other.close();
  });

  test("an ffmpeg that is none", async () => {
    const { ended, text } = launch(usual(), { env: { FFMPEG_PATH: "/nonexistent" } });
    expect(await ended).toBe(1);
    expect(text()).toContain(
      "No usable ffmpeg was found. (FFMPEG_PATH=/nonexistent) Install ffmpeg 5.1 or newer",
    );
  });
});

test("from one command to two links; killed parts come back at their place; Ctrl-C leaves nothing", async () => {
  const { child, ended, text } = launch(usual(), { env: { LOGE_TURN: "turn:ada:hunter2@127.0.0.1:9" } });
  const pid = child.pid ?? 0;
  const invite = await until(() => linkOf(text(), "Invite"), text);
  const host = linkOf(text(), "Host") ?? "";
  const { origin } = await parseInvite(invite);
  expect((await parseInvite(host)).h).toBeDefined();
  expect(text()).toContain("films");
  const secret = (await readFileSync(join(dir, "keys.json"), "utf8")).match(/"k":"([^"]+)"/)?.[1] ?? "no key";

  // secrets travel by IPC only
  for (const one of family(pid)) {
    expect(one.command).not.toContain(secret);
    if (one.pid === pid || !existsSync(`/proc/${one.pid}/environ`)) continue;
    const environment = readFileSync(`/proc/${one.pid}/environ`, "latin1");
    expect(environment).not.toContain(secret);
    expect(environment).not.toContain("hunter2");
  }
  expect((await fetch(`${origin}/healthz`)).status).toBe(200);
  expect(await (await fetch(origin)).text()).toContain("<html");

  const signaling = partOf(pid, "signaling") ?? 0;
  process.kill(signaling, "SIGKILL");
  await until(() => ![undefined, signaling].includes(partOf(pid, "signaling")), text);
  await until(() => (text().match(/signaling listens/g) ?? []).length === 2, text);
  expect((await fetch(`${origin}/healthz`)).status).toBe(200);

  // the media server finds signaling again by itself
  const joins = (): number => (text().match(/member joined/g) ?? []).length;
  await until(() => joins() >= 2, text);
  const media = partOf(pid, "media-server") ?? 0;
  process.kill(media, "SIGKILL");
  const before = joins();
  await until(() => joins() > before, text);
  expect(partOf(pid, "media-server")).not.toBe(media);

  const everybody = family(pid).map((one) => one.pid);
  expect(everybody.length).toBeGreaterThanOrEqual(3);
  child.kill("SIGINT");
  child.kill("SIGINT");
  expect(await ended).toBe(0);
  await until(
    () => !anyAlive(everybody),
    () => "the end of every process",
  );
}, 240_000);

test("the script that npm runs is killed without a word: everything else ends too", async () => {
  const { child, text } = launch(usual(), { script: "scripts/start.mjs" });
  await until(() => linkOf(text(), "Invite"), text);
  const everybody = family(child.pid ?? 0).map((one) => one.pid);
  expect(everybody.length).toBeGreaterThanOrEqual(4);
  child.kill("SIGKILL");
  await until(
    () => !anyAlive(everybody),
    () => "the end of every process",
  );
}, 240_000);

test("the launcher itself is killed: its parts end by themselves", async () => {
  const { child, text } = launch(usual());
  await until(() => linkOf(text(), "Invite"), text);
  const everybody = family(child.pid ?? 0).map((one) => one.pid);
  child.kill("SIGKILL");
  await until(
    () => !anyAlive(everybody),
    () => "the end of every process",
  );
}, 240_000);

test("--https serves the page under a certificate that its own CA vouches for, and the parts trust it", async () => {
  const { child, ended, text } = launch([...usual(), "--https"]);
  const invite = await until(() => linkOf(text(), "Invite"), text);
  expect(invite).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/#v=1&/);
  expect(text()).toMatch(/fingerprint \(SHA-256\) is ([0-9A-F]{2}:){31}/);
  const ca = JSON.parse(readFileSync(join(dir, "keys.tls.json"), "utf8")).ca;
  const page = await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    import("node:https").then(({ get }) => {
      get(`${new URL(invite).origin}/loge-ca.crt`, { ca, agent: false }, (response) => {
        let body = "";
        response.on("data", (chunk) => {
          body += String(chunk);
        });
        response.on("end", () => resolve({ status: response.statusCode, body }));
      }).on("error", reject);
    }, reject);
  });
  expect(page).toEqual({ status: 200, body: ca });
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
}, 240_000);
