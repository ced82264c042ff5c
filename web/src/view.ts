/** What the page shows, as values: the room's state and the pure functions that derive from it. */
import type { IdentityId, Sid } from "@loge/protocol/brands";
import type { ControlMode, Height, ScreeningInfo, TitleInfo } from "@loge/protocol/control";
import type { WireError } from "@loge/protocol/errors";
import type { LinkState } from "@loge/protocol/link";
import type { Member, SessionState } from "@loge/protocol/session";
import type { Watch } from "@loge/protocol/watch";

export interface Line {
  readonly mid: string;
  readonly tsMs: number;
  readonly from: { readonly sid: string; readonly id: IdentityId; readonly name: string };
  readonly isMine: boolean;
  readonly text: string;
  /** Name of the one receiver; undefined: to everyone. */
  readonly to: string | undefined;
  /** How many it was sealed to; only for own lines. */
  readonly receivers: number;
}

export interface Library {
  /** Undefined until its first page came. */
  readonly version: number | undefined;
  readonly titles: readonly TitleInfo[];
  readonly problem: WireError | undefined;
}

export interface RoomView {
  readonly session: SessionState;
  readonly link: LinkState;
  readonly linkError: WireError | undefined;
  /** The last attempt to reach signaling failed. */
  readonly unreachable: boolean;
  readonly members: readonly Member[];
  readonly media: Member | undefined;
  readonly library: Library;
  readonly screenings: readonly ScreeningInfo[];
  readonly watch: Watch | undefined;
  readonly stream: MediaStream | undefined;
  /** Where a seek is under way to. */
  readonly seekingToMs: number | undefined;
  /** Chosen by the person; undefined: each title's usual. */
  readonly height: Height | undefined;
  readonly lines: readonly Line[];
  /** Who has acknowledged a line, by its mid. */
  readonly receipts: ReadonlyMap<string, ReadonlySet<string>>;
  /** Members that ask this one, the owner, for control. */
  readonly asking: readonly Sid[];
  readonly hasAsked: boolean;
  readonly alert: WireError | undefined;
  /** Who came and went last; shown for a moment. */
  readonly toast: { readonly joined: readonly string[]; readonly left: readonly string[] } | undefined;
}

export const emptyView: RoomView = {
  session: { kind: "connecting" },
  link: "connecting",
  linkError: undefined,
  unreachable: false,
  members: [],
  media: undefined,
  library: { version: undefined, titles: [], problem: undefined },
  screenings: [],
  watch: undefined,
  stream: undefined,
  seekingToMs: undefined,
  height: undefined,
  lines: [],
  receipts: new Map(),
  asking: [],
  hasAsked: false,
  alert: undefined,
  toast: undefined,
};

/** Lines kept on screen; a room that talks for days must not grow for ever. */
const MAX_LINES = 2000;

export const addLine = (lines: readonly Line[], line: Line): readonly Line[] =>
  [...lines, line].slice(-MAX_LINES);

export function addReceipt(
  receipts: RoomView["receipts"],
  mid: string,
  from: string,
): ReadonlyMap<string, ReadonlySet<string>> {
  const entry = new Set(receipts.get(mid)).add(from);
  return new Map([...receipts, [mid, entry] as const].slice(-MAX_LINES));
}

/** Heights in the order people expect: Source, then the highest first. */
export function sortHeights(heights: Iterable<Height>): readonly Height[] {
  const rank = (height: Height): number => (height === "source" ? Number.POSITIVE_INFINITY : height);
  return [...new Set(heights)].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a)));
}

/** What a title is played at, given what the person chose before. */
export function heightFor(title: TitleInfo, chosen: Height | undefined): Height {
  if (chosen === undefined) return title.usual;
  if (title.heights.includes(chosen)) return chosen;
  if (chosen === "source") return title.usual;
  const lower = sortHeights(title.heights).find((height) => height !== "source" && height < chosen);
  return lower ?? title.usual;
}

/** Options and value of the resolution list: of the title that is on, else of the whole library. */
export function resolutions(view: RoomView): { options: readonly Height[]; value: Height } {
  const line = view.watch?.line;
  const playable = view.library.titles.filter((title) => title.problem === undefined);
  const on = line && playable.find((title) => title.title === line.title);
  if (line) return { options: sortHeights([...(on?.heights ?? []), line.height]), value: line.height };
  const options = sortHeights(["source", ...playable.flatMap((title) => title.heights)]);
  const usual =
    sortHeights(playable.map((title) => title.usual)).find((height) => height !== "source") ?? "source";
  const value = view.height ?? usual;
  return { options: options.includes(value) ? options : sortHeights([...options, value]), value };
}

export const screeningOf = (view: RoomView, sid: string): ScreeningInfo | undefined =>
  view.screenings.find((screening) => screening.viewers.includes(sid));

export const nameOf = (view: RoomView, sid: string | undefined): string | undefined =>
  view.members.find((member) => member.sid === sid)?.name;

export const titleName = (view: RoomView): string => {
  const line = view.watch?.line;
  if (!line) return "";
  const screening = view.screenings.find((each) => each.screening === line.screening);
  return screening?.name ?? view.library.titles.find((each) => each.title === line.title)?.name ?? "";
};

/** What this member may do with the screening on screen. The media server decides; this only chooses the words. */
export interface Rights {
  readonly mode: ControlMode;
  readonly owner: string;
  readonly isOwner: boolean;
  readonly mayControl: boolean;
}

export function rightsOf(view: RoomView, me: string, isHost: boolean): Rights | undefined {
  const line = view.watch?.line;
  const screening = line && view.screenings.find((each) => each.screening === line.screening);
  if (!screening) return undefined;
  const isOwner = screening.owner === me;
  const mayControl = isHost || isOwner || screening.mode === "everyone" || screening.granted.includes(me);
  return { mode: screening.mode, owner: screening.owner, isOwner, mayControl };
}

export type Playback = "idle" | "connecting" | "reconnecting" | "playing" | "paused" | "ended";

export function playbackOf(view: RoomView): Playback {
  const { watch } = view;
  if (watch?.phase === "ended") return "ended";
  if (view.link !== "open") {
    if (watch || view.link === "lost") return "reconnecting";
    return view.media ? "connecting" : "idle";
  }
  if (!watch) return "idle";
  if (watch.frozen) return "reconnecting";
  return watch.line.playing ? "playing" : "paused";
}

/** The media server names people by their sid; a person knows them by name. */
export function readable(error: WireError, view: RoomView): WireError {
  if (error.detail === undefined || !/^[A-Za-z0-9_-]{22}$/.test(error.detail)) return error;
  const name = nameOf(view, error.detail);
  return name === undefined ? { code: error.code } : { code: error.code, detail: name };
}

/** A stable colour for an identity or a title, as a hue in degrees (FNV-1a, so that neighbours differ). */
export function hueOf(id: string): number {
  let hash = 0x811c9dc5;
  for (const letter of id) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  return ((hash ^ (hash >>> 15)) >>> 0) % 360;
}

export function initialsOf(name: string): string {
  const words = name.split(" ").filter((word) => /\p{L}|\p{Nd}/u.test(word));
  const first = (word: string | undefined): string => [...(word ?? "")][0] ?? "";
  return (first(words[0] ?? name) + first(words.length > 1 ? words.at(-1) : undefined)).toLocaleUpperCase();
}
