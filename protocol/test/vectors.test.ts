import { expect, test } from "vitest";
import { runVectors } from "./vector-suite.ts";

test("every card and envelope vector gives exactly its code, in Node", async () => {
  const results = await runVectors();
  expect(results.length).toBeGreaterThan(30);
  expect(results.filter((r) => r.got !== r.expected)).toEqual([]);
});
