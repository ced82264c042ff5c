/** A member who sends rubbish, floods, or cannot prove the key: told by a code, closed with a reason; others notice nothing. */

import type { Browser, Page } from "playwright-core";
import { io } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FilmFolder, filmFolder, shownSecond, sliderSecond } from "../src/film.ts";
import { enter, type Guest, openBrowser } from "../src/guest.ts";
import { heardOn, isOpen, speak, speakBytes, takeOver } from "../src/hostile.ts";
import { type House, openHouse } from "../src/house.ts";

const LONG_MS = 60_000;
const SOON = { timeout: LONG_MS, interval: 100 };
const NOBODY = "A".repeat(22);

let films: FilmFolder;
let house: House;
let browser: Browser;
/** Watches a film all the while. */
let guest: Guest;

const hostile = (name: string, proof: "send" | "hold" | "falsify"): Promise<Guest> =>
  enter(browser, house.invite, name, undefined, async (page) => void (await takeOver(page, proof)));
const command = (seq: number, cmd: object): string => JSON.stringify({ v: 1, seq, cmd });
const count = async (page: Page, label: string, part: string): Promise<number> =>
  (await heardOn(page, label)).filter((text) => text.includes(part)).length;
/** RTP packets that this page has ever received. */
const packets = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const { __peers: peers } = window as unknown as { __peers: RTCPeerConnection[] };
    let sum = 0;
    for (const peer of peers) {
      const report = await peer.getStats();
      for (const entry of report.values() as Iterable<Record<string, unknown>>)
        if (entry["type"] === "inbound-rtp") sum += Number(entry["packetsReceived"] ?? 0);
    }
    return sum;
  });

/** The guest's film goes on, on the same connection, while `attack` runs and after it. */
async function undisturbed(attack: () => Promise<void>): Promise<void> {
  const connections = (): Promise<number> =>
    guest.page.evaluate(() => (window as unknown as { __peers: unknown[] }).__peers.length);
  const before = { connections: await connections(), frames: (await guest.stats()).framesDecoded };
  await attack();
  await expect
    .poll(async () => (await guest.stats()).framesDecoded, SOON)
    .toBeGreaterThan(before.frames + 50);
  expect(await guest.playback.textContent()).toContain("playing");
  expect(await connections()).toBe(before.connections);
  await expect
    .poll(async () => {
      const [shown = Number.NaN, slider] = [await shownSecond(guest.page), await sliderSecond(guest.page)];
      return Math.abs(shown + 0.5 - slider);
    }, SOON)
    .toBeLessThan(2);
}

beforeAll(async () => {
  films = await filmFolder("Counting", 250);
  [house, browser] = await Promise.all([openHouse({ videos: films.path }), openBrowser()]);
  guest = await hostile("Gast", "send"); // taken over only to be listened to
  await guest.page.getByRole("button", { name: "Play Counting", exact: true }).click();
  await guest.playback.filter({ hasText: "playing" }).waitFor({ timeout: LONG_MS });
});
afterAll(async () => {
  await browser?.close();
  await house?.close();
  await films?.remove();
});

describe("on the data channels", () => {
  test("rubbish is answered with a code, ten times; then the connection is closed with a reason", async () => {
    const mallory = await hostile("Mallory", "send");
    const { page } = mallory;
    await mallory.library.getByRole("listitem").first().waitFor();
    await undisturbed(async () => {
      const rubbish = [
        "not json",
        `${"[".repeat(8000)}`,
        command(1, { type: "format", disk: "/" }),
        command(2, { type: "seek", toMs: -1 }),
        command(3, { type: "stop", also: "this" }),
        command(4, { type: "seek", toMs: 1, pad: "x".repeat(17 * 1024) }),
      ];
      await speak(page, "control", rubbish);
      await speakBytes(page, "control", 64);
      await expect.poll(() => count(page, "control", "BAD_MESSAGE"), SOON).toBe(rubbish.length + 1);
      await speak(page, "bulk", [
        '{"v":1,"id":1,"type":"library","offset":0,"limit":51}',
        "x".repeat(20 * 1024),
      ]);
      await expect.poll(() => count(page, "control", "BAD_MESSAGE"), SOON).toBe(rubbish.length + 3);

      // what is well formed but makes no sense has its own code
      await speak(page, "control", [
        command(11, { type: "pause" }),
        command(12, { type: "play", title: NOBODY, height: 144 }),
        command(13, { type: "join", screening: NOBODY, height: 144 }),
        command(14, { type: "host", proof: "A".repeat(43) }),
      ]);
      for (const [seq, code] of [
        [11, "NOT_WATCHING"],
        [12, "TITLE_GONE"],
        [13, "NO_SUCH_SCREENING"],
        [14, "NOT_IN_CONTROL"],
      ] as const) {
        await expect
          .poll(() => heardOn(page, "control"), SOON)
          .toContainEqual(expect.stringMatching(new RegExp(`"re":${seq},"ok":false.*"${code}"`)));
      }
      expect(await isOpen(page, "control")).toBe(true);
      await speak(page, "control", ["the tenth"]);
      await page
        .getByText(/closed because it sent far too many commands/)
        .first()
        .waitFor({ timeout: LONG_MS });
      await expect.poll(() => isOpen(page, "control"), SOON).toBe(false);
    });
    expect(house.output()).not.toMatch(/(LINK_LOST: ){2}/);
    expect(house.output()).toMatch(/viewer closed.*reason=FLOOD: messages that were not understood/);
    await mallory.close();
  });

  test("a flood is closed with the reason FLOOD, and the other's film goes on untouched", async () => {
    const flo = await hostile("Flo", "send");
    await flo.library.getByRole("listitem").first().waitFor();
    await undisturbed(async () => {
      const flood = Array.from({ length: 6000 }, (_, seq) => command(seq, { type: "pause" }));
      await speak(flo.page, "control", flood);
      await flo.page
        .getByText(/closed because it sent far too many commands/)
        .first()
        .waitFor({ timeout: 2 * LONG_MS });
    });
    expect(house.output()).toMatch(/viewer closed.*reason=FLOOD$/m);
    // whoever behaves again is let in again
    await expect.poll(() => isOpen(flo.page, "control"), SOON).toBe(true);
    await flo.close();
  });
});

describe("before the key is proved", () => {
  test("commands are ignored and no packet is sent; afterwards everything works", async () => {
    const holda = await hostile("Holda", "hold");
    const { page } = holda;
    const title = /"title":"([\w-]{22})"/.exec((await heardOn(guest.page, "control")).join())?.[1] ?? "";
    expect(title).not.toBe("");
    await expect.poll(() => page.evaluate(() => window.__release !== undefined), SOON).toBe(true);
    await expect.poll(() => isOpen(page, "control"), SOON).toBe(true);
    await expect.poll(() => isOpen(page, "bulk"), SOON).toBe(true);
    await speak(
      page,
      "control",
      [1, 2, 3].map((seq) => command(seq, { type: "play", title, height: 144 })),
    );
    await speak(page, "bulk", ['{"v":1,"id":7,"type":"library","offset":0,"limit":5}']);
    // the channels keep order among themselves only, so the commands get time to arrive before the proof
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await packets(page)).toBe(0);
    await page.evaluate(() => window.__release?.());
    await holda.library.getByRole("listitem").first().waitFor({ timeout: LONG_MS });
    expect(await count(page, "control", '"re":')).toBe(0);
    expect(await packets(page)).toBe(0);
    expect(await guest.people.getByText(/watching/).count()).toBe(1); // only the guest
    await holda.page.getByRole("button", { name: "Play Counting", exact: true }).click();
    await holda.playback.filter({ hasText: "playing" }).waitFor({ timeout: LONG_MS });
    await expect.poll(() => packets(page), SOON).toBeGreaterThan(50); // the control: packets are counted
    await holda.close();
  });

  test("a wrong proof ends the connection with GATE_FAILED and brings no packet", async () => {
    const fanny = await hostile("Fanny", "falsify");
    await undisturbed(async () => {
      await fanny.page
        .getByText(/could not prove who is at the other end/)
        .first()
        .waitFor({ timeout: LONG_MS });
    });
    expect(await packets(fanny.page)).toBe(0);
    expect(await fanny.library.getByRole("listitem").count()).toBe(0);
    expect(house.output()).toMatch(/viewer closed.*reason=GATE_FAILED/);
    await fanny.close();
  });
});

describe("on signaling", () => {
  test("while one floods, lines go on between the others and the film runs", async () => {
    const anna = await enter(browser, house.invite, "Anna");
    await anna.people.getByText("Gast").waitFor();
    let cutOff = 0;
    const flooder = io(house.origin, { transports: ["websocket"], forceNew: true, reconnection: false });
    flooder.on("connect", () => {
      for (let i = 0; i < 2000; i++)
        flooder.emit(i % 2 ? "relay" : "nonsense", { v: 1, junk: "x".repeat(1000) });
    });
    flooder.on("disconnect", () => {
      cutOff++;
      setTimeout(() => flooder.connect(), 50);
    });
    try {
      await undisturbed(async () => {
        for (let i = 0; i < 5; i++) {
          await anna.say(`line ${i} in the storm`);
          await guest.messages.getByText(`line ${i} in the storm`).waitFor({ timeout: LONG_MS });
        }
        await expect.poll(() => cutOff, SOON).toBeGreaterThan(3);
      });
    } finally {
      flooder.close();
    }
    for (const name of ["Anna", "Gast"])
      expect(await anna.people.getByText(name, { exact: true }).count()).toBe(1);
    expect([...anna.complaints, ...guest.complaints]).toEqual([]);
    await anna.close();
  });
});
