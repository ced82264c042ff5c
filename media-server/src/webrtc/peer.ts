import type { VideoCodec } from "../gop/frame.ts";
import type { Log } from "../log.ts";
import type { MediaOut } from "../send/media-out.ts";
import type { Mux } from "./mux.ts";

export interface Channel {
  readonly label: string;
  readonly open: boolean;
  readonly bufferedAmount: number;
  send(data: string | Uint8Array): void;
  onMessage: ((data: string | Uint8Array) => void) | undefined;
  onOpen: (() => void) | undefined;
  onClose: (() => void) | undefined;
}

export type PeerState = "connected" | "disconnected" | "closed";

export interface TurnServer {
  /** turn:HOST:PORT[?transport=tcp] */
  readonly url: string;
  readonly username: string;
  readonly credential: string;
}

export interface Peer {
  offer(): Promise<string>;
  accept(answerSdp: string): Promise<void>;
  readonly localFingerprint: string;
  readonly remoteFingerprint: string | undefined;
  readonly gate: Channel;
  readonly control: Channel;
  readonly bulk: Channel;
  readonly codecs: readonly VideoCodec[];
  readonly media: MediaOut;
  allowMedia(): void;
  onState: ((state: PeerState, reason: string) => void) | undefined;
  close(reason: string): Promise<void>;
}

export function createPeer(_o: { mux: Mux; log: Log; turn?: TurnServer }): Promise<Peer> {
  return Promise.reject(new Error("not built yet"));
}
