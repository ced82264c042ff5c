/** The safety number against Signal's published vector and one of our own. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as z from "zod/mini";
import type { IdentityId } from "../src/brands.ts";
import { utf8 } from "../src/bytes.ts";
import { fingerprint, joinFingerprints, safetyNumber } from "../src/safety.ts";
import { SAFETY_VECTOR } from "./vector-suite.ts";

const SIGNAL = new URL("../../../shared/vectors/signal/fingerprint.json", import.meta.url);
const { one, other, groups } = SAFETY_VECTOR;

test("is the same from both ends, and as another implementation (Python's hashlib) has it", async () => {
  expect((await safetyNumber(one, other)).join(" ")).toBe(groups);
  expect((await safetyNumber(other, one)).join(" ")).toBe(groups);
});

test("names count as the room folds them; another name or another key is another number", async () => {
  expect((await safetyNumber({ ...one, name: "ANNA" }, other)).join(" ")).toBe(groups);
  expect((await safetyNumber({ ...one, name: "Hanna" }, other)).join(" ")).not.toBe(groups);
  const swapped = `A${one.id.slice(1)}` as IdentityId;
  const halves = new Set((groups.match(/(?:\d{5} ?){6}/g) ?? []).map((half) => half.trim()));
  const lie = (await safetyNumber({ ...one, id: swapped }, other)).join(" ");
  const same = (lie.match(/(?:\d{5} ?){6}/g) ?? []).filter((half) => halves.has(half.trim()));
  expect(same, "only the other's half stays").toHaveLength(1);
});

const isThere = existsSync(SIGNAL);
if (!isThere) console.warn("Signal's published vector is skipped: ../shared/vectors/signal is not there.");
test.skipIf(!isThere)("equals Signal's published vector", async () => {
  const hex = z.string();
  const shape = z.object({
    cases: z.array(
      z.object({
        aliceIdentityHex: hex,
        aliceId: hex,
        bobIdentityHex: hex,
        bobId: hex,
        display: z.string(),
      }),
    ),
  });
  const { cases } = shape.parse(JSON.parse(readFileSync(SIGNAL, "utf8")));
  expect(cases.length).toBeGreaterThan(0);
  for (const known of cases) {
    const alice = await fingerprint(
      Uint8Array.from(Buffer.from(known.aliceIdentityHex, "hex")),
      utf8(known.aliceId),
    );
    const bob = await fingerprint(
      Uint8Array.from(Buffer.from(known.bobIdentityHex, "hex")),
      utf8(known.bobId),
    );
    expect(joinFingerprints(bob, alice).join("")).toBe(known.display);
  }
});
