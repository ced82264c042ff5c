/**
 * What a screening does when its pumps report: the clock runs when the first picture of a place is there, waits when everybody
 * lacks frames, and the end is told to all who watch.
 */
import type { Height, Timeline } from "@loge/protocol/control";
import { type Refusal, toWireError } from "@loge/protocol/errors";
import type { Log } from "../log.ts";
import type { PumpEvents } from "../viewer/pump-events.ts";
import { positionAt } from "./clock.ts";
import type { Company } from "./company.ts";
import * as screenings from "./screening.ts";
import { type Seat, timelineOf } from "./seat.ts";

/** Renditions of one film may differ by a frame at the end; nobody waits longer for the others than this. */
const ENDING_GRACE_MS = 2000;

export class Conductor {
  readonly #company: Company;
  readonly #now: () => number;
  readonly #log: Log;
  readonly #endings = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(company: Company, now: () => number, log: Log) {
    this.#company = company;
    this.#now = now;
    this.#log = log;
  }

  /** Events of a pump, as long as `current` still gives its seat. */
  eventsFor(current: () => Seat | undefined): PumpEvents {
    const mine = (act: (seat: Seat) => void): void => {
      const seat = current();
      if (seat) act(seat);
    };
    return {
      ready: () => mine((seat) => this.#onReady(seat)),
      starved: (nextMs) => mine((seat) => this.#onStarved(seat, nextMs)),
      fed: () => mine((seat) => this.#onFed(seat)),
      behind: (nextMs) => mine((seat) => this.#onBehind(seat, nextMs)),
      switched: () => mine((seat) => this.timeline(seat, "height")),
      switchRefused: (error) => mine((seat) => this.#keepHeight(seat, error)),
      done: () => mine((seat) => this.#onDone(seat)),
      failed: (error) => mine((seat) => this.#fail(seat, error)),
    };
  }

  timeline(seat: Seat, cause: Timeline["cause"] = seat.cause): void {
    seat.viewer.event(timelineOf(seat, this.#company.screening(seat.screening), cause, this.#now()));
  }

  /** The end that was coming does not come: somebody sought or resumed. */
  keepOpen(id: string): void {
    clearTimeout(this.#endings.get(id));
    this.#endings.delete(id);
  }

  close(): void {
    for (const id of [...this.#endings.keys()]) this.keepOpen(id);
  }

  #onReady(seat: Seat): void {
    const screening = this.#company.screening(seat.screening);
    const held = screening.playing && !screening.clock.running;
    if (held) this.#company.set(screenings.release(screening, this.#now()));
    this.timeline(seat);
    seat.pump.go(this.#company.screening(seat.screening).clock);
  }

  /** Alone (or when everybody lacks frames) the film waits; else the others go on and this viewer catches up. */
  #onStarved(seat: Seat, nextMs: number): void {
    const seats = this.#company.seatsOf(seat.screening);
    if (!seats.every((s) => s.pump.starved || s.done)) return;
    const held = screenings.hold(this.#company.screening(seat.screening), nextMs, this.#now());
    this.#company.set(held, true);
    this.#log.info(
      { screening: held.id.slice(0, 6), mediaMs: Math.round(nextMs) },
      "holding: frames are missing",
    );
    for (const s of seats) s.pump.halt();
  }

  #onFed(seat: Seat): void {
    const screening = this.#company.screening(seat.screening);
    if (!screening.playing) return;
    if (screening.clock.running) {
      // somebody who came meanwhile has set the film going again
      this.timeline(seat, "recover");
      return seat.pump.go(screening.clock);
    }
    const released = screenings.release(screening, this.#now());
    this.#company.set(released, true);
    for (const s of this.#company.seatsOf(released.id)) {
      this.timeline(s, "recover");
      s.pump.go(released.clock);
    }
  }

  /** Alone the film has waited; in company the others went on, and what this viewer missed is left out. */
  #onBehind(seat: Seat, nextMs: number): void {
    const screening = this.#company.screening(seat.screening);
    const nowMs = this.#now();
    const lateMs = Math.round(positionAt(screening.clock, nowMs) - nextMs);
    this.#log.info({ screening: screening.id.slice(0, 6), lateMs }, "frames are late: the server was busy");
    if (this.#company.seatsOf(screening.id).length === 1) {
      const waited = screenings.release(screenings.hold(screening, nextMs, nowMs), nowMs);
      this.#company.set(waited, true);
      this.timeline(seat, "recover");
      return seat.pump.go(waited.clock);
    }
    seat.cause = "recover";
    seat.pump.place(screenings.placeWithin(screening.title, positionAt(screening.clock, nowMs)));
  }

  #keepHeight(seat: Seat, error: Refusal): void {
    seat.height = seat.pump.rendition.height as Height;
    seat.viewer.event({ type: "notice", error: toWireError(error) });
  }

  #onDone(seat: Seat): void {
    seat.done = true;
    const { screening: id } = seat;
    if (this.#company.seatsOf(id).every((s) => s.done)) return this.#end(id);
    if (!this.#endings.has(id))
      this.#endings.set(
        id,
        setTimeout(() => this.#end(id), ENDING_GRACE_MS),
      );
  }

  #end(id: string): void {
    this.keepOpen(id);
    const screening = this.#company.find(id);
    if (!screening || screening.ended) return;
    const { title } = screening;
    this.#company.set(screenings.end(screening, this.#now()));
    for (const { pump, viewer } of this.#company.seatsOf(id)) {
      pump.halt();
      viewer.event({
        type: "ended",
        screening: id,
        title: title.id,
        mediaMs: title.durationMs,
        frames: pump.frames,
      });
    }
  }

  #fail(seat: Seat, refusal: Refusal): void {
    const { screening, viewer } = seat;
    this.#log.warn(
      { screening: screening.slice(0, 6), code: refusal.code },
      "screening stopped for a viewer",
    );
    this.#company.leave(viewer.sid);
    viewer.event({ type: "stopped", screening, error: toWireError(refusal) });
  }
}
