/**
 * The safety number: what two people compare by voice or side by side to be sure that nobody swapped a key between them.
 * Signal's numeric fingerprint, version 0, digit for digit (security.md §2; PROTOCOL.md §4).
 */
import type { IdentityId } from "./brands.ts";
import { type Bytes, fromBase64Url, utf8 } from "./bytes.ts";
import { foldName } from "./name.ts";

/** Each guess at a key that looks alike costs this many hashes. */
const ITERATIONS = 5200;
const VERSION = [0, 0] as const;
const HASH_BYTES = 64;
const GROUPS = 6;
const GROUP_BYTES = 5;

/** SHA-512 over version ‖ key ‖ stable id ‖ key, then 5199 times over hash ‖ key; six groups of five digits. */
export async function fingerprint(key: Bytes, stableId: Bytes): Promise<string> {
  const first = new Uint8Array([...VERSION, ...key, ...stableId, ...key]);
  let hash = await crypto.subtle.digest("SHA-512", first);
  const next = new Uint8Array(HASH_BYTES + key.length);
  next.set(key, HASH_BYTES);
  for (let round = 1; round < ITERATIONS; round++) {
    next.set(new Uint8Array(hash));
    hash = await crypto.subtle.digest("SHA-512", next);
  }
  const bytes = new Uint8Array(hash);
  let digits = "";
  for (let group = 0; group < GROUPS; group++) {
    let number = 0;
    for (const byte of bytes.subarray(group * GROUP_BYTES, (group + 1) * GROUP_BYTES))
      number = number * 256 + byte; // 40 bits: exact
    digits += String(number % 100_000).padStart(5, "0");
  }
  return digits;
}

/** Both halves in one order, whoever asks: twelve groups of five digits. */
export function joinFingerprints(one: string, other: string): readonly string[] {
  return [one, other].sort().join("").match(/\d{5}/g) ?? [];
}

export interface SafetyParty {
  readonly id: IdentityId;
  readonly name: string;
}

/**
 * Twelve groups of five digits, the same at both ends exactly when both see the same two identities under the same two
 * names (folded). Takes 0.1–0.3 s. Throws a SyntaxError where an id is not base64url.
 */
export async function safetyNumber(one: SafetyParty, other: SafetyParty): Promise<readonly string[]> {
  const [a, b] = await Promise.all([one, other].map(half));
  return joinFingerprints(a ?? "", b ?? "");
}

const half = ({ id, name }: SafetyParty): Promise<string> =>
  fingerprint(fromBase64Url(id), utf8(foldName(name)));
