import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { brokenLinks, codeProblems, documentedCodes } from "../check-docs.mjs";
import { missingDependencies, root } from "../lib.mjs";
import { countTests } from "../plain-summary.mjs";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "loge-scripts-"));
});
afterAll(() => rm(dir, { recursive: true }));

describe("docs", () => {
  test("links that lead nowhere are named, with their anchors; code and the web are left alone", async () => {
    await writeFile(join(dir, "B.md"), "# One two\n## `Three` (four)\n");
    const text = [
      "[ok](B.md) [ok](B.md#one-two) [ok](B.md#three-four) [web](https://example.org/x) [self](#here)",
      "# Here",
      "`[code](nowhere.md)` [gone](gone.md) [head](B.md#gone) ![pic](pic.png)",
      "```",
      "[fence](nowhere.md)",
      "```",
    ].join("\n");
    await writeFile(join(dir, "A.md"), text);
    expect(brokenLinks(dir, ["A.md", "B.md"])).toEqual([
      "A.md: gone.md does not exist",
      "A.md: B.md#gone has no such heading",
      "A.md: pic.png does not exist",
    ]);
  });

  const protocol =
    "# P\n## 9 Errors\n\n| code | what |\n|---|---|\n| `A_B` | x |\n| `C` | y |\n\n## 10 Next\n| `D` | no |\n";
  test("the table of error codes is read from its own section only", () => {
    expect(documentedCodes(protocol)).toEqual(["A_B", "C"]);
    expect(documentedCodes("# nothing")).toBeUndefined();
  });

  test("codes of one side only, and double ones, are named", () => {
    expect(codeProblems(["A_B", "C"], protocol)).toEqual([]);
    expect(codeProblems(["A_B", "E"], protocol)).toEqual([
      "PROTOCOL.md does not document E",
      "PROTOCOL.md documents C, which does not exist",
    ]);
    expect(codeProblems(["A_B", "C"], protocol.replace("`C`", "`A_B`"))).toContain(
      "PROTOCOL.md lists A_B twice",
    );
  });
});

describe("dependencies", () => {
  const lock = (packages: object): string => JSON.stringify({ packages });
  test("a changed lock is noticed, an absent optional package of another platform is not", async () => {
    const clone = join(dir, "clone");
    await mkdir(join(clone, "node_modules/a"), { recursive: true });
    const write = (wanted: object, present: object) =>
      Promise.all([
        writeFile(join(clone, "package-lock.json"), lock(wanted)),
        writeFile(join(clone, "node_modules/.package-lock.json"), lock(present)),
      ]);
    const a = { "node_modules/a": { version: "1.0.0" } };
    await write({ "": {}, protocol: {}, ...a, "node_modules/mac": { version: "1.0.0", optional: true } }, a);
    expect(missingDependencies(clone)).toBeUndefined();
    await write({ "node_modules/a": { version: "2.0.0" } }, a);
    expect(missingDependencies(clone)).toBe("a 2.0.0 is missing");
    await write(
      { ...a, "node_modules/b": { version: "1.0.0" } },
      { ...a, "node_modules/b": { version: "1.0.0" } },
    );
    expect(missingDependencies(clone)).toBe("b 1.0.0 is missing");
    expect(missingDependencies(join(dir, "nothing"))).toBe("nothing is installed yet");
  });
});

describe("the last line of npm test", () => {
  const module = (state: string, ...states: string[]) => ({
    state: () => state,
    children: { allTests: () => states.map((one) => ({ result: () => ({ state: one }) })) },
  });
  test("counts tests, a file that could not be loaded, and errors outside of tests", () => {
    const modules = [
      module("passed", "passed", "skipped"),
      module("failed", "passed", "failed"),
      module("failed"),
    ];
    expect(countTests(modules, [])).toEqual({ passed: 2, failed: 2, skipped: 1 });
    expect(countTests([], ["unhandled"])).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

test("a Node that is too old is told so in one sentence", async () => {
  const fake = join(dir, "old.mjs");
  await writeFile(
    fake,
    `Object.defineProperty(process.versions, "node", { value: "16.20.2" });
const { bootstrap } = await import(${JSON.stringify(join(root, "scripts/lib.mjs"))});
await bootstrap();`,
  );
  const { status, stderr } = spawnSync(process.execPath, [fake], { encoding: "utf8" });
  expect([status, stderr]).toEqual([
    1,
    "Node 16.20.2 is too old to start Loge; install Node 20 or newer (https://nodejs.org).\n",
  ]);
});
