import type { DtlsRecord, DtlsSession, IceConnection } from "./internals.ts";

const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;
const HEADER_BYTES = 13;
const CLOSE_NOTIFY = 0;

interface Found {
  readonly record: DtlsRecord;
  readonly whole: Buffer;
}

/**
 * Splits a datagram into DTLS 1.2 records (RFC 6347 §4.1). @returns undefined when it is not a clean row of them
 */
export function readRecords(datagram: Buffer): readonly Found[] | undefined {
  const found: Found[] = [];
  for (let at = 0; at < datagram.length; ) {
    if (at + HEADER_BYTES > datagram.length) return undefined;
    const end = at + HEADER_BYTES + datagram.readUInt16BE(at + 11);
    const contentType = datagram.readUInt8(at);
    if (end > datagram.length || contentType < CHANGE_CIPHER_SPEC || contentType > APPLICATION_DATA)
      return undefined;
    const record = {
      recordLayerHeader: {
        contentType,
        protocolVersion: { major: datagram.readUInt8(at + 1), minor: datagram.readUInt8(at + 2) },
        epoch: datagram.readUInt16BE(at + 3),
        sequenceNumber: datagram.readUIntBE(at + 5, 6),
      },
      fragment: datagram.subarray(at + HEADER_BYTES, end),
    };
    found.push({ record, whole: datagram.subarray(at, end) });
    at = end;
  }
  return found;
}

/**
 * Which records werift may see. It closes on any alert that looks plain, in every epoch, on any unknown record type, and
 * starts anew on a ClientHello in clear (facts: security §0.2); so alerts never reach it, and once connected nothing
 * unencrypted does. Left open: a datagram with the viewer's own source address can still disturb an unfinished handshake.
 */
export function admits(record: DtlsRecord, connected: boolean): boolean {
  const { contentType, epoch } = record.recordLayerHeader;
  if (contentType === ALERT) return false;
  if (contentType === APPLICATION_DATA) return connected && epoch > 0;
  if (connected) return contentType === HANDSHAKE && epoch > 0;
  return true;
}

/** True for a close_notify that the session's key proves to be the peer's. */
function isPeersGoodbye(record: DtlsRecord, session: DtlsSession): boolean {
  if (record.recordLayerHeader.contentType !== ALERT || record.recordLayerHeader.epoch === 0) return false;
  try {
    const alert = session.cipher.decryptPacket(record);
    return alert.length === 2 && alert[1] === CLOSE_NOTIFY;
  } catch {
    return false;
  }
}

/** Sits between ICE and DTLS of one connection, whatever path (mux or TURN) the datagrams come by. */
export function installRecordGuard(
  ice: IceConnection,
  session: () => DtlsSession | undefined,
  on: { dropped: () => void; goodbye: () => void },
): void {
  const pass = ice.onData.execute;
  ice.onData.execute = (datagram) => {
    const first = datagram[0] ?? 0;
    if (first >= 128) return pass(datagram);
    const records = readRecords(datagram);
    if (!records) return on.dropped();
    const dtls = session();
    const connected = dtls?.connected ?? false;
    const admitted = records.filter(({ record }) => admits(record, connected));
    if (admitted.length < records.length) {
      on.dropped();
      if (dtls && connected && records.some(({ record }) => isPeersGoodbye(record, dtls)))
        return on.goodbye();
    }
    const [only] = admitted;
    if (admitted.length === 1 && only) return pass(only.whole);
    if (admitted.length > 1) return pass(Buffer.concat(admitted.map(({ whole }) => whole)));
  };
}
