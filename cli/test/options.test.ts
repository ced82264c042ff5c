import { expect, test } from "vitest";
import { parseOptions, usualVideo } from "../src/options.ts";
import { Complaint } from "../src/words.ts";

test("options", () => {
  expect(
    parseOptions([
      "http://x/#v=1",
      "--name",
      "Anna Maria",
      "--video",
      "terminal",
      "--identity",
      "f",
      "--ca",
      "c",
    ]),
  ).toEqual({
    invite: "http://x/#v=1",
    name: "Anna Maria",
    video: "terminal",
    identityFile: "f",
    caFile: "c",
    help: false,
  });
  expect(parseOptions([]).invite).toBeUndefined();
  expect(parseOptions(["-h"]).help).toBe(true);
});
test.each([[["--nam", "x"]], [["--name"]], [["a", "b"]], [["--video", "vlc"]]])(
  "%j is refused with a hint",
  (argv) => {
    expect(() => parseOptions(argv)).toThrow(Complaint);
  },
);

test("the best way to show a film that is there", () => {
  const all = { isTty: true, hasWindows: true, isInstalled: () => true };
  expect(usualVideo(all)).toBe("mpv");
  expect(usualVideo({ ...all, isInstalled: (program) => program === "ffplay" })).toBe("ffplay");
  expect(usualVideo({ ...all, hasWindows: false })).toBe("terminal");
  expect(usualVideo({ ...all, isInstalled: () => false })).toBe("terminal");
  expect(usualVideo({ ...all, isTty: false })).toBe("none");
});
