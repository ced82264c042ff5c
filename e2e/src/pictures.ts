/** Makes the pictures of docs/ from the real thing: `npm run pictures -- [VIDEOS]`. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { enter, type Guest, openBrowser } from "./guest.ts";
import { openHouse, ROOT } from "./house.ts";

const DOCS = join(ROOT, "docs");
const PHONE = { width: 390, height: 844 };
const SETTLE_MS = 1500;

const shoot = (guest: Guest, name: string): Promise<Buffer> =>
  guest.page.screenshot({ path: join(DOCS, `${name}.png`) });

const [videos] = process.argv.slice(2);
const house = await openHouse(videos === undefined ? {} : { videos });
const browser = await openBrowser();
try {
  await mkdir(DOCS, { recursive: true });
  const ada = await enter(browser, house.host, "Ada");
  const play = ada.library
    .getByRole("button", { name: /^Play / })
    .nth(1)
    .or(ada.library.getByRole("button", { name: /^Play / }).first());
  await play.first().waitFor();
  const mina = await enter(browser, house.invite, "Mina", PHONE);
  await ada.say("Popcorn ready? It starts in a minute.");
  await mina.say("Almost! Save me a seat.");
  await ada.say("Front row, next to me.", "Mina");
  await mina.say("You are the best.", "Ada");
  await play.first().click();
  await ada.playback.filter({ hasText: "playing" }).waitFor();
  await mina.page
    .getByRole("button", { name: /^Join / })
    .first()
    .click();
  await mina.playback.filter({ hasText: "playing" }).waitFor();
  await mina.page.waitForTimeout(SETTLE_MS);
  await shoot(ada, "room");
  await shoot(mina, "phone");
} finally {
  await browser.close();
  await house.close();
}
