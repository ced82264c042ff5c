import { expect, test } from "vitest";
import { readSeat } from "../src/tab-memory.ts";

test("reads only what it wrote itself", () => {
  expect(readSeat({ __NA: true, loge: { name: "Mina", isIn: true } })).toEqual({ name: "Mina", isIn: true });
  for (const other of [null, undefined, 7, {}, { loge: "Mina" }, { loge: { name: 7, isIn: true } }])
    expect(readSeat(other)).toBeUndefined();
});
