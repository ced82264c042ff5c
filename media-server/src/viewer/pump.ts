/**
 * Moves one viewer's frames from the GOP store to its packets, each at its wall time by the screening's clock. Late frames go
 * at once, frames that lead up to a place are squeezed in front of it, and RTP time never runs backwards (media.md §5, §6).
 */
import type { Refusal } from "@loge/protocol/errors";
import type { Frame, Rendition, SoundRendition } from "../gop/frame.ts";
import type { GopReader } from "../gop/store.ts";
import { type Clock, positionAt, wallAt } from "../screening/clock.ts";
import { Picture } from "./picture.ts";
import type { PumpOptions } from "./pump-events.ts";
import { ticks32 } from "./rtp-line.ts";

const SOUND: SoundRendition = { kind: "audio", codec: "opus", stream: 0 };
/** Later than this the viewer counts as starved; shorter gaps are the jitter buffer's business. */
const STARVED_MS = 250;
const BEHIND_MS = 2500;
/** Sound older than this is not sent any more: it could only be heard as noise. */
const STALE_SOUND_MS = 400;
/** Sound that has not come this long after the last picture does not come any more. */
const ENDLESS_SOUND_MS = 5000;
/** The picture waits this long for its sound. */
const SOUND_WAIT_MS = 400;

export class Pump {
  readonly #o: PumpOptions;
  readonly #picture: Picture;
  #sound: GopReader | undefined;
  #clock: Clock | undefined;
  #lead: readonly Frame[] | undefined;
  #leadAtMs = 0;
  #isReady = false;
  #first = true;
  #lastWallMs = 0;
  #lastSoundWallMs = 0;
  #starved = false;
  #finished = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Frames of the picture sent since the pump exists. */
  frames = 0;

  constructor(o: PumpOptions) {
    this.#o = o;
    const onReady = (): void => this.#wake();
    const { store, title, rendition, atMs, instead } = o;
    this.#picture = new Picture({ store, title, rendition, atMs, onReady, instead: instead?.reader });
    this.#openSound(o.atMs);
    this.#wakeSoon();
  }

  get reader(): GopReader {
    return this.#picture.reader;
  }
  get rendition(): Rendition {
    return this.#picture.rendition;
  }
  /** Why it could not even begin (known at once where the store refuses). */
  get error(): Refusal | undefined {
    return this.#picture.error;
  }

  /** Frames have been missing and have not come yet. */
  get starved(): boolean {
    return this.#starved;
  }

  /** On the way to a place: `ready` will follow. */
  get placing(): boolean {
    return this.#clock === undefined;
  }

  /** Goes to another place; `ready` follows. */
  place(atMs: number, rendition?: Rendition): void {
    this.#stop();
    this.#picture.place(atMs, rendition);
    this.#openSound(atMs);
    this.#wakeSoon();
  }

  /** Another rendition at the same place, sound untouched: at the next GOP boundary, or at once where the film stands. */
  switchTo(rendition: Rendition): void {
    const clock = this.#clock;
    if (clock?.running) {
      this.#picture.switchTo(rendition, positionAt(clock, this.#o.now()));
    } else {
      const { atMs } = this.#picture;
      this.#forgetLead();
      this.#clock = undefined;
      this.#picture.place(atMs, rendition);
    }
    this.#wakeSoon();
  }

  /** The same place again from its key frame (the viewer lost its picture). */
  refresh(): void {
    const clock = this.#clock;
    if (!clock?.running || this.#finished) return;
    this.#picture.place(positionAt(clock, this.#o.now()));
    this.#forgetLead();
    this.#clock = undefined;
    this.#wakeSoon();
  }

  /** The clock to send by from now on; sends the lead if it is waiting. */
  go(clock: Clock): void {
    this.#clock = clock;
    this.#starved = false;
    const nowMs = this.#o.now();
    const lead = this.#lead;
    this.#lead = undefined;
    this.#isReady = false;
    if (lead && lead.length > 0) {
      const from = Math.max(this.#lastWallMs + 0.05, nowMs - lead.length);
      const step = Math.max(0.02, (nowMs - from) / lead.length);
      for (const [at, frame] of lead.entries()) this.#video(frame, from + step * (at + 1), true);
    }
    this.#first = lead === undefined || lead.length === 0;
    this.#wake();
  }

  /** Film time and rendition stay; nothing is sent until {@link go}. */
  halt(): void {
    if (this.#clock) this.#clock = { ...this.#clock, running: false };
    clearTimeout(this.#timer);
  }

  close(): void {
    this.#stop();
    this.#finished = true;
    this.#picture.close();
    this.#sound?.close();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#clock = undefined;
    this.#forgetLead();
    this.#starved = false;
    this.#finished = false;
  }

  #forgetLead(): void {
    this.#lead = undefined;
    this.#isReady = false;
  }

  #openSound(atMs: number): void {
    this.#sound?.close();
    this.#sound = this.#o.title.audio ? this.#o.store.open(this.#o.title, SOUND, atMs) : undefined;
    if (this.#sound) this.#sound.onReady = () => this.#wake();
  }

  /** After the turn: the answer to a command and the new list of screenings go out before the film does. */
  #wakeSoon(): void {
    setImmediate(() => this.#wake());
  }

  #wake(): void {
    if (this.#finished) return;
    clearTimeout(this.#timer);
    const { error } = this.#picture;
    if (error) {
      this.#finished = true;
      return this.#o.events.failed(error);
    }
    if (!this.#clock) return this.#gather();
    if (this.#clock.running) this.#send(this.#clock);
    else if (this.#starved && this.#picture.peek() !== "waiting") {
      this.#starved = false;
      this.#o.events.fed();
    } else this.#catchUp(this.#clock);
  }

  /** Paused between two looks at the clock: frames up to the place where it stands are still due, for everybody the same. */
  #catchUp(clock: Clock): void {
    for (;;) {
      const frame = this.#picture.peek();
      if (frame === "waiting" || frame === "end" || frame.ptsMs > clock.mediaMs + 0.5) return;
      this.#video(frame, wallAt(clock, frame.ptsMs), this.#first);
      this.#first = false;
      this.#picture.take(frame);
    }
  }

  /** The lead of the picture, and the sound beside it unless that takes long: a film should not begin in silence. */
  #gather(): void {
    if (this.#isReady) return;
    const nowMs = this.#o.now();
    if (!this.#lead) {
      this.#lead = this.#picture.takeLead();
      this.#leadAtMs = nowMs;
    }
    if (!this.#lead) return;
    const leftMs = this.#leadAtMs + SOUND_WAIT_MS - nowMs;
    if (leftMs > 0 && this.#sound?.peek() === "waiting") {
      this.#timer = setTimeout(() => this.#wake(), leftMs);
      return;
    }
    this.#isReady = true;
    this.#o.events.ready();
  }

  #send(clock: Clock): void {
    const nowMs = this.#o.now();
    const refused = this.#picture.incomingError;
    if (this.#picture.trySwitch(positionAt(clock, nowMs))) {
      this.#o.events.switched();
      this.#first = true;
    } else if (refused) this.#o.events.switchRefused(refused);
    const pictureMs = this.#sendPicture(clock, nowMs);
    if (this.#clock !== clock) return; // an event changed it; its own wake follows
    const soundMs = this.#sendSound(clock, nowMs);
    if (pictureMs === "end" && (soundMs === "end" || this.#isLongOver(clock, nowMs)))
      return this.#finish(clock, nowMs);
    const due = Math.min(pictureMs === "end" ? Infinity : pictureMs, soundMs === "end" ? Infinity : soundMs);
    this.#timer = setTimeout(() => this.#wake(), Math.max(1, Math.min(STARVED_MS, due - nowMs)));
  }

  /** When to look again, or "end". */
  #sendPicture(clock: Clock, nowMs: number): number | "end" {
    for (;;) {
      const frame = this.#picture.peek();
      if (frame === "end") return "end";
      if (frame === "waiting") {
        const nextMs = this.#picture.lastPtsMs + this.#picture.frameMs;
        if (nowMs - wallAt(clock, nextMs) > STARVED_MS && !this.#starved) {
          this.#starved = true;
          this.#o.events.starved(nextMs);
        }
        return nowMs + STARVED_MS;
      }
      const wallMs = wallAt(clock, frame.ptsMs);
      if (wallMs > nowMs + 0.5) return wallMs;
      if (nowMs - wallMs > BEHIND_MS) {
        this.#o.events.behind(frame.ptsMs);
        return nowMs + STARVED_MS;
      }
      this.#video(frame, wallMs, this.#first);
      this.#first = false;
      this.#starved = false;
      this.#picture.take(frame);
      if (this.#picture.switching && this.#picture.trySwitch(positionAt(clock, nowMs))) {
        this.#o.events.switched();
        this.#first = true;
      }
    }
  }

  #sendSound(clock: Clock, nowMs: number): number | "end" {
    for (;;) {
      const packet = this.#sound?.peek() ?? "end";
      if (packet === "end") return "end";
      if (packet === "waiting") return nowMs + STARVED_MS;
      const wallMs = wallAt(clock, packet.ptsMs);
      if (wallMs > nowMs + 0.5) return wallMs;
      this.#sound?.shift();
      if (nowMs - wallMs > STALE_SOUND_MS || wallMs <= this.#lastSoundWallMs) continue;
      this.#lastSoundWallMs = wallMs;
      this.#o.media.audio(packet, ticks32(this.#o.line.audio(wallMs)));
    }
  }

  #video(frame: Frame, wallMs: number, first: boolean): void {
    this.#lastWallMs = Math.max(wallMs, this.#lastWallMs + 0.02);
    this.frames++;
    this.#o.media.video(frame, this.rendition.codec, ticks32(this.#o.line.video(this.#lastWallMs)), {
      first,
    });
  }

  #isLongOver(clock: Clock, nowMs: number): boolean {
    const isWaiting = this.#sound?.peek() === "waiting";
    return isWaiting && nowMs - wallAt(clock, this.#picture.lastPtsMs) > ENDLESS_SOUND_MS;
  }

  #finish(clock: Clock, nowMs: number): void {
    const overMs = wallAt(clock, this.#picture.lastPtsMs + this.#picture.frameMs);
    if (overMs > nowMs) {
      this.#timer = setTimeout(() => this.#wake(), Math.max(1, overMs - nowMs));
      return;
    }
    this.#finished = true;
    this.#o.events.done();
  }
}
