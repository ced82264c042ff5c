/**
 * One member's connection to the media server: offer, answer, gate, then commands. It owns its peer and ends exactly once,
 * with one reason; what it watches belongs to the stage.
 */

import { setTimeout as delay } from "node:timers/promises";
import { sameText } from "@loge/protocol/bytes";
import type { MessageBody } from "@loge/protocol/chat";
import {
  type Command,
  type ControlEvent,
  type LibraryPage,
  parseFrame,
  request,
} from "@loge/protocol/control";
import { Refusal, toWireError, type WireError } from "@loge/protocol/errors";
import { hostProof, onlyFingerprint, sdpHash } from "@loge/protocol/gate";
import { freshNegotiation } from "@loge/protocol/link";
import type { Log } from "../log.ts";
import type { Stage, StageViewer } from "../screening/stage.ts";
import type { Peer } from "../webrtc/peer.ts";
import { Allowance } from "./allowance.ts";
import { BulkOut } from "./bulk-out.ts";
import { Gatekeeper } from "./gatekeeper.ts";
import { createRtpLine } from "./rtp-line.ts";

export interface ViewerOptions {
  readonly sid: string;
  readonly peer: Peer;
  readonly stage: Stage;
  readonly hostSecret: Uint8Array<ArrayBuffer> | undefined;
  readonly page: (offset: number, limit: number) => LibraryPage;
  /** Resolves when the library can tell whether it holds the title: a server that has just started may not have looked yet. */
  readonly known: (title: string) => Promise<unknown>;
  /** First words after the gate: the library's state and all screenings. */
  readonly greeting: () => readonly ControlEvent[];
  readonly now: () => number;
  readonly log: Log;
  /** The connection ends by itself; `tell` = the viewer should read why in an envelope, before the connection is gone. */
  readonly ended: (error: WireError, tell: boolean) => Promise<unknown>;
}

const CONNECT_TIMEOUT_MS = 20_000;
const FAREWELL_MS = 2000;
const CONTROL_BUFFER_BYTES = 1024 * 1024;

export class Viewer {
  readonly neg: string;
  readonly #k: string;
  readonly #o: ViewerOptions;
  readonly #gate: Gatekeeper;
  readonly #bulk: BulkOut;
  readonly #allowance: Allowance;
  readonly #timeout: ReturnType<typeof setTimeout>;
  readonly #bornMs: number;
  #offerSdp = "";
  #answerPrint: string | undefined;
  #answered = false;
  #stageViewer: StageViewer | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ViewerOptions) {
    this.#o = options;
    const { neg, k } = freshNegotiation();
    this.neg = neg;
    this.#k = k;
    const { peer, now } = options;
    this.#bornMs = now();
    this.#allowance = new Allowance(this.#bornMs);
    this.#gate = new Gatekeeper({
      gate: peer.gate,
      k,
      prints: () => this.#prints(),
      now,
      opened: () => this.#opened(),
      failed: (error) => this.#end(error, true),
    });
    peer.control.onMessage = (data) => this.#onControl(data);
    this.#bulk = new BulkOut({
      bulk: peer.bulk,
      page: options.page,
      allow: () => this.#gate.open && this.#allowed(() => undefined),
      malformed: () => this.#notUnderstood(),
    });
    peer.onState = (state, reason) => {
      if (state === "closed") this.#end({ code: "LINK_LOST", detail: reason }, false);
    };
    this.#timeout = setTimeout(() => this.#end({ code: "TIMEOUT" }, false), CONNECT_TIMEOUT_MS);
  }

  async offer(): Promise<MessageBody<"rtc.offer">> {
    this.#offerSdp = await this.#o.peer.offer();
    return { neg: this.neg, sdp: this.#offerSdp, k: this.#k };
  }

  /** Takes the sealed answer. Throws BAD_SDP; a second answer or one to another offer is ignored. */
  async accept(answer: MessageBody<"rtc.answer">): Promise<void> {
    if (answer.neg !== this.neg || this.#answered) return;
    if (!sameText(answer.re, await sdpHash(this.#offerSdp)))
      throw new Refusal("BAD_SDP", "answers another offer");
    this.#answered = true;
    this.#answerPrint = onlyFingerprint(answer.sdp);
    await this.#o.peer.accept(answer.sdp);
  }

  event(event: ControlEvent): void {
    if (this.#gate.open) this.#send({ v: 1, ev: event });
  }

  /** What it watched is left at once; the connection itself goes after `farewell`, which is waited for a little. */
  close(reason: string, farewell?: Promise<unknown>): Promise<void> {
    if (!this.#closing) {
      // set before the peer is closed, which tells us of it
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#closing = promise;
      resolve(this.#close(reason, farewell));
    }
    return this.#closing;
  }

  async #close(reason: string, farewell: Promise<unknown> | undefined): Promise<void> {
    clearTimeout(this.#timeout);
    this.#gate.close();
    this.#bulk.close();
    if (this.#stageViewer) this.#o.stage.leave(this.#o.sid);
    this.#o.log.info({ viewer: this.#o.sid.slice(0, 6), reason }, "viewer closed");
    if (farewell !== undefined) await Promise.race([farewell, delay(FAREWELL_MS, undefined, { ref: false })]);
    await this.#o.peer.close(reason);
  }

  #end(error: WireError, tell: boolean): void {
    if (this.#closing !== undefined) return;
    const farewell = this.#o.ended(error, tell);
    this.close(error.detail ? `${error.code}: ${error.detail}` : error.code, farewell).catch(() => undefined);
  }

  #prints(): { media: string; viewer: string } | undefined {
    const { localFingerprint, remoteFingerprint } = this.#o.peer;
    const viewer = this.#answerPrint;
    // the certificate that DTLS saw must be the one of the sealed answer
    if (
      !viewer ||
      (remoteFingerprint !== undefined && remoteFingerprint.toUpperCase() !== viewer.toUpperCase())
    )
      return undefined;
    return { media: localFingerprint, viewer };
  }

  #opened(): void {
    clearTimeout(this.#timeout);
    const { peer, sid, stage, now } = this.#o;
    const [video0 = 0, audio0 = 0] = crypto.getRandomValues(new Uint32Array(2));
    const line = createRtpLine(video0, audio0);
    peer.allowMedia();
    peer.media.setClock((nowMs) => ({ video: line.video(nowMs), audio: line.audio(nowMs) }));
    peer.media.onKeyFrameWanted = () => stage.refresh(sid);
    this.#stageViewer = {
      sid,
      codecs: peer.codecs,
      media: peer.media,
      line,
      isHost: false,
      event: (event) => this.event(event),
    };
    this.#o.log.info(
      { viewer: sid.slice(0, 6), codecs: peer.codecs, ms: Math.round(now() - this.#bornMs) },
      "viewer connected",
    );
    for (const event of this.#o.greeting()) this.event(event);
  }

  #onControl(data: string | Uint8Array): void {
    const viewer = this.#stageViewer;
    if (this.#closing !== undefined) return;
    if (!viewer || !this.#gate.open) return this.#strike();
    const message = parseFrame(request, data);
    if (!this.#allowed(() => message && this.#refuse(message.seq, new Refusal("RATE_LIMITED")))) return;
    if (!message) return this.#notUnderstood();
    const { seq, cmd } = message;
    if (cmd.type === "host") {
      this.#host(viewer, cmd).then(
        () => this.#send({ v: 1, re: seq, ok: true, value: {} }),
        (thrown: unknown) => this.#refuse(seq, thrown),
      );
      return;
    }
    if (cmd.type !== "restore") return this.#command(viewer, seq, cmd);
    // after a restart the library may still be reading itself; the film is not gone for that
    this.#o.known(cmd.title).then(
      () => this.#command(viewer, seq, cmd),
      (thrown: unknown) => this.#refuse(seq, thrown),
    );
  }

  #command(viewer: StageViewer, seq: number, cmd: Exclude<Command, { type: "host" }>): void {
    if (this.#closing !== undefined) return;
    try {
      const value = this.#o.stage.command(viewer, cmd);
      this.#send({ v: 1, re: seq, ok: true, value });
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) this.#o.log.error({ err: thrown, cmd: cmd.type }, "command failed");
      this.#refuse(seq, thrown);
    }
  }

  async #host(viewer: StageViewer, cmd: Extract<Command, { type: "host" }>): Promise<void> {
    const { hostSecret } = this.#o;
    if (!hostSecret || !sameText(cmd.proof, await hostProof(hostSecret, this.neg)))
      throw new Refusal("NOT_IN_CONTROL");
    viewer.isHost = true;
  }

  #allowed(over: () => void): boolean {
    const verdict = this.#allowance.take(this.#o.now());
    if (verdict === "flood") this.#end({ code: "FLOOD" }, true);
    else if (verdict === "over") over();
    return verdict === "ok";
  }

  /** Without a number there is nothing to answer to, so it is said as an event. */
  #notUnderstood(): void {
    this.event({ type: "notice", error: { code: "BAD_MESSAGE" } });
    this.#strike();
  }

  #strike(): void {
    if (this.#allowance.strike())
      this.#end({ code: "FLOOD", detail: "messages that were not understood" }, true);
  }

  #refuse(seq: number, thrown: unknown): void {
    this.#send({ v: 1, re: seq, ok: false, error: toWireError(thrown) });
  }

  #send(message: object): void {
    const { control } = this.#o.peer;
    if (!control.open) return;
    // a viewer that never reads must not grow the server's memory
    if (control.bufferedAmount > CONTROL_BUFFER_BYTES)
      return this.#end({ code: "LINK_LOST", detail: "too slow" }, true);
    control.send(JSON.stringify(message));
  }
}
