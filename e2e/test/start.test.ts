/** `npm start` from outside: what it refuses, what it keeps, and that nothing of it outlives it. */
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type House, isAlive, openHouse, runLauncher, waitFor } from "../src/house.ts";
import { openTerminal } from "../src/terminal.ts";

const GONE_MS = 30_000;
const SHOWN_MS = 90_000;
let folder: string;
const houses: House[] = [];

async function open(args: readonly string[] = []): Promise<House> {
  const house = await openHouse({ args });
  houses.push(house);
  return house;
}

/** Somebody joins from a terminal and plays, so that an encoder and a connection are there to be ended. */
async function withFilm(house: House, invite: string, run: () => Promise<void>): Promise<void> {
  const terminal = await openTerminal(invite, "Tom");
  try {
    terminal.type("video");
    terminal.type("1");
    terminal.type("");
    await terminal.shows(/^playing /m, SHOWN_MS);
    if (!(await waitFor(async () => (await house.pids("ffmpeg")).length > 0, SHOWN_MS)))
      throw new Error("no encoder");
    await run();
  } finally {
    process.kill(terminal.pid, "SIGKILL"); // it would go on waiting for the house
  }
}

async function expectGone(pids: readonly number[]): Promise<void> {
  await waitFor(() => !pids.some(isAlive), GONE_MS);
  const left = pids.filter(isAlive);
  for (const pid of left) process.kill(pid, "SIGKILL");
  expect(left).toEqual([]);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "loge-start-"));
});
afterAll(async () => {
  for (const house of houses) await house.close().catch(() => undefined); // most are gone already
  await rm(folder, { recursive: true, force: true });
});

describe("a start that cannot work", () => {
  /** One sentence, the last line, without the traces of a program. */
  const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";
  const keys = (name: string): readonly string[] => ["--keys", join(folder, name)];

  test("a port that is taken, no usable ffmpeg, an option that does not exist: one sentence with the remedy", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const address = other.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const [taken, ffmpeg, unknown, number, proxy] = await Promise.all([
      runLauncher(["--port", String(port), ...keys("a.json")]),
      runLauncher(["--port", "0", ...keys("b.json")], { FFMPEG_PATH: "/nonexistent" }),
      runLauncher(["--vidoes", "x"]),
      runLauncher(["--port", "seventy"]),
      runLauncher(["--behind-proxy", "http://films.example"]),
    ]);
    other.close();
    expect(lastLine(taken.text)).toContain(`The port is already in use. (127.0.0.1:${port}; --port N)`);
    expect(lastLine(taken.text)).toMatch(/choose another port/);
    expect(lastLine(ffmpeg.text)).toMatch(
      /No usable ffmpeg was found\. \(FFMPEG_PATH=\/nonexistent\) Install ffmpeg/,
    );
    expect(lastLine(unknown.text)).toMatch(/^Unknown option --vidoes\. See npm start -- --help\.$/);
    expect(lastLine(number.text)).toMatch(/^--port must be a whole number/);
    expect(lastLine(proxy.text)).toMatch(/^--behind-proxy must be https/);
    for (const { code, text } of [taken, ffmpeg, unknown, number, proxy]) {
      expect(code).toBeGreaterThan(0);
      expect(text).not.toMatch(/^ +at /m);
      expect(text).not.toContain("Invite:");
    }
  });

  test("--help names every option and ends well", async () => {
    const { code, text } = await runLauncher(["--help"]);
    expect(code).toBe(0);
    for (const option of [
      "videos",
      "port",
      "host",
      "https",
      "behind-proxy",
      "public-url",
      "udp-port",
      "announce",
    ])
      expect(text).toContain(`--${option}`);
    for (const option of ["turn", "cache-mib", "encode-budget", "lan"]) expect(text).toContain(`--${option}`);
  });
});

describe("plain http for other machines", () => {
  test("is said with the remedy, and serves them only a page that explains", async () => {
    const house = await open(["--host", "0.0.0.0"]);
    expect(house.output()).toMatch(/warning: .*plain http.*start with --lan \(or --https\)/s);
    const { port } = new URL(house.origin);
    const local = await fetch(`http://127.0.0.1:${port}/`);
    expect(await local.text()).toContain("_next");
    for (const name of [hostname(), "films.example"]) {
      const foreign = await get(Number(port), name);
      expect(foreign, name).toMatch(name === hostname() ? /https/ : /address/);
      expect(foreign, name).not.toContain("_next");
    }
    expect(await house.close()).toBe(0);
  });
});

describe("nothing outlives it, and the links do", () => {
  test("Ctrl-C ends everything; the same keys keep the links; a killed launcher and a killed npm leave nothing", async () => {
    const file = join(folder, "keys.json");
    const first = await open(["--keys", file]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const secrets = await readFile(file, "utf8");
    expect(first.output()).not.toContain(JSON.parse(secrets).admissionKey);
    const { invite, host } = first;
    const { port } = new URL(invite);
    await withFilm(first, invite, async () => {
      const family = await first.family();
      expect(family.length).toBeGreaterThan(4);
      // as the terminal does it: the whole foreground group hears it
      for (const pid of [first.pid, ...(await first.pids("launcher"))]) process.kill(pid, "SIGINT");
      await expectGone(family.map((each) => each.pid));
      expect(await first.close()).toBe(0);
    });

    const second = await open(["--keys", file, "--port", port]);
    expect([second.invite, second.host]).toEqual([invite, host]);
    expect(await readFile(file, "utf8")).toBe(secrets);
    await withFilm(second, invite, async () => {
      const family = await second.family();
      for (const pid of await second.pids("launcher")) process.kill(pid, "SIGKILL");
      await expectGone(family.map((each) => each.pid));
      expect(await second.close()).not.toBe(0);
    });

    const third = await open(["--keys", file, "--port", port]);
    await withFilm(third, invite, async () => {
      const family = await third.family();
      process.kill(third.pid, "SIGKILL");
      await expectGone(family.map((each) => each.pid));
    });
  });
});

/** The front page, asked for under another name (which `fetch` does not let us choose). */
async function get(port: number, host: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const asking = request({ host: "127.0.0.1", port, path: "/", headers: { host } }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on("end", () => resolve(text));
    });
    asking.on("error", reject).end();
  });
}
