/**
 * The card: a self-signed JWS (PS256) with which a member joins and by which everybody knows their keys.
 * Construction and reasons: security.md §1.1, §2; PROTOCOL.md §4.
 */
import { CompactSign, decodeProtectedHeader } from "jose";
import * as z from "zod/mini";
import { CARD_LIFE_MS, CLOCK_SKEW_MS, type IdentityId, LIMITS, type RoomId, type Sid } from "./brands.ts";
import { type Bytes, fromUtf8, hmac, sameText, toBase64Url, utf8 } from "./bytes.ts";
import { Refusal, toWireError, type WireError } from "./errors.ts";
import {
  checkPublicJwk,
  type Identity,
  identityIdOf,
  type PublicJwk,
  publicJwk,
  sidOf,
  verifyJws,
} from "./keys.ts";
import { cleanName } from "./name.ts";

export { identityIdOf, keyTag, type PublicJwk, sidOf } from "./keys.ts";
export { cleanName, foldName } from "./name.ts";

export const ROLES = ["user", "cli", "media"] as const;
/** A label only: the media server is known by its identity id in the invite, never by this. */
export type Role = (typeof ROLES)[number];

const CARD_TYP = "loge-card+jws";
const b64u = (length: number) => z.string().check(z.regex(new RegExp(`^[A-Za-z0-9_-]{${length}}$`)));

const header = z.strictObject({ alg: z.literal("PS256"), typ: z.literal(CARD_TYP), jwk: publicJwk });
const payload = z.strictObject({
  v: z.literal(1),
  aud: b64u(22),
  name: z.string(),
  role: z.enum(ROLES),
  rnd: b64u(22),
  nonce: b64u(43),
  iat: z.int(),
  exp: z.int(),
  suites: z.array(z.int()).check(z.minLength(1), z.maxLength(8)),
  enc: publicJwk,
  ra: z.optional(b64u(43)),
});
type Payload = z.infer<typeof payload>;

/** A card that was read and verified. */
export interface Card {
  readonly jws: string;
  readonly sid: Sid;
  readonly id: IdentityId;
  readonly name: string;
  readonly role: Role;
  readonly signJwk: PublicJwk;
  readonly encJwk: PublicJwk;
  readonly suites: readonly number[];
  readonly nonce: string;
  readonly expMs: number;
}

/** The room authenticator covers every claim, in a fixed order. */
const roomMac = async (roomKey: Bytes, id: IdentityId, p: Omit<Payload, "ra">): Promise<string> =>
  toBase64Url(
    await hmac(
      roomKey,
      JSON.stringify([
        "loge-card-1",
        id,
        p.aud,
        p.name,
        p.role,
        p.rnd,
        p.nonce,
        p.iat,
        p.exp,
        p.suites,
        p.enc.n,
      ]),
    ),
  );

export interface CardClaims {
  readonly room: RoomId;
  readonly name: string;
  readonly role: Role;
  /** 16 random bytes as base64url, one per page session: keeps the sid over reconnects. */
  readonly rnd: string;
  readonly nonce: string;
  readonly enc: PublicJwk;
  readonly roomKey: Bytes | undefined;
  readonly nowMs: number;
}

/** Signs a fresh card over the server's nonce. Throws the name refusals of {@link cleanName}. */
export async function signCard(identity: Identity, claims: CardClaims): Promise<string> {
  const iat = Math.floor(claims.nowMs / 1000);
  const body = {
    v: 1 as const,
    aud: claims.room,
    name: cleanName(claims.name),
    role: claims.role,
    rnd: claims.rnd,
    nonce: claims.nonce,
    iat,
    exp: iat + CARD_LIFE_MS / 1000,
    suites: [1],
    enc: claims.enc,
  };
  const ra = claims.roomKey ? { ra: await roomMac(claims.roomKey, identity.id, body) } : {};
  return await new CompactSign(utf8(JSON.stringify({ ...body, ...ra })))
    .setProtectedHeader({ alg: "PS256", typ: CARD_TYP, jwk: identity.jwk })
    .sign(identity.signKey);
}

export interface CardRules {
  readonly room: RoomId;
  readonly nowMs: number;
  /** Given by members of a protected room; signaling has none and cannot check `ra`. */
  readonly roomKey?: Bytes | undefined;
  /** Given by signaling, which issued it; other members cannot know it. */
  readonly nonce?: string;
}

/** Verifies everything a card claims. Throws BAD_CARD, CLOCK_SKEW or a name refusal. */
export async function readCard(jws: string, rules: CardRules): Promise<Card> {
  if (jws.length > LIMITS.cardBytes) throw new Refusal("BAD_CARD", "too large");
  let head: z.infer<typeof header>;
  let body: Payload;
  try {
    head = header.parse(decodeProtectedHeader(jws));
    checkPublicJwk(head.jwk);
    body = payload.parse(JSON.parse(fromUtf8(await verifyJws(jws, head.jwk))));
    checkPublicJwk(body.enc);
  } catch (cause) {
    throw new Refusal("BAD_CARD", undefined, { cause });
  }
  if (body.aud !== rules.room) throw new Refusal("BAD_CARD", "another room");
  if (rules.nonce !== undefined && !sameText(body.nonce, rules.nonce)) throw new Refusal("BAD_CARD", "nonce");
  if (body.enc.n === head.jwk.n) throw new Refusal("BAD_CARD", "one key for two purposes");
  if (!body.suites.includes(1)) throw new Refusal("BAD_CARD", "suites");
  if (body.exp - body.iat > CARD_LIFE_MS / 1000) throw new Refusal("BAD_CARD", "life");
  if (body.iat * 1000 > rules.nowMs + CLOCK_SKEW_MS || body.exp * 1000 < rules.nowMs - CLOCK_SKEW_MS)
    throw new Refusal("CLOCK_SKEW");
  const id = await identityIdOf(head.jwk);
  if (rules.roomKey) {
    const { ra, ...rest } = body;
    if (ra === undefined || !sameText(ra, await roomMac(rules.roomKey, id, rest)))
      throw new Refusal("BAD_CARD", "room secret");
  }
  // the shown name must be its own clean form: what is signed is what is shown
  if (cleanName(body.name) !== body.name) throw new Refusal("NAME_BAD_CHARACTERS");
  return {
    jws,
    sid: await sidOf(id, body.rnd),
    id,
    name: body.name,
    role: body.role,
    signJwk: head.jwk,
    encJwk: body.enc,
    suites: body.suites,
    nonce: body.nonce,
    expMs: body.exp * 1000,
  };
}

/** A roster's cards; one that nobody can vouch for is left out, whatever signaling says. Known ones are not verified again. */
export async function readCards(
  cards: readonly string[],
  known: readonly Card[],
  rules: CardRules,
  problem: (error: WireError) => void,
): Promise<readonly Card[]> {
  const read = cards.map(async (jws) => {
    try {
      return known.find((card) => card.jws === jws) ?? (await readCard(jws, rules));
    } catch (thrown) {
      problem(toWireError(thrown));
      return undefined;
    }
  });
  return (await Promise.all(read)).filter((card) => card !== undefined);
}
