/**
 * The stage: all screenings and who sits in them. Takes viewers' commands, steps the pure screening, and moves the pumps
 * after it. A viewer watches one screening at a time; a screening without viewers is closed at once.
 */
import type { Command, Height, ScreeningInfo, Timeline } from "@loge/protocol/control";
import { Refusal } from "@loge/protocol/errors";
import type { Rendition } from "../gop/frame.ts";
import type { GopStore } from "../gop/store.ts";
import type { Title } from "../library/title.ts";
import type { Log } from "../log.ts";
import { chooseRendition } from "../viewer/choose.ts";
import { Pump } from "../viewer/pump.ts";
import { positionAt } from "./clock.ts";
import { Company } from "./company.ts";
import { Conductor } from "./conductor.ts";
import type { Screening } from "./screening.ts";
import * as screenings from "./screening.ts";
import type { Seat, StageViewer } from "./seat.ts";

export type { StageViewer } from "./seat.ts";

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

export class Stage {
  readonly #o: StageOptions;
  readonly #company: Company;
  readonly #conductor: Conductor;

  constructor(options: StageOptions) {
    this.#o = options;
    this.#company = new Company(options);
    this.#conductor = new Conductor(this.#company, options.now, options.log);
  }

  infos(): readonly ScreeningInfo[] {
    return this.#company.infos();
  }

  /** Does what a viewer asked. Throws a Refusal, and then nothing has changed. */
  command(viewer: StageViewer, cmd: Exclude<Command, { type: "host" }>): { screening?: string } {
    const nowMs = this.#o.now();
    switch (cmd.type) {
      case "play":
        return this.#start(viewer, this.#o.newId(), cmd.title, cmd.height, cmd.atMs ?? 0, true, "play");
      case "join":
        return this.#join(viewer, this.#company.screening(cmd.screening), cmd.height, "join");
      case "restore": {
        const standing = this.#company.find(cmd.screening);
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
        return this.#control(
          viewer,
          (s) => (s.playing ? s : screenings.resume(s, this.#isShown(s.id), nowMs)),
          "resume",
        );
      case "seek":
        return this.#control(viewer, (s) => screenings.seek(s, cmd.toMs, nowMs), "seek");
      case "mode":
        return this.#own(viewer, (s) => screenings.setMode(s, cmd.mode));
      case "grant":
        return this.#own(viewer, (s) => screenings.grant(s, cmd.sid, cmd.allow));
      case "ask": {
        const { screening } = this.#company.seatOf(viewer);
        const owner = this.#company.seat(this.#company.screening(screening).owner);
        owner?.viewer.event({ type: "asked", sid: viewer.sid });
        return {};
      }
    }
  }

  /** The viewer watches nothing any more; idempotent. */
  leave(sid: string): void {
    this.#company.leave(sid);
  }

  /** The picture of this viewer is broken: send its key frame again. */
  refresh(sid: string): void {
    this.#company.seat(sid)?.pump.refresh();
  }

  close(): void {
    this.#conductor.close();
    for (const sid of this.#company.sids) this.leave(sid);
  }

  #start(
    viewer: StageViewer,
    id: string,
    titleId: string,
    height: Height,
    atMs: number,
    playing: boolean,
    cause: Timeline["cause"],
  ) {
    const title = this.#o.titleOf(titleId);
    if (!title) throw new Refusal("TITLE_GONE");
    if (this.#company.size >= MAX_SCREENINGS)
      throw new Refusal("RATE_LIMITED", `${MAX_SCREENINGS} screenings`);
    const rendition = chooseRendition(title, height, viewer.codecs);
    const nowMs = this.#o.now();
    const screening = screenings.createScreening({
      id,
      title,
      owner: viewer.sid,
      mediaMs: atMs,
      playing,
      nowMs,
    });
    const seat = this.#sit(viewer, screening, height, rendition, cause);
    this.#company.sit(seat, screening);
    this.#o.log.info(
      { screening: id.slice(0, 6), height, codec: rendition.codec, copy: rendition.copy },
      "screening opened",
    );
    return { screening: id };
  }

  #join(viewer: StageViewer, screening: Screening, height: Height, cause: Timeline["cause"]) {
    const before = this.#company.seat(viewer.sid);
    if (before?.screening === screening.id) return { screening: screening.id };
    const rendition = chooseRendition(screening.title, height, viewer.codecs);
    const seat = this.#sit(viewer, screening, height, rendition, cause);
    this.#company.sit(seat, screenings.enter(this.#company.screening(screening.id), viewer.sid));
    return { screening: screening.id };
  }

  /** Makes the new pump first: if the store refuses, the viewer stays where they were. */
  #sit(
    viewer: StageViewer,
    s: Screening,
    height: Height,
    rendition: Rendition,
    cause: Timeline["cause"],
  ): Seat {
    const { store, now } = this.#o;
    const atMs = screenings.placeWithin(s.title, positionAt(s.clock, now()));
    const { sid, media, line } = viewer;
    const mine = (): Seat | undefined => {
      const seat = this.#company.seat(sid);
      return seat?.pump === pump ? seat : undefined;
    };
    const pump = new Pump({
      store,
      title: s.title,
      rendition,
      atMs,
      media,
      line,
      now,
      instead: this.#company.seat(sid)?.pump,
      events: this.#conductor.eventsFor(mine),
    });
    if (pump.error) {
      const refused = pump.error;
      pump.close();
      throw refused;
    }
    this.leave(sid);
    return { viewer, pump, screening: s.id, height, epoch: 0, done: false, cause, by: sid };
  }

  #control(viewer: StageViewer, step: (s: Screening) => Screening, cause: "pause" | "resume" | "seek") {
    const { screening: id } = this.#company.seatOf(viewer);
    const before = this.#company.screening(id);
    screenings.assertControl(before, viewer);
    const after = step(before);
    if (after === before) return {};
    this.#conductor.keepOpen(id);
    this.#company.set(after);
    const moved = cause === "seek" || before.ended;
    for (const seat of this.#company.seatsOf(id)) {
      seat.cause = cause;
      seat.by = viewer.sid;
      seat.done = false;
      if (moved) seat.pump.place(after.clock.mediaMs);
      else if (!seat.pump.placing) {
        this.#conductor.timeline(seat);
        seat.pump.go(after.clock);
      }
    }
    return {};
  }

  #isShown(id: string): boolean {
    return this.#company.seatsOf(id).some((seat) => !seat.pump.placing);
  }

  #own(viewer: StageViewer, step: (s: Screening) => Screening) {
    const screening = this.#company.screening(this.#company.seatOf(viewer).screening);
    screenings.assertOwner(screening, viewer);
    this.#company.set(step(screening));
    return {};
  }

  #switch(viewer: StageViewer, height: Height) {
    const seat = this.#company.seatOf(viewer);
    const { title } = this.#company.screening(seat.screening);
    const rendition = chooseRendition(title, height, viewer.codecs);
    seat.height = height;
    seat.cause = "height";
    seat.by = viewer.sid;
    seat.pump.switchTo(rendition);
    return {};
  }
}
