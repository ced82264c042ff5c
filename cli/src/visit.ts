/** One visit to a room: the shared session core and link, wired to signaling, wrtc and the screen. */

import type { SignedMessage } from "@loge/protocol/chat";
import type { ControlEvent, ScreeningInfo } from "@loge/protocol/control";
import { Refusal, type WireError } from "@loge/protocol/errors";
import { type Invite, roomKeyOf } from "@loge/protocol/invite";
import type { Identity, SessionKeys } from "@loge/protocol/keys";
import { Link, type LinkState } from "@loge/protocol/link";
import { type Member, Session, type SessionState } from "@loge/protocol/session";
import type { Watch } from "@loge/protocol/watch";
import { asSid } from "@loge/protocol/wire";
import { Catalogue } from "./catalogue.ts";
import { Changes } from "./changes.ts";
import { withName } from "./lookup.ts";
import { arrivalLine, askedLine, newScreeningLines, rosterLines, timelineLine } from "./narrate.ts";
import type { Output } from "./output.ts";
import { createPeer, type Peer } from "./peer.ts";
import { Receipts } from "./receipts.ts";
import type { Screen } from "./screen.ts";
import { connectSignaling, type Signaling } from "./socket.ts";
import { Theatre } from "./theatre.ts";
import { printable, Repeats, unreachable, wireErrorLines } from "./words.ts";

export interface VisitOptions {
  readonly invite: Invite;
  readonly name: string;
  readonly identity: Identity;
  readonly keys: SessionKeys;
  readonly ca: string | undefined;
  readonly screen: Screen;
  readonly openOutput: (title: string) => Output;
  readonly now: () => number;
}

const REACH_MS = 4000;
const JOIN_MS = 30_000;
/** The same trouble is told once in this time. */
const REPEAT_MS = 10_000;

interface Parts {
  readonly session: Session;
  readonly link: Link;
  readonly theatre: Theatre;
  readonly signaling: Signaling;
}

export class Visit {
  readonly #o: VisitOptions;
  readonly receipts = new Receipts();
  readonly catalogue = new Catalogue();
  /** Told after everything that happens. */
  readonly changes = new Changes();
  /** Resolves when the room is left for good; an error tells why where it was not our wish. */
  readonly closed: Promise<WireError | undefined>;
  readonly #entered: Promise<void>;
  readonly #settle: {
    entered: () => void;
    refused: (thrown: unknown) => void;
    closed: (error: WireError | undefined) => void;
  };
  #parts: Parts | undefined;
  #peer: Peer | undefined;
  #hasJoined = false;
  #screenings: readonly ScreeningInfo[] | undefined;
  readonly #repeats: Repeats;

  private constructor(options: VisitOptions) {
    this.#o = options;
    this.#repeats = new Repeats(options.now, REPEAT_MS);
    const entered = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<WireError | undefined>();
    this.#entered = entered.promise;
    this.closed = closed.promise;
    this.#settle = { entered: entered.resolve, refused: entered.reject, closed: closed.resolve };
  }

  /** Resolves when the room is joined. Throws the Refusal of the join, or a Complaint where the server cannot be reached. */
  static async enter(options: VisitOptions): Promise<Visit> {
    const visit = new Visit(options);
    await visit.#open();
    const timer = setTimeout(() => visit.#settle.refused(new Refusal("TIMEOUT")), JOIN_MS);
    try {
      await visit.#entered;
      return visit;
    } catch (thrown) {
      await visit.close();
      throw thrown;
    } finally {
      clearTimeout(timer);
    }
  }

  get session(): Session {
    return this.#begun.session;
  }
  get link(): Link {
    return this.#begun.link;
  }
  get theatre(): Theatre {
    return this.#begun.theatre;
  }
  get media(): string {
    return this.#o.invite.media;
  }
  get screenings(): readonly ScreeningInfo[] {
    return this.#screenings ?? [];
  }
  /** Undefined until the media server told. */
  get toldScreenings(): readonly ScreeningInfo[] | undefined {
    return this.#screenings;
  }
  /** Everybody a line can be sent to. */
  get others(): readonly Member[] {
    return [...this.session.members.values()].filter(
      (m) => m.sid !== this.session.sid && m.id !== this.media,
    );
  }
  nameOf(sid: string): string | undefined {
    return this.session.members.get(asSid(sid))?.name;
  }

  /** Leaves; idempotent. */
  async close(): Promise<void> {
    const parts = this.#parts;
    if (!parts) return;
    await parts.theatre.close();
    parts.link.close();
    await parts.session.close();
    parts.signaling.close();
  }

  get #begun(): Parts {
    if (!this.#parts) throw new Error("the visit has not begun");
    return this.#parts;
  }

  async #open(): Promise<void> {
    const { invite, screen, now } = this.#o;
    const session = await Session.create({
      room: invite.room,
      roomKey: invite.k ? await roomKeyOf(invite.k) : undefined,
      admission: invite.admission,
      media: invite.media,
      name: this.#o.name,
      role: "cli",
      identity: this.#o.identity,
      keys: this.#o.keys,
      now,
      events: {
        state: (state) => this.#onState(state),
        members: (joined, left) => this.#onMembers(joined, left),
        message: (from, message) => this.#onMessage(from, message),
        receipt: (mid, from) => {
          this.receipts.arrived(mid, from);
          this.changes.notify();
        },
        problem: (error) => this.#tell(error),
      },
    });
    const theatre = new Theatre({
      open: this.#o.openOutput,
      nameOf: (watch) => this.#titleName(watch.line.screening, watch.line.title),
      print: (line) => screen.line(line),
      decoded: async () => {
        const connection = this.#peer;
        return connection && { connection, frames: await connection.framesDecoded().catch(() => 0) };
      },
      now,
    });
    const link = new Link({
      session,
      createPeer: (events) => {
        this.#peer = createPeer(events, theatre);
        return this.#peer;
      },
      hostSecret: invite.h,
      now,
      events: {
        state: (state, error) => this.#onLink(state, error),
        control: (event) => this.#onControl(event),
        watch: (watch) => this.#onWatch(watch),
      },
    });
    const startedMs = now();
    const failed = (reason: string): void => {
      if (this.#hasJoined) return; // said when it was lost
      const { complaint, isCertificate } = unreachable(invite.origin, reason);
      if (isCertificate || now() - startedMs >= REACH_MS) this.#settle.refused(complaint);
    };
    const signaling = connectSignaling({ origin: invite.origin, ca: this.#o.ca, session, failed });
    this.#parts = { session, link, theatre, signaling };
  }

  #onState(state: SessionState): void {
    const { screen } = this.#o;
    if (state.kind === "joined") {
      if (this.#hasJoined) screen.note("the server is back");
      else screen.line(arrivalLine(this.#o.name, this.others));
      this.#hasJoined = true;
      this.#settle.entered();
    } else if (state.kind === "away") {
      screen.note("the server is away; what runs goes on, messages wait until it is back");
    } else if (state.kind === "closed") {
      this.#settle.refused(
        state.error ? new Refusal(state.error.code, state.error.detail) : new Refusal("NOT_JOINED"),
      );
      this.#settle.closed(state.error);
    }
    this.changes.notify();
  }

  #onMembers(
    joined: readonly Member[],
    left: readonly { readonly member: Member; readonly why: "left" | "lost" | "replaced" }[],
  ): void {
    const { screen } = this.#o;
    this.receipts.present((sid) => this.session.members.has(asSid(sid)));
    // whoever was here at the join stands in the line about it
    const { lines, notes } = this.#hasJoined
      ? rosterLines(joined, left, this.media)
      : { lines: [], notes: [] };
    for (const line of lines) screen.line(screen.paint(line, "dim"));
    for (const note of notes) screen.note(note);
    this.changes.notify();
  }

  #onMessage(from: Member, message: SignedMessage): void {
    const { screen } = this.#o;
    if (message.type === "chat") {
      const mark = message.body.scope === "one" ? " (encrypted)" : "";
      screen.line(`${screen.paint(`${from.name}${mark}:`, "bold")} ${printable(message.body.text)}`);
      return;
    }
    this.link.signal(from, message).catch((thrown: unknown) => screen.error(thrown));
  }

  #onLink(state: LinkState, error: WireError | undefined): void {
    if (state === "lost") {
      const { what } = wireErrorLines(error ?? { code: "LINK_LOST" });
      if (this.#repeats.isNew(`link ${what}`)) this.#o.screen.note(`${what} It is being made again.`);
      this.#screenings = undefined;
    }
    this.changes.notify();
  }

  #onWatch(watch: Watch | undefined): void {
    this.theatre.watch(watch);
    this.changes.notify();
  }

  #onControl(event: ControlEvent): void {
    const { screen } = this.#o;
    switch (event.type) {
      case "library":
        this.catalogue.changed(event.version, event.problem);
        if (event.problem) this.#tell(event.problem);
        break;
      case "screenings": {
        const before = this.#screenings ?? [];
        this.#screenings = event.screenings;
        for (const line of newScreeningLines(before, event.screenings, this.session.sid, (sid) =>
          this.nameOf(sid),
        )) {
          screen.line(screen.paint(line, "dim"));
        }
        break;
      }
      case "timeline": {
        const by =
          event.by === undefined || event.by === this.session.sid ? undefined : this.nameOf(event.by);
        const line = timelineLine(event, this.#titleName(event.screening, event.title), by);
        if (line !== undefined) screen.line(line);
        break;
      }
      case "ended":
        break; // the theatre says it when the last picture is there
      case "stopped":
        screen.error(withName(event.error, (sid) => this.nameOf(sid)));
        this.theatre.forget();
        break;
      case "asked":
        screen.line(askedLine(this.nameOf(event.sid) ?? "somebody"));
        break;
      case "notice":
        this.#tell(event.error);
        break;
    }
    this.changes.notify();
  }

  #titleName(screening: string, title: string): string {
    const known = this.screenings.find((one) => one.screening === screening)?.name;
    return printable(this.catalogue.nameOf(title) ?? known ?? "the film");
  }

  #tell(error: WireError): void {
    if (this.#repeats.isNew(error.code)) this.#o.screen.error(new Refusal(error.code, error.detail));
  }
}
