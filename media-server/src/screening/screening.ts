/** One screening as a value: who watches, who controls, where the film is. Pure: every step gives a new value. */
import type { ControlMode, ScreeningInfo } from "@loge/protocol/control";
import { Refusal } from "@loge/protocol/errors";
import type { Title } from "../library/title.ts";
import { type Clock, positionAt, runFrom, stopAt } from "./clock.ts";

export interface Screening {
  readonly id: string;
  readonly title: Title;
  readonly owner: string;
  readonly mode: ControlMode;
  readonly granted: readonly string[];
  /** Sids in the order of their coming: the longest-present one inherits. */
  readonly viewers: readonly string[];
  /** Stands while paused and while the first picture of a place is being made ("held"). */
  readonly clock: Clock;
  /** What people asked for: playing, though the clock may still be held. */
  readonly playing: boolean;
  readonly ended: boolean;
}

export interface Actor {
  readonly sid: string;
  readonly isHost: boolean;
}

export function createScreening(o: {
  id: string;
  title: Title;
  owner: string;
  mediaMs: number;
  playing: boolean;
  nowMs: number;
}): Screening {
  return {
    id: o.id,
    title: o.title,
    owner: o.owner,
    mode: "owner",
    granted: [],
    viewers: [o.owner],
    clock: stopAt(placeWithin(o.title, o.mediaMs), o.nowMs),
    playing: o.playing,
    ended: false,
  };
}

/** The nearest position that still has a picture. */
export const placeWithin = (title: Title, mediaMs: number): number =>
  Number.isFinite(mediaMs) ? Math.min(Math.max(0, mediaMs), Math.max(0, title.durationMs - 200)) : 0;

export const enter = (s: Screening, sid: string): Screening =>
  s.viewers.includes(sid) ? s : { ...s, viewers: [...s.viewers, sid] };

/** Undefined when nobody is left. The longest-present viewer becomes the owner. */
export function exit(s: Screening, sid: string): Screening | undefined {
  const viewers = s.viewers.filter((v) => v !== sid);
  const [heir] = viewers;
  if (heir === undefined) return undefined;
  return {
    ...s,
    viewers,
    owner: s.owner === sid ? heir : s.owner,
    granted: s.granted.filter((g) => g !== sid),
  };
}

export const mayControl = (s: Screening, actor: Actor): boolean =>
  actor.isHost ||
  s.owner === actor.sid ||
  s.mode === "everyone" ||
  (s.mode === "ask" && s.granted.includes(actor.sid));

/** Throws NOT_IN_CONTROL; the detail is the owner's sid, which clients show as a name. */
export function assertControl(s: Screening, actor: Actor): void {
  if (!mayControl(s, actor)) throw new Refusal("NOT_IN_CONTROL", s.owner);
}

export function assertOwner(s: Screening, actor: Actor): void {
  if (!actor.isHost && s.owner !== actor.sid) throw new Refusal("NOT_IN_CONTROL", s.owner);
}

export const pause = (s: Screening, nowMs: number): Screening => ({
  ...s,
  playing: false,
  clock: stopAt(Math.min(positionAt(s.clock, nowMs), s.title.durationMs), nowMs),
});

/**
 * Plays on from where it stands; a film that has ended begins again. `isShown`: somebody has the picture of the place, so the
 * clock may run; else it is held until the picture is there.
 */
export const resume = (s: Screening, isShown: boolean, nowMs: number): Screening => {
  if (s.ended) return { ...seek(s, 0, nowMs), playing: true };
  const clock = isShown ? runFrom(s.clock.mediaMs, nowMs) : s.clock;
  return { ...s, playing: true, clock };
};

/** The clock is held at the new place until its picture is there ({@link release}). */
export const seek = (s: Screening, toMs: number, nowMs: number): Screening => ({
  ...s,
  ended: false,
  clock: stopAt(placeWithin(s.title, toMs), nowMs),
});

/** Stands still because frames are missing, without anybody having paused. */
export const hold = (s: Screening, mediaMs: number, nowMs: number): Screening => ({
  ...s,
  clock: stopAt(mediaMs, nowMs),
});

/** The picture of the place is there: the clock runs if people want it to. */
export const release = (s: Screening, nowMs: number): Screening => ({
  ...s,
  clock: s.playing ? runFrom(s.clock.mediaMs, nowMs) : stopAt(s.clock.mediaMs, nowMs),
});

export const end = (s: Screening, nowMs: number): Screening => ({
  ...s,
  playing: false,
  ended: true,
  clock: stopAt(s.title.durationMs, nowMs),
});

export const setMode = (s: Screening, mode: ControlMode): Screening => ({
  ...s,
  mode,
  granted: mode === "ask" ? s.granted : [],
});
export const grant = (s: Screening, sid: string, allow: boolean): Screening => ({
  ...s,
  granted: allow ? [...new Set([...s.granted, sid])] : s.granted.filter((g) => g !== sid),
});

/** What everybody may know of it. */
export const infoOf = (s: Screening, nowMs: number): ScreeningInfo => ({
  screening: s.id,
  title: s.title.id,
  name: s.title.name,
  owner: s.owner,
  mode: s.mode,
  granted: [...s.granted],
  viewers: [...s.viewers],
  playing: s.playing && !s.ended,
  mediaMs: Math.max(0, Math.min(positionAt(s.clock, nowMs), s.title.durationMs)),
  durationMs: s.title.durationMs,
});
