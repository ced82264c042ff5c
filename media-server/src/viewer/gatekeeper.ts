/**
 * The media server's end of the `gate` channel: no RTP and no command before the viewer has proved the key of the sealed
 * offer, bound to both fingerprints; afterwards the heartbeat (security.md §3).
 */
import { fromBase64Url, randomBytes, sameText, toBase64Url } from "@loge/protocol/bytes";
import type { WireError } from "@loge/protocol/errors";
import { gateMac, HEARTBEAT_LOST_MS, HEARTBEAT_MS, parseGate } from "@loge/protocol/gate";
import type { Channel } from "../webrtc/peer.ts";

export interface GatekeeperOptions {
  readonly gate: Channel;
  readonly k: string;
  /** Both fingerprints once the answer was accepted. */
  readonly prints: () => { readonly media: string; readonly viewer: string } | undefined;
  readonly now: () => number;
  readonly opened: () => void;
  readonly failed: (error: WireError) => void;
}

export class Gatekeeper {
  readonly #o: GatekeeperOptions;
  readonly #n = toBase64Url(randomBytes(32));
  #beat: ReturnType<typeof setInterval> | undefined;
  #lastPongMs = 0;
  #count = 0;
  #state: "shut" | "checking" | "open" | "closed" = "shut";

  constructor(options: GatekeeperOptions) {
    this.#o = options;
    const { gate } = options;
    gate.onOpen = () => this.#challenge();
    gate.onMessage = (data) => this.#onMessage(data);
    if (gate.open) this.#challenge();
  }

  get open(): boolean {
    return this.#state === "open";
  }

  close(): void {
    this.#state = "closed";
    clearInterval(this.#beat);
  }

  #challenge(): void {
    this.#o.gate.send(JSON.stringify({ v: 1, t: "challenge", n: this.#n }));
  }

  #onMessage(data: string | Uint8Array): void {
    const message = parseGate(data);
    if (message?.t === "pong") this.#lastPongMs = this.#o.now();
    else if (message?.t === "proof" && this.#state === "shut") {
      this.#state = "checking"; // one try: a wrong proof is never followed by another
      this.#check(message.mac).catch(() => this.#fail());
    } else if (this.#state === "shut") this.#fail();
  }

  async #check(mac: string): Promise<void> {
    const prints = this.#o.prints();
    if (!prints) return this.#fail();
    const k = fromBase64Url(this.#o.k);
    if (!sameText(mac, await gateMac(k, "viewer", prints, this.#n))) return this.#fail();
    const confirm = await gateMac(k, "media", prints, this.#n);
    if (this.#state !== "checking") return;
    this.#state = "open";
    this.#o.gate.send(JSON.stringify({ v: 1, t: "confirm", mac: confirm }));
    this.#lastPongMs = this.#o.now();
    this.#beat = setInterval(() => this.#onBeat(), HEARTBEAT_MS);
    this.#o.opened();
  }

  #onBeat(): void {
    if (this.#o.now() - this.#lastPongMs > HEARTBEAT_LOST_MS) return this.#o.failed({ code: "LINK_LOST" });
    this.#o.gate.send(JSON.stringify({ v: 1, t: "ping", n: ++this.#count }));
  }

  #fail(): void {
    if (this.#state === "closed") return;
    this.close();
    this.#o.failed({ code: "GATE_FAILED" });
  }
}
