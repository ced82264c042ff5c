/** Two people at one screening: the second comes in at the position, one controls, and each has a resolution of their own. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SAMPLE } from "../../launcher/src/sample.ts";
import { enter, type Guest, openBrowser } from "../src/guest.ts";
import { type House, openHouse } from "../src/house.ts";
import { addSample, emptyShelf, SAMPLE_TITLE, type Shelf } from "../src/real-films.ts";
import {
  button,
  chooseResolution,
  dragTo,
  PATIENCE,
  pictureSize,
  play,
  type Received,
  received,
  receivedSince,
  sizeAt,
  stillFrame,
  until,
  untilFrame,
  untilStatus,
} from "../src/watching.ts";

const { fps } = SAMPLE;
const LAST = SAMPLE.seconds * fps;
const SIZE = { width: 1000, height: 800 };
/** On a busy machine any moment may bring a freeze; a switch that is at fault brings one each time. */
const SWITCHES = 4;

let shelf: Shelf;
let house: House;
let browser: Browser;
let ann: Guest;
let bob: Guest;

beforeAll(async () => {
  shelf = await emptyShelf();
  await addSample(shelf.folder);
  house = await openHouse({ videos: shelf.folder });
  browser = await openBrowser();
  ann = await enter(browser, house.invite, "Ann", SIZE);
  bob = await enter(browser, house.invite, "Bob", SIZE);
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await house?.close();
  await shelf?.remove();
});

const both = <T>(work: (guest: Guest) => Promise<T>): Promise<[T, T]> => Promise.all([work(ann), work(bob)]);

async function pauseBoth(): Promise<number> {
  await button(ann, "Pause").click();
  await both((guest) => untilStatus(guest, `paused ${SAMPLE_TITLE}`));
  const [here, there] = await both(stillFrame);
  expect(Math.abs(here - there)).toBeLessThanOrEqual(1);
  return here;
}

async function resumeBoth(): Promise<void> {
  await button(ann, "Play").click();
  await both((guest) => untilStatus(guest, `playing ${SAMPLE_TITLE}`));
}

// one screening from test to test
describe("one screening", { timeout: 600_000 }, () => {
  test("the second joins by the title, at the position, and each sees what the other watches", async () => {
    await play(ann, SAMPLE_TITLE, "480p");
    await dragTo(ann, 10);
    const from = await untilFrame(ann, 10 * fps, LAST);
    await bob.people
      .getByRole("listitem")
      .filter({ hasText: `watching ${SAMPLE_TITLE}` })
      .waitFor(PATIENCE);
    await chooseResolution(bob, "360p");
    await button(bob, `Join ${SAMPLE_TITLE}`).click(PATIENCE);
    await untilStatus(bob, `playing ${SAMPLE_TITLE}, 360p`);
    // the frames from the key frame on may be seen for a moment: one second
    const first = await untilFrame(bob, 0, LAST);
    expect(first).toBeGreaterThanOrEqual(from - fps);
    await ann.people
      .getByRole("listitem")
      .filter({ hasText: /Bob.*watching/ })
      .waitFor(PATIENCE);
  });

  test("the owner's pause stops both at the same frame, the owner's seek moves both", async () => {
    const frame = await pauseBoth();
    expect(frame).toBeGreaterThanOrEqual(10 * fps - 1);
    await dragTo(ann, 5);
    await both((guest) => untilFrame(guest, 5 * fps - 1, 5 * fps + 1));
    const [here, there] = await both(stillFrame);
    expect(Math.abs(here - there)).toBeLessThanOrEqual(1);
  });

  test("the other is told who controls, and changes nothing", async () => {
    const before = await stillFrame(ann);
    await bob.page.getByText("Ann controls this screening").waitFor(PATIENCE);
    await button(bob, "Play").click();
    const alert = bob.page.getByRole("alert");
    await alert.waitFor(PATIENCE);
    expect(await alert.textContent()).toContain("(Ann)");
    await button(bob, "Dismiss").click();
    await dragTo(bob, 30);
    await alert.waitFor(PATIENCE);
    await button(bob, "Dismiss").click();
    await both((guest) => untilStatus(guest, `paused ${SAMPLE_TITLE}`));
    expect(Math.abs((await stillFrame(ann)) - before)).toBeLessThanOrEqual(1);
    expect(Math.abs((await stillFrame(bob)) - before)).toBeLessThanOrEqual(1);
  });

  test("one changes the resolution while it plays: no frame lost, no freeze, the other untouched", async () => {
    const start = await stillFrame(ann);
    const before = await both(received);
    await resumeBoth();
    const untouched: Received[] = [];
    const freezes: number[] = [];
    for (const label of ["144p", "360p", "240p", "720p"].slice(0, SWITCHES)) {
      const { freezeCount } = await received(bob);
      await chooseResolution(bob, label);
      await until(
        `Bob's picture at ${label}`,
        () => pictureSize(bob),
        (size) => size === sizeAt(SAMPLE, label),
      );
      await untilStatus(bob, `playing ${SAMPLE_TITLE}, ${label}`);
      freezes.push((await received(bob)).freezeCount - freezeCount);
      untouched.push(await received(ann));
      expect(await pictureSize(ann)).toBe(sizeAt(SAMPLE, "480p"));
      if (freezes.includes(0)) break;
    }
    expect(freezes).toContain(0);
    await untilStatus(ann, `playing ${SAMPLE_TITLE}, 480p`);
    const passed = (await pauseBoth()) - start;
    const [hers, his] = [await receivedSince(ann, before[0]), await receivedSince(bob, before[1])];
    for (const { framesDecoded, framesDropped } of [hers, his])
      expect(Math.abs(framesDecoded + framesDropped - passed)).toBeLessThanOrEqual(2 + passed * 0.02);
  });

  test("both are told of the end, and the screening goes on when its owner leaves it", async () => {
    await resumeBoth();
    await dragTo(ann, 38);
    await both((guest) => untilStatus(guest, `ended ${SAMPLE_TITLE}`));
    await button(ann, "Back to the library").click();
    await untilStatus(ann, "No film is on");
    await button(bob, "Play again").click();
    await untilStatus(bob, `playing ${SAMPLE_TITLE}`);
    await untilFrame(bob, 0, LAST);
    await button(ann, `Join ${SAMPLE_TITLE}`).waitFor(PATIENCE);
    expect([...ann.complaints, ...bob.complaints]).toEqual([]);
  });
});
