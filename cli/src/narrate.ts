/** What happens in the room, as short lines. Pure. */
import type { Sid } from "@loge/protocol/brands";
import { keyTag } from "@loge/protocol/card";
import type { ScreeningInfo, Timeline } from "@loge/protocol/control";
import type { Member } from "@loge/protocol/session";
import type { LeaveReason } from "@loge/protocol/wire";
import { screeningOf } from "./lookup.ts";
import { clock, heightName, printable } from "./words.ts";

export function arrivalLine(own: string, others: readonly Member[]): string {
  if (others.length === 0) return `joined as ${own}; nobody else is here yet`;
  return `joined as ${own}; here: ${others.map((member) => member.name).join(", ")}`;
}

export const askedLine = (name: string): string => `${name} asks for control: grant ${name}, or deny ${name}`;

/** Comings and goings; nothing is said of the same person on another connection. Notes tell of the media server. */
export function rosterLines(
  joined: readonly Member[],
  left: readonly { readonly member: Member; readonly why: LeaveReason }[],
  media: string,
): { readonly lines: readonly string[]; readonly notes: readonly string[] } {
  const gone = left.filter(({ why }) => why !== "replaced");
  const replaced = new Set(left.filter(({ why }) => why === "replaced").map(({ member }) => member.name));
  const lines: string[] = [];
  const notes: string[] = [];
  for (const member of joined) {
    if (member.id === media) notes.push("the media server is here");
    else if (!replaced.has(member.name)) lines.push(`${member.name} joined`);
  }
  for (const { member, why } of gone) {
    if (member.id === media) notes.push("the media server has left");
    else lines.push(why === "lost" ? `${member.name} lost the connection` : `${member.name} left`);
  }
  return { lines, notes };
}

/** A new timeline in words; undefined for those that only keep the clock right. */
export function timelineLine(line: Timeline, title: string, by: string | undefined): string | undefined {
  const at = clock(line.mediaMs);
  const who = by === undefined ? "" : ` (${by})`;
  const picture = line.width > 0 ? `${line.width}x${line.lines} ${line.codec}` : "sound only";
  switch (line.cause) {
    case "play":
      return `playing ${title}: ${clock(line.durationMs)}, ${heightName(line.height)}, ${picture}`;
    case "join":
      return `watching ${title} from ${at}: ${heightName(line.height)}, ${picture}${line.playing ? "" : ", paused"}`;
    case "pause":
      return `paused at ${at}${who}`;
    case "resume":
      return `playing on from ${at}${who}`;
    case "seek":
      return `now at ${at}${who}`;
    case "height":
      return `now ${heightName(line.height)}, ${picture}`;
    case "restore":
      return `the film is back at ${at}`;
    case "recover":
      return undefined;
  }
}

/** Screenings that others began since the last list. */
export function newScreeningLines(
  before: readonly ScreeningInfo[],
  after: readonly ScreeningInfo[],
  self: Sid,
  nameOf: (sid: string) => string | undefined,
): readonly string[] {
  const known = new Set(before.map((screening) => screening.screening));
  const lines: string[] = [];
  for (const screening of after) {
    if (known.has(screening.screening) || screening.owner === self || screening.viewers.includes(self))
      continue;
    const owner = nameOf(screening.owner);
    if (owner !== undefined)
      lines.push(`${owner} plays ${printable(screening.name)} (join ${owner} to watch along)`);
  }
  return lines;
}

export interface PeopleOptions {
  readonly members: Iterable<Member>;
  readonly self: Sid;
  readonly media: string;
  readonly screenings: readonly ScreeningInfo[];
}

/** One line per member: name, key tag, what they watch. */
export function peopleLines(o: PeopleOptions): readonly string[] {
  const members = [...o.members].sort((a, b) => a.name.localeCompare(b.name));
  const width = Math.max(0, ...members.map((member) => member.name.length));
  return members.map((member) => {
    const parts = [`${member.name.padEnd(width)}  ${keyTag(member.id)}`];
    if (member.sid === o.self) parts.push("you");
    if (member.id === o.media) parts.push("the media server");
    if (member.awaySinceMs !== undefined) parts.push("away");
    const screening = screeningOf(o.screenings, member.sid);
    if (screening) {
      const state = screening.playing ? "" : ", paused";
      const role = screening.owner === member.sid ? `, mode ${screening.mode}` : "";
      parts.push(`watches ${printable(screening.name)} at ${clock(screening.mediaMs)}${state}${role}`);
    }
    return parts.join("  ");
  });
}

/** What `verify` says: the twelve groups, both key tags, and what to do with them. */
export function safetyLines(self: Member, other: Member, groups: readonly string[]): readonly string[] {
  const width = Math.max(self.name.length, other.name.length);
  return [
    `safety number of ${self.name} and ${other.name}:`,
    ...[0, 4, 8].map((at) => `  ${groups.slice(at, at + 4).join(" ")}`),
    `  ${self.name.padEnd(width)}  ${keyTag(self.id)}  you`,
    `  ${other.name.padEnd(width)}  ${keyTag(other.id)}`,
    `Read it to each other on the phone or side by side, not in this room; ${other.name} finds it under your name.`,
    "The same digits: you have each other's true keys. Others: write nothing private, and tell the host.",
  ];
}
