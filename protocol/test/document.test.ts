/** PROTOCOL.md against the schemas: what one names, the other has. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { LIMITS } from "../src/brands.ts";
import { MESSAGES } from "../src/chat.ts";
import { bulkRequest, command, controlEvent } from "../src/control.ts";
import { gateMessage } from "../src/gate.ts";
import { CLIENT_EVENTS, SERVER_EVENTS } from "../src/wire.ts";

const text = readFileSync(new URL("../../PROTOCOL.md", import.meta.url), "utf8");

/** First cells of the table that follows a heading row beginning with `head`. */
function firstCells(head: string, after = ""): string[] {
  const from = text.indexOf(`| ${head} |`, after === "" ? 0 : text.indexOf(after));
  expect(from, `a table headed ${head} after ${after}`).toBeGreaterThan(0);
  const rows = text.slice(from).split("\n").slice(2);
  const end = rows.findIndex((row) => !row.startsWith("|"));
  return rows.slice(0, end).map((row) => /`([^`]+)`/.exec(row)?.[1] ?? row);
}

interface Literal {
  readonly _zod: { readonly def: { readonly values: readonly string[] } };
}
interface Union {
  readonly _zod: {
    readonly def: { readonly options: readonly { readonly shape: Record<string, Literal> }[] };
  };
}
const variants = (schema: unknown, key: string): string[] =>
  (schema as Union)._zod.def.options.map((option) => option.shape[key]?._zod.def.values[0] ?? "?");
/** Members of each variant but those every one has. */
const membersOf = (schema: unknown, key: string, name: string): string[] => {
  const shape =
    (schema as Union)._zod.def.options.find((o) => o.shape[key]?._zod.def.values[0] === name)?.shape ?? {};
  return Object.keys(shape).filter((member) => member !== key && member !== "v");
};

test("events, message types, commands, gate and bulk words are the same on both sides", () => {
  expect(firstCells("event", "### 3.1")).toEqual(Object.keys(CLIENT_EVENTS));
  expect(firstCells("event", "### 3.2")).toEqual(Object.keys(SERVER_EVENTS));
  expect(firstCells("type", "## 5")).toEqual(Object.keys(MESSAGES));
  expect(firstCells("t", "## 6")).toEqual(variants(gateMessage, "t"));
  expect(firstCells("cmd.type")).toEqual(variants(command, "type"));
  expect(firstCells("ev.type")).toEqual(variants(controlEvent, "type"));
  expect(firstCells("type", "## 8")).toEqual(variants(bulkRequest, "type"));
});

test("every member of a command, an event and a message stands in its row", () => {
  const row = (head: string, name: string): string => {
    const table = text.slice(text.indexOf(`| ${head} |`));
    return table.split("\n").find((line) => line.startsWith(`| \`${name}\``)) ?? "";
  };
  for (const [head, schema] of [
    ["cmd.type", command],
    ["ev.type", controlEvent],
  ] as const) {
    for (const name of variants(schema, "type")) {
      for (const member of membersOf(schema, "type", name))
        expect(row(head, name), `${name}: ${member}`).toContain(member);
    }
  }
  for (const [event, schema] of [...Object.entries(CLIENT_EVENTS), ...Object.entries(SERVER_EVENTS)]) {
    const rows = text.split("\n").filter((line) => line.startsWith(`| \`${event}\``));
    for (const member of Object.keys(schema.shape))
      expect(rows.join("\n"), `${event}: ${member}`).toContain(member);
  }
});

test("limits have the values of the code", () => {
  const rows = [...text.matchAll(/^\| `(\w{2,})` \| (\d+) \|/gm)].map(([, name, value]) => [
    name,
    Number(value),
  ]);
  expect(Object.fromEntries(rows)).toEqual({ ...LIMITS });
});
