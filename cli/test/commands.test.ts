import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { COMMAND_WORDS, heightOf, parseLine, parseSeek } from "../src/commands.ts";
import { Complaint } from "../src/words.ts";

const complaintOf = (line: string): Complaint => {
  try {
    parseLine(line);
  } catch (thrown) {
    if (thrown instanceof Complaint) return thrown;
  }
  throw new Error(`${line} was understood`);
};

describe("a line", () => {
  test.each([
    ["hello there", { type: "say", text: "hello there" }],
    ["  two  spaces ", { type: "say", text: "  two  spaces " }],
    ["stopping", { type: "say", text: "stopping" }],
    ["say stop", { type: "say", text: "stop" }],
    ["\\stop", { type: "say", text: "stop" }],
    ["", { type: "nothing" }],
    [" STOP ", { type: "stop" }],
    ["/people", { type: "people" }],
    ["encrypt", { type: "encrypt", receiver: undefined, rest: "" }],
    ["encrypt Bob see you", { type: "encrypt", receiver: undefined, rest: "Bob see you" }],
    ['Encrypt "Bob Ray"  see you', { type: "encrypt", receiver: "Bob Ray", rest: "see you" }],
    ["encrypt “Bob Ray” hi", { type: "encrypt", receiver: "Bob Ray", rest: "hi" }],
    ["video", { type: "video", title: undefined, height: undefined, whole: "" }],
    [
      'video "Blade Runner 2049" 360',
      { type: "video", title: "Blade Runner 2049", height: 360, whole: "Blade Runner 2049" },
    ],
    ["video 3 source", { type: "video", title: "3", height: "source", whole: "3 source" }],
    [
      "video Blade Runner 2049",
      { type: "video", title: "Blade Runner 2049", height: undefined, whole: "Blade Runner 2049" },
    ],
    ["join Bob Ray", { type: "join", name: "Bob Ray" }],
    ['verify "Bob Ray"', { type: "verify", name: "Bob Ray" }],
    ["VERIFY Bob Ray", { type: "verify", name: "Bob Ray" }],
    ["resolution 480p", { type: "resolution", height: 480 }],
    ["mode Everyone", { type: "mode", mode: "everyone" }],
    ["seek -10", { type: "seek", seek: { byMs: -10_000 } }],
  ])("%j", (line, command) => {
    expect(parseLine(line)).toEqual(command);
  });

  test.each([
    "stop it",
    "people are here",
    "/unknown",
    "seek soon",
    "resolution 500",
    "mode me",
    "join",
    "verify",
    'encrypt "Bob hi',
  ])("%j is refused, not sent", (line) => {
    expect(complaintOf(line).hint).not.toBe("");
  });

  test("that begins with a command word never becomes a line to everyone", () => {
    const word = fc.constantFrom(...COMMAND_WORDS.filter((known) => known !== "say"));
    fc.assert(
      fc.property(word, fc.string(), fc.boolean(), (command, rest, isLoud) => {
        const line = `${isLoud ? command.toUpperCase() : command} ${rest}`;
        try {
          expect(parseLine(line).type).not.toBe("say");
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Complaint);
        }
      }),
    );
  });
});

test.each([
  ["1:23", { toMs: 83_000 }],
  ["1:02:03", { toMs: 3_723_000 }],
  ["83", { toMs: 83_000 }],
  ["83.5", { toMs: 83_500 }],
  ["+1:00", { byMs: 60_000 }],
  ["-10", { byMs: -10_000 }],
])("seek %s", (text, seek) => {
  expect(parseSeek(text)).toEqual(seek);
});
test.each(["", "1:60", "1:60:00", "a", "1:", "--1", "1e3"])("seek %j is no position", (text) => {
  expect(() => parseSeek(text)).toThrow(Complaint);
});

test("a resolution is one of the ladder, with or without p", () => {
  expect([heightOf("360"), heightOf("360P"), heightOf("Source"), heightOf("361"), heightOf("")]).toEqual([
    360,
    360,
    "source",
    undefined,
    undefined,
  ]);
});
