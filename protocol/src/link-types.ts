/** What a link needs from its rim and what it tells it. */
import type { ControlEvent } from "./control.ts";
import type { WireError } from "./errors.ts";
import type { Session } from "./session.ts";
import type { Watch } from "./watch.ts";

export interface LinkChannel {
  send(text: string): void;
}
export interface LinkPeerEvents {
  channel(label: string, channel: LinkChannel): void;
  data(label: string, data: string | Uint8Array): void;
  /** The peer connection has failed or was closed by the other end. */
  lost(): void;
}
/** One peer connection of the rim. */
export interface LinkPeer {
  /** Takes the offer, gives the complete answer (all candidates in it) as it was set locally. */
  answer(offerSdp: string): Promise<string>;
  /** sha-256 of the certificate that DTLS really saw, where the platform tells ("sha-256 AA:…"). */
  remoteFingerprint?(): Promise<string | undefined>;
  close(): void;
}

export type LinkState = "connecting" | "open" | "lost";

export interface LinkOptions {
  readonly session: Session;
  readonly createPeer: (events: LinkPeerEvents) => LinkPeer;
  readonly hostSecret: Uint8Array<ArrayBuffer> | undefined;
  readonly now: () => number;
  /** Film time of the frame on screen, where the platform tells: after a loss the film goes on there. */
  readonly shownMs?: () => number | undefined;
  readonly events: {
    state(state: LinkState, error: WireError | undefined): void;
    control(event: ControlEvent): void;
    /** Called whenever {@link Link.watch} changed. */
    watch(watch: Watch | undefined): void;
  };
}
