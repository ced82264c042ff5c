/**
 * The `gate` data channel: before the first RTP packet both ends prove that they hold the key `k` which travelled only inside
 * the sealed offer, bound to both DTLS fingerprints (security.md §3); afterwards it carries the heartbeat.
 */
import * as z from "zod/mini";
import { type Bytes, hmac, sha256, toBase64Url } from "./bytes.ts";
import { Refusal } from "./errors.ts";

const b64 = z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/));
const v = z.literal(1);
const count = z.int().check(z.gte(0));

/** Everything that crosses the gate channel. Media server: challenge, confirm, ping. Viewer: proof, pong. */
export const gateMessage = z.discriminatedUnion("t", [
  z.strictObject({ v, t: z.literal("challenge"), n: b64 }),
  z.strictObject({ v, t: z.literal("proof"), mac: b64 }),
  z.strictObject({ v, t: z.literal("confirm"), mac: b64 }),
  z.strictObject({ v, t: z.literal("ping"), n: count }),
  z.strictObject({ v, t: z.literal("pong"), n: count }),
]);
export type GateMessage = z.infer<typeof gateMessage>;

export const HEARTBEAT_MS = 2000;
/** Three missed beats: the connection counts as lost whatever its state says. */
export const HEARTBEAT_LOST_MS = 3 * HEARTBEAT_MS + 500;

/** mac = base64url(HMAC-SHA-256(k, "loge-gate-1|side|media fingerprint|viewer fingerprint|n")). */
export async function gateMac(
  k: Bytes,
  side: "viewer" | "media",
  fingerprints: { readonly media: string; readonly viewer: string },
  n: string,
): Promise<string> {
  return toBase64Url(await hmac(k, `loge-gate-1|${side}|${fingerprints.media}|${fingerprints.viewer}|${n}`));
}

/** Proof of the host secret, bound to the connection it is shown on. */
export async function hostProof(h: Bytes, neg: string): Promise<string> {
  return toBase64Url(await hmac(h, `loge-host-1|${neg}`));
}

export const sdpHash = async (sdp: string): Promise<string> => toBase64Url(await sha256(sdp));

/**
 * The one DTLS fingerprint of an SDP, upper case ("sha-256 AA:BB:…"). Browsers take the last line, werift any: so there must
 * be exactly one distinct value, sha-256 (security.md §3). Throws BAD_SDP, as it does for SDES keys.
 */
export function onlyFingerprint(sdp: string): string {
  const found = new Set<string>();
  for (const line of sdp.split(/\r?\n/)) {
    const match = /^a=fingerprint:(\S+) (\S+)\s*$/i.exec(line);
    if (match) found.add(`${(match[1] ?? "").toLowerCase()} ${(match[2] ?? "").toUpperCase()}`);
    else if (/^a=fingerprint/i.test(line) || /^a=crypto/i.test(line))
      throw new Refusal("BAD_SDP", "fingerprint");
  }
  const [only] = found;
  if (only === undefined || found.size !== 1 || !/^sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/.test(only))
    throw new Refusal("BAD_SDP", "fingerprint");
  return only;
}

/** Parses one text frame of the channel; undefined for anything else. */
export function parseGate(data: unknown): GateMessage | undefined {
  if (typeof data !== "string" || data.length > 1024) return undefined;
  try {
    const parsed = gateMessage.safeParse(JSON.parse(data));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
