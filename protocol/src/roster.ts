/** The members as this client believes them: verified cards, frozen while signaling is away. Pure. */
import type { IdentityId, Sid } from "./brands.ts";
import type { Card } from "./card.ts";
import type { LeaveReason } from "./wire.ts";

export interface Member {
  readonly sid: Sid;
  readonly id: IdentityId;
  readonly name: string;
  readonly card: Card;
  /** Missing from the newest full roster (signaling restarted); kept until {@link RETURN_GRACE_MS} is over. */
  readonly awaySinceMs: number | undefined;
}

export interface Roster {
  readonly epoch: number;
  readonly members: ReadonlyMap<Sid, Member>;
}

export interface RosterChange {
  readonly roster: Roster;
  readonly joined: readonly Member[];
  readonly left: readonly { readonly member: Member; readonly why: LeaveReason }[];
}

/** After a restart of signaling members return one by one; nobody is called gone before this is over. */
export const RETURN_GRACE_MS = 10_000;

export const emptyRoster: Roster = { epoch: 0, members: new Map() };

const memberOf = (card: Card): Member => ({
  sid: card.sid,
  id: card.id,
  name: card.name,
  card,
  awaySinceMs: undefined,
});

/** A whole roster arrived: members it lacks are kept as away for a while. */
export function replaceRoster(
  roster: Roster,
  epoch: number,
  cards: readonly Card[],
  nowMs: number,
): RosterChange {
  const members = new Map<Sid, Member>();
  const joined: Member[] = [];
  for (const card of cards) {
    const member = memberOf(card);
    members.set(card.sid, member);
    if (!roster.members.has(card.sid)) joined.push(member);
  }
  const back = new Set([...members.values()].map((m) => `${m.id}|${m.name}`));
  const left: { member: Member; why: LeaveReason }[] = [];
  for (const old of roster.members.values()) {
    if (members.has(old.sid)) continue;
    // the same person under a new sid (a reload) has replaced the old seat
    if (back.has(`${old.id}|${old.name}`)) left.push({ member: old, why: "replaced" });
    else members.set(old.sid, { ...old, awaySinceMs: old.awaySinceMs ?? nowMs });
  }
  return { roster: { epoch, members }, joined, left };
}

export interface RosterDelta {
  readonly epoch: number;
  readonly joins: readonly Card[];
  readonly leaves: readonly { readonly sid: string; readonly why: LeaveReason }[];
}

/** One delta; undefined where an epoch was missed and the whole roster has to be asked for. */
export function applyDelta(roster: Roster, delta: RosterDelta): RosterChange | undefined {
  if (delta.epoch !== roster.epoch + 1) return undefined;
  const members = new Map(roster.members);
  const left: { member: Member; why: LeaveReason }[] = [];
  for (const { sid, why } of delta.leaves) {
    const member = members.get(sid as Sid);
    if (member && members.delete(member.sid)) left.push({ member, why });
  }
  const joined: Member[] = [];
  for (const card of delta.joins) {
    const member = memberOf(card);
    if (!members.has(card.sid)) joined.push(member);
    for (const old of members.values()) {
      if (
        old.awaySinceMs === undefined ||
        old.sid === card.sid ||
        old.id !== card.id ||
        old.name !== card.name
      )
        continue;
      members.delete(old.sid);
      left.push({ member: old, why: "replaced" });
    }
    members.set(card.sid, member);
  }
  return { roster: { epoch: delta.epoch, members }, joined, left };
}

/** Ends the grace of those who did not return. */
export function expireAway(roster: Roster, nowMs: number): RosterChange {
  const members = new Map(roster.members);
  const left: { member: Member; why: LeaveReason }[] = [];
  for (const member of roster.members.values()) {
    if (member.awaySinceMs === undefined || nowMs - member.awaySinceMs < RETURN_GRACE_MS) continue;
    members.delete(member.sid);
    left.push({ member, why: "lost" });
  }
  return { roster: { epoch: roster.epoch, members }, joined: [], left };
}
