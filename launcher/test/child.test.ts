import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { delayMs, type FatalError, Part, type PartOptions } from "../src/child.ts";

let dir: string;
const parts: Part[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "loge-part-"));
});
afterAll(() => rm(dir, { recursive: true }));
afterEach(async () => {
  for (const part of parts.splice(0)) await part.close();
});

const times = { firstDelayMs: 10, longestDelayMs: 40, healthyMs: 60_000, closeMs: 500, attempts: 4 };

async function part(
  code: string,
  further: Partial<PartOptions> = {},
): Promise<{ part: Part; lines: string[] }> {
  const entry = join(dir, `${crypto.randomUUID()}.mjs`);
  await writeFile(entry, code);
  const lines: string[] = [];
  const made = new Part({
    name: "part",
    entry,
    env: process.env,
    config: (last) => ({ secret: "s", port: last?.port ?? 0 }),
    onLine: (line) => lines.push(line),
    onGivenUp: () => undefined,
    times,
    ...further,
  });
  parts.push(made);
  return { part: made, lines };
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
async function until(holds: () => boolean, what: string): Promise<void> {
  const endMs = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > endMs) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const READY = `process.on("message", ({ config }) => {
  console.log("config " + JSON.stringify(config));
  process.send({ type: "ready", port: config.port || 4711 });
});
process.on("disconnect", () => process.exit());
`;

test("the configuration goes by IPC, not by argument or environment", async () => {
  const { part: made, lines } = await part(`${READY}console.log("argv " + process.argv.length);`);
  expect(await made.start()).toEqual({ type: "ready", port: 4711 });
  await until(() => lines.length === 2, "its lines");
  expect(lines).toContain("argv 2");
  expect(lines).toContain('config {"secret":"s","port":0}');
});

test("killed, it comes back with the port it had, and says so", async () => {
  const { part: made, lines } = await part(READY);
  await made.start();
  const { pid } = made;
  process.kill(pid ?? 0, "SIGKILL");
  await until(() => lines.some((line) => line.includes('"port":4711')), "the second start");
  expect(made.pid).not.toBe(pid);
  expect(lines).toContain("ended (SIGKILL); starting it again in 0.01 s");
});

test("fatal at the first start ends it with its sentence, without another try", async () => {
  const { part: made, lines } = await part(
    `process.once("message", () => process.send({ type: "fatal", code: "PORT_TAKEN", message: "The port is taken." }, () => process.exit(1)));`,
  );
  await expect(made.start()).rejects.toThrow("The port is taken.");
  await made.close();
  expect(lines).toEqual([]);
});

test("what never gets ready is given up after some tries", async () => {
  const { part: made, lines } = await part("process.exit(3)");
  await expect(made.start()).rejects.toThrow("part ended 4 times in a row (exit code 3); giving up.");
  expect(lines).toHaveLength(3);
});

test("what fails again and again after it was ready is given up, and somebody is told", async () => {
  let told: FatalError | undefined;
  const onGivenUp = (error: FatalError): void => {
    told = error;
  };
  const { part: made } = await part(
    `${READY}process.on("message", () => setTimeout(() => process.exit(5), 50));`,
    { onGivenUp },
  );
  await made.start();
  await until(() => told !== undefined, "giving up");
  expect(told?.code).toBe("GAVE_UP");
});

test("close ends it, a deaf one too, with everything in its group; twice is once", async () => {
  const deaf = `import { spawn } from "node:child_process";
process.on("SIGTERM", () => console.log("not now"));
const grandchild = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
process.once("message", () => process.send({ type: "ready", port: grandchild.pid }));
setInterval(() => {}, 1000);`;
  const { part: made, lines } = await part(deaf);
  const { port: grandchild = 0 } = await made.start();
  const pid = made.pid ?? 0;
  expect([alive(pid), alive(grandchild)]).toEqual([true, true]);
  await Promise.all([made.close(), made.close()]);
  await until(() => !alive(pid) && !alive(grandchild), "the end of both");
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(lines.filter((line) => line.includes("again"))).toEqual([]);
});

test("a grandchild that outlives its killed leader is ended with it", async () => {
  const leader = `import { spawn } from "node:child_process";
const grandchild = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
process.once("message", () => process.send({ type: "ready", port: grandchild.pid }));`;
  const { part: made } = await part(leader);
  const { port: grandchild = 0 } = await made.start();
  process.kill(made.pid ?? 0, "SIGKILL");
  await until(() => !alive(grandchild), "the end of the grandchild");
});

test("closed while it waits for its next try, it does not come back", async () => {
  const { part: made, lines } = await part("process.exit(3)", {
    times: { ...times, firstDelayMs: 300, longestDelayMs: 300 },
  });
  const started = made.start();
  started.catch(() => undefined);
  await until(() => lines.length === 1, "the first failure");
  await made.close();
  await expect(started).rejects.toThrow("part was ended");
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(lines).toHaveLength(1);
});

test("waits double from 0.2 s to 5 s", () => {
  expect([1, 2, 3, 4, 5, 6, 7].map((n) => delayMs(n))).toEqual([200, 400, 800, 1600, 3200, 5000, 5000]);
});
