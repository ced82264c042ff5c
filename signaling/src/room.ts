/**
 * A room as a value: each function takes the room and what happened and gives the room after it, what to tell whom, and
 * the answer to the one who asked. No clock, no socket, no await. Refusals are thrown and leave the room as it was.
 */
import type { Admission } from "@loge/protocol/admission";
import { type IdentityId, LIMITS, type RoomId, type Sid } from "@loge/protocol/brands";
import { foldName } from "@loge/protocol/card";
import { type ErrorCode, Refusal } from "@loge/protocol/errors";
import type { ClientMessage, FullRoster, LeaveReason, Relayed, ServerMessage } from "@loge/protocol/wire";

/** One socket; a member keeps the seat while sockets change. */
export type ConnectionId = string;

/** The part of a verified card that decides about seats. */
export interface Claim {
  readonly jws: string;
  readonly sid: Sid;
  readonly id: IdentityId;
  readonly name: string;
  /** What others have to read again when it changes: the encryption key and suites, as one text. */
  readonly keys: string;
}

export interface Seat extends Claim {
  /** Undefined: the socket is lost and the seat is kept until `keptUntilMs`. */
  readonly connection: ConnectionId | undefined;
  readonly keptUntilMs: number;
}

export interface Room {
  readonly id: RoomId;
  readonly epoch: number;
  readonly seats: ReadonlyMap<Sid, Seat>;
  readonly byConnection: ReadonlyMap<ConnectionId, Sid>;
  /** Which identities have entered by an invite whose uses are counted. */
  readonly used: ReadonlyMap<string, ReadonlySet<IdentityId>>;
}

export type Effect =
  | {
      readonly type: "roster";
      readonly to: readonly ConnectionId[];
      readonly message: ServerMessage<"roster">;
    }
  | { readonly type: "envelope"; readonly to: ConnectionId; readonly message: ServerMessage<"envelope"> }
  | { readonly type: "close"; readonly connection: ConnectionId; readonly code: ErrorCode | undefined };

export interface Step<T> {
  readonly room: Room;
  readonly effects: readonly Effect[];
  readonly answer: T;
}

/** A reload or a short loss of the network keeps the seat this long, so nobody sees it. */
export const SEAT_KEPT_MS = 2_000;

export const emptyRoom = (id: RoomId): Room => ({
  id,
  epoch: 0,
  seats: new Map(),
  byConnection: new Map(),
  used: new Map(),
});

/** Nothing is lost by forgetting such a room. */
export const isForgettable = (room: Room): boolean => room.seats.size === 0 && room.used.size === 0;

const rosterOf = (room: Room, sid: Sid): FullRoster => ({
  sid,
  epoch: room.epoch,
  cards: [...room.seats.values()].map((seat) => seat.jws),
});

interface Change {
  readonly seats: ReadonlyMap<Sid, Seat>;
  readonly joins?: readonly string[];
  readonly leaves?: readonly { readonly sid: Sid; readonly why: LeaveReason }[];
  readonly except?: ConnectionId;
}

/** Puts changed seats into the room and tells the others what changed, if anything did. */
function commit(room: Room, change: Change): readonly [Room, readonly Effect[]] {
  const { seats, joins = [], leaves = [], except } = change;
  const byConnection = new Map<ConnectionId, Sid>();
  for (const seat of seats.values())
    if (seat.connection !== undefined) byConnection.set(seat.connection, seat.sid);
  if (joins.length + leaves.length === 0) return [{ ...room, seats, byConnection }, []];
  const epoch = room.epoch + 1;
  const to = [...byConnection.keys()].filter((connection) => connection !== except);
  const message = { v: 1 as const, epoch, joins: [...joins], leaves: [...leaves] };
  return [{ ...room, epoch, seats, byConnection }, to.length > 0 ? [{ type: "roster", to, message }] : []];
}

function countUse(room: Room, admission: Admission, id: IdentityId): Room["used"] {
  if (admission.uses === 0) return room.used;
  const users = room.used.get(admission.id) ?? new Set<IdentityId>();
  if (users.has(id)) return room.used;
  if (users.size >= admission.uses) throw new Refusal("INVITE_USED_UP");
  return new Map(room.used).set(admission.id, new Set(users).add(id));
}

/**
 * Takes a seat with a verified card. The same sid comes back to its seat; the same identity under the same name takes over
 * and the older tab is told REPLACED; the same identity under another name is a second member; somebody else's name is
 * NAME_TAKEN. Throws also ALREADY_JOINED, ROOM_FULL, INVITE_USED_UP.
 */
export function join(
  room: Room,
  event: { connection: ConnectionId; claim: Claim; admission: Admission },
): Step<FullRoster> {
  const { connection, claim, admission } = event;
  const sitsAt = room.byConnection.get(connection);
  if (sitsAt !== undefined && sitsAt !== claim.sid) throw new Refusal("ALREADY_JOINED");
  const fold = foldName(claim.name);
  const sameName = [...room.seats.values()].find(
    (seat) => seat.sid !== claim.sid && foldName(seat.name) === fold,
  );
  if (sameName !== undefined && sameName.id !== claim.id) throw new Refusal("NAME_TAKEN");
  const own = room.seats.get(claim.sid);
  if (own === undefined && sameName === undefined && room.seats.size >= LIMITS.membersPerRoom)
    throw new Refusal("ROOM_FULL");
  const used = countUse(room, admission, claim.id);

  const seats = new Map(room.seats);
  const closes: Effect[] = [];
  const leaves: { sid: Sid; why: LeaveReason }[] = [];
  if (own?.connection !== undefined && own.connection !== connection) {
    // the same page on a new socket: its old one is dead or dying, and needs no word
    closes.push({ type: "close", connection: own.connection, code: undefined });
  }
  if (sameName !== undefined) {
    seats.delete(sameName.sid);
    leaves.push({ sid: sameName.sid, why: "replaced" });
    if (sameName.connection !== undefined)
      closes.push({ type: "close", connection: sameName.connection, code: "REPLACED" });
  }
  seats.set(claim.sid, { ...claim, connection, keptUntilMs: 0 });
  const isNews = own === undefined || own.name !== claim.name || own.keys !== claim.keys;
  const joins = isNews ? [claim.jws] : [];
  const [after, effects] = commit({ ...room, used }, { seats, joins, leaves, except: connection });
  return { room: after, effects: [...effects, ...closes], answer: rosterOf(after, claim.sid) };
}

/** The socket ended without a word: the seat is kept for a moment. */
export function lose(room: Room, connection: ConnectionId, nowMs: number): Room {
  const sid = room.byConnection.get(connection);
  const seat = sid === undefined ? undefined : room.seats.get(sid);
  if (seat === undefined) return room;
  const seats = new Map(room.seats).set(seat.sid, {
    ...seat,
    connection: undefined,
    keptUntilMs: nowMs + SEAT_KEPT_MS,
  });
  return commit(room, { seats })[0];
}

/** Seats whose owner did not come back are given up. */
export function expire(room: Room, nowMs: number): Step<undefined> {
  const gone = [...room.seats.values()].filter(
    (seat) => seat.connection === undefined && seat.keptUntilMs <= nowMs,
  );
  return remove(room, gone, "lost");
}

/** A member says goodbye: gone at once. Leaving without a seat is no error, so that it can be repeated. */
export function leave(room: Room, connection: ConnectionId): Step<undefined> {
  const sid = room.byConnection.get(connection);
  const seat = sid === undefined ? undefined : room.seats.get(sid);
  return remove(room, seat === undefined ? [] : [seat], "left");
}

function remove(room: Room, gone: readonly Seat[], why: LeaveReason): Step<undefined> {
  if (gone.length === 0) return { room, effects: [], answer: undefined };
  const seats = new Map(room.seats);
  for (const seat of gone) seats.delete(seat.sid);
  const [after, effects] = commit(room, { seats, leaves: gone.map(({ sid }) => ({ sid, why })) });
  return { room: after, effects, answer: undefined };
}

function seatOf(room: Room, connection: ConnectionId): Seat {
  const sid = room.byConnection.get(connection);
  const seat = sid === undefined ? undefined : room.seats.get(sid);
  if (seat === undefined) throw new Refusal("NOT_JOINED");
  return seat;
}

/** The whole roster for a member that has missed an epoch. Throws NOT_JOINED. */
export const roster = (room: Room, connection: ConnectionId): FullRoster =>
  rosterOf(room, seatOf(room, connection).sid);

/**
 * One copy per receiver, each with only its own recipient entry (RFC 7516 §7.2.1), so that nobody pays for a large room and
 * nobody learns who else was written to. `isSlow` says whose socket takes no more. Throws NOT_JOINED, BAD_MESSAGE.
 */
export function relay(
  room: Room,
  event: { connection: ConnectionId; message: ClientMessage<"relay"> },
  isSlow: (connection: ConnectionId) => boolean,
): Step<Relayed> {
  const from = seatOf(room, event.connection).sid;
  const { to, mid, jwe } = event.message;
  const entries = new Map(jwe.recipients.map((entry) => [entry.header.kid, entry]));
  if (entries.size !== jwe.recipients.length || new Set(to).size !== to.length)
    throw new Refusal("BAD_MESSAGE", "a recipient stands twice");
  const effects: Effect[] = [];
  const gone: string[] = [];
  const slow: string[] = [];
  for (const sid of to) {
    const entry = entries.get(sid);
    if (entry === undefined) throw new Refusal("BAD_MESSAGE", "a receiver has no key in the envelope");
    const connection = room.seats.get(sid as Sid)?.connection;
    if (connection === undefined) gone.push(sid);
    else if (isSlow(connection)) slow.push(sid);
    else {
      const message = {
        v: 1 as const,
        room: room.id,
        from,
        to: sid,
        mid,
        jwe: { ...jwe, recipients: [entry] },
      };
      effects.push({ type: "envelope", to: connection, message });
    }
  }
  return { room, effects, answer: { gone, slow } };
}
