/** The outgoing half of a session: seals under rising numbers, relays, and resends chat until it is acknowledged. */
import type { RoomId, Sid } from "./brands.ts";
import type { Message } from "./chat.ts";
import { rosterHash, seal } from "./envelope.ts";
import { Refusal, toWireError } from "./errors.ts";
import type { Identity } from "./keys.ts";
import { Outbox } from "./outbox.ts";
import type { Member, Roster } from "./roster.ts";
import type { ClientMessage, GeneralJwe, Relayed } from "./wire.ts";

export interface SenderOptions {
  readonly identity: Identity;
  readonly room: RoomId;
  readonly sid: Sid;
  readonly now: () => number;
  readonly roster: () => Roster;
  readonly isJoined: () => boolean;
  readonly relay: (payload: ClientMessage<"relay">) => Promise<Relayed>;
}

/** A sealed line that nobody answered for: it may have arrived or not. */
interface Doubtful {
  readonly key: string;
  readonly mid: string;
  readonly jwe: GeneralJwe;
  readonly atMs: number;
}

const DOUBT_MS = 60_000;

export class Sender {
  readonly #o: SenderOptions;
  readonly #outbox = new Outbox();
  #seq = 0;
  #doubtful: Doubtful | undefined;
  #hashed: { readonly of: Roster; readonly hash: Promise<string> } | undefined;

  constructor(options: SenderOptions) {
    this.#o = options;
  }

  /**
   * Resolves with the message's mid. `strict`: throws RECEIVER_GONE or SLOW_PEER where not all could be reached. Throws
   * SIGNALING_AWAY, TIMEOUT, …; who then says the same again sends the same envelope, so nobody is shown it twice.
   */
  async post(to: readonly Member[], message: Message, strict: boolean): Promise<string> {
    if (!this.#o.isJoined()) throw new Refusal("SIGNALING_AWAY");
    const nowMs = this.#o.now();
    const sids = to.map((m) => m.sid);
    const key = JSON.stringify([sids, message]);
    const before = this.#doubtful;
    const isAgain = before !== undefined && before.key === key && nowMs - before.atMs < DOUBT_MS;
    const sealed = isAgain ? before : { key, atMs: nowMs, ...(await this.#seal(to, message, nowMs)) };
    const { mid, jwe } = sealed;
    if (message.type === "chat") this.#outbox.add(mid, jwe, sids, nowMs);
    try {
      const { gone, slow } = await this.#o.relay({ v: 1, to: sids, mid, jwe });
      if (isAgain) this.#doubtful = undefined;
      if (strict && gone.length > 0) throw new Refusal("RECEIVER_GONE");
      if (strict && slow.length > 0) throw new Refusal("SLOW_PEER");
      return mid;
    } catch (thrown) {
      this.#outbox.drop(mid);
      const { code } = toWireError(thrown);
      if (message.type === "chat" && (code === "TIMEOUT" || code === "SIGNALING_AWAY"))
        this.#doubtful = sealed;
      throw thrown;
    }
  }

  async #seal(
    to: readonly Member[],
    message: Message,
    nowMs: number,
  ): Promise<{ readonly mid: string; readonly jwe: GeneralJwe }> {
    const { identity, room, sid } = this.#o;
    const mid = crypto.randomUUID();
    const jwe = await seal({
      ...{ identity, room, from: sid, mid, message, nowMs },
      to: to.map((m) => m.card),
      seq: ++this.#seq,
      rh: await this.#rosterHash(),
    });
    return { mid, jwe };
  }

  /** True when `from` had not acknowledged `mid` before. */
  acknowledge(mid: string, from: Sid): boolean {
    return this.#outbox.acknowledge(mid, from);
  }

  /** The same bytes again to those who have not acknowledged and are still here. */
  resend(): void {
    const { members } = this.#o.roster();
    for (const { waiting, mid, jwe } of this.#outbox.due(this.#o.now(), (sid) => members.has(sid))) {
      this.#o.relay({ v: 1, to: [...waiting], mid, jwe }).catch(() => undefined); // the next round tries again
    }
  }

  #rosterHash(): Promise<string> {
    const roster = this.#o.roster();
    if (this.#hashed?.of !== roster) this.#hashed = { of: roster, hash: rosterHash(roster.members.values()) };
    return this.#hashed.hash;
  }
}
