/** What only members may read: the signed content of an envelope. PROTOCOL.md §5. */
import * as z from "zod/mini";
import { LIMITS } from "./brands.ts";
import { utf8 } from "./bytes.ts";
import { Refusal } from "./errors.ts";
import { wireError } from "./wire.ts";

const neg = z.string().check(z.regex(/^[A-Za-z0-9_-]{22}$/));
const sdp = z.string().check(z.minLength(1), z.maxLength(LIMITS.sdpBytes));
const k = z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/));
const hash = k;

export const MESSAGES = {
  /** A line to one person ("one") or to everyone ("all"). */
  chat: z.strictObject({
    scope: z.enum(["one", "all"]),
    text: z.string().check(z.minLength(1), z.maxLength(LIMITS.textBytes)),
  }),
  /** Receipt: the message `mid` was opened, verified and shown. */
  ack: z.strictObject({ mid: z.uuid() }),
  /** Media server → viewer. `k` (32 bytes) confirms the key over the gate channel. */
  "rtc.offer": z.strictObject({ neg, sdp, k }),
  /** Viewer → media server; `re` = base64url(SHA-256(sdp of the offer)). */
  "rtc.answer": z.strictObject({ neg, sdp, re: hash }),
  /** Viewer → media server: please make (another) offer. */
  "rtc.want": z.strictObject({}),
  /** Either end is through with this connection. */
  "rtc.bye": z.strictObject({ neg, error: wireError }),
} as const;
export type MessageType = keyof typeof MESSAGES;
export type MessageBody<T extends MessageType> = z.infer<(typeof MESSAGES)[T]>;
export type Message = {
  [T in MessageType]: { readonly type: T; readonly body: MessageBody<T> };
}[MessageType];

export const MESSAGE_TYPES = Object.keys(MESSAGES) as readonly MessageType[];

const envelopeHead = {
  v: z.literal(1),
  mid: z.uuid(),
  room: neg,
  from: neg,
  to: z.array(neg).check(z.minLength(1), z.maxLength(LIMITS.recipients)),
  seq: z.int().check(z.gte(1)),
  ts: z.int(),
  rh: hash,
} as const;

const variant = <T extends MessageType>(type: T) =>
  z.strictObject({ ...envelopeHead, type: z.literal(type), body: MESSAGES[type] });
/** The signed payload of an envelope (`loge-msg+jws`). */
export const signedMessage = z.discriminatedUnion("type", [
  variant("chat"),
  variant("ack"),
  variant("rtc.offer"),
  variant("rtc.answer"),
  variant("rtc.want"),
  variant("rtc.bye"),
]);
export type SignedMessage = z.infer<typeof signedMessage>;

/** Throws MESSAGE_EMPTY or TOO_LARGE. */
export function checkText(text: string): void {
  if (text.trim() === "") throw new Refusal("MESSAGE_EMPTY");
  if (utf8(text).length > LIMITS.textBytes) throw new Refusal("TOO_LARGE");
}
