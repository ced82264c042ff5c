import type { ScreeningInfo, Timeline, TitleInfo } from "@loge/protocol/control";
import type { Watch } from "@loge/protocol/watch";
import { describe, expect, test } from "vitest";
import {
  addReceipt,
  emptyView,
  heightFor,
  hueOf,
  initialsOf,
  playbackOf,
  type RoomView,
  readable,
  resolutions,
  rightsOf,
  sortHeights,
} from "../src/view.ts";

const ME = "M".repeat(22);
const OTHER = "O".repeat(22);
const SCREENING = "S".repeat(22);

const title = (name: string, heights: TitleInfo["heights"], usual: TitleInfo["usual"]): TitleInfo => ({
  title: name.padEnd(22, "-"),
  name,
  durationMs: 60_000,
  width: 1280,
  lines: 720,
  heights,
  usual,
  sound: true,
});
const large = title("large", ["source", 1080, 720, 480], 720);
const small = title("small", ["source", 240, 144], 240);
const broken: TitleInfo = { ...title("broken", [2160], 2160), problem: { code: "NOT_PLAYABLE" } };

const line: Timeline = {
  type: "timeline",
  epoch: 0,
  screening: SCREENING,
  title: small.title,
  rtpVideo: 0,
  rtpAudio: 0,
  mediaMs: 0,
  durationMs: 60_000,
  rate: 1,
  playing: true,
  height: 240,
  width: 320,
  lines: 240,
  codec: "vp8",
  cause: "play",
};
const watch: Watch = { line, atMs: 0, phase: "watching", frozen: false };
const library = { version: 1, titles: [small, large, broken], problem: undefined };
const view: RoomView = { ...emptyView, library, link: "open" };

describe("the list of resolutions", () => {
  test("before a film: of everything playable, standing at the usual", () => {
    expect(resolutions(view)).toEqual({ options: ["source", 1080, 720, 480, 240, 144], value: 720 });
  });

  test("keeps what was chosen", () => {
    expect(resolutions({ ...view, height: 144 }).value).toBe(144);
  });

  test("with a film on: what that film is offered in, standing at what arrives", () => {
    expect(resolutions({ ...view, watch, height: 1080 })).toEqual({
      options: ["source", 240, 144],
      value: 240,
    });
  });

  test("is there before the library is", () => {
    expect(resolutions(emptyView)).toEqual({ options: ["source"], value: "source" });
  });

  test("is in the order of size, each once", () => {
    expect(sortHeights([240, "source", 720, 240, "source"])).toEqual(["source", 720, 240]);
  });
});

describe("what a title is played at", () => {
  test("its usual while nothing was chosen", () => expect(heightFor(small, undefined)).toBe(240));
  test("the chosen one where it is offered", () => expect(heightFor(large, 480)).toBe(480));
  test("the next lower one where it is not", () => expect(heightFor(large, 1440)).toBe(1080));
  test("its usual where all offered are higher", () => expect(heightFor(large, 144)).toBe(720));
  test("source where source was chosen", () => expect(heightFor(small, "source")).toBe("source"));
});

describe("the word of the status", () => {
  const word = (patch: Partial<RoomView>) => playbackOf({ ...view, ...patch });
  test("follows the film", () => {
    expect(word({})).toBe("idle");
    expect(word({ watch })).toBe("playing");
    expect(word({ watch: { ...watch, line: { ...line, playing: false } } })).toBe("paused");
    expect(word({ watch: { ...watch, phase: "ended" } })).toBe("ended");
  });
  test("says when the connection is lost", () => {
    expect(word({ watch, link: "lost" })).toBe("reconnecting");
    expect(word({ watch: { ...watch, frozen: true } })).toBe("reconnecting");
  });
});

describe("who may steer", () => {
  const screening: ScreeningInfo = {
    screening: SCREENING,
    title: small.title,
    name: "small",
    owner: OTHER,
    mode: "owner",
    granted: [],
    viewers: [OTHER, ME],
    playing: true,
    mediaMs: 0,
    durationMs: 60_000,
  };
  const may = (patch: Partial<ScreeningInfo>) =>
    rightsOf({ ...view, watch, screenings: [{ ...screening, ...patch }] }, ME, false)?.mayControl;
  test("the owner, everyone in that mode, and who was granted it", () => {
    expect([may({}), may({ owner: ME }), may({ mode: "everyone" }), may({ mode: "ask" })]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(may({ mode: "ask", granted: [ME] })).toBe(true);
  });
  test("the host always", () => {
    expect(rightsOf({ ...view, watch, screenings: [screening] }, ME, true)?.mayControl).toBe(true);
  });
  test("nobody without a film", () => expect(rightsOf(view, ME, true)).toBeUndefined());
});

describe("a refusal that names somebody", () => {
  test("never shows an address", () => {
    expect(readable({ code: "NOT_IN_CONTROL", detail: OTHER }, view)).toEqual({ code: "NOT_IN_CONTROL" });
  });
  test("keeps other facts", () => {
    expect(readable({ code: "LIBRARY_EMPTY", detail: "/films" }, view).detail).toBe("/films");
  });
});

test("receipts of one line add up, each member once", () => {
  const once = addReceipt(new Map(), "m", "a");
  expect(addReceipt(addReceipt(once, "m", "b"), "m", "a").get("m")?.size).toBe(2);
  expect(once.get("m")?.size).toBe(1);
});

test("initials and colours", () => {
  expect(["Mina", "Tomasz Wiśniewski", "élan vital bergson", "👩‍🚀"].map(initialsOf)).toEqual([
    "M",
    "TW",
    "ÉB",
    "👩",
  ]);
  expect(new Set(["aaaa1", "aaaa2", "baaa1"].map(hueOf)).size).toBe(3);
});
