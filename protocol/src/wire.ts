/**
 * What signaling may read: joining, the roster, and envelopes of which it sees from, to and size.
 * PROTOCOL.md §3 lists these; a test compares them.
 */
import * as z from "zod/mini";
import { LIMITS, type Sid } from "./brands.ts";
import { type ErrorCode, isErrorCode, type WireError } from "./errors.ts";

const v = z.literal(1);
const sid = z.string().check(z.regex(/^[A-Za-z0-9_-]{22}$/));
const room = sid;
const b64u = (max: number) => z.string().check(z.regex(/^[A-Za-z0-9_-]+$/), z.maxLength(max));
const mid = z.uuid();

const recipient = z.strictObject({
  header: z.strictObject({ kid: sid }),
  encrypted_key: b64u(700),
});

/** JWE General JSON (RFC 7516 §7.2.1) with the members we use and no others. */
export const generalJwe = z.strictObject({
  protected: b64u(512),
  iv: b64u(16),
  ciphertext: b64u(LIMITS.relayBytes),
  tag: b64u(22),
  recipients: z.array(recipient).check(z.minLength(1), z.maxLength(LIMITS.recipients)),
});
export type GeneralJwe = z.infer<typeof generalJwe>;

/** client → server; every one is answered with a {@link Reply}. */
export const CLIENT_EVENTS = {
  join: z.strictObject({
    v,
    room,
    card: z.string().check(z.maxLength(LIMITS.cardBytes)),
    admission: z.string().check(z.maxLength(128)),
  }),
  relay: z.strictObject({
    v,
    to: z.array(sid).check(z.minLength(1), z.maxLength(LIMITS.recipients)),
    mid,
    jwe: generalJwe,
  }),
  roster: z.strictObject({ v }),
  leave: z.strictObject({ v }),
} as const;
export type ClientEvent = keyof typeof CLIENT_EVENTS;
export type ClientMessage<E extends ClientEvent> = z.infer<(typeof CLIENT_EVENTS)[E]>;

export const LEAVE_REASONS = ["left", "lost", "replaced"] as const;
export type LeaveReason = (typeof LEAVE_REASONS)[number];

const epoch = z.int().check(z.gte(0));
const cardJws = z.string().check(z.maxLength(LIMITS.cardBytes));
/** The whole roster, as answer to `join` and `roster`. */
export const fullRoster = z.strictObject({
  sid,
  epoch,
  cards: z.array(cardJws).check(z.maxLength(LIMITS.membersPerRoom)),
});
export type FullRoster = z.infer<typeof fullRoster>;
export const relayed = z.strictObject({ gone: z.array(sid), slow: z.array(sid) });
export type Relayed = z.infer<typeof relayed>;

const errorCode = z.custom<ErrorCode>(isErrorCode);
export const wireError = z.strictObject({
  code: errorCode,
  detail: z.optional(z.string().check(z.maxLength(300))),
});

/** server → client; never answered. */
export const SERVER_EVENTS = {
  hello: z.strictObject({ v, nonce: b64u(43) }),
  roster: z.strictObject({
    v,
    epoch,
    joins: z.array(cardJws).check(z.maxLength(LIMITS.membersPerRoom)),
    leaves: z
      .array(z.strictObject({ sid, why: z.enum(LEAVE_REASONS) }))
      .check(z.maxLength(LIMITS.membersPerRoom)),
  }),
  envelope: z.strictObject({ v, room, from: sid, to: sid, mid, jwe: generalJwe }),
  bye: z.strictObject({ v, error: wireError }),
} as const;
export type ServerEvent = keyof typeof SERVER_EVENTS;
export type ServerMessage<E extends ServerEvent> = z.infer<(typeof SERVER_EVENTS)[E]>;
export type Envelope = ServerMessage<"envelope">;

/** Strict reading of anything the server sent; a code for what is not ours. */
export function parseServerEvent(
  event: string,
  raw: unknown,
): { event: ServerEvent; data: ServerMessage<ServerEvent> } | WireError {
  if (!Object.hasOwn(SERVER_EVENTS, event)) return { code: "UNKNOWN_EVENT" };
  const known = event as ServerEvent;
  const parsed = SERVER_EVENTS[known].safeParse(raw);
  return parsed.success ? { event: known, data: parsed.data } : { code: "BAD_MESSAGE" };
}

/** What each client event is answered with when it went well. */
export const REPLIES = {
  join: fullRoster,
  roster: fullRoster,
  relay: relayed,
  leave: z.strictObject({}),
} as const;
export type ReplyValue<E extends ClientEvent> = z.infer<(typeof REPLIES)[E]>;
export type Reply<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: WireError };

/** Reply of one client event, as it must look. */
export const replySchema = <T extends z.ZodMiniType>(value: T) =>
  z.discriminatedUnion("ok", [
    z.strictObject({ ok: z.literal(true), value }),
    z.strictObject({ ok: z.literal(false), error: wireError }),
  ]);

export const asSid = (text: string): Sid => text as Sid;
