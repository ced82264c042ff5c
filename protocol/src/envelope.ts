/**
 * The envelope: JWS Compact PS256 inside JWE General JSON (RSA-OAEP-256 + A256GCM), addressed to sids.
 * Signed first, names inside the signature; opened in one fixed order of checks (security.md §1.1; PROTOCOL.md §5).
 */
import { CompactSign, decodeProtectedHeader, GeneralEncrypt, generalDecrypt } from "jose";
import * as z from "zod/mini";
import { CLOCK_SKEW_MS, type IdentityId, LIMITS, type RoomId, type Sid } from "./brands.ts";
import { fromBase64Url, fromUtf8, sha256, toBase64Url, utf8 } from "./bytes.ts";
import type { Card } from "./card.ts";
import { type Message, type SignedMessage, signedMessage } from "./chat.ts";
import { Refusal } from "./errors.ts";
import { type Identity, importEncryptKey, verifyJws } from "./keys.ts";
import { type Envelope, type GeneralJwe, generalJwe } from "./wire.ts";

const MSG_TYP = "loge-msg+jws";
const JWE_TYP = "loge-msg+jwe";
const jwsHeader = z.strictObject({ alg: z.literal("PS256"), typ: z.literal(MSG_TYP), kid: z.string() });
const jweHeader = z.strictObject({
  alg: z.literal("RSA-OAEP-256"),
  enc: z.literal("A256GCM"),
  typ: z.literal(JWE_TYP),
  cty: z.literal(MSG_TYP),
});

/** rh = base64url(SHA-256 of the sorted `sid.id` lines): what the sender believes the room to be. */
export async function rosterHash(
  members: Iterable<{ readonly sid: Sid; readonly id: IdentityId }>,
): Promise<string> {
  const lines = [...members].map((m) => `${m.sid}.${m.id}`).sort();
  return toBase64Url(await sha256(lines.join("\n")));
}

export interface SealParams {
  readonly identity: Identity;
  readonly room: RoomId;
  readonly from: Sid;
  readonly to: readonly Card[];
  readonly mid: string;
  readonly seq: number;
  readonly nowMs: number;
  readonly rh: string;
  readonly message: Message;
}

/** Signs, then encrypts to each receiver. Throws TOO_LARGE. */
export async function seal(p: SealParams): Promise<GeneralJwe> {
  const to = p.to.map((card) => card.sid).sort();
  const content: SignedMessage = {
    v: 1,
    mid: p.mid,
    room: p.room,
    from: p.from,
    to,
    seq: p.seq,
    ts: p.nowMs,
    rh: p.rh,
    ...p.message,
  };
  const jws = await new CompactSign(utf8(JSON.stringify(content)))
    .setProtectedHeader({ alg: "PS256", typ: MSG_TYP, kid: p.identity.id })
    .sign(p.identity.signKey);
  const encrypt = new GeneralEncrypt(utf8(jws)).setProtectedHeader({
    alg: "RSA-OAEP-256",
    enc: "A256GCM",
    typ: JWE_TYP,
    cty: MSG_TYP,
  });
  for (const card of p.to) {
    encrypt.addRecipient(await importEncryptKey(card.encJwk)).setUnprotectedHeader({ kid: card.sid });
  }
  const sealed = generalJwe.safeParse(await encrypt.encrypt());
  if (!sealed.success || JSON.stringify(sealed.data).length > LIMITS.relayBytes)
    throw new Refusal("TOO_LARGE");
  return sealed.data;
}

export interface OpenParams {
  readonly envelope: Envelope;
  readonly room: RoomId;
  readonly self: Sid;
  readonly decryptKey: CryptoKey;
  /** The card of a sid, from the verified roster. */
  readonly cardOf: (sid: Sid) => Card | undefined;
  readonly replay: ReplayWindows;
  readonly nowMs: number;
}

export interface Opened {
  readonly from: Card;
  readonly message: SignedMessage;
  /** Seen before: acknowledge again, do not show again. */
  readonly duplicate: boolean;
}

const refuse = (why: string, cause?: unknown): never => {
  throw new Refusal("BAD_ENVELOPE", why, { cause });
};

/** What a JWE holds, if it is RSA-OAEP-256 and A256GCM. Throws jose's errors. */
export async function decryptJwe(jwe: GeneralJwe, key: CryptoKey): Promise<Uint8Array> {
  const allowed = {
    keyManagementAlgorithms: ["RSA-OAEP-256"],
    contentEncryptionAlgorithms: ["A256GCM"],
  };
  return (await generalDecrypt(jwe, key, allowed)).plaintext;
}

/** Opens and verifies; everything that is not exactly right is BAD_ENVELOPE, REPLAYED (too old to tell) or CLOCK_SKEW. */
export async function open(p: OpenParams): Promise<Opened> {
  const { jwe } = p.envelope;
  const own = jwe.recipients.filter((r) => r.header.kid === p.self);
  const [mine] = own;
  if (mine === undefined || own.length !== 1) return refuse("addressed to another");
  const outer = jweHeader.safeParse(safely(() => JSON.parse(fromUtf8(fromBase64Url(jwe.protected)))));
  if (!outer.success) return refuse("JWE header");
  let jws: string;
  try {
    // only the own entry is tried: a thousand foreign ones must not cost a thousand RSA operations
    jws = fromUtf8(await decryptJwe({ ...jwe, recipients: [mine] }, p.decryptKey));
  } catch (cause) {
    return refuse("decryption", cause);
  }
  const sender = p.cardOf(p.envelope.from as Sid);
  if (sender === undefined) return refuse("unknown sender");
  const message = await verified(jws, sender);
  if (message.from !== sender.sid || message.from === p.self) return refuse("sender");
  if (message.room !== p.room || p.envelope.room !== p.room || message.mid !== p.envelope.mid)
    return refuse("room or id");
  if (!message.to.includes(p.self)) return refuse("receiver");
  if (Math.abs(message.ts - p.nowMs) > CLOCK_SKEW_MS) throw new Refusal("CLOCK_SKEW");
  const seen = p.replay.admit(sender.sid, message.seq, message.mid);
  if (seen === "old") throw new Refusal("REPLAYED");
  return { from: sender, message, duplicate: seen === "duplicate" };
}

async function verified(jws: string, sender: Card): Promise<SignedMessage> {
  const head = jwsHeader.safeParse(safely(() => decodeProtectedHeader(jws)));
  if (!head.success || head.data.kid !== sender.id) return refuse("JWS header");
  let bytes: Uint8Array;
  try {
    bytes = await verifyJws(jws, sender.signJwk);
  } catch (cause) {
    return refuse("signature", cause);
  }
  const content = signedMessage.safeParse(safely(() => JSON.parse(fromUtf8(bytes))));
  return content.success ? content.data : refuse("content", content.error);
}

const safely = (read: () => unknown): unknown => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

const WINDOW = 64;

/** Sliding window of 64 per sender: what was seen is never shown twice, what is too old to tell is refused. */
export class ReplayWindows {
  readonly #senders = new Map<Sid, { top: number; seen: Map<number, string> }>();

  /** "duplicate" = this very message was seen; "old" = below the window, or another message under a used number. */
  admit(from: Sid, seq: number, mid: string): "fresh" | "duplicate" | "old" {
    let sender = this.#senders.get(from);
    if (sender === undefined) {
      sender = { top: 0, seen: new Map() };
      this.#senders.set(from, sender);
    }
    const known = sender.seen.get(seq);
    if (known !== undefined) return known === mid ? "duplicate" : "old";
    if (seq <= sender.top - WINDOW) return "old";
    sender.seen.set(seq, mid);
    sender.top = Math.max(sender.top, seq);
    for (const old of sender.seen.keys()) if (old <= sender.top - WINDOW) sender.seen.delete(old);
    return "fresh";
  }
}
