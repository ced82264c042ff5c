export interface HeaderExtension {
  readonly id: number;
  readonly payload: Uint8Array;
}

/** The 12 bytes that differ per viewer, and the extensions. */
export interface RtpHead {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly extensions: readonly HeaderExtension[];
}

export interface SenderReport {
  readonly ssrc: number;
  readonly ntp: bigint;
  readonly rtpTimestamp: number;
  readonly packets: number;
  readonly octets: number;
}

/**
 * The way out to one viewer: SRTP and socket behind it. Today's tier is portable (through the DTLS transport); a faster one
 * takes the keys and the shared socket. Nothing throws; a packet that cannot leave returns 0.
 */
export interface PacketSender {
  /** @returns bytes handed to the network */
  send(head: RtpHead, payload: Uint8Array): number;
  /** One compound of sender reports with one CNAME for all, so that a receiver keeps the tracks in step. */
  report(reports: readonly SenderReport[]): void;
  /** Round trip as the connectivity checks saw it. */
  readonly rttMs: number | undefined;
}

export interface VideoPayload {
  readonly payloadType: number;
  readonly rtxPayloadType: number | undefined;
}

interface TrackExtensions {
  readonly absSendTime: number | undefined;
  readonly playoutDelay: number | undefined;
}

/** What offer and answer agreed on. */
export interface Negotiated {
  readonly video: { readonly ssrc: number; readonly rtxSsrc: number; readonly extensions: TrackExtensions };
  readonly audio: {
    readonly ssrc: number;
    readonly payloadType: number | undefined;
    readonly extensions: TrackExtensions;
  };
  readonly payloads: ReadonlyMap<string, VideoPayload>;
}
