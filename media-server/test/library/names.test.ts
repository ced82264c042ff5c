import { describe, expect, test } from "vitest";
import { folderOf, nameTitles, naturalOrder, titleId } from "../../src/library/names.ts";

const names = (...paths: string[]): string[] => [...nameTitles(paths).values()];

describe("names of titles", () => {
  test("file name without extension; folder where two are equal; extension where that is not enough", () => {
    expect(names("a.mp4", "x/b.mkv")).toEqual(["a", "b"]);
    expect(names("one/film.mp4", "two/film.mp4", "film.mp4")).toEqual(["film (one)", "film (two)", "film"]);
    expect(names("film.mp4", "film.mkv", "x/film.avi", "x/film.ts")).toEqual([
      "film.mp4",
      "film.mkv",
      "film.avi (x)",
      "film.ts (x)",
    ]);
  });

  test("nothing in a name hides or reorders text, and spaces are single", () => {
    expect(names("a\u202Eb\u0000c.mp4", "  two   spaces\t.mp4", "\u200B.mp4")).toEqual([
      "a b c",
      "two spaces",
      "untitled",
    ]);
  });

  test("part 2 comes before part 10", () => {
    expect(["p10", "p2", "P1"].toSorted(naturalOrder)).toEqual(["P1", "p2", "p10"]);
  });

  test("ids are 22 characters, of the path alone", () => {
    expect(titleId("a/b.mp4")).toMatch(/^[\w-]{22}$/);
    expect(titleId("a/b.mp4")).toBe(titleId("a/b.mp4"));
    expect(titleId("a/b.mp4")).not.toBe(titleId("a/c.mp4"));
    expect([folderOf("a/b/c.mp4"), folderOf("c.mp4")]).toEqual(["a/b", ""]);
  });
});
