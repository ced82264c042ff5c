/**
 * Who sits where: all screenings and seats of the house. A viewer sits in one screening at a time; a screening without viewers is
 * gone at once; every change is told to everybody, several changes of one turn once.
 */
import type { ScreeningInfo } from "@loge/protocol/control";
import { Refusal } from "@loge/protocol/errors";
import type { Log } from "../log.ts";
import type { Screening } from "./screening.ts";
import * as screenings from "./screening.ts";
import type { Seat } from "./seat.ts";

export interface CompanyOptions {
  readonly now: () => number;
  readonly log: Log;
  /** All screenings, whenever one changed. */
  readonly changed: (infos: readonly ScreeningInfo[]) => void;
}

export class Company {
  readonly #o: CompanyOptions;
  readonly #screenings = new Map<string, Screening>();
  readonly #seats = new Map<string, Seat>();
  #announcing = false;

  constructor(options: CompanyOptions) {
    this.#o = options;
  }

  get size(): number {
    return this.#screenings.size;
  }
  get sids(): readonly string[] {
    return [...this.#seats.keys()];
  }

  infos(): readonly ScreeningInfo[] {
    const nowMs = this.#o.now();
    return [...this.#screenings.values()].map((s) => screenings.infoOf(s, nowMs));
  }

  find(id: string): Screening | undefined {
    return this.#screenings.get(id);
  }

  /** Throws NO_SUCH_SCREENING. */
  screening(id: string): Screening {
    const screening = this.#screenings.get(id);
    if (!screening) throw new Refusal("NO_SUCH_SCREENING");
    return screening;
  }

  seat(sid: string): Seat | undefined {
    return this.#seats.get(sid);
  }

  /** Throws NOT_WATCHING. */
  seatOf(viewer: { readonly sid: string }): Seat {
    const seat = this.#seats.get(viewer.sid);
    if (!seat) throw new Refusal("NOT_WATCHING");
    return seat;
  }

  seatsOf(id: string): readonly Seat[] {
    return [...this.#seats.values()].filter((seat) => seat.screening === id);
  }

  /** The new state of a screening; `quietly` where it says nothing to those outside (a held clock). */
  set(screening: Screening, quietly = false): void {
    this.#screenings.set(screening.id, screening);
    if (!quietly) this.announce();
  }

  sit(seat: Seat, screening: Screening): void {
    this.#seats.set(seat.viewer.sid, seat);
    this.set(screening);
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
      this.#o.log.info({ screening: seat.screening.slice(0, 6) }, "screening closed: nobody watches");
    }
    this.announce();
  }

  announce(): void {
    if (this.#announcing) return;
    this.#announcing = true;
    queueMicrotask(() => {
      this.#announcing = false;
      this.#o.changed(this.infos());
    });
  }
}
