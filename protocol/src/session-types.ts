/** What a session needs from its rim and what it tells it. */
import type * as z from "zod/mini";
import type { IdentityId, RoomId, Sid } from "./brands.ts";
import type { Bytes } from "./bytes.ts";
import type { Role } from "./card.ts";
import type { SignedMessage } from "./chat.ts";
import { Refusal, type WireError } from "./errors.ts";
import type { Identity, SessionKeys } from "./keys.ts";
import type { Member } from "./roster.ts";
import {
  type ClientEvent,
  type ClientMessage,
  type LeaveReason,
  REPLIES,
  type ReplyValue,
  replySchema,
} from "./wire.ts";

/** One connection to signaling, as the rim gives it. */
export interface SignalingWire {
  /** The raw acknowledgement; rejects where the connection ended or nothing came in time. */
  request(event: ClientEvent, payload: unknown): Promise<unknown>;
  close(): void;
}

export type SessionState =
  | { readonly kind: "connecting" }
  | { readonly kind: "joined" }
  /** Signaling is lost; the roster stands as it was. */
  | { readonly kind: "away" }
  /** Final: the join was refused or somebody ended it. */
  | { readonly kind: "closed"; readonly error: WireError | undefined };

export interface SessionEvents {
  state(state: SessionState): void;
  members(
    joined: readonly Member[],
    left: readonly { readonly member: Member; readonly why: LeaveReason }[],
  ): void;
  /** A verified message of any type but `ack`; `chat` ones are acknowledged by the session itself. */
  message(from: Member, message: SignedMessage): void;
  receipt(mid: string, from: Sid): void;
  /** Something arrived that was not shown. */
  problem(error: WireError, from: Sid | undefined): void;
}

export interface SessionOptions {
  readonly room: RoomId;
  readonly roomKey: Bytes | undefined;
  readonly admission: string;
  readonly media: IdentityId;
  readonly name: string;
  readonly role: Role;
  readonly identity: Identity;
  readonly keys: SessionKeys;
  readonly events: SessionEvents;
  readonly now: () => number;
}

export interface Said {
  readonly mid: string;
  readonly tsMs: number;
  readonly text: string;
  /** Undefined: to everyone. */
  readonly to: Member | undefined;
  readonly receivers: number;
}

/** Asks and reads the answer strictly. Throws the server's Refusal, BAD_MESSAGE, TIMEOUT or SIGNALING_AWAY. */
export async function ask<E extends ClientEvent>(
  wire: SignalingWire | undefined,
  isCurrent: () => boolean,
  event: E,
  payload: ClientMessage<E>,
): Promise<ReplyValue<E>> {
  if (!wire) throw new Refusal("SIGNALING_AWAY");
  const raw = await wire.request(event, payload).catch((cause: unknown) => {
    throw new Refusal(isCurrent() ? "TIMEOUT" : "SIGNALING_AWAY", undefined, { cause });
  });
  const reply = replySchema<z.ZodMiniType>(REPLIES[event]).safeParse(raw);
  if (!reply.success) throw new Refusal("BAD_MESSAGE");
  if (!reply.data.ok) throw new Refusal(reply.data.error.code, reply.data.error.detail);
  return reply.data.value as ReplyValue<E>;
}
