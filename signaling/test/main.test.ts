import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";

const entry = join(import.meta.dirname, "../src/main.ts");
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

const config = (further: object = {}) => ({
  port: 0,
  bind: "127.0.0.1",
  hosts: [],
  behindProxy: false,
  pageDir: "/nonexistent",
  admissionKey: "A".repeat(43),
  ...further,
});

function spawnMain(withIpc: boolean): ChildProcess {
  const channel = withIpc ? (["ipc"] as const) : [];
  const child = spawn(process.execPath, [entry], { stdio: ["pipe", "pipe", "inherit", ...channel] });
  started.push(child);
  return child;
}
/** The first message of a part that was given this configuration, and its exit. */
async function answerTo(message: object): Promise<{ report: Record<string, unknown>; child: ChildProcess }> {
  const child = spawnMain(true);
  child.stdout?.resume();
  child.send(message);
  const [report] = await once(child, "message");
  return { report, child };
}

test("configured by IPC it says its port, serves, and ends when the launcher is gone", async () => {
  const { report, child } = await answerTo({ type: "config", config: config() });
  expect(report).toEqual({ type: "ready", port: expect.any(Number) });
  const url = `http://127.0.0.1:${report["port"]}`;
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect((await fetch(url)).status).toBe(503);
  child.disconnect();
  expect(await once(child, "exit")).toEqual([0, null]);
});

test("SIGTERM is a clean end", async () => {
  const { child } = await answerTo({ type: "config", config: config() });
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});

test("by hand the configuration comes from stdin and the answer goes to stdout", async () => {
  const child = spawnMain(false);
  child.stdin?.end(JSON.stringify(config()));
  let text = "";
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes('"ready"')) break;
  }
  expect(text).toMatch(/^\{"type":"ready","port":\d+\}$/m);
});

test("a taken port is fatal with a sentence", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const { report, child } = await answerTo({ type: "config", config: config({ port }) });
  expect(report).toMatchObject({ type: "fatal", code: "PORT_TAKEN" });
  expect(report["message"]).toContain(`127.0.0.1:${port}`);
  expect(await once(child, "exit")).toEqual([1, null]);
  other.close();
});

test("a wrong configuration is fatal and names the place, never the value", async () => {
  const { report } = await answerTo({
    type: "config",
    config: config({ admissionKey: "hunter2", extra: 1 }),
  });
  expect(report).toMatchObject({ type: "fatal" });
  expect(report["message"]).toContain("config.admissionKey");
  expect(JSON.stringify(report)).not.toContain("hunter2");
});
