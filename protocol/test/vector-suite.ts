/** The same checks in Node and in a browser: every vector, plus what only a run can show. Knows no test framework. */
import type { IdentityId, RoomId, Sid } from "../src/brands.ts";
import { fromBase64Url } from "../src/bytes.ts";
import { readCard, signCard } from "../src/card.ts";
import { open, ReplayWindows, seal } from "../src/envelope.ts";
import { Refusal } from "../src/errors.ts";
import { roomKeyOf } from "../src/invite.ts";
import { createIdentityPair, createSessionKeys, identityFromPair } from "../src/keys.ts";
import { safetyNumber } from "../src/safety.ts";
import { asSid, SERVER_EVENTS } from "../src/wire.ts";
import vectors from "./vectors.json" with { type: "json" };

/** Made by another implementation: SHA-256 of `loge test vector: Anna` and `…: Bob` as ids, names folded. */
export const SAFETY_VECTOR = {
  one: { id: "zwq5YIMdgY6OY8egyh9sUSqDnNSgl-ypbgk70NQZKgE" as IdentityId, name: "Anna" },
  other: { id: "3_R5YCIPCxlxCohmhp5LXv-hitKo6kyhng2z5V65enQ" as IdentityId, name: "Bob RÆY" },
  groups: "00419 86280 04881 24433 81765 76319 94576 92559 01643 96805 77764 06656",
} as const;

export interface SuiteResult {
  readonly name: string;
  readonly expected: string | null;
  readonly got: string | null;
}

const codeOf = async (work: () => Promise<unknown>): Promise<string | null> => {
  try {
    await work();
    return null;
  } catch (thrown) {
    return thrown instanceof Refusal ? thrown.code : `not a Refusal: ${String(thrown)}`;
  }
};

export async function runVectors(): Promise<readonly SuiteResult[]> {
  const results: SuiteResult[] = [];
  const { nowMs } = vectors;
  const room = vectors.room as RoomId;
  const roomKey = await roomKeyOf(fromBase64Url(vectors.k));
  for (const { name, jws, code } of vectors.cards) {
    results.push({
      name: `card: ${name}`,
      expected: code,
      got: await codeOf(() => readCard(jws, { room, nowMs, roomKey })),
    });
  }
  const cards = await Promise.all(vectors.roster.map((jws) => readCard(jws, { room, nowMs, roomKey })));
  const oaep = { name: "RSA-OAEP", hash: "SHA-256" };
  const decryptKey = await crypto.subtle.importKey("jwk", vectors.self.enc, oaep, false, ["decrypt"]);
  const self = asSid(vectors.self.sid);
  const opening = (envelope: unknown, replay: ReplayWindows) =>
    open({
      envelope: SERVER_EVENTS.envelope.parse(envelope),
      room,
      self,
      decryptKey,
      cardOf: (sid: Sid) => cards.find((c) => c.sid === sid),
      replay,
      nowMs,
    });
  for (const { name, envelope, code } of vectors.envelopes) {
    results.push({
      name: `envelope: ${name}`,
      expected: code,
      got: await codeOf(() => opening(envelope, new ReplayWindows())),
    });
  }
  const replay = new ReplayWindows();
  const honest = vectors.envelopes[0]?.envelope;
  const first = await opening(honest, replay);
  const again = await opening(honest, replay);
  results.push({
    name: "replay: first is fresh, second a duplicate",
    expected: "false,true",
    got: `${first.duplicate},${again.duplicate}`,
  });
  results.push({
    name: "safety number",
    expected: SAFETY_VECTOR.groups,
    got: (await safetyNumber(SAFETY_VECTOR.one, SAFETY_VECTOR.other)).join(" "),
  });
  results.push({ name: "round trip here", expected: null, got: await codeOf(roundTrip) });
  return results;
}

/** Keys made on this very platform work with themselves. */
async function roundTrip(): Promise<void> {
  const nowMs = Date.now();
  const room = "r".repeat(22) as RoomId;
  const make = async (name: string) => {
    const identity = await identityFromPair(await createIdentityPair(false));
    const keys = await createSessionKeys();
    const claims = {
      room,
      name,
      role: "user" as const,
      rnd: "r".repeat(22),
      nonce: "n".repeat(43),
      enc: keys.jwk,
      roomKey: undefined,
      nowMs,
    };
    return { identity, keys, card: await readCard(await signCard(identity, claims), { room, nowMs }) };
  };
  const a = await make("a");
  const b = await make("b");
  const mid = crypto.randomUUID();
  const message = { type: "chat", body: { scope: "one", text: "héllo 🎬" } } as const;
  const jwe = await seal({
    identity: a.identity,
    room,
    from: a.card.sid,
    to: [b.card],
    mid,
    seq: 1,
    nowMs,
    rh: "h".repeat(43),
    message,
  });
  const opened = await open({
    envelope: { v: 1, room, from: a.card.sid, to: b.card.sid, mid, jwe },
    room,
    self: b.card.sid,
    decryptKey: b.keys.decryptKey,
    cardOf: () => a.card,
    replay: new ReplayWindows(),
    nowMs,
  });
  if (opened.message.type !== "chat" || opened.message.body.text !== "héllo 🎬")
    throw new Error("text changed");
}
