/** Film time: what the slider says is what the picture shows, after every seek; and a film that ended begins again. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SAMPLE } from "../../launcher/src/sample.ts";
import { enter, type Guest, openBrowser } from "../src/guest.ts";
import { type House, openHouse } from "../src/house.ts";
import { addSample, emptyShelf, SAMPLE_TITLE, type Shelf } from "../src/real-films.ts";
import {
  button,
  dragTo,
  type Heard,
  listen,
  play,
  positionS,
  seekBar,
  stillFrame,
  until,
  untilFrame,
  untilStatus,
} from "../src/watching.ts";

const { fps } = SAMPLE;
let shelf: Shelf;
let house: House;
let browser: Browser;
let guest: Guest;

beforeAll(async () => {
  shelf = await emptyShelf();
  await addSample(shelf.folder);
  house = await openHouse({ videos: shelf.folder });
  browser = await openBrowser();
  guest = await enter(browser, house.invite, "Ann", { width: 1000, height: 800 });
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await house?.close();
  await shelf?.remove();
});

/** Paused, the picture is the one of the second asked for, to a frame, and the bar says the same. */
async function expectStillAt(seconds: number): Promise<void> {
  await untilFrame(guest, seconds * fps - 1, seconds * fps + 1);
  expect(Math.abs((await stillFrame(guest)) - seconds * fps)).toBeLessThanOrEqual(1);
  expect(Number(await seekBar(guest).getAttribute("aria-valuenow"))).toBeCloseTo(seconds, 0);
  await untilStatus(guest, `paused ${SAMPLE_TITLE}`);
}

const press = async (key: string): Promise<void> => {
  await seekBar(guest).press(key);
};

/** The left side says the second by its tone: 300 Hz and 10 Hz more each second. */
const secondHeard = ({ leftHz }: Heard): number => (leftHz - 300) / 10;

// one film in one screening from test to test, as a person watches it
describe.for(["360p", "Source"])("at %s", { timeout: 600_000 }, (label) => {
  test("the bar tells the film's length, and pausing stops both picture and bar", async () => {
    await play(guest, SAMPLE_TITLE, label);
    expect(Number(await seekBar(guest).getAttribute("aria-valuemin"))).toBe(0);
    expect(Number(await seekBar(guest).getAttribute("aria-valuemax"))).toBeCloseTo(SAMPLE.seconds, 0);
    await untilFrame(guest, fps, SAMPLE.seconds * fps);
    await button(guest, "Pause").click();
    await untilStatus(guest, `paused ${SAMPLE_TITLE}`);
    const frame = await stillFrame(guest);
    await guest.page.waitForTimeout(1500);
    expect(await stillFrame(guest)).toBe(frame);
  });

  test("paused: the frame of every place, by mouse and by keys", async () => {
    await dragTo(guest, 20);
    await expectStillAt(20);
    await press("ArrowRight");
    await expectStillAt(25);
    await press("ArrowLeft");
    await press("ArrowLeft");
    await expectStillAt(15);
    // in the middle of a GOP, far ahead, right back, and the very beginning
    for (const seconds of [12.48, 38.2, 3.36, 0]) {
      await dragTo(guest, seconds);
      await expectStillAt(seconds);
    }
  });

  test("playing: picture, bar and sound go on from the place", async () => {
    await button(guest, "Play").click();
    await untilStatus(guest, `playing ${SAMPLE_TITLE}`);
    const heardSince = await listen(guest);
    await dragTo(guest, 30);
    const frame = await untilFrame(guest, 30 * fps - 1, SAMPLE.seconds * fps);
    await untilFrame(guest, frame + 1, SAMPLE.seconds * fps);
    const told = await until(
      "the bar follows",
      () => positionS(guest),
      (seconds) => seconds > 30,
    );
    expect(told).toBeLessThanOrEqual(SAMPLE.seconds);
    const seconds = await until(
      "the sound of this place",
      async () => (await heardSince()).filter(({ left }) => left > 0.05).map(secondHeard),
      (all) => all.some((second) => second > 29 && second < SAMPLE.seconds),
    );
    expect(seconds).not.toEqual([]);
  });

  test("it ends, and begins again when asked to", async () => {
    await dragTo(guest, 38);
    await untilStatus(guest, `ended ${SAMPLE_TITLE}`);
    expect(await positionS(guest)).toBeCloseTo(SAMPLE.seconds, 0);
    await button(guest, "Play again").click();
    await untilStatus(guest, `playing ${SAMPLE_TITLE}`);
    await untilFrame(guest, 0, 30 * fps);
    await button(guest, "Back to the library").click();
    await untilStatus(guest, "No film is on");
    expect(guest.complaints).toEqual([]);
  });
});
