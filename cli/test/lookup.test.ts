import type { TitleInfo } from "@loge/protocol/control";
import { Refusal } from "@loge/protocol/errors";
import { describe, expect, test } from "vitest";
import { chooseHeight, findMember, findTitle, findVideo, splitReceiver } from "../src/lookup.ts";
import { Complaint, clock, printable, titleLine } from "../src/words.ts";

const named = (...names: readonly string[]) => names.map((name) => ({ name }));
const title = (name: string, more: Partial<TitleInfo> = {}): TitleInfo => ({
  title: "a".repeat(22),
  name,
  durationMs: 83_000,
  width: 1280,
  lines: 720,
  heights: ["source", 720, 360],
  usual: 720,
  sound: true,
  ...more,
});

describe("a receiver", () => {
  test("is found in any case, and named where missing", () => {
    expect(findMember(named("Anna", "Bob"), " anna ").name).toBe("Anna");
    expect(() => findMember(named("Anna"), "Bob")).toThrow(new Refusal("NO_SUCH_MEMBER", "Bob"));
  });
  test("may hold spaces without quotes", () => {
    expect(splitReceiver(named("Bob Ray", "Anna"), "bob ray see you")).toEqual({
      member: { name: "Bob Ray" },
      text: "see you",
    });
    expect(splitReceiver(named("Bob"), "Bob")).toEqual({ member: { name: "Bob" }, text: "" });
    expect(() => splitReceiver(named("Bob"), "Bobby hi")).toThrow(Refusal);
  });
  test("that could be two people is refused", () => {
    expect(() => splitReceiver(named("Anna", "Anna Maria"), "Anna Maria is late")).toThrow(Complaint);
  });
});

describe("a title", () => {
  const titles = [
    title("Alpha"),
    title("1"),
    title("Beta 360"),
    title("Beta two"),
    title("bad", { problem: { code: "NOT_PLAYABLE" } }),
  ];
  test.each([
    ["alpha", "Alpha"],
    ["1", "1"],
    ["3", "Beta 360"],
    ["beta t", "Beta two"],
  ])("%j", (typed, name) => {
    expect(findTitle(titles, typed).name).toBe(name);
  });
  test.each(["beta", "nothing", "", "0", "9", "bad"])("%j is none that can be played", (typed) => {
    expect(() => findTitle(titles, typed)).toThrow(Complaint);
  });
  test("may end in what looks like a resolution", () => {
    expect(findVideo(titles, { title: "Beta", height: 360, whole: "Beta 360" })).toEqual({
      title: titles[2],
      height: undefined,
    });
    expect(findVideo(titles, { title: "alpha", height: 360, whole: "alpha 360" })).toEqual({
      title: titles[0],
      height: 360,
    });
  });
  test("is played in its usual height unless one was asked for that it has", () => {
    expect([chooseHeight(title("x"), undefined), chooseHeight(title("x"), 360)]).toEqual([720, 360]);
    expect(() => chooseHeight(title("x"), 1080)).toThrow(Complaint);
  });
  test("is listed with number, length, size and problem", () => {
    expect(titleLine(title("x", { sound: false }), 3, 2)).toBe(" 3  x  1:23  1280x720  no sound");
    expect(titleLine(title("y", { problem: { code: "NOT_PLAYABLE", detail: "why" } }), 4, 1)).toBe(
      "4  y  cannot be played: This file cannot be played. (why)",
    );
  });
});

test("times", () => {
  expect([clock(0), clock(83_999), clock(3_723_000), clock(-5)]).toEqual(["0:00", "1:23", "1:02:03", "0:00"]);
});

test("what others wrote stays on its own lines and moves nothing", () => {
  expect(printable("a\r\nBob: b\u2028c")).toBe("a\n  Bob: b\n  c");
  expect(printable("\u001b[2J\u009b1m\u0007\u202e\u2066x\ty")).toBe(
    "\ufffd[2J\ufffd1m\ufffd\ufffd\ufffdx  y",
  );
});
