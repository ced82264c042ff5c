/** A person at the page: real Chromium, addressed only by the roles and names of the contract in PROTOCOL.md. */
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import { findChromium } from "./chromium.ts";

export const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--autoplay-policy=no-user-gesture-required",
];

export const openBrowser = async (): Promise<Browser> =>
  chromium.launch({ executablePath: await findChromium(), args: FLAGS, ignoreDefaultArgs: ["--mute-audio"] });

export interface Guest {
  readonly name: string;
  readonly page: Page;
  readonly context: BrowserContext;
  /** Console errors and page errors so far; a test expects none. */
  readonly complaints: readonly string[];
  readonly people: Locator;
  readonly library: Locator;
  readonly messages: Locator;
  readonly playback: Locator;
  /** Sums over all inbound RTP streams. */
  stats(): Promise<{
    framesDecoded: number;
    framesDropped: number;
    frameWidth: number;
    frameHeight: number;
    freezeCount: number;
    codec: string;
  }>;
  say(text: string, to?: string): Promise<void>;
  close(): Promise<void>;
}

/** Somebody at the door: the link is open in a profile of its own, no name was given yet. */
export interface Visitor {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly complaints: readonly string[];
  readonly name: Locator;
  readonly join: Locator;
}

/** `prepare` runs before the page is asked for, e.g. to listen to its sockets. */
export async function knock(
  browser: Browser,
  invite: string,
  size = { width: 1440, height: 900 },
  prepare: (page: Page) => Promise<void> = async () => undefined,
): Promise<Visitor> {
  const context = await browser.newContext({ viewport: size, ignoreHTTPSErrors: true });
  await context.addInitScript(watchPeers);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await prepare(page);
  await page.goto(invite);
  return {
    page,
    context,
    complaints,
    name: page.getByRole("textbox", { name: "Your name", exact: true }),
    join: page.getByRole("button", { name: "Join", exact: true }),
  };
}

/** Opens the link in a profile of its own and joins under a name. */
export async function enter(
  browser: Browser,
  invite: string,
  name: string,
  size = { width: 1440, height: 900 },
  prepare?: (page: Page) => Promise<void>,
): Promise<Guest> {
  const visitor = await knock(browser, invite, size, prepare);
  await visitor.name.fill(name);
  await visitor.join.click();
  return await settle(visitor, name);
}

/** The guest that a visitor has become once the name stands in the list. */
export async function settle({ page, context, complaints }: Visitor, name: string): Promise<Guest> {
  const people = page.getByRole("list", { name: "People", exact: true });
  await people.getByRole("listitem").filter({ hasText: name }).first().waitFor();
  return {
    name,
    page,
    context,
    complaints,
    people,
    library: page.getByRole("list", { name: "Library", exact: true }),
    messages: page.getByRole("log", { name: "Messages", exact: true }),
    playback: page.getByRole("status", { name: "Playback", exact: true }),
    stats: () => page.evaluate(readStats),
    say: async (text, to = "Everyone") => {
      await page.getByRole("combobox", { name: "To", exact: true }).selectOption({ label: to });
      await page.getByRole("textbox", { name: "Message", exact: true }).fill(text);
      await page.getByRole("button", { name: "Send", exact: true }).click();
    },
    close: () => context.close(),
  };
}

/** Runs in the page before anything of it: remembers its peer connections, so that statistics can be read from outside. */
function watchPeers(): void {
  const seen: RTCPeerConnection[] = [];
  Object.assign(window, { __peers: seen });
  window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
    construct(target, args: [RTCConfiguration?]) {
      const pc = new target(...args);
      seen.push(pc);
      return pc;
    },
  });
}

async function readStats(): Promise<{
  framesDecoded: number;
  framesDropped: number;
  frameWidth: number;
  frameHeight: number;
  freezeCount: number;
  codec: string;
}> {
  const { __peers: peers } = window as unknown as { __peers: RTCPeerConnection[] };
  const sum = {
    framesDecoded: 0,
    framesDropped: 0,
    frameWidth: 0,
    frameHeight: 0,
    freezeCount: 0,
    codec: "",
  };
  for (const pc of peers) {
    if (pc.connectionState === "closed") continue;
    const report = await pc.getStats();
    for (const entry of report.values() as Iterable<Record<string, unknown>>) {
      if (entry["type"] !== "inbound-rtp" || entry["kind"] !== "video") continue;
      sum.framesDecoded += Number(entry["framesDecoded"] ?? 0);
      sum.framesDropped += Number(entry["framesDropped"] ?? 0);
      sum.freezeCount += Number(entry["freezeCount"] ?? 0);
      sum.frameWidth = Number(entry["frameWidth"] ?? 0);
      sum.frameHeight = Number(entry["frameHeight"] ?? 0);
      const codec = report.get(String(entry["codecId"])) as { mimeType?: string } | undefined;
      sum.codec = codec?.mimeType ?? sum.codec;
    }
  }
  return sum;
}
