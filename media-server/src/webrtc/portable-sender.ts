import { createSecretKey } from "node:crypto";
import {
  type RTCDtlsTransport,
  RtcpSenderInfo,
  RtcpSourceDescriptionPacket,
  RtcpSrPacket,
  RtpHeader,
  SourceDescriptionChunk,
  SourceDescriptionItem,
} from "werift";
import type { PacketSender } from "../send/packet-sender.ts";
import type { DtlsTransport, IceConnection } from "./internals.ts";

const ONE_BYTE_EXTENSIONS = 0xbede;
const CNAME = 1;
/** werift's own transport, or undefined once closed */
export interface SendParts {
  readonly transport: RTCDtlsTransport;
  readonly dtls: DtlsTransport;
  readonly ice: IceConnection;
  readonly cname: string;
  readonly isOpen: () => boolean;
}

/** The portable tier: SRTP by werift, through the DTLS transport, with our own header (the sender's would overwrite it). */
export function createPortableSender(o: SendParts): PacketSender {
  return {
    send: (head, payload) => {
      if (!o.isOpen()) return 0;
      const header = new RtpHeader({
        payloadType: head.payloadType,
        marker: head.marker,
        sequenceNumber: head.sequence,
        timestamp: head.timestamp,
        ssrc: head.ssrc,
        extension: head.extensions.length > 0,
        extensionProfile: ONE_BYTE_EXTENSIONS,
        extensions: head.extensions.map(({ id, payload: body }) => ({ id, payload: asBuffer(body) })),
      });
      // sendRtp catches what goes wrong inside and never rejects
      void o.dtls.sendRtp(asBuffer(payload), header);
      return header.serializeSize + payload.length;
    },
    report: (reports) => {
      if (!o.isOpen()) return;
      const senderReports = reports.map(
        (r) =>
          new RtcpSrPacket({
            ssrc: r.ssrc,
            senderInfo: new RtcpSenderInfo({
              ntpTimestamp: r.ntp,
              rtpTimestamp: r.rtpTimestamp,
              packetCount: r.packets >>> 0,
              octetCount: r.octets >>> 0,
            }),
          }),
      );
      const items = [new SourceDescriptionItem({ type: CNAME, text: o.cname })];
      const chunks = reports.map((r) => new SourceDescriptionChunk({ source: r.ssrc, items }));
      // a report that cannot be sent is followed by the next
      o.transport
        .sendRtcp([...senderReports, new RtcpSourceDescriptionPacket({ chunks })])
        .catch(() => undefined);
    },
    get rttMs() {
      const rtt = o.ice.nominated?.rtt;
      return rtt === undefined ? undefined : rtt * 1000;
    },
  };
}

/** werift hands the raw key to every createCipheriv, which costs more than the cipher; a KeyObject is parsed once. */
export function speedUpSrtp(dtls: DtlsTransport): void {
  const cipher = dtls.srtp?.localContext.cipher;
  if (cipher && Buffer.isBuffer(cipher.srtpSessionKey))
    cipher.srtpSessionKey = createSecretKey(cipher.srtpSessionKey);
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
