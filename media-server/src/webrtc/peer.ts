import { randomUUID } from "node:crypto";
import { Refusal } from "@loge/protocol/errors";
import type { VideoCodec } from "../gop/frame.ts";
import type { Log } from "../log.ts";
import type { MediaOut } from "../send/media-out.ts";
import { readRtcp } from "../send/rtcp-read.ts";
import { createViewerOut } from "../send/viewer-out.ts";
import { checkAnswer } from "./answer.ts";
import { wrapChannel } from "./channel.ts";
import { reach } from "./internals.ts";
import type { Mux } from "./mux.ts";
import { readNegotiated } from "./negotiated.ts";
import { addMsid, makeConnection } from "./offer.ts";
import { createPortableSender, speedUpSrtp } from "./portable-sender.ts";
import { installPossessionCheck } from "./possession.ts";
import { installRecordGuard } from "./record-guard.ts";
import { installRtcpTap } from "./rtcp-tap.ts";

/** A data channel. `send` never throws; on a channel that is not open it does nothing. */
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

/** One viewer's connection: we offer, once; everything later goes over it without negotiation. */
export interface Peer {
  /** The final SDP: every candidate, msid for wrtc, one fingerprint. */
  offer(): Promise<string>;
  /** @throws Refusal BAD_SDP */
  accept(answerSdp: string): Promise<void>;
  /** "sha-256 AA:BB…" */
  readonly localFingerprint: string;
  readonly remoteFingerprint: string | undefined;
  readonly gate: Channel;
  readonly control: Channel;
  readonly bulk: Channel;
  /** Video codecs agreed on, in the answer's order of preference; empty before accept. */
  readonly codecs: readonly VideoCodec[];
  readonly media: MediaOut;
  /** Opens the media: to be called when both ends have confirmed the key over `gate`. */
  allowMedia(): void;
  onState: ((state: PeerState, reason: string) => void) | undefined;
  close(reason: string): Promise<void>;
}

/** An answer must lead to a connection within this time. */
const CONNECT_TIMEOUT_MS = 30_000;

/**
 * Makes a connection on the mux. `now` is the monotonic clock of setClock's function (default performance.now).
 * @throws Error when werift is not the version this was made for
 */
export async function createPeer(o: {
  mux: Mux;
  log: Log;
  turn?: TurnServer;
  now?: () => number;
}): Promise<Peer> {
  const { mux, log } = o;
  const now = o.now ?? (() => performance.now());
  const epochAtZero = Date.now() - now();
  const { pc, video, audio } = makeConnection(mux.certificate, o.turn);
  const fault = (error: unknown): void =>
    log.debug({ error: String(error) }, "a channel callback or send failed");
  const channel = (label: string) => wrapChannel(pc.createDataChannel(label), fault);
  const channels = { gate: channel("gate"), control: channel("control"), bulk: channel("bulk") };
  const { ice, dtls } = reach(pc);
  const [transport] = pc.dtlsTransports;
  const localPrint = transport?.localParameters.fingerprints[0];
  if (!transport || !localPrint) throw new Error("werift: no transport");

  // werift's description calls never settle on a closed connection, so they are raced with the end
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined);
  let verified = false;
  let connected = false;
  let closing: Promise<void> | undefined;
  let remoteFingerprint: string | undefined;
  let codecs: readonly VideoCodec[] = [];
  let connectTimer: NodeJS.Timeout | undefined;

  const isOpen = (): boolean => connected && closing === undefined;
  const sender = createPortableSender({ transport, dtls, ice, cname: pc.cname, isOpen });
  const media = createViewerOut({ sender, cache: mux.packets, now, epochMs: (nowMs) => epochAtZero + nowMs });

  const tell = (state: PeerState, reason: string): void => {
    try {
      peer.onState?.(state, reason);
    } catch (error) {
      fault(error);
    }
  };
  const end = async (reason: string): Promise<void> => {
    clearTimeout(connectTimer);
    media.close();
    tell("closed", reason);
    log.info({ reason, ...media.stats }, "viewer connection closed");
    ended.reject(new Refusal("LINK_LOST", reason));
    await pc.close().catch(fault);
    attachment.detach();
  };
  const close = (reason: string): Promise<void> => {
    if (closing === undefined) {
      // set before anybody is told: whoever hears of the end closes as well
      const { promise, resolve } = Promise.withResolvers<void>();
      closing = promise;
      resolve(end(reason));
    }
    return closing;
  };
  const closeSoon = (reason: string): void => void close(reason);
  const onConnected = (): void => {
    if (connected || closing !== undefined) return;
    // fail closed: without the check having run there is no connection
    if (!verified) {
      closeSoon("the certificate check did not run");
      return;
    }
    connected = true;
    clearTimeout(connectTimer);
    try {
      installRtcpTap(dtls, (compound) => readRtcp(compound, video.sender.ssrc, media.feedback));
      speedUpSrtp(dtls);
    } catch (error) {
      log.error({ error: String(error) }, "the connection is not as expected");
      closeSoon("werift internals changed");
      return;
    }
    tell("connected", "connected");
  };

  const attachment = mux.attach(ice, {
    moved: () => media.onKeyFrameWanted?.(),
    portClosed: (reason) => close(reason),
  });
  installPossessionCheck(dtls, () => {
    verified = true;
  });
  installRecordGuard(ice, () => dtls.dtls, {
    dropped: attachment.countForgedRecord,
    goodbye: () => closeSoon("closed by the viewer"),
  });
  transport.onStateChange.subscribe((state) => {
    if (state === "connected") onConnected();
    else if (state === "failed") closeSoon("DTLS failed");
    else if (state === "closed") closeSoon("DTLS closed");
  });
  transport.iceTransport.onStateChange.subscribe((state) => {
    if (state === "failed") closeSoon("no path to the viewer");
    else if (state === "disconnected") tell("disconnected", "the viewer does not answer");
  });

  const peer: Peer = {
    ...channels,
    localFingerprint: `${localPrint.algorithm} ${localPrint.value}`,
    get remoteFingerprint() {
      return remoteFingerprint;
    },
    get codecs() {
      return codecs;
    },
    media,
    onState: undefined,
    offer: async () => {
      const described = async (): Promise<unknown> => pc.setLocalDescription(await pc.createOffer());
      await Promise.race([described(), ended.promise]);
      return addMsid(pc.localDescription?.sdp ?? "", randomUUID());
    },
    accept: async (answerSdp) => {
      const answer = checkAnswer(answerSdp);
      if (remoteFingerprint !== undefined || closing !== undefined)
        throw new Refusal("BAD_SDP", "answered already, or closed");
      remoteFingerprint = answer.fingerprint;
      connectTimer = setTimeout(() => closeSoon("no connection within 30 s"), CONNECT_TIMEOUT_MS);
      const described = pc
        .setRemoteDescription({ type: "answer", sdp: answer.sdp })
        .catch((error: unknown) => {
          closeSoon("answer not accepted");
          throw new Refusal("BAD_SDP", "the answer does not fit the offer", { cause: error });
        });
      await Promise.race([described, ended.promise]);
      const negotiated = readNegotiated(video, audio, answer.codecs);
      codecs = answer.codecs.filter((codec) => negotiated.payloads.has(codec));
      media.configure(negotiated);
    },
    allowMedia: () => media.allow(),
    close,
  };
  return peer;
}
