/** The outgoing half of a session: seals under rising numbers, relays, and resends chat until it is acknowledged. */
import type { RoomId, Sid } from "./brands.ts";
import type { Message } from "./chat.ts";
import { rosterHash, seal } from "./envelope.ts";
import { Refusal } from "./errors.ts";
import type { Identity } from "./keys.ts";
import { Outbox } from "./outbox.ts";
import type { Member, Roster } from "./roster.ts";
import type { ClientMessage, Relayed } from "./wire.ts";

export interface SenderOptions {
  readonly identity: Identity;
  readonly room: RoomId;
  readonly sid: Sid;
  readonly now: () => number;
  readonly roster: () => Roster;
  readonly isJoined: () => boolean;
  readonly relay: (payload: ClientMessage<"relay">) => Promise<Relayed>;
}

export class Sender {
  readonly #o: SenderOptions;
  readonly #outbox = new Outbox();
  #seq = 0;
  #hashed: { readonly of: Roster; readonly hash: Promise<string> } | undefined;

  constructor(options: SenderOptions) {
    this.#o = options;
  }

  /** `strict`: throws RECEIVER_GONE or SLOW_PEER where not all could be reached. Throws SIGNALING_AWAY, TOO_LARGE, … */
  async post(to: readonly Member[], message: Message, mid: string, strict: boolean): Promise<void> {
    const { identity, room, sid, now } = this.#o;
    if (!this.#o.isJoined()) throw new Refusal("SIGNALING_AWAY");
    const jwe = await seal({
      ...{ identity, room, from: sid, mid, message },
      to: to.map((m) => m.card),
      seq: ++this.#seq,
      nowMs: now(),
      rh: await this.#rosterHash(),
    });
    const sids = to.map((m) => m.sid);
    if (message.type === "chat") this.#outbox.add(mid, jwe, sids, now());
    try {
      const { gone, slow } = await this.#o.relay({ v: 1, to: sids, mid, jwe });
      if (strict && gone.length > 0) throw new Refusal("RECEIVER_GONE");
      if (strict && slow.length > 0) throw new Refusal("SLOW_PEER");
    } catch (thrown) {
      this.#outbox.drop(mid);
      throw thrown;
    }
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
