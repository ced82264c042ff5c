/** The two RSA pairs of a member and the strict reading of somebody else's public key (security.md §1.1, §1.2). */
import { calculateJwkThumbprint, compactVerify } from "jose";
import * as z from "zod/mini";
import type { IdentityId, Sid } from "./brands.ts";
import { fromBase64Url, sha256, toBase64Url, utf8 } from "./bytes.ts";
import { Refusal } from "./errors.ts";

export const RSA_BITS = 3072;
const PSS = { name: "RSA-PSS", hash: "SHA-256" } as const;
const OAEP = { name: "RSA-OAEP", hash: "SHA-256" } as const;
const GENERATE = { modulusLength: RSA_BITS, publicExponent: new Uint8Array([1, 0, 1]) } as const;

/** Public RSA key as it stands in a card: nothing but these three members. */
export const publicJwk = z.strictObject({
  kty: z.literal("RSA"),
  n: z.string().check(z.minLength(512), z.maxLength(683)),
  e: z.literal("AQAB"),
});
export type PublicJwk = z.infer<typeof publicJwk>;

/** jose takes e = 1, short moduli and liberal base64url (Wycheproof); we do not. Throws BAD_CARD. */
export function checkPublicJwk(jwk: PublicJwk): void {
  let modulus: Uint8Array;
  try {
    modulus = fromBase64Url(jwk.n);
  } catch (cause) {
    throw new Refusal("BAD_CARD", "key encoding", { cause });
  }
  const bits = modulus.length * 8;
  const first = modulus[0] ?? 0;
  const last = modulus[modulus.length - 1] ?? 0;
  if ((bits !== 3072 && bits !== 4096) || first < 0x80 || last % 2 === 0)
    throw new Refusal("BAD_CARD", "key size");
}

/** Long-lived signing pair; `id` is what people compare. */
export interface Identity {
  readonly id: IdentityId;
  readonly jwk: PublicJwk;
  readonly signKey: CryptoKey;
}

export const identityIdOf = async (jwk: PublicJwk): Promise<IdentityId> =>
  (await calculateJwkThumbprint({ kty: jwk.kty, n: jwk.n, e: jwk.e }, "sha256")) as IdentityId;

const publicPart = async (key: CryptoKey): Promise<PublicJwk> => {
  const { n, e } = await crypto.subtle.exportKey("jwk", key);
  return publicJwk.parse({ kty: "RSA", n, e });
};

/** `extractable` only where the private key has to go into a file (terminal, media server). */
export async function createIdentityPair(extractable: boolean): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey({ ...PSS, ...GENERATE }, extractable, ["sign", "verify"]);
}

export async function identityFromPair(pair: CryptoKeyPair): Promise<Identity> {
  const jwk = await publicPart(pair.publicKey);
  return { id: await identityIdOf(jwk), jwk, signKey: pair.privateKey };
}

/** From a private JWK as kept in the host's or terminal's 0600 file. Throws when it is not such a key. */
export async function identityFromJwk(jwk: JsonWebKey): Promise<Identity> {
  const signKey = await crypto.subtle.importKey("jwk", jwk, PSS, false, ["sign"]);
  const pub = publicJwk.parse({ kty: jwk.kty, n: jwk.n, e: jwk.e });
  checkPublicJwk(pub);
  return { id: await identityIdOf(pub), jwk: pub, signKey };
}

/** Fresh per session, so a key stolen later opens nothing old. */
export interface SessionKeys {
  readonly jwk: PublicJwk;
  readonly decryptKey: CryptoKey;
}

export async function createSessionKeys(): Promise<SessionKeys> {
  const pair = await crypto.subtle.generateKey({ ...OAEP, ...GENERATE }, false, ["encrypt", "decrypt"]);
  return { jwk: await publicPart(pair.publicKey), decryptKey: pair.privateKey };
}

export const importVerifyKey = (jwk: PublicJwk): Promise<CryptoKey> =>
  crypto.subtle.importKey("jwk", { ...jwk, alg: "PS256" }, PSS, false, ["verify"]);
export const importEncryptKey = (jwk: PublicJwk): Promise<CryptoKey> =>
  crypto.subtle.importKey("jwk", { ...jwk, alg: "RSA-OAEP-256" }, OAEP, false, ["encrypt"]);

/** What a JWS compact says, if it is PS256 by this key. Throws jose's errors. */
export async function verifyJws(jws: string, jwk: PublicJwk): Promise<Uint8Array> {
  return (await compactVerify(jws, await importVerifyKey(jwk), { algorithms: ["PS256"] })).payload;
}

/** sid = first 22 characters of base64url(SHA-256(id ‖ rnd)). */
export async function sidOf(id: IdentityId, rnd: string): Promise<Sid> {
  return toBase64Url(await sha256(utf8(id + rnd))).slice(0, 22) as Sid;
}

/** Short tag shown beside a name, 40 bits of the id: `7F3K-Q2MD` (Crockford's alphabet: no I, L, O, U). */
export function keyTag(id: IdentityId): string {
  const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const bytes = fromBase64Url(id).subarray(0, 5);
  let bits = 0n;
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte);
  let tag = "";
  for (let at = 35n; at >= 0n; at -= 5n) tag += alphabet.charAt(Number((bits >> at) & 31n));
  return `${tag.slice(0, 4)}-${tag.slice(4)}`;
}
