/** The page at the size of a phone: everything can be reached, nothing hangs over the edge. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enter, type Guest, openBrowser } from "../src/guest.ts";
import { type House, openHouse } from "../src/house.ts";
import { addGopFilm, emptyShelf, type Shelf } from "../src/real-films.ts";
import { button, PATIENCE, pictureSize, play, seekBar, until, untilStatus } from "../src/watching.ts";

const PHONE = { width: 390, height: 844 };
let shelf: Shelf;
let house: House;
let browser: Browser;
let guest: Guest;

beforeAll(async () => {
  shelf = await emptyShelf();
  await addGopFilm(
    shelf.folder,
    "A rather long title for such a small screen, longer than it is wide",
    "h264",
    20,
  );
  house = await openHouse({ videos: shelf.folder });
  browser = await openBrowser();
  guest = await enter(browser, house.invite, "Ann", PHONE);
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await house?.close();
  await shelf?.remove();
});

/** What hangs over the left or right edge; the page itself hides it, so its own width tells nothing. */
const overTheEdge = (): Promise<readonly string[]> =>
  guest.page.evaluate(() =>
    [...document.querySelectorAll("button, input, select, textarea, video, li, p, h2, h3")]
      .filter((element) => {
        const { left, right, width } = element.getBoundingClientRect();
        return width > 0 && (left < -1 || right > innerWidth + 1);
      })
      .map((element) => element.outerHTML.slice(0, 100)),
  );

describe("390 by 844", { timeout: 600_000 }, () => {
  test("a film plays, in full width and in view, with controls a finger can hit", async () => {
    const title = "A rather long title for such a small screen, longer than it is wide";
    await play(guest, title, "144p");
    await until(
      "the picture is there",
      () => pictureSize(guest),
      (size) => size === "192x144",
    );
    const video = guest.page.locator("video");
    const box = await video.boundingBox();
    expect(box?.width).toBeGreaterThan(PHONE.width * 0.85);
    expect((box?.x ?? -1) + (box?.width ?? 0)).toBeLessThanOrEqual(PHONE.width);
    expect((box?.y ?? -1) + (box?.height ?? 0)).toBeLessThanOrEqual(PHONE.height);
    for (const control of [button(guest, "Pause"), seekBar(guest)]) {
      await control.scrollIntoViewIfNeeded();
      const place = await control.boundingBox();
      expect(place?.height).toBeGreaterThanOrEqual(24);
      expect((place?.x ?? 0) + (place?.width ?? 0)).toBeLessThanOrEqual(PHONE.width);
    }
    await button(guest, "Pause").click(PATIENCE);
    await untilStatus(guest, `paused ${title}`);
    expect(await overTheEdge()).toEqual([]);
  });

  test("a message goes out, and the way out can be reached", async () => {
    await guest.say("from a small screen");
    await guest.messages.getByText("from a small screen").waitFor(PATIENCE);
    await guest.messages.getByText("from a small screen").scrollIntoViewIfNeeded();
    expect(await overTheEdge()).toEqual([]);
    await button(guest, "Leave").click(PATIENCE);
    await guest.page.getByRole("textbox", { name: "Your name", exact: true }).waitFor(PATIENCE);
    expect(guest.complaints).toEqual([]);
  });
});
