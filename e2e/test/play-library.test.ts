/** What is no film stands in the library with its reason; a library that is missing or empty says what to do, and notices what comes. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enter, type Guest, openBrowser } from "../src/guest.ts";
import { type House, openHouse } from "../src/house.ts";
import { addGopFilm, addImpostors, emptyShelf, type Shelf } from "../src/real-films.ts";
import { backToLibrary, button, PATIENCE, play, until, untilStatus } from "../src/watching.ts";

let shelf: Shelf;
let folder: string;
let house: House;
let browser: Browser;
let guest: Guest;

beforeAll(async () => {
  shelf = await emptyShelf();
  folder = join(shelf.folder, "films");
  house = await openHouse({ videos: folder });
  browser = await openBrowser();
  guest = await enter(browser, house.invite, "Ann");
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await house?.close();
  await shelf?.remove();
});

const said = async (): Promise<string> => (await guest.page.getByRole("main").textContent()) ?? "";
const pageSays = (...texts: readonly string[]): Promise<string> =>
  until(`the page says ${texts.join(" and ")}`, said, (text) => texts.every((each) => text.includes(each)));

// one house from test to test: its folder is missing, then empty, then has a film, then files that are none
describe("the library", { timeout: 600_000 }, () => {
  test("missing: page and log name the folder and what to do", async () => {
    await pageSays(folder, "does not exist", "Make the folder, or start with --videos DIR.");
    expect(await guest.library.getByRole("button").count()).toBe(0);
    expect(house.output()).toContain(folder);
  });

  test("empty: the same, as soon as the folder is there", async () => {
    await mkdir(folder);
    await pageSays(folder, "holds no videos", "Put videos into the folder.");
  });

  test("a film put into the folder appears by itself and plays", async () => {
    await addGopFilm(folder, "newcomer", "h264", 3);
    await play(guest, "newcomer", "144p");
    expect(await said()).not.toContain("holds no videos");
    await untilStatus(guest, "ended newcomer");
    await backToLibrary(guest);
  });

  test("what is no film has its reason instead of a button, and the house lives", async () => {
    for (const name of await addImpostors(folder)) {
      const item = guest.library.getByRole("listitem").filter({ hasText: name });
      await item.waitFor(PATIENCE);
      const text = await until(
        `a reason for ${name}`,
        async () => (await item.textContent()) ?? "",
        (words) => words.includes("This file cannot be played"),
      );
      // the fact in brackets says what is wrong, and no path of the host
      expect(text).toMatch(/\(.{5,}\)/);
      expect(text).not.toContain(folder);
      expect(await item.getByRole("button").count()).toBe(0);
    }
    await button(guest, "Play newcomer").waitFor(PATIENCE);
    await play(guest, "newcomer", "Source");
    await untilStatus(guest, "ended newcomer");
    expect(await house.pids("media-server")).toHaveLength(1);
    expect(guest.complaints).toEqual([]);
  });
});
