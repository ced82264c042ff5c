import { verify, X509Certificate } from "node:crypto";
import { type DtlsSession, type DtlsTransport, type HandshakeMessage, requireMembers } from "./internals.ts";

const CERTIFICATE_VERIFY = 15;
const SERVER_KEY_EXCHANGE = 12;
const FINISHED = 20;
/** werift's SessionType of the server side, which checks a client. */
const CLIENT_ROLE = 1;
const HASHES: Readonly<Record<number, string>> = { 4: "sha256", 5: "sha384", 6: "sha512" };

/**
 * werift compares the certificate with a=fingerprint but never checks that the peer owns its key: DTLS 1.2 shows
 * certificates in clear, so anybody on the path could wear one (facts: security §0.1, Appendix A). Checks the signature of
 * CertificateVerify (we are the server) or ServerKeyExchange (we are the client), and asks for the extended master secret
 * (RFC 7627), which ties the keys to the handshake seen here.
 * @throws Error when anything is missing or wrong
 */
export function verifyPossession(session: DtlsSession): void {
  requireMembers(session, ["cipher", "dtls", "sessionType", "connected"]);
  requireMembers(session.dtls, ["sortedHandshakeCache", "remoteExtendedMasterSecret"]);
  const certificate = session.cipher.remoteCertificate;
  if (!certificate) throw new Error("no certificate");
  if (!session.dtls.remoteExtendedMasterSecret) throw new Error("no extended master secret");
  const { publicKey } = new X509Certificate(certificate);
  const { hash, signature, signed } =
    session.sessionType === CLIENT_ROLE ? keyExchange(session) : certificateVerify(session);
  if (!verify(hash, signed, publicKey, signature)) throw new Error("certificate not owned: bad signature");
}

interface Proof {
  readonly hash: string;
  readonly signature: Buffer;
  readonly signed: Buffer;
}

/** RFC 5246 §7.4.8: over all handshake messages before it. */
function certificateVerify(session: DtlsSession): Proof {
  const messages = session.dtls.sortedHandshakeCache;
  const { fragment } = find(messages, CERTIFICATE_VERIFY);
  const before = messages.filter(({ msg_type }) => msg_type !== CERTIFICATE_VERIFY && msg_type !== FINISHED);
  return { ...signatureAt(fragment, 0), signed: Buffer.concat(before.map((message) => message.serialize())) };
}

/** RFC 8422 §5.4: over both randoms and the key exchange parameters. */
function keyExchange(session: DtlsSession): Proof {
  const { fragment } = find(session.dtls.sortedHandshakeCache, SERVER_KEY_EXCHANGE);
  const end = 4 + fragment.readUInt8(3);
  const { localRandom, remoteRandom } = session.cipher;
  const signed = Buffer.concat([
    localRandom.serialize(),
    remoteRandom.serialize(),
    fragment.subarray(0, end),
  ]);
  return { ...signatureAt(fragment, end), signed };
}

function signatureAt(fragment: Buffer, at: number): { hash: string; signature: Buffer } {
  const hash = HASHES[fragment.readUInt8(at)];
  if (!hash) throw new Error("signature hash not accepted");
  const length = fragment.readUInt16BE(at + 2);
  return { hash, signature: fragment.subarray(at + 4, at + 4 + length) };
}

function find(messages: readonly HandshakeMessage[], type: number): HandshakeMessage {
  const found = messages.find(({ msg_type }) => msg_type === type);
  if (!found) throw new Error(`handshake message ${type} is missing`);
  return found;
}

/** Puts the check where werift compares fingerprints: after the handshake, before SRTP keys are made. */
export function installPossessionCheck(transport: DtlsTransport, onVerified: () => void): void {
  const compare = transport.verifyRemoteCertificateFingerprint;
  transport.verifyRemoteCertificateFingerprint = function verified(this: DtlsTransport): void {
    compare.call(this);
    if (!this.dtls) throw new Error("no DTLS session");
    verifyPossession(this.dtls);
    onVerified();
  };
}
