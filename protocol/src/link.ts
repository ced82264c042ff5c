/**
 * A viewer's connection to the media server, the same in page and terminal: answers its sealed offer, confirms the key over
 * `gate`, keeps the heartbeat, sends commands, fetches library pages, and takes the film up again after a loss.
 * The rim gives it a peer connection; nothing here touches WebRTC itself.
 */
import { BulkFetch } from "./bulk.ts";
import { fromBase64Url, sameText, toBase64Url } from "./bytes.ts";
import type { SignedMessage } from "./chat.ts";
import { type Command, type ControlEvent, fromServer, type LibraryPage, parseFrame } from "./control.ts";
import { Refusal, toWireError, type WireError } from "./errors.ts";
import { gateMac, HEARTBEAT_LOST_MS, hostProof, onlyFingerprint, parseGate, sdpHash } from "./gate.ts";
import type { LinkChannel, LinkOptions, LinkPeer, LinkState } from "./link-types.ts";
import type { Member } from "./session.ts";
import { positionMs, type Watch, watchStep } from "./watch.ts";

export type { LinkChannel, LinkOptions, LinkPeer, LinkPeerEvents, LinkState } from "./link-types.ts";

interface Connection {
  readonly neg: string;
  readonly peer: LinkPeer;
  readonly k: Uint8Array<ArrayBuffer>;
  readonly offerPrint: string;
  answerPrint: string;
  challenge: string;
  lastBeatMs: number;
  readonly channels: Map<string, LinkChannel>;
}

interface Waiting {
  resolve(value: { screening?: string }): void;
  reject(refusal: Refusal): void;
  readonly dueMs: number;
}

const ANSWER_TIMEOUT_MS = 10_000;
const TICK_MS = 500;
const WANT_FIRST_MS = 4000;
const WANT_MAX_MS = 30_000;
const FLOOD_WAIT_MS = 8000; // its reason stays to be read, and whatever made it comes to rest

export class Link {
  readonly #o: LinkOptions;
  readonly #ticker: ReturnType<typeof setInterval>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #bulk = new BulkFetch();
  #connection: Connection | undefined;
  #lastNeg = "";
  #state: LinkState = "connecting";
  #watch: Watch | undefined;
  #seq = 0;
  #wantAtMs: number;
  #wantWaitMs = WANT_FIRST_MS;
  #closed = false;

  constructor(options: LinkOptions) {
    this.#o = options;
    this.#wantAtMs = options.now() + WANT_FIRST_MS;
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  get state(): LinkState {
    return this.#state;
  }
  get watch(): Watch | undefined {
    return this.#watch;
  }

  /** A verified `rtc.*` message; anything not from the media server of the invite is ignored. */
  async signal(from: Member, message: SignedMessage): Promise<void> {
    if (this.#closed || from.id !== this.#o.session.media?.id) return;
    if (message.type === "rtc.offer") await this.#onOffer(from, message.body);
    // the word may come after the connection has gone: its reason is still the true one
    else if (message.type === "rtc.bye" && message.body.neg === (this.#connection?.neg ?? this.#lastNeg))
      this.#lose(message.body.error);
  }

  /** Sends a command and waits for its answer. Throws the media server's Refusal, LINK_LOST or TIMEOUT. */
  request(cmd: Command): Promise<{ screening?: string }> {
    const control = this.#connection?.channels.get("control");
    if (this.#state !== "open" || !control) return Promise.reject(new Refusal("LINK_LOST"));
    const seq = this.#seq++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(seq, { resolve, reject, dueMs: this.#o.now() + ANSWER_TIMEOUT_MS });
      control.send(JSON.stringify({ v: 1, seq, cmd }));
      if (cmd.type === "stop") this.#setWatch(undefined);
    });
  }

  /** One page of the library (at most 50 titles). */
  page(offset: number, limit: number): Promise<LibraryPage> {
    const bulk = this.#connection?.channels.get("bulk");
    if (this.#state !== "open" || !bulk) return Promise.reject(new Refusal("LINK_LOST"));
    return this.#bulk.library(bulk, offset, limit);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#ticker);
    this.#drop(new Refusal("LINK_LOST"));
  }

  async #onOffer(from: Member, offer: { neg: string; sdp: string; k: string }): Promise<void> {
    this.#drop(new Refusal("LINK_LOST"));
    const k = fromBase64Url(offer.k);
    const offerPrint = onlyFingerprint(offer.sdp);
    const peer = this.#o.createPeer({
      channel: (label, channel) =>
        this.#connection?.neg === offer.neg && this.#connection.channels.set(label, channel),
      data: (label, data) =>
        this.#connection?.neg === offer.neg && this.#onData(this.#connection, label, data),
      lost: () => this.#connection?.neg === offer.neg && this.#lose({ code: "LINK_LOST" }),
    });
    const nowMs = this.#o.now();
    const connection: Connection = {
      neg: offer.neg,
      peer,
      k,
      offerPrint,
      answerPrint: "",
      challenge: "",
      lastBeatMs: nowMs + HEARTBEAT_LOST_MS, // connecting may take longer than a beat
      channels: new Map(),
    };
    this.#connection = connection;
    this.#setState("connecting");
    try {
      const sdp = await peer.answer(offer.sdp);
      if (this.#connection !== connection) return;
      connection.answerPrint = onlyFingerprint(sdp);
      const body = { neg: offer.neg, sdp, re: await sdpHash(offer.sdp) };
      await this.#o.session.send(from.sid, { type: "rtc.answer", body });
    } catch (thrown) {
      if (this.#connection === connection) this.#lose(toWireError(thrown));
    }
  }

  #onData(connection: Connection, label: string, data: string | Uint8Array): void {
    if (label === "gate") {
      this.#onGate(connection, data).catch((thrown: unknown) => {
        if (this.#connection === connection) this.#lose(toWireError(thrown));
      });
    } else if (this.#state !== "open")
      return; // nothing counts before the key is confirmed
    else if (label === "control") this.#onControl(data);
    else if (label === "bulk" && typeof data !== "string") this.#bulk.frame(data);
  }

  async #onGate(connection: Connection, data: string | Uint8Array): Promise<void> {
    const message = parseGate(data);
    if (!message) return;
    const gate = connection.channels.get("gate");
    const prints = { media: connection.offerPrint, viewer: connection.answerPrint };
    if (message.t === "challenge" && connection.challenge === "") {
      const seen = await connection.peer.remoteFingerprint?.();
      if (seen !== undefined && seen !== connection.offerPrint) throw new Refusal("GATE_FAILED");
      connection.challenge = message.n;
      gate?.send(
        JSON.stringify({ v: 1, t: "proof", mac: await gateMac(connection.k, "viewer", prints, message.n) }),
      );
    } else if (message.t === "confirm" && connection.challenge !== "" && this.#state === "connecting") {
      const mac = await gateMac(connection.k, "media", prints, connection.challenge);
      if (!sameText(mac, message.mac)) throw new Refusal("GATE_FAILED");
      if (this.#connection === connection) this.#opened(connection);
    } else if (message.t === "ping") {
      connection.lastBeatMs = this.#o.now();
      gate?.send(JSON.stringify({ v: 1, t: "pong", n: message.n }));
    }
  }

  #opened(connection: Connection): void {
    connection.lastBeatMs = this.#o.now();
    this.#wantWaitMs = WANT_FIRST_MS;
    const watch = this.#watch;
    this.#setState("open");
    const { hostSecret } = this.#o;
    if (hostSecret) {
      const shown = hostProof(hostSecret, connection.neg).then((proof) =>
        this.request({ type: "host", proof }),
      );
      shown.catch((thrown: unknown) =>
        this.#o.events.control({ type: "notice", error: toWireError(thrown) }),
      );
    }
    if (watch?.phase !== "watching") return;
    const { screening, title, height, mediaMs, playing } = watch.line;
    this.request({ type: "restore", screening, title, height, mediaMs, playing }).catch((thrown: unknown) => {
      this.#onEvent({ type: "stopped", screening, error: toWireError(thrown) });
    });
  }

  #onControl(data: string | Uint8Array): void {
    const message = parseFrame(fromServer, data);
    if (!message) return this.#o.events.control({ type: "notice", error: { code: "BAD_MESSAGE" } });
    if ("ev" in message) return this.#onEvent(message.ev);
    const waiting = this.#waiting.get(message.re);
    this.#waiting.delete(message.re);
    if (message.ok) waiting?.resolve(message.value);
    else waiting?.reject(new Refusal(message.error.code, message.error.detail));
  }

  #onEvent(event: ControlEvent): void {
    this.#setWatch(watchStep(this.#watch, event, this.#o.now()));
    this.#o.events.control(event);
  }

  #setWatch(watch: Watch | undefined): void {
    if (watch === this.#watch) return;
    this.#watch = watch;
    this.#o.events.watch(watch);
  }

  #setState(state: LinkState, error?: WireError): void {
    this.#state = state;
    this.#o.events.state(state, error);
  }

  #lose(error: WireError): void {
    const connection = this.#connection;
    const media = this.#o.session.media;
    this.#drop(new Refusal("LINK_LOST"));
    this.#setState("lost", error);
    this.#wantAtMs = this.#o.now() + (error.code === "FLOOD" ? FLOOD_WAIT_MS : 300);
    if (!connection || !media || error.code !== "GATE_FAILED") return;
    this.#o.session
      .send(media.sid, { type: "rtc.bye", body: { neg: connection.neg, error } })
      .catch(() => undefined);
    this.#wantAtMs = this.#o.now() + WANT_MAX_MS; // somebody sits in between: no hurry to meet them again
  }

  /** Film time stands while nothing arrives, so the film comes back where it stopped. */
  #freezeWatch(lastBeatMs: number): void {
    const watch = this.#watch;
    if (watch?.phase !== "watching" || watch.frozen) return;
    const mediaMs =
      this.#o.shownMs?.() ?? positionMs(watch, Math.min(this.#o.now(), Math.max(lastBeatMs, watch.atMs)));
    this.#setWatch({ ...watch, line: { ...watch.line, mediaMs }, frozen: true });
  }

  #drop(refusal: Refusal): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection) {
      this.#lastNeg = connection.neg;
      this.#freezeWatch(connection.lastBeatMs);
    }
    connection?.peer.close();
    for (const waiting of this.#waiting.values()) waiting.reject(refusal);
    this.#waiting.clear();
    this.#bulk.fail(refusal);
  }

  #tick(): void {
    const nowMs = this.#o.now();
    for (const [seq, waiting] of this.#waiting) {
      if (nowMs < waiting.dueMs) continue;
      this.#waiting.delete(seq);
      waiting.reject(new Refusal("TIMEOUT"));
    }
    const connection = this.#connection;
    if (connection && nowMs - connection.lastBeatMs > HEARTBEAT_LOST_MS)
      return this.#lose({ code: "LINK_LOST" });
    const media = this.#o.session.media;
    if (connection || !media || media.awaySinceMs !== undefined || this.#o.session.state.kind !== "joined")
      return;
    if (nowMs < this.#wantAtMs) return;
    this.#wantAtMs = nowMs + this.#wantWaitMs;
    this.#wantWaitMs = Math.min(WANT_MAX_MS, this.#wantWaitMs * 2);
    this.#o.session.send(media.sid, { type: "rtc.want", body: {} }).catch(() => undefined);
  }
}

/** 32 fresh bytes and a negotiation id, as the offerer needs them. */
export const freshNegotiation = (): { neg: string; k: string } => ({
  neg: toBase64Url(crypto.getRandomValues(new Uint8Array(16))),
  k: toBase64Url(crypto.getRandomValues(new Uint8Array(32))),
});
