/** All rooms and who is connected: runs the pure room functions and carries their effects to the connections. */
import { verifyAdmission } from "@loge/protocol/admission";
import type { RoomId } from "@loge/protocol/brands";
import { type Card, readCard } from "@loge/protocol/card";
import { type ErrorCode, Refusal } from "@loge/protocol/errors";
import type { ClientMessage, FullRoster, Relayed, ServerEvent, ServerMessage } from "@loge/protocol/wire";
import { type Bucket, Buckets, fullBucket, type Rate, take } from "./bucket.ts";
import { type Log, tagOf } from "./log.ts";
import * as rooms from "./room.ts";
import type { Handlers } from "./route.ts";

/** What the lobby needs of a socket. */
export interface Connection {
  readonly id: string;
  readonly address: string;
  readonly isLoopback: boolean;
  /** Bytes that the other end has not taken yet. */
  queuedBytes(): number;
  send<E extends ServerEvent>(event: E, message: ServerMessage<E>): void;
  /** Says `bye` where there is a reason to give, then ends the connection. */
  close(code: ErrorCode | undefined): void;
  /** Ends it at once and drops what is queued. */
  kill(): void;
}

export interface LobbyOptions {
  readonly admissionKey: Uint8Array<ArrayBuffer>;
  readonly now: () => number;
  readonly log: Log;
  readonly limits?: Partial<Limits>;
}

export interface Limits {
  /** More than this waiting for a receiver: senders are told SLOW_PEER. */
  readonly slowBytes: number;
  /** More than this, or slow for so long: the receiver is cut off. */
  readonly killBytes: number;
  readonly slowMs: number;
  readonly rooms: number;
  readonly members: number;
  /** What one connection may send. */
  readonly bytes: Rate;
}

export const LIMITS: Limits = {
  slowBytes: 1024 * 1024,
  killBytes: 4 * 1024 * 1024,
  slowMs: 10_000,
  rooms: 1_000,
  members: 5_000,
  bytes: { perSecond: 256 * 1024, burst: 1024 * 1024 },
};
/** The media server answers a roomful of people at once, hence the burst. */
const EVENTS: Rate = { perSecond: 40, burst: 200 };
/** Refusals for going too fast that one connection may collect before it is a strike. */
const PATIENCE: Rate = { perSecond: 1, burst: 100 };
const JOINS: Rate = { perSecond: 0.5, burst: 30 };
const LOOPBACK_JOINS: Rate = { perSecond: 50, burst: 500 };
const STRIKES = 3;

interface Guest {
  readonly connection: Connection;
  readonly nonce: string;
  room: RoomId | undefined;
  isJoining: boolean;
  strikes: number;
  events: Bucket;
  bytes: Bucket;
  patience: Bucket;
  slowSinceMs: number | undefined;
}

const claimOf = (card: Card): rooms.Claim => ({
  jws: card.jws,
  sid: card.sid,
  id: card.id,
  name: card.name,
  keys: JSON.stringify([card.encJwk.n, card.suites, card.role]),
});

export class Lobby {
  readonly #options: LobbyOptions;
  readonly #limits: Limits;
  readonly #log: Log;
  readonly #rooms = new Map<RoomId, rooms.Room>();
  readonly #guests = new Map<string, Guest>();
  readonly #joins = new Buckets(JOINS);
  readonly #loopbackJoins = new Buckets(LOOPBACK_JOINS);

  constructor(options: LobbyOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#log = options.log;
  }

  /** Seats over all rooms, kept ones included. */
  get members(): number {
    return this.sids.length;
  }
  get sids(): readonly string[] {
    return [...this.#rooms.values()].flatMap((room) => [...room.seats.keys()]);
  }

  /** A new connection; `nonce` is what its card has to carry. Returns what its events do. */
  enter(connection: Connection, nonce: string): Handlers {
    const nowMs = this.#options.now();
    const guest: Guest = {
      connection,
      nonce,
      room: undefined,
      isJoining: false,
      strikes: 0,
      events: fullBucket(EVENTS, nowMs),
      bytes: fullBucket(this.#limits.bytes, nowMs),
      patience: fullBucket(PATIENCE, nowMs),
      slowSinceMs: undefined,
    };
    this.#guests.set(connection.id, guest);
    connection.send("hello", { v: 1, nonce });
    return {
      join: (message) => this.#join(guest, message),
      relay: (message) => this.#relay(guest, message),
      roster: () => rooms.roster(this.#roomOf(guest), connection.id),
      leave: () => this.#leave(guest),
    };
  }

  /** The connection ended by itself; its seat is kept for a moment. */
  exit(id: string): void {
    const guest = this.#guests.get(id);
    this.#guests.delete(id);
    const room = guest?.room === undefined ? undefined : this.#rooms.get(guest.room);
    if (room !== undefined) this.#rooms.set(room.id, rooms.lose(room, id, this.#options.now()));
  }

  /** Takes the price of one event. Throws RATE_LIMITED; who keeps on is struck. */
  pay(id: string, bytes: number): void {
    const guest = this.#guests.get(id);
    if (guest === undefined) throw new Refusal("NOT_JOINED");
    const nowMs = this.#options.now();
    const events = take(guest.events, EVENTS, 1, nowMs);
    const rest = take(guest.bytes, this.#limits.bytes, bytes, nowMs);
    if (events !== undefined && rest !== undefined) {
      guest.events = events;
      guest.bytes = rest;
      return;
    }
    const patience = take(guest.patience, PATIENCE, 1, nowMs);
    if (patience === undefined) this.#strikeOut(guest);
    else guest.patience = patience;
    throw new Refusal("RATE_LIMITED");
  }

  /** Counts what no honest client sends; the third ends the connection. */
  strike(id: string, code: ErrorCode): void {
    const guest = this.#guests.get(id);
    if (guest === undefined) return;
    guest.strikes += 1;
    this.#log.debug({ code, strikes: guest.strikes }, "strike");
    if (guest.strikes >= STRIKES) this.#strikeOut(guest);
  }

  /** Gives up seats whose time is over and cuts off who does not read. To be called about twice a second. */
  tick(): void {
    const nowMs = this.#options.now();
    for (const room of this.#rooms.values()) {
      this.#carryOut(rooms.expire(room, nowMs));
    }
    for (const guest of [...this.#guests.values()]) this.#judge(guest, nowMs);
  }

  /** Tells everybody that the server goes, so that nobody takes it for a loss. */
  close(): void {
    for (const guest of [...this.#guests.values()]) guest.connection.close("SHUTTING_DOWN");
    this.#guests.clear();
    this.#rooms.clear();
  }

  #strikeOut(guest: Guest): void {
    this.#log.warn(
      { address: guest.connection.isLoopback ? "loopback" : "remote" },
      "connection closed after strikes",
    );
    guest.connection.close("STRIKES");
  }

  #judge(guest: Guest, nowMs: number): void {
    const queued = guest.connection.queuedBytes();
    guest.slowSinceMs = queued > this.#limits.slowBytes ? (guest.slowSinceMs ?? nowMs) : undefined;
    const tooLong = guest.slowSinceMs !== undefined && nowMs - guest.slowSinceMs >= this.#limits.slowMs;
    if (queued <= this.#limits.killBytes && !tooLong) return;
    this.#log.warn({ queuedBytes: queued }, "connection cut off: it does not read");
    guest.connection.kill();
  }

  readonly #isSlow = (id: string): boolean => {
    const guest = this.#guests.get(id);
    return guest === undefined || guest.connection.queuedBytes() > this.#limits.slowBytes;
  };

  async #join(guest: Guest, message: ClientMessage<"join">): Promise<FullRoster> {
    const { connection } = guest;
    const now = this.#options.now;
    const budget = connection.isLoopback ? this.#loopbackJoins : this.#joins;
    if (!budget.take(connection.address, 1, now())) throw new Refusal("RATE_LIMITED");
    if (guest.isJoining) throw new Refusal("ALREADY_JOINED");
    const id = message.room as RoomId;
    if (guest.room !== undefined && guest.room !== id) throw new Refusal("ALREADY_JOINED");
    guest.isJoining = true;
    try {
      const admission = await verifyAdmission(this.#options.admissionKey, id, message.admission, now());
      const card = await readCard(message.card, { room: id, nowMs: now(), nonce: guest.nonce });
      // the socket may have ended while the signature was checked
      if (!this.#guests.has(connection.id)) throw new Refusal("NOT_JOINED");
      const before = this.#rooms.get(id) ?? rooms.emptyRoom(id);
      this.#checkCapacity(before);
      const step = rooms.join(before, { connection: connection.id, claim: claimOf(card), admission });
      guest.room = id;
      this.#log.info({ sid: tagOf(card.sid), members: step.room.seats.size }, "member joined");
      return this.#carryOut(step);
    } finally {
      guest.isJoining = false;
    }
  }

  #checkCapacity(room: rooms.Room): void {
    if (!this.#rooms.has(room.id) && this.#rooms.size >= this.#limits.rooms) throw new Refusal("ROOM_FULL");
    if (this.members >= this.#limits.members) throw new Refusal("ROOM_FULL");
  }

  #roomOf(guest: Guest): rooms.Room {
    const room = guest.room === undefined ? undefined : this.#rooms.get(guest.room);
    if (room === undefined) throw new Refusal("NOT_JOINED");
    return room;
  }

  #relay(guest: Guest, message: ClientMessage<"relay">): Relayed {
    const event = { connection: guest.connection.id, message };
    return this.#carryOut(rooms.relay(this.#roomOf(guest), event, this.#isSlow));
  }

  #leave(guest: Guest): Record<string, never> {
    const room = guest.room === undefined ? undefined : this.#rooms.get(guest.room);
    guest.room = undefined;
    if (room !== undefined) this.#carryOut(rooms.leave(room, guest.connection.id));
    return {};
  }

  #carryOut<T>(step: rooms.Step<T>): T {
    const { room } = step;
    if (rooms.isForgettable(room)) this.#rooms.delete(room.id);
    else this.#rooms.set(room.id, room);
    for (const effect of step.effects) this.#apply(effect, room.seats.size);
    return step.answer;
  }

  #apply(effect: rooms.Effect, members: number): void {
    switch (effect.type) {
      case "roster":
        for (const { sid, why } of effect.message.leaves)
          this.#log.info({ sid: tagOf(sid), why, members }, "member gone");
        for (const id of effect.to) this.#guests.get(id)?.connection.send("roster", effect.message);
        return;
      case "envelope":
        this.#guests.get(effect.to)?.connection.send("envelope", effect.message);
        return;
      case "close":
        this.#guests.get(effect.connection)?.connection.close(effect.code);
        return;
    }
  }
}
