/**
 * The client session core, the same in page, terminal and media server: join with a card, keep the roster, seal and open
 * envelopes. It does no I/O: the rim gives it a {@link SignalingWire} for every connection and hands in what arrives.
 */
import type { Sid } from "./brands.ts";
import { randomBytes, toBase64Url } from "./bytes.ts";
import { type Card, readCards, sidOf, signCard } from "./card.ts";
import { checkText, type Message } from "./chat.ts";
import { open, ReplayWindows } from "./envelope.ts";
import { type ErrorCode, Refusal, toWireError, type WireError } from "./errors.ts";
import { InOrder } from "./in-order.ts";
import {
  applyDelta,
  emptyRoster,
  expireAway,
  type Member,
  type Roster,
  type RosterChange,
  replaceRoster,
} from "./roster.ts";
import { Sender } from "./sender.ts";
import {
  ask,
  type Said,
  type SessionOptions,
  type SessionState,
  type SignalingWire,
} from "./session-types.ts";
import {
  type ClientEvent,
  type ClientMessage,
  type Envelope,
  parseServerEvent,
  type ReplyValue,
  type ServerEvent,
  type ServerMessage,
} from "./wire.ts";

export type { Member } from "./roster.ts";
export type { Said, SessionEvents, SessionOptions, SessionState, SignalingWire } from "./session-types.ts";

const TICK_MS = 1000;
const AGAIN_MS = 2000;
const AGAIN: readonly ErrorCode[] = ["RATE_LIMITED", "INTERNAL"];
const REFRESH_MS = 5 * 60 * 60 * 1000;

export class Session {
  readonly sid: Sid;
  readonly #o: SessionOptions;
  readonly #rnd: string;
  readonly #replay = new ReplayWindows();
  readonly #sender: Sender;
  readonly #ticker: ReturnType<typeof setInterval>;
  #state: SessionState = { kind: "connecting" };
  #roster: Roster = emptyRoster;
  #wire: SignalingWire | undefined;
  #nonce = "";
  #joinedAtMs = 0;
  /** Everything that arrives is handled in its order, though opening is asynchronous; and so is what leaves. */
  readonly #inbox = new InOrder();
  readonly #outgoing = new InOrder();

  private constructor(options: SessionOptions, rnd: string, sid: Sid) {
    this.#o = options;
    this.#rnd = rnd;
    this.sid = sid;
    const { identity, room, now } = options;
    this.#sender = new Sender({
      ...{ identity, room, sid, now },
      roster: () => this.#roster,
      isJoined: () => this.#state.kind === "joined",
      relay: (payload) => this.#request("relay", payload),
    });
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  static async create(options: SessionOptions): Promise<Session> {
    const rnd = toBase64Url(randomBytes(16));
    return new Session(options, rnd, await sidOf(options.identity.id, rnd));
  }

  get state(): SessionState {
    return this.#state;
  }
  get members(): ReadonlyMap<Sid, Member> {
    return this.#roster.members;
  }
  /** The media server this session believes, whatever roles others claim. */
  get media(): Member | undefined {
    const seats = [...this.members.values()].filter((m) => m.id === this.#o.media);
    // after a restart the old seat may stand beside the new one for a moment
    return seats.findLast((m) => m.awaySinceMs === undefined) ?? seats.at(-1);
  }

  /** A connection stands; the server will say `hello`. */
  attach(wire: SignalingWire): void {
    if (this.#state.kind === "closed") wire.close();
    else this.#wire = wire;
  }

  /** The connection is gone; the roster freezes. */
  detach(): void {
    this.#wire = undefined;
    if (this.#state.kind === "joined") this.#enter({ kind: "away" });
  }

  /** Anything that the server sent. Unknown or malformed events are reported, never thrown. */
  receive(event: string, raw: unknown): void {
    const parsed = parseServerEvent(event, raw);
    if ("code" in parsed) return this.#o.events.problem(parsed, undefined);
    this.#inbox
      .run(() => this.#handle(parsed.event, parsed.data))
      .catch((thrown: unknown) => this.#o.events.problem(toWireError(thrown), undefined));
  }

  /** Seals a line to everyone or to one member. Throws a Refusal, and then nothing was sent. */
  say(text: string, to: Sid | "everyone"): Promise<Said> {
    return this.#outgoing.run(async () => {
      checkText(text);
      const one = to === "everyone" ? undefined : this.members.get(to);
      if (to !== "everyone" && one === undefined) throw new Refusal("RECEIVER_GONE");
      const receivers = one
        ? [one]
        : [...this.members.values()].filter((m) => m.sid !== this.sid && m.id !== this.#o.media);
      const tsMs = this.#o.now();
      const message: Message = { type: "chat", body: { scope: one ? "one" : "all", text } };
      if (receivers.length === 0 && this.#state.kind !== "joined") throw new Refusal("SIGNALING_AWAY");
      const mid =
        receivers.length > 0
          ? await this.#sender.post(receivers, message, one !== undefined)
          : crypto.randomUUID();
      return { mid, tsMs, text, to: one, receivers: receivers.length };
    });
  }

  /** Seals any other message to one member. Throws SIGNALING_AWAY, RECEIVER_GONE, SLOW_PEER, … */
  send(to: Sid, message: Message): Promise<void> {
    return this.#outgoing.run(async () => {
      const member = this.members.get(to);
      if (!member) throw new Refusal("RECEIVER_GONE");
      await this.#sender.post([member], message, true);
    });
  }

  /** Leaves cleanly; idempotent. */
  async close(error?: WireError): Promise<void> {
    if (this.#state.kind === "closed") return;
    const wire = this.#wire;
    this.#enter({ kind: "closed", error });
    this.#wire = undefined;
    clearInterval(this.#ticker);
    if (!wire) return;
    await wire.request("leave", { v: 1 }).catch(() => undefined); // the socket's end says the same
    wire.close();
  }

  #enter(state: SessionState): void {
    this.#state = state;
    this.#o.events.state(state);
  }

  #request<E extends ClientEvent>(event: E, payload: ClientMessage<E>): Promise<ReplyValue<E>> {
    const wire = this.#wire;
    return ask(wire, () => this.#wire === wire, event, payload);
  }

  async #handle<E extends ServerEvent>(event: E, data: ServerMessage<ServerEvent>): Promise<void> {
    if (this.#state.kind === "closed") return;
    switch (event) {
      case "hello":
        this.#nonce = (data as ServerMessage<"hello">).nonce;
        return await this.#join();
      case "roster":
        return await this.#onRoster(data as ServerMessage<"roster">);
      case "envelope":
        return await this.#onEnvelope(data as Envelope);
      case "bye":
        if ((data as ServerMessage<"bye">).error.code === "SHUTTING_DOWN") return;
        return this.#refused(this.#wire, (data as ServerMessage<"bye">).error);
    }
  }

  #refused(wire: SignalingWire | undefined, error: WireError): void {
    wire?.close();
    this.#wire = undefined;
    clearInterval(this.#ticker);
    this.#enter({ kind: "closed", error });
  }

  async #join(): Promise<void> {
    const o = this.#o;
    const wire = this.#wire;
    try {
      const { room, name, role, roomKey } = o;
      const claims = {
        room,
        name,
        role,
        roomKey,
        rnd: this.#rnd,
        nonce: this.#nonce,
        enc: o.keys.jwk,
        nowMs: o.now(),
      };
      const card = await signCard(o.identity, claims);
      const full = await this.#request("join", { v: 1, room: o.room, card, admission: o.admission });
      await this.#onFull(full.epoch, full.cards);
      this.#joinedAtMs = o.now();
      if (this.#state.kind !== "joined") this.#enter({ kind: "joined" });
    } catch (thrown) {
      const error = toWireError(thrown);
      if (this.#wire !== wire || error.code === "SIGNALING_AWAY") return; // the rim reconnects
      // a crowd coming back at once is no reason to be turned away for good
      const again = error.code === "TIMEOUT" || (this.#state.kind === "away" && AGAIN.includes(error.code));
      if (again) setTimeout(() => this.#wire === wire && this.#rejoin(), AGAIN_MS);
      else this.#refused(wire, error);
    }
  }

  #readAll(jws: readonly string[]): Promise<readonly Card[]> {
    const known = [...this.members.values()].map((m) => m.card);
    const rules = { room: this.#o.room, nowMs: this.#o.now(), roomKey: this.#o.roomKey };
    return readCards(jws, known, rules, (error) => this.#o.events.problem(error, undefined));
  }

  async #onFull(epoch: number, cards: readonly string[]): Promise<void> {
    this.#commit(replaceRoster(this.#roster, epoch, await this.#readAll(cards), this.#o.now()));
  }

  async #onRoster(delta: ServerMessage<"roster">): Promise<void> {
    const change = applyDelta(this.#roster, {
      epoch: delta.epoch,
      joins: await this.#readAll(delta.joins),
      leaves: delta.leaves,
    });
    if (change) return this.#commit(change);
    if (delta.epoch <= this.#roster.epoch) return; // overtaken by a full roster
    const full = await this.#request("roster", { v: 1 });
    await this.#onFull(full.epoch, full.cards);
  }

  #commit(change: RosterChange): void {
    this.#roster = change.roster;
    if (change.joined.length > 0 || change.left.length > 0)
      this.#o.events.members(change.joined, change.left);
  }

  async #onEnvelope(envelope: Envelope): Promise<void> {
    try {
      const opened = await open({
        envelope,
        room: this.#o.room,
        self: this.sid,
        decryptKey: this.#o.keys.decryptKey,
        cardOf: (sid) => this.members.get(sid)?.card,
        replay: this.#replay,
        nowMs: this.#o.now(),
      });
      const from = this.members.get(opened.from.sid);
      if (!from) return;
      const { message } = opened;
      if (message.type === "ack") {
        if (this.#sender.acknowledge(message.body.mid, from.sid))
          this.#o.events.receipt(message.body.mid, from.sid);
        return;
      }
      if (message.type === "chat") this.#acknowledge(message.mid, from.sid);
      if (!opened.duplicate) this.#o.events.message(from, message);
    } catch (thrown) {
      this.#o.events.problem(toWireError(thrown), envelope.from as Sid);
    }
  }

  #acknowledge(mid: string, to: Sid): void {
    // a lost receipt is answered by the sender's resend, so its failure needs no word
    this.send(to, { type: "ack", body: { mid } }).catch(() => undefined);
  }

  #tick(): void {
    const nowMs = this.#o.now();
    if (this.#state.kind !== "joined") return;
    const expired = expireAway(this.#roster, nowMs);
    if (expired.left.length > 0) this.#commit(expired);
    this.#sender.resend();
    if (nowMs - this.#joinedAtMs > REFRESH_MS) {
      this.#joinedAtMs = nowMs;
      this.#rejoin();
    }
  }

  #rejoin(): void {
    this.#inbox.run(() => this.#join()).catch(() => undefined);
  }
}
