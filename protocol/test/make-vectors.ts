/** Makes vectors.json: cards and envelopes that must and must not be accepted. Run once per wire version; the file is committed. */
import { writeFileSync } from "node:fs";
import { CompactSign } from "jose";
import type { RoomId, Sid } from "../src/brands.ts";
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../src/bytes.ts";
import { type Card, readCard, signCard } from "../src/card.ts";
import { seal } from "../src/envelope.ts";
import { roomIdOf, roomKeyOf } from "../src/invite.ts";
import { createIdentityPair, identityFromPair, publicJwk } from "../src/keys.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const k = new Uint8Array(16).map((_, i) => i * 7);
const room = await roomIdOf(k);
const roomKey = await roomKeyOf(k);
const oaep = {
  name: "RSA-OAEP",
  hash: "SHA-256",
  modulusLength: 3072,
  publicExponent: new Uint8Array([1, 0, 1]),
};

async function person(name: string) {
  const pair = await createIdentityPair(true);
  const identity = await identityFromPair(pair);
  const encPair = await crypto.subtle.generateKey(oaep, true, ["encrypt", "decrypt"]);
  const encPrivate = await crypto.subtle.exportKey("jwk", encPair.privateKey);
  const enc = publicJwk.parse({ kty: "RSA", n: encPrivate.n, e: encPrivate.e });
  const claims = {
    room,
    name,
    role: "user" as const,
    rnd: toBase64Url(crypto.getRandomValues(new Uint8Array(16))),
    nonce: toBase64Url(new Uint8Array(32)),
    enc,
    roomKey,
    nowMs,
  };
  const jws = await signCard(identity, claims);
  return { identity, claims, encPrivate, jws, card: await readCard(jws, { room, nowMs, roomKey }) };
}
const alice = await person("Alice");
const bob = await person("Bob");
const mallory = await person("Mallory");

const edit = (jws: string, change: (payload: Record<string, unknown>) => void): string => {
  const [h = "", p = "", s = ""] = jws.split(".");
  const payload = JSON.parse(fromUtf8(fromBase64Url(p))) as Record<string, unknown>;
  change(payload);
  return [h, toBase64Url(utf8(JSON.stringify(payload))), s].join(".");
};
const resign = async (
  who: typeof alice,
  change: (payload: Record<string, unknown>) => void,
): Promise<string> => {
  const payload = JSON.parse(fromUtf8(fromBase64Url(who.jws.split(".")[1] ?? ""))) as Record<string, unknown>;
  change(payload);
  return await new CompactSign(utf8(JSON.stringify(payload)))
    .setProtectedHeader({ alg: "PS256", typ: "loge-card+jws", jwk: who.identity.jwk })
    .sign(who.identity.signKey);
};
const cards = [
  { name: "honest", jws: alice.jws, code: null },
  { name: "name changed after signing", jws: edit(alice.jws, (p) => (p["name"] = "Bob")), code: "BAD_CARD" },
  {
    name: "re-signed without the room secret",
    jws: await resign(mallory, (p) => (p["name"] = "Alice")),
    code: "BAD_CARD",
  },
  { name: "no room authenticator", jws: await resign(mallory, (p) => delete p["ra"]), code: "BAD_CARD" },
  { name: "another room", jws: await resign(mallory, (p) => (p["aud"] = "A".repeat(22))), code: "BAD_CARD" },
  { name: "unknown member", jws: await resign(mallory, (p) => (p["admin"] = true)), code: "BAD_CARD" },
  {
    name: "one key for two purposes",
    jws: await resign(mallory, (p) => (p["enc"] = mallory.identity.jwk)),
    code: "BAD_CARD",
  },
  { name: "no suite of ours", jws: await resign(mallory, (p) => (p["suites"] = [9])), code: "BAD_CARD" },
  {
    name: "lives too long",
    jws: await resign(mallory, (p) => (p["exp"] = Number(p["iat"]) + 86400 * 30)),
    code: "BAD_CARD",
  },
  {
    name: "expired",
    jws: await signCard(mallory.identity, { ...mallory.claims, nowMs: nowMs - 13 * 3600_000 }),
    code: "CLOCK_SKEW",
  },
  {
    name: "from the future",
    jws: await signCard(mallory.identity, { ...mallory.claims, nowMs: nowMs + 3600_000 }),
    code: "CLOCK_SKEW",
  },
  { name: "not a card", jws: "a.b.c", code: "BAD_CARD" },
  {
    name: "short key",
    jws: edit(alice.jws, () => undefined).replace(
      /^[^.]+/,
      toBase64Url(
        utf8(
          JSON.stringify({
            alg: "PS256",
            typ: "loge-card+jws",
            jwk: { ...alice.identity.jwk, n: alice.identity.jwk.n.slice(0, 342) },
          }),
        ),
      ),
    ),
    code: "BAD_CARD",
  },
];

const say = (
  from: typeof alice,
  to: readonly Card[],
  o: { room?: RoomId; seq?: number; sid?: Sid; ts?: number; mid?: string } = {},
) =>
  seal({
    identity: from.identity,
    room: o.room ?? room,
    from: o.sid ?? from.card.sid,
    to,
    mid: o.mid ?? MID,
    seq: o.seq ?? 1,
    nowMs: o.ts ?? nowMs,
    rh: toBase64Url(new Uint8Array(32)),
    message: { type: "chat", body: { scope: "one", text: "curtain up" } },
  });
const MID = "6f0e7a8e-6a2b-4b0e-9d6e-0f3c8f6c1a11";
const honest = await say(alice, [bob.card]);
const wrap = (jwe: typeof honest, o: { from?: Sid; room?: string; mid?: string } = {}) => ({
  v: 1,
  room: o.room ?? room,
  from: o.from ?? alice.card.sid,
  to: bob.card.sid,
  mid: o.mid ?? MID,
  jwe,
});
const flip = (text: string) => (text.startsWith("A") ? "B" : "A") + text.slice(1);
const own = honest.recipients[0];
if (!own) throw new Error("no recipient");
const header = (change: object) =>
  toBase64Url(
    utf8(
      JSON.stringify({
        alg: "RSA-OAEP-256",
        enc: "A256GCM",
        typ: "loge-msg+jwe",
        cty: "loge-msg+jws",
        ...change,
      }),
    ),
  );
const envelopes = [
  { name: "honest", envelope: wrap(honest), code: null },
  { name: "to several", envelope: wrap(await say(alice, [bob.card, mallory.card])), code: null },
  {
    name: "ciphertext flipped",
    envelope: wrap({ ...honest, ciphertext: flip(honest.ciphertext) }),
    code: "BAD_ENVELOPE",
  },
  { name: "tag flipped", envelope: wrap({ ...honest, tag: flip(honest.tag) }), code: "BAD_ENVELOPE" },
  {
    name: "key flipped",
    envelope: wrap({ ...honest, recipients: [{ ...own, encrypted_key: flip(own.encrypted_key) }] }),
    code: "BAD_ENVELOPE",
  },
  {
    name: "SHA-1 downgrade",
    envelope: wrap({ ...honest, protected: header({ alg: "RSA-OAEP" }) }),
    code: "BAD_ENVELOPE",
  },
  {
    name: "compressed",
    envelope: wrap({ ...honest, protected: header({ zip: "DEF" }) }),
    code: "BAD_ENVELOPE",
  },
  {
    name: "two entries for one receiver",
    envelope: wrap({ ...honest, recipients: [own, own] }),
    code: "BAD_ENVELOPE",
  },
  { name: "outer sender swapped", envelope: wrap(honest, { from: mallory.card.sid }), code: "BAD_ENVELOPE" },
  {
    name: "signed by Mallory as Alice",
    envelope: wrap(await say(mallory, [bob.card], { sid: alice.card.sid })),
    code: "BAD_ENVELOPE",
  },
  { name: "outer room swapped", envelope: wrap(honest, { room: "A".repeat(22) }), code: "BAD_ENVELOPE" },
  {
    name: "inner room swapped",
    envelope: wrap(await say(alice, [bob.card], { room: "A".repeat(22) as RoomId })),
    code: "BAD_ENVELOPE",
  },
  {
    name: "message id swapped",
    envelope: wrap(honest, { mid: "6f0e7a8e-6a2b-4b0e-9d6e-0f3c8f6c1a12" }),
    code: "BAD_ENVELOPE",
  },
  {
    name: "meant for Mallory, forwarded",
    envelope: wrap({ ...(await say(alice, [mallory.card])), recipients: [own] }),
    code: "BAD_ENVELOPE",
  },
  {
    name: "reflected",
    envelope: wrap(await say(bob, [bob.card]), { from: bob.card.sid }),
    code: "BAD_ENVELOPE",
  },
  {
    name: "an hour old",
    envelope: wrap(await say(alice, [bob.card], { ts: nowMs - 3600_000 })),
    code: "CLOCK_SKEW",
  },
  { name: "unknown sender", envelope: wrap(honest, { from: "A".repeat(22) as Sid }), code: "BAD_ENVELOPE" },
];

writeFileSync(
  new URL("vectors.json", import.meta.url),
  `${JSON.stringify({ nowMs, room, k: toBase64Url(k), roster: [alice.jws, bob.jws, mallory.jws], self: { sid: bob.card.sid, enc: bob.encPrivate }, cards, envelopes }, null, 1)}\n`,
);
