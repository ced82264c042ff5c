/**
 * The one place where werift 0.25.2 is reached into. Its private members are named here, checked when a peer is made and
 * typed narrowly; if an update drops one, making a peer fails instead of running unguarded.
 */
import type { Candidate, RTCPeerConnection, RtpHeader, StunProtocol } from "werift";

export type Address = readonly [host: string, port: number];

export interface IceProtocol {
  readonly onRequestReceived: { execute: StunProtocol["onRequestReceived"]["execute"] };
}

export interface IcePair {
  readonly protocol: IceProtocol;
  readonly remoteAddr: Address;
  /** 3 = succeeded */
  readonly state: number;
  readonly rtt: number | undefined;
  nominated: boolean;
}

export interface IceConnection {
  localUsername: string;
  localPassword: string;
  readonly userHistory: Record<string, string>;
  readonly generation: number;
  readonly checkList: IcePair[];
  readonly protocols: IceProtocol[];
  readonly localCandidates: Candidate[];
  nominated: IcePair | undefined;
  readonly onData: { execute: (data: Buffer) => void };
  getCandidatePromises(addresses: string[], timeoutS?: number): Promise<Candidate | undefined>[];
  ensureProtocol(protocol: IceProtocol): void;
  pairLocalProtocol(protocol: IceProtocol): void;
  appendLocalCandidate(candidate: Candidate): void;
  resetNominatedPair(): void;
  queryConsent(): void;
}

export interface HandshakeMessage {
  readonly msg_type: number;
  readonly fragment: Buffer;
  serialize(): Buffer;
}

export interface DtlsRecord {
  readonly recordLayerHeader: {
    readonly contentType: number;
    readonly protocolVersion: { readonly major: number; readonly minor: number };
    readonly epoch: number;
    readonly sequenceNumber: number;
  };
  readonly fragment: Buffer;
}

export interface DtlsSession {
  readonly connected: boolean;
  readonly sessionType: number;
  readonly cipher: {
    readonly remoteCertificate: Buffer | undefined;
    readonly localRandom: { serialize(): Buffer };
    readonly remoteRandom: { serialize(): Buffer };
    decryptPacket(record: DtlsRecord): Buffer;
  };
  readonly dtls: {
    readonly sortedHandshakeCache: readonly HandshakeMessage[];
    readonly remoteExtendedMasterSecret: boolean;
  };
}

export interface DtlsTransport {
  readonly dtls: DtlsSession | undefined;
  readonly srtp: { readonly localContext: { readonly cipher: { srtpSessionKey: unknown } } } | undefined;
  readonly srtcp: { decrypt: (datagram: Buffer) => Buffer } | undefined;
  readonly remoteParameters:
    | { readonly fingerprints: readonly { algorithm: string; value: string }[] }
    | undefined;
  verifyRemoteCertificateFingerprint(): void;
  sendRtp(payload: Buffer, header: RtpHeader): Promise<number>;
}

const ICE_MEMBERS = [
  "localUsername",
  "localPassword",
  "userHistory",
  "generation",
  "checkList",
  "protocols",
  "localCandidates",
  "getCandidatePromises",
  "ensureProtocol",
  "pairLocalProtocol",
  "appendLocalCandidate",
  "resetNominatedPair",
  "queryConsent",
  "onData",
] as const;
const DTLS_MEMBERS = ["verifyRemoteCertificateFingerprint", "sendRtp", "sendRtcp"] as const;

/** The ICE connection and DTLS transport of a bundled connection. @throws Error when werift is not as expected */
export function reach(pc: RTCPeerConnection): { ice: IceConnection; dtls: DtlsTransport } {
  const [transport, ...others] = pc.dtlsTransports;
  if (!transport || others.length > 0) throw new Error("werift: exactly one DTLS transport expected");
  const ice: object = transport.iceTransport.connection;
  requireMembers(ice, ICE_MEMBERS);
  requireMembers(transport, DTLS_MEMBERS);
  return { ice: ice as IceConnection, dtls: transport as unknown as DtlsTransport };
}

/** Fails closed: a guard that silently finds nothing to guard is worse than none. */
export function requireMembers(thing: object, names: readonly string[]): void {
  for (const name of names) {
    if (!(name in thing)) throw new Error(`werift internals changed: ${name} is missing`);
  }
}
