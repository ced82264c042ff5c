/** Binds session core, link, socket and peer connection to one store; the components only read it and call its verbs. */
import type { Sid } from "@loge/protocol/brands";
import type { SignedMessage } from "@loge/protocol/chat";
import type { Command, ControlEvent, ControlMode, Height, TitleInfo } from "@loge/protocol/control";
import { toWireError, type WireError } from "@loge/protocol/errors";
import { type Invite, roomKeyOf } from "@loge/protocol/invite";
import type { Identity, SessionKeys } from "@loge/protocol/keys";
import { Link } from "@loge/protocol/link";
import { type Member, Session } from "@loge/protocol/session";
import type { Watch } from "@loge/protocol/watch";
import { asSid } from "@loge/protocol/wire";
import { frameMs, type ShownFrame, shownMs } from "./film-clock.ts";
import { createLibraryLoader, type LibraryLoader } from "./library-loader.ts";
import { createPeer } from "./peer.ts";
import { SeekQueue } from "./seek-queue.ts";
import { openSocket, type Socket } from "./socket.ts";
import { Store } from "./store.ts";
import { addLine, addReceipt, emptyView, heightFor, type RoomView } from "./view.ts";

export interface RoomOptions {
  readonly invite: Invite;
  readonly name: string;
  readonly identity: Identity;
  readonly keys: SessionKeys;
  readonly now: () => number;
}

const TOAST_MS = 4000;

export class Room {
  readonly store = new Store<RoomView>(emptyView);
  readonly me: { readonly sid: Sid; readonly id: Identity["id"]; readonly name: string };
  readonly invite: Invite;
  readonly #session: Session;
  readonly #link: Link;
  readonly #socket: Socket;
  readonly #library: LibraryLoader;
  readonly #now: () => number;
  readonly #seeks = new SeekQueue({
    send: (toMs) => this.#tryCommand({ type: "seek", toMs }),
    onTarget: (seekingToMs) => this.store.set({ seekingToMs }),
  });
  #toastTimer: ReturnType<typeof setTimeout> | undefined;
  #frame: ShownFrame | undefined;

  /** Begins to join; how it goes is told by `store.get().session`. */
  static async enter(options: RoomOptions): Promise<Room> {
    const { invite, identity, keys, name, now } = options;
    // events may only come after create() has returned, so the room is there to take them
    const seat: { room?: Room } = {};
    const session = await Session.create({
      room: invite.room,
      roomKey: invite.k && (await roomKeyOf(invite.k)),
      admission: invite.admission,
      media: invite.media,
      name,
      role: "user",
      identity,
      keys,
      now,
      events: {
        state: (state) => {
          seat.room?.store.set({
            session: state,
            ...(state.kind === "joined" ? { unreachable: false } : {}),
          });
          if (state.kind === "closed") seat.room?.close();
        },
        members: (joined, left) => seat.room?.onMembers(joined, left),
        message: (from, message) => seat.room?.onMessage(from, message),
        receipt: (mid, from) => {
          const room = seat.room;
          room?.store.set({ receipts: addReceipt(room.store.get().receipts, mid, from) });
        },
        problem: (error) => seat.room?.alert(error),
      },
    });
    seat.room = new Room(options, session);
    return seat.room;
  }

  private constructor({ invite, identity, name, now }: RoomOptions, session: Session) {
    this.invite = invite;
    this.me = { sid: session.sid, id: identity.id, name };
    this.#session = session;
    this.#now = now;
    this.#link = new Link({
      session,
      createPeer: (events) => createPeer(events, (stream) => this.store.set({ stream })),
      hostSecret: invite.h,
      now,
      // a loss in the middle of a seek comes back where the seek went
      shownMs: () =>
        this.store.get().seekingToMs ?? (this.#link.watch && frameMs(this.#link.watch, this.#frame)),
      events: {
        state: (link, linkError) => this.store.set({ link, linkError }),
        control: (event) => this.#onControl(event),
        watch: (watch) => this.#onWatch(watch),
      },
    });
    this.#library = createLibraryLoader(
      (offset, limit) => this.#link.page(offset, limit),
      (version, titles) => this.store.set({ library: { ...this.store.get().library, version, titles } }),
    );
    this.#socket = openSocket({
      connected: (wire) => session.attach(wire),
      disconnected: () => session.detach(),
      unreachable: () => this.store.set({ unreachable: true }),
      event: (event, payload) => session.receive(event, payload),
    });
  }

  play(title: TitleInfo): Promise<void> {
    return this.#command({
      type: "play",
      title: title.title,
      height: heightFor(title, this.store.get().height),
    });
  }

  joinScreening(screening: string, title: TitleInfo): Promise<void> {
    return this.#command({ type: "join", screening, height: heightFor(title, this.store.get().height) });
  }

  pause = (): Promise<void> => this.#command({ type: "pause" });
  /** Plays on; a film that has ended begins again, for everyone who is watching it. */
  resume = (): Promise<void> => this.#command({ type: "resume" });
  stop = (): Promise<void> => this.#command({ type: "stop" });
  mode = (mode: ControlMode): Promise<void> => this.#command({ type: "mode", mode });

  async ask(): Promise<void> {
    this.store.set({ hasAsked: true });
    if (!(await this.#tryCommand({ type: "ask" }))) this.store.set({ hasAsked: false });
  }

  async grant(sid: Sid, allow: boolean): Promise<void> {
    this.store.set({ asking: this.store.get().asking.filter((each) => each !== sid) });
    await this.#command({ type: "grant", sid, allow });
  }

  /** Remembered for what is played next, and applied to the film that is on. */
  async height(height: Height): Promise<void> {
    this.store.set({ height });
    if (this.store.get().watch) await this.#command({ type: "height", height });
  }

  seek = (toMs: number): Promise<void> => this.#seeks.seek(toMs);

  /** Throws the Refusal of the session; then nothing was sent. */
  async say(text: string, to: Sid | "everyone"): Promise<void> {
    const said = await this.#session.say(text, to);
    this.#addLine({
      mid: said.mid,
      tsMs: said.tsMs,
      from: this.me,
      isMine: true,
      text: said.text,
      to: said.to?.name,
      receivers: said.receivers,
    });
  }

  /** A frame with this RTP timestamp is on screen; undefined: the browser stopped telling. */
  onFrame = (rtpVideo: number | undefined): void => {
    this.#frame = rtpVideo === undefined ? undefined : { rtpVideo };
  };

  /** Film time for the bar, now. */
  positionMs = (): number => {
    const { watch, seekingToMs } = this.store.get();
    return seekingToMs ?? (watch ? shownMs(watch, this.#frame, this.#now()) : 0);
  };

  alert(error: WireError | undefined): void {
    this.store.set({ alert: error });
  }

  /** Says good-bye; idempotent. */
  async leave(): Promise<void> {
    this.close();
    await this.#session.close();
    this.#socket.close();
  }

  /** Gives up film and timers; the session's end calls it too. */
  close(): void {
    this.#library.close();
    this.#link.close();
    this.#seeks.close();
    clearTimeout(this.#toastTimer);
  }

  /** The page goes away: everything ends at once, without waiting for an answer. */
  vanish(): void {
    this.close();
    this.#socket.close();
  }

  onMembers(joined: readonly Member[], left: readonly { readonly member: Member }[]): void {
    const before = this.store.get();
    const media = this.#session.media;
    const members = [...this.#session.members.values()].filter((member) => member.id !== this.invite.media);
    const names = (list: readonly Member[]): readonly string[] =>
      list.filter((m) => m.id !== this.invite.media && m.sid !== this.me.sid).map((m) => m.name);
    const here = new Set(members.map((member) => member.sid));
    this.store.set({ members, media, asking: before.asking.filter((sid) => here.has(sid)) });
    // the first roster is no news, and who merely reloaded neither came nor went
    if (before.members.length === 0) return;
    const came = names(joined);
    const went = names(left.map(({ member }) => member));
    const toast = {
      joined: came.filter((name) => !went.includes(name)),
      left: went.filter((name) => !came.includes(name)),
    };
    if (toast.joined.length + toast.left.length === 0) return;
    this.store.set({ toast });
    clearTimeout(this.#toastTimer);
    this.#toastTimer = setTimeout(() => this.store.set({ toast: undefined }), TOAST_MS);
  }

  onMessage(from: Member, message: SignedMessage): void {
    if (message.type !== "chat") {
      this.#link.signal(from, message).catch((thrown: unknown) => this.alert(toWireError(thrown)));
      return;
    }
    const { scope, text } = message.body;
    const to = scope === "one" ? this.me.name : undefined;
    this.#addLine({ mid: message.mid, tsMs: message.ts, from, isMine: false, text, to, receivers: 0 });
  }

  #addLine(line: RoomView["lines"][number]): void {
    this.store.set({ lines: addLine(this.store.get().lines, line) });
  }

  #onControl(event: ControlEvent): void {
    const view = this.store.get();
    switch (event.type) {
      case "library":
        this.store.set({ library: { ...view.library, problem: event.problem } });
        this.#library.load();
        break;
      case "screenings":
        this.store.set({ screenings: event.screenings });
        break;
      case "asked":
        this.store.set({ asking: [...new Set([...view.asking, asSid(event.sid)])] });
        break;
      case "stopped":
      case "notice":
        this.store.set({ hasAsked: false, alert: event.error });
        break;
      case "timeline":
      case "ended":
        break; // the link makes its watch of these
    }
  }

  #onWatch(watch: Watch | undefined): void {
    const isOther = this.store.get().watch?.line.screening !== watch?.line.screening;
    this.store.set({ watch, ...(isOther ? { asking: [], hasAsked: false } : {}) });
    this.#seeks.arrived(watch?.line.mediaMs);
  }

  async #command(command: Command): Promise<void> {
    await this.#tryCommand(command);
  }

  /** Sends it; a refusal is shown, and a success takes the last one away. */
  async #tryCommand(command: Command): Promise<boolean> {
    try {
      await this.#link.request(command);
      if (this.store.get().alert) this.alert(undefined);
      return true;
    } catch (thrown) {
      this.alert(toWireError(thrown));
      return false;
    }
  }
}
