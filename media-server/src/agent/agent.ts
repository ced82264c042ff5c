/**
 * The media server as a member: joins the room with the session core, makes every member a sealed offer, and keeps one viewer
 * per member. Viewers are bound to sids, not to signaling: while that is away the film goes on.
 */
import type { IdentityId, RoomId, Sid } from "@loge/protocol/brands";
import type { Bytes } from "@loge/protocol/bytes";
import type { SignedMessage } from "@loge/protocol/chat";
import type { ControlEvent, LibraryPage } from "@loge/protocol/control";
import { Refusal, toWireError, type WireError } from "@loge/protocol/errors";
import type { Identity, SessionKeys } from "@loge/protocol/keys";
import { type Member, Session } from "@loge/protocol/session";
import type { Log } from "../log.ts";
import type { Stage } from "../screening/stage.ts";
import { Viewer } from "../viewer/viewer.ts";
import type { Peer } from "../webrtc/peer.ts";
import { connectSignaling, type SignalingSocket } from "./socket.ts";

export interface AgentOptions {
  readonly url: string;
  readonly ca: string | undefined;
  readonly room: RoomId;
  readonly roomKey: Bytes | undefined;
  readonly admission: string;
  /** A label; members know the media server by its identity. */
  readonly name: string;
  readonly hostSecret: Bytes | undefined;
  readonly identity: Identity;
  readonly keys: SessionKeys;
  readonly stage: Stage;
  readonly createPeer: () => Promise<Peer>;
  readonly page: (offset: number, limit: number) => LibraryPage;
  readonly known: (title: string) => Promise<unknown>;
  readonly greeting: () => readonly ControlEvent[];
  /** Wall clock (cards, envelopes) and monotonic clock (film), both in ms. */
  readonly wallNow: () => number;
  readonly now: () => number;
  readonly log: Log;
  /** Signaling refused the media server for good. */
  readonly refused: (error: WireError) => void;
}

const MAX_VIEWERS = 256;
/** A member may ask for another connection this often. */
const WANT_EVERY_MS = 1000;

export class Agent {
  readonly #o: AgentOptions;
  readonly #viewers = new Map<Sid, Viewer>();
  readonly #wantedAtMs = new Map<Sid, number>();
  readonly #session: Session;
  readonly #socket: SignalingSocket;
  #closing: Promise<void> | undefined;

  private constructor(options: AgentOptions, session: Session) {
    this.#o = options;
    this.#session = session;
    this.#socket = connectSignaling(options.url, options.ca, this.#session);
  }

  /** Resolves once the room is joined. Throws the Refusal with which signaling turned it away. */
  static async create(options: AgentOptions): Promise<Agent> {
    const { promise: joined, resolve, reject } = Promise.withResolvers<void>();
    let agent: Agent | undefined;
    let hasJoined = false;
    const session = await Session.create({
      room: options.room,
      roomKey: options.roomKey,
      admission: options.admission,
      media: options.identity.id as IdentityId,
      name: options.name,
      role: "media",
      identity: options.identity,
      keys: options.keys,
      now: options.wallNow,
      events: {
        state: (state) => {
          options.log.info({ state: state.kind }, "signaling");
          if (state.kind === "joined") {
            hasJoined = true;
            resolve();
          } else if (state.kind === "closed" && hasJoined) {
            if (state.error) options.refused(state.error);
          } else if (state.kind === "closed")
            reject(new Refusal(state.error?.code ?? "INTERNAL", state.error?.detail));
        },
        members: (came, left) => {
          if (agent) agent.#onMembers(came, left);
        },
        message: (from, message) => {
          if (agent) agent.#onMessage(from, message);
        },
        receipt: () => undefined,
        problem: (error, from) =>
          options.log.warn(
            { code: error.code, detail: error.detail, from: from?.slice(0, 6) },
            "not accepted",
          ),
      },
    });
    agent = new Agent(options, session);
    try {
      await joined;
    } catch (thrown) {
      await agent.close("not let in");
      throw thrown;
    }
    // members who were there before the constructor had run
    agent.#onMembers([...session.members.values()], []);
    return agent;
  }

  broadcast(event: ControlEvent): void {
    for (const viewer of this.#viewers.values()) viewer.event(event);
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** Leaves the room, then ends every viewer. */
  close(reason: string): Promise<void> {
    this.#closing ??= (async () => {
      await this.#session.close();
      this.#socket.close();
      await Promise.all([...this.#viewers.values()].map((viewer) => viewer.close(reason)));
    })();
    return this.#closing;
  }

  #onMembers(came: readonly Member[], left: readonly { readonly member: Member }[]): void {
    for (const { member } of left) this.#drop(member.sid, "left the room");
    for (const member of came) if (!this.#viewers.has(member.sid)) this.#connect(member.sid);
  }

  #drop(sid: Sid, reason: string): void {
    const viewer = this.#viewers.get(sid);
    this.#viewers.delete(sid);
    this.#wantedAtMs.delete(sid);
    viewer?.close(reason).catch((err: unknown) => this.#o.log.warn({ err }, "closing a viewer"));
  }

  #connect(sid: Sid): void {
    if (this.#closing || sid === this.#session.sid || this.#viewers.size >= MAX_VIEWERS) return;
    this.#offer(sid).catch((thrown: unknown) => {
      const { code, detail } = toWireError(thrown);
      this.#o.log.warn(
        { viewer: sid.slice(0, 6), code, detail, err: code === "INTERNAL" ? thrown : undefined },
        "no offer",
      );
      this.#drop(sid, code);
    });
  }

  async #offer(sid: Sid): Promise<void> {
    const o = this.#o;
    const peer = await o.createPeer();
    if (this.#closing || !this.#session.members.has(sid)) return await peer.close("left meanwhile");
    const viewer: Viewer = new Viewer({
      sid,
      peer,
      stage: o.stage,
      hostSecret: o.hostSecret,
      page: o.page,
      known: o.known,
      greeting: o.greeting,
      now: o.now,
      log: o.log,
      ended: async (error, tell) => {
        if (this.#viewers.get(sid) === viewer) this.#viewers.delete(sid);
        if (!tell || !this.#session.members.has(sid)) return;
        const bye = this.#session.send(sid, { type: "rtc.bye", body: { neg: viewer.neg, error } });
        await bye.catch(() => undefined); // signaling is away: the heartbeat tells the viewer the same
      },
    });
    const before = this.#viewers.get(sid);
    this.#viewers.set(sid, viewer);
    await before?.close("replaced by a new connection");
    await this.#session.send(sid, { type: "rtc.offer", body: await viewer.offer() });
  }

  #onMessage(from: Member, message: SignedMessage): void {
    const viewer = this.#viewers.get(from.sid);
    if (message.type === "rtc.answer" && viewer) {
      viewer.accept(message.body).catch((thrown: unknown) => {
        const error = toWireError(thrown);
        this.#o.log.warn(
          { viewer: from.sid.slice(0, 6), code: error.code, detail: error.detail },
          "answer refused",
        );
        if (this.#viewers.get(from.sid) === viewer) this.#drop(from.sid, error.code);
        this.#session
          .send(from.sid, { type: "rtc.bye", body: { neg: viewer.neg, error } })
          .catch(() => undefined);
      });
    } else if (message.type === "rtc.want") {
      const nowMs = this.#o.now();
      if (nowMs - (this.#wantedAtMs.get(from.sid) ?? -WANT_EVERY_MS) < WANT_EVERY_MS) return;
      this.#wantedAtMs.set(from.sid, nowMs);
      this.#drop(from.sid, "a new connection was asked for");
      this.#connect(from.sid);
    } else if (message.type === "rtc.bye" && viewer?.neg === message.body.neg)
      this.#drop(from.sid, message.body.error.code);
  }
}
