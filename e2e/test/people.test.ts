/** Who is here: the same list for two pages and a terminal, and every way in and out of it. */
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { enter, type Guest, knock, openBrowser, settle } from "../src/guest.ts";
import { type House, openHouse } from "../src/house.ts";
import { openTerminal, type Terminal } from "../src/terminal.ts";

const SOON = { timeout: 30_000, interval: 100 };

/** First words of the items of "People", with the key tag that follows the name. */
const listed = (guest: Guest): Promise<readonly string[]> =>
  guest.people.getByRole("listitem").allTextContents();
const namesOf = async (guest: Guest, of: readonly string[]): Promise<readonly string[]> => {
  const items = await listed(guest);
  return items.map((item) => of.find((name) => item.startsWith(name)) ?? item).toSorted();
};

let house: House;
let browser: Browser;
const opened: { close(): Promise<unknown> }[] = [];

async function arrive(name: string): Promise<Guest> {
  const guest = await enter(browser, house.invite, name);
  opened.push(guest);
  return guest;
}

beforeAll(async () => {
  [house, browser] = await Promise.all([openHouse(), openBrowser()]);
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});
afterAll(async () => {
  await browser?.close();
  await house?.close();
});

describe("everyone sees everyone", () => {
  test("one safety number on two pages and in a terminal, by keyboard alone", async () => {
    const vera = await arrive("Vera");
    const wim = await arrive("Wim Ray");
    const xaver = await openTerminal(house.invite, "Xaver");
    opened.push(xaver);
    const digitsOf = async (guest: Guest, name: string): Promise<string> => {
      const opener = guest.people.getByRole("button", { name: `Verify ${name}`, exact: true });
      await opener.press("Enter");
      const dialog = guest.page.getByRole("dialog", { name: `Safety number with ${name}`, exact: true });
      const digits = dialog.getByText(/\d{5}(\s\d{5}){11}/);
      await digits.waitFor();
      const text = (await digits.textContent()) ?? "";
      expect(await dialog.getByText(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/).count()).toBe(2);
      if (guest === vera) await guest.page.keyboard.press("Escape");
      else await dialog.getByRole("button", { name: "Close", exact: true }).press("Enter");
      await expect.poll(() => guest.page.getByRole("dialog").count(), SOON).toBe(0);
      expect(await opener.evaluate((button) => button === document.activeElement)).toBe(true);
      return text.replaceAll(/\s+/g, " ");
    };
    const hers = await digitsOf(vera, "Wim Ray");
    expect(await digitsOf(wim, "Vera")).toBe(hers);
    xaver.type("verify vera");
    await xaver.shows(/^safety number of Xaver and Vera:(\n {2}(\d{5} ?){4}){3}$/m);
    const groups = /^safety number of Xaver and Vera:\n([\d\s]+)/m.exec(xaver.out())?.[1] ?? "";
    expect(await digitsOf(vera, "Xaver")).toBe(groups.trim().replaceAll(/\s+/g, " "));
    expect(await vera.people.getByRole("button", { name: "Verify Vera", exact: true }).count()).toBe(0);
    for (const item of await listed(vera)) expect(item).toMatch(/^(Vera|Wim Ray|Xaver)/);
    expect([...vera.complaints, ...wim.complaints]).toEqual([]);
  });

  test("two pages and a terminal; leaving, closing the tab, quitting and a kill take a name off every list", async () => {
    const anna = await arrive("Anna");
    const ben = await arrive("Ben");
    const tom: Terminal = await openTerminal(house.invite, "Tom");
    opened.push(tom);
    const all = ["Anna", "Ben", "Tom"];
    await expect.poll(() => namesOf(anna, all), SOON).toEqual(all);
    await expect.poll(() => namesOf(ben, all), SOON).toEqual(all);
    tom.type("people");
    await tom.shows(/^Anna +\S+/m);
    await tom.shows(/^Ben +\S+/m);
    await tom.shows(/^Tom +\S+ .*you/m);

    await ben.page.getByRole("button", { name: "Leave", exact: true }).click();
    await expect.poll(() => namesOf(anna, all), SOON).toEqual(["Anna", "Tom"]);
    await tom.shows("Ben left");
    expect(await ben.page.getByRole("textbox", { name: "Your name" }).inputValue()).toBe("Ben");

    const clara = await arrive("Clara");
    await expect.poll(() => namesOf(anna, [...all, "Clara"]), SOON).toEqual(["Anna", "Clara", "Tom"]);
    await clara.page.close();
    await expect.poll(() => namesOf(anna, [...all, "Clara"]), SOON).toEqual(["Anna", "Tom"]);
    await tom.shows(/Clara (left|lost the connection)/);

    expect(await tom.close()).toBe(0);
    await expect.poll(() => namesOf(anna, all), SOON).toEqual(["Anna"]);
    const tim = await openTerminal(house.invite, "Tim");
    await expect.poll(() => namesOf(anna, ["Anna", "Tim"]), SOON).toEqual(["Anna", "Tim"]);
    process.kill(tim.pid, "SIGKILL");
    await expect.poll(() => namesOf(anna, ["Anna", "Tim"]), SOON).toEqual(["Anna"]);
    expect([...anna.complaints, ...ben.complaints, ...clara.complaints]).toEqual([]);
  });
});

describe("a name that cannot be taken", () => {
  const refused: readonly (readonly [string, string, RegExp])[] = [
    ["empty", "", /A name is needed/],
    ["only spaces", "   ", /A name is needed/],
    ["33 graphemes", "e\u0301".repeat(33), /longer than 32/],
    ["a control character", "No\u0007ra", /cannot be shown safely/],
    ["a tab", "No\tra", /cannot be shown safely/],
    ["text turned around", "\u202earoN", /cannot be shown safely/],
    ["taken", "Nora", /already uses this name/],
    ["taken, in other letters", "nORA", /already uses this name/],
  ];

  test("is refused by a sentence at the field, which keeps its text; a good one then gets in", async () => {
    const nora = await arrive("Nora");
    const visitor = await knock(browser, house.invite);
    opened.push(visitor.context);
    for (const [what, typed, sentence] of refused) {
      await visitor.name.fill(typed);
      await visitor.join.click();
      const alert = visitor.page.getByRole("alert").filter({ hasText: sentence });
      await alert.waitFor({ timeout: 30_000 });
      expect(await visitor.name.inputValue(), what).toBe(typed);
      // the sentence belongs to the field, not only to the page
      const described = await visitor.name.getAttribute("aria-describedby");
      expect(await alert.getAttribute("id"), what).toBe(described);
      expect(await visitor.name.getAttribute("aria-invalid"), what).toBe("true");
    }
    await expect.poll(() => namesOf(nora, ["Nora"]), SOON).toEqual(["Nora"]);
    await visitor.name.fill("é".repeat(32));
    await visitor.join.click();
    await expect.poll(() => listed(nora), SOON).toHaveLength(2);
    expect([...nora.complaints, ...visitor.complaints]).toEqual([]);
    // a terminal is told the same, and ends
    await expect(openTerminal(house.invite, "Nora")).rejects.toThrow(/already uses this name/);
  });
});

describe("the same person", () => {
  test("comes back at once from a reload, never as a second one and never refused", async () => {
    const edda = await arrive("Edda");
    const fritz = await arrive("Fritz");
    const before = (await listed(fritz)).find((item) => item.startsWith("Edda"));
    await fritz.page.evaluate(watchPeopleList);
    for (let times = 0; times < 3; times++) {
      await edda.page.reload();
      await edda.people.getByRole("listitem").filter({ hasText: "Edda" }).waitFor();
      expect(await edda.page.getByRole("alert").count()).toBe(0);
    }
    await expect.poll(() => namesOf(fritz, ["Edda", "Fritz"]), SOON).toEqual(["Edda", "Fritz"]);
    const after = (await listed(fritz)).find((item) => item.startsWith("Edda"));
    expect(after).toBe(before); // name and key tag
    expect(await fritz.page.evaluate(mostOfAName)).toBe(1);
    expect([...edda.complaints, ...fritz.complaints]).toEqual([]);
  });

  test("joins by itself with &name=NAME in the link", async () => {
    const visitor = await knock(browser, `${house.invite}&name=Clara%20M`);
    const clara = await settle(visitor, "Clara M");
    opened.push(clara);
    await expect.poll(() => namesOf(clara, ["Clara M"]), SOON).toEqual(["Clara M"]);
  });
});

/** In the page: notes the most items that ever began with "Edda" at once. */
function watchPeopleList(): void {
  const count = (): number =>
    [...document.querySelectorAll('[aria-label="People"] > li')].filter((li) =>
      li.textContent?.startsWith("Edda"),
    ).length;
  let most = count();
  Object.assign(window, { __most: () => most });
  new MutationObserver(() => {
    most = Math.max(most, count());
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}

function mostOfAName(): number {
  return (window as unknown as { __most: () => number }).__most();
}
