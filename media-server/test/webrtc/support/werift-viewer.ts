import {
  type RTCCertificate,
  type RTCDtlsTransport,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RTCRtpHeaderExtensionParameters,
  type RtpPacket,
  useAbsSendTime,
  useH264,
  useOPUS,
  useVP8,
} from "werift";
import { PLAYOUT_DELAY_URI } from "../../../src/webrtc/offer.ts";

const rtx = () => new RTCRtpCodecParameters({ mimeType: "video/rtx", clockRate: 90_000 });

export interface WeriftViewer {
  readonly pc: RTCPeerConnection;
  readonly transport: RTCDtlsTransport;
  readonly rtp: RtpPacket[];
  readonly messages: string[];
  answer(offer: string): Promise<string>;
  /** Sends bytes as they are from the connection's own address, as someone who can forge the source would. */
  inject(datagram: Buffer): Promise<void>;
  say(label: string, text: string): void;
}

/** A stock werift at the viewer's end, whose insides a test can get at. `passive` makes it the DTLS server. */
export function openWeriftViewer(o: { certificate?: RTCCertificate; passive?: boolean } = {}): WeriftViewer {
  const pc = new RTCPeerConnection({
    iceServers: [],
    headerExtensions: {
      video: [useAbsSendTime(), new RTCRtpHeaderExtensionParameters({ uri: PLAYOUT_DELAY_URI })],
      audio: [useAbsSendTime()],
    },
    codecs: { audio: [useOPUS()], video: [useH264(), rtx(), useVP8(), rtx()] },
    ...(o.certificate ? { certificates: [o.certificate] } : {}),
  });
  const rtp: RtpPacket[] = [];
  const messages: string[] = [];
  const channels = new Map<string, { send(text: string): void }>();
  pc.onDataChannel.subscribe((channel) => {
    channels.set(channel.label, channel);
    channel.onMessage.subscribe((data) => messages.push(`${channel.label}:${String(data)}`));
  });
  const transportOf = (): RTCDtlsTransport => {
    const [transport] = pc.dtlsTransports;
    if (!transport) throw new Error("no transport yet");
    return transport;
  };
  return {
    pc,
    get transport() {
      return transportOf();
    },
    rtp,
    messages,
    answer: async (offer) => {
      await pc.setRemoteDescription({ type: "offer", sdp: offer });
      if (o.passive) transportOf().role = "server";
      transportOf().onRtp.subscribe((packet) => rtp.push(packet));
      await pc.setLocalDescription(await pc.createAnswer());
      return pc.localDescription?.sdp ?? "";
    },
    inject: (datagram) => transportOf().iceTransport.connection.send(datagram),
    say: (label, text) => channels.get(label)?.send(text),
  };
}
