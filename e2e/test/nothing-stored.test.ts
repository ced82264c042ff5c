/** Of a film and a message nothing is kept: the media server and its encoders open nothing to write, the browser keeps a key. */
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type BrowserContext, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium } from "../src/chromium.ts";
import { watchFiles } from "../src/files.ts";
import { type FilmFolder, filmFolder } from "../src/film.ts";
import { enter, FLAGS, type Guest, openBrowser } from "../src/guest.ts";
import { type House, openHouse, pidOf, waitFor } from "../src/house.ts";
import { holds } from "../src/memory.ts";

const LONG_MS = 90_000;
const SOON = { timeout: LONG_MS, interval: 100 };
const marker = (): string => crypto.randomUUID().replaceAll("-", "").slice(0, 20);
const TITLE = `Film ${marker()}`;

let films: FilmFolder;
let house: House;

const grows = async (guest: Guest, frames: number): Promise<void> => {
  const from = (await guest.stats()).framesDecoded;
  await expect.poll(async () => (await guest.stats()).framesDecoded, SOON).toBeGreaterThan(from + frames);
};

/** Play, seek, another resolution, a message: whatever would leave something behind. */
async function watch(guest: Guest): Promise<void> {
  await guest.page.getByRole("button", { name: `Play ${TITLE}`, exact: true }).click();
  await guest.playback.filter({ hasText: "playing" }).waitFor({ timeout: LONG_MS });
  await grows(guest, 50);
  await guest.page.getByRole("slider", { name: "Seek", exact: true }).fill("100");
  await grows(guest, 50);
  await guest.page.getByRole("combobox", { name: "Resolution", exact: true }).selectOption({ label: "144p" });
  await expect.poll(async () => (await guest.stats()).frameHeight, SOON).toBe(144);
  await grows(guest, 25);
}

beforeAll(async () => {
  films = await filmFolder(TITLE, 200);
  house = await openHouse({ videos: films.path });
});
afterAll(async () => {
  await house?.close();
  await films?.remove();
});

describe("on the server", () => {
  test("the media server and its encoders open nothing for writing during a screening", async () => {
    const server = await house.pidOf("media-server");
    const browser = await openBrowser();
    try {
      const guest = await enter(browser, house.invite, "Anna");
      await guest.library.getByRole("listitem").first().waitFor();
      const watching = await watchFiles(server);
      if (typeof watching === "string") {
        console.info(`nothing-stored by enforcement, because strace cannot watch here: ${watching}`);
        return await byEnforcement(guest);
      }
      console.info("nothing-stored by strace");
      await watch(guest);
      await guest.page.getByRole("button", { name: "Back to the library", exact: true }).click();
      await waitFor(async () => (await house.pids("ffmpeg")).length === 0, LONG_MS);
      const { writes, reads } = await watching.end();
      // the control: its encoders were watched too, opening the film
      expect(reads.filter((line) => line.includes(TITLE)).length).toBeGreaterThan(1);
      expect(writes).toEqual([]);
      expect(guest.complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  test("the watch would have seen it: a planted write, by a child and by a thread", async () => {
    const folder = await mkdtemp(join(tmpdir(), "loge-planted-"));
    const script = `process.stdin.once("data", () => {
      require("node:child_process").execFileSync("sh", ["-c", "echo x > child"]);
      require("node:fs").writeFile("thread", "x", () => require("node:fs").renameSync("thread", "renamed"));
    }); console.log("ready")`;
    const child = spawn(process.execPath, ["-e", script], {
      cwd: folder,
      stdio: ["pipe", "pipe", "inherit"],
    });
    try {
      await new Promise((resolve) => child.stdout.once("data", resolve));
      const watching = await watchFiles(pidOf(child));
      if (typeof watching === "string") return console.info(`not tried: ${watching}`);
      child.stdin.write("go\n");
      await waitFor(async () => (await readdir(folder)).includes("renamed"), LONG_MS);
      const writes = (await watching.end()).writes.join("\n");
      for (const what of ['"child"', '"thread"', "rename"]) expect(writes).toContain(what);
    } finally {
      child.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** Every encoder may write no file at all, whatever it tries; and the media server has none open to write. */
async function byEnforcement(guest: Guest): Promise<void> {
  await watch(guest);
  const encoders = await house.pids("ffmpeg");
  expect(encoders.length).toBeGreaterThan(0);
  for (const pid of encoders)
    expect(await readFile(`/proc/${pid}/limits`, "utf8")).toMatch(/^Max file size +0 +0 /m);
  const { stdout } = await promisify(execFile)("sh", [
    "-c",
    'ulimit -f 0; echo x > /dev/null; echo "$(ulimit -f)"',
  ]);
  expect(stdout.trim()).toBe("0");
  for (const pid of [...encoders, ...(await house.pids("media-server"))]) {
    for (const fd of await readdir(`/proc/${pid}/fdinfo`)) {
      const flags = /^flags:\t(\d+)/m.exec(
        await readFile(`/proc/${pid}/fdinfo/${fd}`, "utf8").catch(() => ""),
      )?.[1];
      const target = await promisify(execFile)("readlink", [`/proc/${pid}/fd/${fd}`]).catch(() => ({
        stdout: "",
      }));
      const isFile = target.stdout.startsWith("/") && !target.stdout.startsWith("/dev/");
      if (isFile && flags !== undefined) expect(Number.parseInt(flags, 8) & 3, target.stdout).toBe(0);
    }
  }
}

describe("in the browser", () => {
  test("only the key of the identity is kept: no message and no title, in no store and in no file of the profile", async () => {
    const profile = await mkdtemp(join(tmpdir(), "loge-profile-"));
    const secret = marker();
    let context: BrowserContext | undefined;
    try {
      context = await chromium.launchPersistentContext(profile, {
        executablePath: await findChromium(),
        args: [...FLAGS],
      });
      const page = await context.newPage();
      await page.goto(`${house.invite}&name=Nina`);
      const log = page.getByRole("log", { name: "Messages", exact: true });
      await page.getByRole("textbox", { name: "Message", exact: true }).fill(secret);
      await page.getByRole("button", { name: "Send", exact: true }).click();
      await log.getByText(secret).waitFor();
      const draft = marker(); // typed, never sent: browsers like to keep what stands in forms
      await page.getByRole("textbox", { name: "Message", exact: true }).fill(draft);
      await page.getByRole("button", { name: `Play ${TITLE}`, exact: true }).click();
      await page
        .getByRole("status", { name: "Playback" })
        .filter({ hasText: "playing" })
        .waitFor({ timeout: LONG_MS });
      await page.waitForFunction(() => (document.querySelector("video")?.currentTime ?? 0) > 5);
      expect(await page.evaluate(kept)).toEqual({
        databases: ["loge: identity: self: CryptoKeyPair, not extractable"],
        local: 0,
        session: 0,
        caches: [],
        cookie: "",
        workers: 0,
      });
      expect(await context.cookies()).toEqual([]);
      await context.close();
      context = undefined;
      const { host } = new URL(house.origin);
      expect(await filesWith(profile, host), "control: the history holds the address").not.toEqual([]);
      for (const text of [secret, draft, TITLE]) expect(await filesWith(profile, text), text).toEqual([]);
    } finally {
      await context?.close();
      await rm(profile, { recursive: true, force: true });
    }
  });
});

/** In the page: everything that outlives it, described. */
async function kept(): Promise<object> {
  const done = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const databases: string[] = [];
  for (const { name = "" } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      const rows = database.transaction(store).objectStore(store);
      const [keys, values] = [
        await done(rows.getAllKeys()),
        await done(rows.getAll() as IDBRequest<unknown[]>),
      ];
      for (const [at, key] of keys.entries()) {
        const value = values[at] as Partial<CryptoKeyPair>;
        const isPair = value.privateKey instanceof CryptoKey && value.publicKey instanceof CryptoKey;
        const what = isPair && Object.keys(value).length === 2 ? "CryptoKeyPair" : JSON.stringify(value);
        const extractable = value.privateKey?.extractable === false ? "not extractable" : "extractable";
        databases.push(`${name}: ${store}: ${String(key)}: ${what}, ${extractable}`);
      }
    }
    database.close();
  }
  return {
    databases,
    local: localStorage.length,
    session: sessionStorage.length,
    caches: await caches.keys(),
    cookie: document.cookie,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
  };
}

/** Files below a folder that hold the text, however it is written. */
async function filesWith(folder: string, text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if (holds(await readFile(path).catch(() => Buffer.alloc(0)), text)) found.push(path.slice(folder.length));
  }
  return found;
}
