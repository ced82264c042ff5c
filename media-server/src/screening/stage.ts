/**
 * The stage: all screenings and who sits in them. Takes viewers' commands, steps the pure screening, and moves the pumps
 * after it. A viewer watches one screening at a time; a screening without viewers is closed at once.
 */
import type { Command, ControlEvent, Height, ScreeningInfo, Timeline } from "@loge/protocol/control";
import { Refusal, toWireError } from "@loge/protocol/errors";
import { renditionSize } from "../encode/size.ts";
import type { VideoCodec } from "../gop/frame.ts";
import type { GopStore } from "../gop/store.ts";
import type { Title } from "../library/title.ts";
import type { Log } from "../log.ts";
import type { MediaOut } from "../send/media-out.ts";
import { chooseRendition } from "../viewer/choose.ts";
import { Pump } from "../viewer/pump.ts";
import { type RtpLine, ticks32 } from "../viewer/rtp-line.ts";
import { positionAt, wallAt } from "./clock.ts";
import * as screenings from "./screening.ts";
import type { Screening } from "./screening.ts";

/** A viewer as the stage needs it. */
export interface StageViewer {
  readonly sid: string;
  readonly codecs: readonly VideoCodec[];
  readonly media: MediaOut;
  readonly line: RtpLine;
  isHost: boolean;
  event(event: ControlEvent): void;
}

interface Seat {
  readonly viewer: StageViewer;
  readonly pump: Pump;
  readonly screening: string;
  height: Height;
  epoch: number;
  starved: boolean;
  done: boolean;
  /** Cause of the next timeline, until it is sent. */
  cause: Timeline["cause"];
  by: string | undefined;
}

export interface StageOptions {
  readonly titleOf: (id: string) => Title | undefined;
  readonly store: GopStore;
  readonly newId: () => string;
  readonly now: () => number;
  readonly log: Log;
  /** All screenings, whenever one changed. */
  readonly changed: (infos: readonly ScreeningInfo[]) => void;
}

const MAX_SCREENINGS = 64;
const ENDING_GRACE_MS = 2000;

export class Stage {
  readonly #o: StageOptions;
  readonly #screenings = new Map<string, Screening>();
  readonly #seats = new Map<string, Seat>();
  readonly #endings = new Map<string, ReturnType<typeof setTimeout>>();
  #announcing = false;

  constructor(options: StageOptions) {
    this.#o = options;
  }

  infos(): readonly ScreeningInfo[] {
    const nowMs = this.#o.now();
    return [...this.#screenings.values()].map((s) => ({
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
    }));
  }

  /** Does what a viewer asked. Throws a Refusal, and then nothing has changed. */
  command(viewer: StageViewer, cmd: Exclude<Command, { type: "host" }>): { screening?: string } {
    const nowMs = this.#o.now();
    switch (cmd.type) {
      case "play":
        return this.#start(viewer, this.#o.newId(), cmd.title, cmd.height, cmd.atMs ?? 0, true, "play");
      case "join":
        return this.#join(viewer, this.#existing(cmd.screening), cmd.height, "join");
      case "restore": {
        const standing = this.#screenings.get(cmd.screening);
        if (standing) return this.#join(viewer, standing, cmd.height, "restore");
        return this.#start(viewer, cmd.screening, cmd.title, cmd.height, cmd.mediaMs, cmd.playing, "restore");
      }
      case "stop":
        this.leave(viewer.sid);
        return {};
      case "height":
        return this.#switch(viewer, cmd.height);
      case "pause":
        return this.#control(viewer, (s) => (s.playing ? screenings.pause(s, nowMs) : s), "pause");
      case "resume":
        return this.#control(viewer, (s) => (s.playing ? s : screenings.resume(s, nowMs)), "resume");
      case "seek":
        return this.#control(viewer, (s) => screenings.seek(s, cmd.toMs, nowMs), "seek");
      case "mode":
        return this.#own(viewer, (s) => screenings.setMode(s, cmd.mode));
      case "grant":
        return this.#own(viewer, (s) => screenings.grant(s, cmd.sid, cmd.allow));
      case "ask": {
        const { screening } = this.#seatOf(viewer);
        const owner = this.#seats.get(this.#existing(screening).owner);
        owner?.viewer.event({ type: "asked", sid: viewer.sid });
        return {};
      }
    }
  }

  /** The viewer watches nothing any more; idempotent. */
  leave(sid: string): void {
    const seat = this.#seats.get(sid);
    if (!seat) return;
    this.#seats.delete(sid);
    seat.pump.close();
    const screening = this.#screenings.get(seat.screening);
    const rest = screening && screenings.exit(screening, sid);
    if (rest) this.#screenings.set(rest.id, rest);
    else {
      this.#screenings.delete(seat.screening);
      clearTimeout(this.#endings.get(seat.screening));
      this.#endings.delete(seat.screening);
      this.#o.log.info({ screening: seat.screening.slice(0, 6) }, "screening closed: nobody watches");
    }
    this.#announce();
  }

  /** The picture of this viewer is broken: send its key frame again. */
  refresh(sid: string): void {
    this.#seats.get(sid)?.pump.refresh();
  }

  close(): void {
    for (const sid of [...this.#seats.keys()]) this.leave(sid);
  }

  #start(viewer: StageViewer, id: string, titleId: string, height: Height, atMs: number, playing: boolean, cause: Timeline["cause"]) {
    const title = this.#o.titleOf(titleId);
    if (!title) throw new Refusal("TITLE_GONE");
    if (this.#screenings.size >= MAX_SCREENINGS) throw new Refusal("RATE_LIMITED", `${MAX_SCREENINGS} screenings`);
    const rendition = chooseRendition(title, height, viewer.codecs);
    const nowMs = this.#o.now();
    const screening = screenings.createScreening({ id, title, owner: viewer.sid, mediaMs: atMs, playing, nowMs });
    const seat = this.#sit(viewer, screening, height, rendition, cause);
    this.#screenings.set(id, screening);
    this.#seats.set(viewer.sid, seat);
    this.#o.log.info({ screening: id.slice(0, 6), height, codec: rendition.codec, copy: rendition.copy }, "screening opened");
    this.#announce();
    return { screening: id };
  }

  #join(viewer: StageViewer, screening: Screening, height: Height, cause: Timeline["cause"]) {
    const before = this.#seats.get(viewer.sid);
    if (before?.screening === screening.id) return { screening: screening.id };
    const rendition = chooseRendition(screening.title, height, viewer.codecs);
    const seat = this.#sit(viewer, screening, height, rendition, cause);
    this.#seats.set(viewer.sid, seat);
    this.#set(screenings.enter(this.#existing(screening.id), viewer.sid));
    return { screening: screening.id };
  }

  /** Makes the new pump first: if the store refuses, the viewer stays where they were. */
  #sit(viewer: StageViewer, s: Screening, height: Height, rendition: Parameters<Pump["switchTo"]>[0], cause: Timeline["cause"]): Seat {
    const { store, now } = this.#o;
    const atMs = screenings.placeWithin(s.title, positionAt(s.clock, now()));
    const { sid, media, line } = viewer;
    const mine = (act: (seat: Seat) => void) => (): void => {
      const seat = this.#seats.get(sid);
      if (seat?.pump === pump) act(seat);
    };
    const pump = new Pump({
      store,
      title: s.title,
      rendition,
      atMs,
      media,
      line,
      now,
      instead: this.#seats.get(sid)?.pump,
      events: {
        ready: mine((seat) => this.#onReady(seat)),
        starved: (nextMs) => mine((seat) => this.#onStarved(seat, nextMs))(),
        fed: mine((seat) => this.#onFed(seat)),
        behind: mine((seat) => this.#rejoin(seat)),
        switched: mine((seat) => this.#timeline(seat, "height")),
        switchRefused: (error) => mine((seat) => viewer.event({ type: "notice", error: toWireError(this.#undoHeight(seat, error)) }))(),
        done: mine((seat) => this.#onDone(seat)),
        failed: (error) => mine(() => this.#fail(sid, s.id, error))(),
      },
    });
    if (pump.error) {
      const refused = pump.error;
      pump.close();
      throw refused;
    }
    this.leave(sid);
    return { viewer, pump, screening: s.id, height, epoch: 0, starved: false, done: false, cause, by: sid };
  }

  #control(viewer: StageViewer, step: (s: Screening) => Screening, cause: "pause" | "resume" | "seek") {
    const { screening: id } = this.#seatOf(viewer);
    const before = this.#existing(id);
    screenings.assertControl(before, viewer);
    const after = step(before);
    if (after === before) return {};
    clearTimeout(this.#endings.get(id));
    this.#endings.delete(id);
    this.#screenings.set(id, after);
    const moved = cause === "seek" || before.ended;
    for (const seat of this.#seatsOf(id)) {
      seat.cause = cause;
      seat.by = viewer.sid;
      seat.starved = false;
      seat.done = false;
      if (moved) seat.pump.place(after.clock.mediaMs);
      else {
        this.#timeline(seat);
        seat.pump.go(after.clock);
      }
    }
    this.#announce();
    return {};
  }

  #own(viewer: StageViewer, step: (s: Screening) => Screening) {
    const screening = this.#existing(this.#seatOf(viewer).screening);
    screenings.assertOwner(screening, viewer);
    this.#set(step(screening));
    return {};
  }

  #switch(viewer: StageViewer, height: Height) {
    const seat = this.#seatOf(viewer);
    const { title } = this.#existing(seat.screening);
    const rendition = chooseRendition(title, height, viewer.codecs);
    seat.height = height;
    seat.cause = "height";
    seat.by = viewer.sid;
    seat.pump.switchTo(rendition);
    return {};
  }

  #undoHeight(seat: Seat, error: Refusal): Refusal {
    seat.height = seat.pump.rendition.height as Height;
    return error;
  }

  #onReady(seat: Seat): void {
    const screening = this.#existing(seat.screening);
    const nowMs = this.#o.now();
    const held = screening.playing && !screening.clock.running;
    if (held) this.#screenings.set(screening.id, screenings.release(screening, nowMs));
    const { clock } = this.#existing(seat.screening);
    this.#timeline(seat);
    seat.pump.go(clock);
    if (held) this.#announce();
  }

  /** Alone (or when everybody lacks frames) the film waits; else the others go on and this viewer catches up. */
  #onStarved(seat: Seat, nextMs: number): void {
    seat.starved = true;
    const seats = this.#seatsOf(seat.screening);
    if (!seats.every((s) => s.starved || s.done)) return;
    const screening = screenings.hold(this.#existing(seat.screening), nextMs, this.#o.now());
    this.#screenings.set(screening.id, screening);
    this.#o.log.info({ screening: screening.id.slice(0, 6), mediaMs: Math.round(nextMs) }, "holding: frames are missing");
    for (const s of seats) s.pump.halt();
  }

  #onFed(seat: Seat): void {
    const screening = this.#existing(seat.screening);
    seat.starved = false;
    if (screening.clock.running || !screening.playing) return;
    const released = screenings.release(screening, this.#o.now());
    this.#screenings.set(released.id, released);
    for (const s of this.#seatsOf(released.id)) {
      s.starved = false;
      this.#timeline(s, "recover");
      s.pump.go(released.clock);
    }
  }

  #rejoin(seat: Seat): void {
    const { clock, title } = this.#existing(seat.screening);
    seat.cause = "recover";
    seat.pump.place(screenings.placeWithin(title, positionAt(clock, this.#o.now())));
  }

  #onDone(seat: Seat): void {
    seat.done = true;
    const { screening: id } = seat;
    if (this.#seatsOf(id).every((s) => s.done)) return this.#end(id);
    // renditions of one film may differ by a frame at the end; nobody waits longer for the others than this
    if (!this.#endings.has(id)) this.#endings.set(id, setTimeout(() => this.#end(id), ENDING_GRACE_MS));
  }

  #end(id: string): void {
    clearTimeout(this.#endings.get(id));
    this.#endings.delete(id);
    const screening = this.#screenings.get(id);
    if (!screening || screening.ended) return;
    this.#screenings.set(id, screenings.end(screening, this.#o.now()));
    for (const seat of this.#seatsOf(id)) {
      seat.pump.halt();
      const { title } = screening;
      seat.viewer.event({ type: "ended", screening: id, title: title.id, mediaMs: title.durationMs, frames: seat.pump.frames });
    }
    this.#announce();
  }

  #fail(sid: string, screening: string, refusal: Refusal): void {
    this.#o.log.warn({ screening: screening.slice(0, 6), code: refusal.code }, "screening stopped for a viewer");
    const viewer = this.#seats.get(sid)?.viewer;
    this.leave(sid);
    viewer?.event({ type: "stopped", screening, error: toWireError(refusal) });
  }

  #timeline(seat: Seat, cause: Timeline["cause"] = seat.cause): void {
    const { title, clock, id } = this.#existing(seat.screening);
    const nowMs = this.#o.now();
    const wallMs = clock.running ? wallAt(clock, clock.mediaMs) : nowMs;
    const { rendition } = seat.pump;
    const size = renditionSize(title.video ?? { width: 0, height: 0 }, rendition.height);
    const picture = rendition.copy && title.video ? title.video : size;
    seat.viewer.event({
      type: "timeline",
      epoch: ++seat.epoch,
      screening: id,
      title: title.id,
      rtpVideo: ticks32(seat.viewer.line.video(wallMs)),
      rtpAudio: ticks32(seat.viewer.line.audio(wallMs)),
      mediaMs: clock.mediaMs,
      durationMs: title.durationMs,
      rate: 1,
      playing: clock.running,
      height: seat.height,
      width: picture.width,
      lines: picture.height,
      codec: rendition.codec,
      cause,
      ...(seat.by === undefined || cause === "recover" ? {} : { by: seat.by }),
    });
  }

  #existing(id: string): Screening {
    const screening = this.#screenings.get(id);
    if (!screening) throw new Refusal("NO_SUCH_SCREENING");
    return screening;
  }

  #seatOf(viewer: StageViewer): Seat {
    const seat = this.#seats.get(viewer.sid);
    if (!seat) throw new Refusal("NOT_WATCHING");
    return seat;
  }

  #seatsOf(id: string): readonly Seat[] {
    return [...this.#seats.values()].filter((seat) => seat.screening === id);
  }

  #set(screening: Screening): void {
    this.#screenings.set(screening.id, screening);
    this.#announce();
  }

  /** Several changes of one turn are told once. */
  #announce(): void {
    if (this.#announcing) return;
    this.#announcing = true;
    queueMicrotask(() => {
      this.#announcing = false;
      this.#o.changed(this.infos());
    });
  }
}
