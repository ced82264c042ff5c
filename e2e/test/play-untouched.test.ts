/** Files with a key frame each second and no B-frames go out as they are: the file's codec, the file's bytes, all frames. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enter, type Guest, openBrowser } from "../src/guest.ts";
import { type House, openHouse } from "../src/house.ts";
import { addGopFilm, emptyShelf, factsOf, type MadeCodec, type Shelf } from "../src/real-films.ts";
import { backToLibrary, pictureSize, play, received, receivedSince, untilStatus } from "../src/watching.ts";

const SECONDS = 6;
const CODECS = [
  ["h264", "video/H264"],
  ["vp8", "video/VP8"],
  ["vp9", "video/VP9"],
] as const satisfies readonly (readonly [MadeCodec, string])[];

let shelf: Shelf;
let house: House;
let browser: Browser;
let guest: Guest;
const files = new Map<MadeCodec, string>();

beforeAll(async () => {
  shelf = await emptyShelf();
  for (const [codec] of CODECS)
    files.set(codec, await addGopFilm(shelf.folder, `film in ${codec}`, codec, SECONDS));
  house = await openHouse({ videos: shelf.folder });
  browser = await openBrowser();
  guest = await enter(browser, house.invite, "Ann", { width: 800, height: 700 });
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await house?.close();
  await shelf?.remove();
});

/** What the media server has said of the screenings it opened. */
const opened = (): readonly string[] =>
  house
    .output()
    .split("\n")
    .filter((line) => line.includes("screening opened"));

describe("passed through", { timeout: 600_000 }, () => {
  test.for(CODECS)("%s", async ([codec, mime]) => {
    const film = await factsOf(files.get(codec) ?? "");
    const before = await received(guest);
    const openedBefore = opened().length;
    await play(guest, film.title, "Source");
    await untilStatus(guest, `ended ${film.title}`);
    const got = await receivedSince(guest, before);
    expect(got.videoCodec).toBe(mime);
    expect(got.framesDecoded + got.framesDropped).toBe(film.frames);
    expect(await pictureSize(guest)).toBe("320x240");
    // payload = the file's packets and a few bytes of packet heads; an encoder would have made other bytes
    expect(got.videoBytes / film.videoBytes).toBeGreaterThan(0.99);
    expect(got.videoBytes / film.videoBytes).toBeLessThan(1.03);
    const [line, ...more] = opened().slice(openedBefore);
    expect(more).toEqual([]);
    expect(line).toContain(`codec=${codec}`);
    expect(line).toContain("copy=true");
    await backToLibrary(guest);
  });

  test("and at another resolution it is encoded after all", async () => {
    const openedBefore = opened().length;
    await play(guest, "film in vp9", "144p");
    await untilStatus(guest, "ended film in vp9");
    expect(opened().slice(openedBefore).join()).toContain("copy=false");
    expect((await received(guest)).videoCodec).toBe("video/H264");
    await backToLibrary(guest);
    expect(guest.complaints).toEqual([]);
  });
});
