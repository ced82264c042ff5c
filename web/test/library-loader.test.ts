import type { LibraryPage, TitleInfo } from "@loge/protocol/control";
import { expect, test, vi } from "vitest";
import { createLibraryLoader } from "../src/library-loader.ts";

const titles = (version: number, count: number): TitleInfo[] =>
  Array.from({ length: count }, (_, at) => ({
    title: `${version}-${at}`.padEnd(22, "_"),
    name: `${at}`,
    durationMs: 1000,
    width: 320,
    lines: 240,
    heights: ["source"],
    usual: "source",
    sound: false,
  }));
const pageOf = (version: number, all: readonly TitleInfo[], offset: number, limit: number): LibraryPage => ({
  version,
  total: all.length,
  titles: all.slice(offset, offset + limit),
});

test("puts all pages together in their order", async () => {
  const all = titles(1, 120);
  const onTitles = vi.fn();
  createLibraryLoader(async (offset, limit) => pageOf(1, all, offset, limit), onTitles).load();
  await vi.waitFor(() => expect(onTitles).toHaveBeenCalledOnce());
  expect(onTitles).toHaveBeenCalledWith(1, all);
});

test("an empty library is an answer too", async () => {
  const onTitles = vi.fn();
  createLibraryLoader(async () => pageOf(7, [], 0, 50), onTitles).load();
  await vi.waitFor(() => expect(onTitles).toHaveBeenCalledWith(7, []));
});

test("a change while it loads: only the newer one is shown", async () => {
  const [old, fresh] = [titles(1, 120), titles(2, 3)];
  const onTitles = vi.fn();
  let version = 1;
  const loader = createLibraryLoader(async (offset, limit) => {
    const mine = version;
    if (mine === 1 && offset > 0) {
      version = 2;
      loader.load();
    }
    return pageOf(mine, mine === 1 ? old : fresh, offset, limit);
  }, onTitles);
  loader.load();
  await vi.waitFor(() => expect(onTitles).toHaveBeenCalled());
  expect(onTitles.mock.calls).toEqual([[2, fresh]]);
});

test("tries again after a failure, and stops when closed", async () => {
  vi.useFakeTimers();
  const page = vi.fn(async (): Promise<LibraryPage> => {
    throw new Error("lost");
  });
  const loader = createLibraryLoader(page, () => undefined);
  loader.load();
  await vi.advanceTimersByTimeAsync(4000);
  const tries = page.mock.calls.length;
  loader.close();
  await vi.advanceTimersByTimeAsync(60_000);
  vi.useRealTimers();
  expect(tries).toBeGreaterThan(1);
  expect(page).toHaveBeenCalledTimes(tries);
});
