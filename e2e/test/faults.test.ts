/** Parts are killed while a film runs: it goes on, or comes back by itself at its position, and the page says what is wrong. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FilmFolder, filmFolder, shownSecond, sliderSecond } from "../src/film.ts";
import { enter, type Guest, openBrowser } from "../src/guest.ts";
import { type House, openHouse, waitFor } from "../src/house.ts";

const FILM_S = 250;
const LONG_MS = 90_000;
const SOON = { timeout: LONG_MS, interval: 100 };
/** Half a second for the frame under way, and the whole second that the picture rounds down to. */
const CLOSE_S = 2;

let films: FilmFolder;
let house: House;
let browser: Browser;
let anna: Guest;
let ben: Guest;

const framesOf = async (guest: Guest): Promise<number> => (await guest.stats()).framesDecoded;
async function grows(guest: Guest, frames: number): Promise<void> {
  const from = await framesOf(guest);
  await expect.poll(() => framesOf(guest), SOON).toBeGreaterThan(from + frames);
}
/** What the picture shows and what the slider says, read together. */
async function position(guest: Guest): Promise<{ shown: number; slider: number }> {
  const [shown = Number.NaN, slider] = await Promise.all([shownSecond(guest.page), sliderSecond(guest.page)]);
  return { shown, slider };
}
async function picturesAgree(guest: Guest): Promise<void> {
  await expect
    .poll(async () => {
      const { shown, slider } = await position(guest);
      return Math.abs(shown + 0.5 - slider);
    }, SOON)
    .toBeLessThan(CLOSE_S);
}
const text = (guest: Guest): Promise<string | null> => guest.playback.textContent();
const connections = (guest: Guest): Promise<number> =>
  guest.page.evaluate(() => (window as unknown as { __peers: unknown[] }).__peers.length);

beforeAll(async () => {
  films = await filmFolder("Counting", FILM_S);
  [house, browser] = await Promise.all([openHouse({ videos: films.path }), openBrowser()]);
  anna = await enter(browser, house.invite, "Anna");
  ben = await enter(browser, house.invite, "Ben");
  for (const { page } of [anna, ben]) await page.evaluate(() => Object.assign(window, { __sameLife: true }));
  await anna.page.getByRole("button", { name: "Play Counting", exact: true }).click();
  await ben.page.getByRole("button", { name: "Join Counting", exact: true }).click();
  for (const guest of [anna, ben])
    if (!(await waitFor(async () => (await framesOf(guest)) > 25, LONG_MS))) throw new Error("no film");
});
afterAll(async () => {
  await browser?.close();
  await house?.close();
  await films?.remove();
});

describe("an encoder is killed", () => {
  test("the film goes on at the right position, twice", async () => {
    await picturesAgree(anna);
    for (let times = 0; times < 2; times++) {
      if (!(await waitFor(async () => (await house.pids("ffmpeg")).length > 0, LONG_MS)))
        throw new Error("no encoder");
      for (const pid of await house.pids("ffmpeg")) process.kill(pid, "SIGKILL");
      await grows(anna, 150); // more than was sent or encoded ahead
      await picturesAgree(anna);
      expect(await text(anna)).toContain("playing");
    }
    await grows(ben, 25);
    await picturesAgree(ben);
  });
});

describe("signaling is killed", () => {
  test("the film goes on, the page says so; members and messages come back by themselves", async () => {
    const [launcher, signaling, before] = await Promise.all([
      house.pidOf("launcher"),
      house.pidOf("signaling"),
      connections(anna),
    ]);
    process.kill(launcher, "SIGSTOP"); // it would start it again at once
    try {
      process.kill(signaling, "SIGKILL");
      for (const guest of [anna, ben])
        await guest.page.getByText(/server is away/).waitFor({ timeout: LONG_MS });
      for (const guest of [anna, ben]) await grows(guest, 75);
      await picturesAgree(anna);
      expect(await text(anna)).toContain("playing");
      expect(await anna.people.getByRole("listitem").count()).toBe(2);
    } finally {
      process.kill(launcher, "SIGCONT");
    }
    for (const guest of [anna, ben])
      await guest.page.getByText(/server is away/).waitFor({ state: "detached", timeout: LONG_MS });
    await expect.poll(() => anna.people.getByRole("listitem").count(), SOON).toBe(2);
    await anna.say("all back?");
    await ben.messages.getByText("all back?").waitFor({ timeout: LONG_MS });
    for (const guest of [anna, ben]) await grows(guest, 25);
    expect(await connections(anna), "still the first connection").toBe(before);
    expect(await text(ben)).toContain("playing");
  });
});

describe("the media server is killed", () => {
  test("it is started again; the page says so, and both films come back at their position without a reload", async () => {
    const [launcher, server] = await Promise.all([house.pidOf("launcher"), house.pidOf("media-server")]);
    process.kill(launcher, "SIGSTOP"); // so that nobody misses what the page says meanwhile
    const at = (await position(anna)).slider;
    const atMs = performance.now();
    try {
      process.kill(server, "SIGKILL");
      for (const guest of [anna, ben]) {
        await expect.poll(() => text(guest), SOON).toMatch(/Reconnecting/);
        await guest.page
          .getByText(/media server is away/)
          .first()
          .waitFor({ timeout: LONG_MS });
      }
    } finally {
      process.kill(launcher, "SIGCONT");
    }
    for (const guest of [anna, ben]) await expect.poll(() => text(guest), SOON).toContain("playing");
    for (const guest of [anna, ben]) await grows(guest, 50);
    await picturesAgree(anna);
    await picturesAgree(ben);
    const again = await house.pidOf("media-server");
    expect(again).not.toBe(server);

    // film time stood while nothing came: never before the kill, never further than the time that has passed
    const now = await position(anna);
    expect(now.shown).toBeGreaterThan(at - CLOSE_S);
    expect(now.shown).toBeLessThan(at + (performance.now() - atMs) / 1000 + CLOSE_S);
    // still one screening with both of them in it
    const together = await position(ben);
    expect(Math.abs(together.slider - (await position(anna)).slider)).toBeLessThan(CLOSE_S);
    expect(await anna.people.getByRole("listitem").filter({ hasText: "watching Counting" }).count()).toBe(2);
    // whoever was back first owns it now, and controls it
    const ownsIt = (guest: Guest) =>
      guest.page.getByRole("combobox", { name: "Who controls", exact: true }).count();
    await expect.poll(async () => (await ownsIt(anna)) + (await ownsIt(ben)), SOON).toBe(1);
    const owner = (await ownsIt(anna)) > 0 ? anna : ben;
    await owner.page.getByRole("button", { name: "Pause", exact: true }).click();
    for (const guest of [anna, ben]) await expect.poll(() => text(guest), SOON).toContain("paused");
    for (const guest of [anna, ben])
      expect(await guest.page.evaluate(() => "__sameLife" in window)).toBe(true);
  });

  test("nothing went wrong on the pages but the connections that were cut", () => {
    const told = [...anna.complaints, ...ben.complaints].filter((line) => !/WebSocket/.test(line));
    expect(told).toEqual([]);
  });
});
