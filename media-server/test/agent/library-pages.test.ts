import { expect, test } from "vitest";
import { libraryEvent, libraryPage, titleInfo } from "../../src/agent/library-pages.ts";
import type { Title } from "../../src/library/title.ts";
import { chooseRendition, heightsOf } from "../../src/viewer/choose.ts";

const film = (lines: number, more: Partial<Title> = {}): Title => ({
  ...{
    id: "t".repeat(22),
    name: "Film",
    folder: "",
    file: "/films/film.mp4",
    fingerprint: "f",
    sizeBytes: 1,
  },
  ...{
    durationMs: 60_000,
    startMs: 0,
    audio: { codec: "aac", channels: 2, streamIndex: 1 },
    refusal: undefined,
  },
  video: {
    ...{ codec: "h264", width: (lines * 16) / 9, height: lines, fps: 25, pixFmt: "yuv420p" },
    ...{ passthrough: undefined, streamIndex: 0, seekBackMs: 0 },
  },
  ...more,
});

test("heights go from Source down and never above the film", () => {
  expect(heightsOf(film(1080))).toEqual(["source", 1080, 720, 480, 360, 240, 144]);
  expect(heightsOf(film(300))).toEqual(["source", 240, 144]);
  expect(heightsOf(film(100))).toEqual(["source"]);
});

test("usual is the highest the budget holds up to 720; the lowest where it holds none", () => {
  const usual = (lines: number, affordable: number): unknown =>
    titleInfo(film(lines), (upTo) => Math.min(upTo, affordable)).usual;
  expect(usual(1080, 2160)).toBe(720);
  expect(usual(1080, 480)).toBe(480);
  expect(usual(480, 2160)).toBe(480);
  expect(usual(1080, 0)).toBe(144);
  expect(usual(100, 2160)).toBe("source");
});

test("a codec is found for each viewer, or the reason", () => {
  expect(chooseRendition(film(720), 360, ["vp8", "h264"])).toMatchObject({ codec: "h264", copy: false });
  expect(chooseRendition(film(720), "source", ["vp8", "av1"])).toMatchObject({ codec: "vp8", copy: false });
  expect(() => chooseRendition(film(720), 360, ["av1"])).toThrow("NO_COMMON_CODEC");
  expect(() => chooseRendition(film(720), 1080, ["h264"])).toThrow("NO_SUCH_RENDITION");
  expect(() => chooseRendition(film(720, { video: undefined }), "source", ["h264"])).toThrow("NOT_PLAYABLE");
  const grid = { codec: "vp9" as const, keyMs: [0, 1000] };
  const video = film(720).video;
  if (!video) throw new Error("no video");
  const copied = film(720, { video: { ...video, passthrough: grid } });
  expect(chooseRendition(copied, "source", ["h264", "vp9"])).toMatchObject({ codec: "vp9", copy: true });
  expect(chooseRendition(copied, "source", ["h264"])).toMatchObject({ codec: "h264", copy: false });
  expect(chooseRendition(copied, 720, ["h264", "vp9"])).toMatchObject({ codec: "h264", copy: false });
});

test("pages hold what was asked for and never a path", () => {
  const titles = Array.from({ length: 7 }, (_, i) => film(720, { id: `${i}`.repeat(22) }));
  const page = libraryPage(titles, 3, 5, 50, () => 720);
  expect(page).toMatchObject({ version: 3, total: 7 });
  expect(page.titles.map((t) => t.title[0])).toEqual(["5", "6"]);
  expect(JSON.stringify(page)).not.toContain("/films");
  expect(libraryEvent(0, 1, { kind: "empty", folder: "/films", code: "LIBRARY_EMPTY" })).toMatchObject({
    problem: { code: "LIBRARY_EMPTY", detail: "/films" },
  });
});
