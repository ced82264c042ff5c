import type { RTCRtpCodecParameters, RTCRtpTransceiver } from "werift";
import type { VideoCodec } from "../gop/frame.ts";
import type { Negotiated, VideoPayload } from "../send/packet-sender.ts";
import { ABS_SEND_TIME_URI, PLAYOUT_DELAY_URI } from "./offer.ts";

/** Payload types and extension ids as agreed; the ids are per media section and must be read, never assumed. */
export function readNegotiated(
  video: RTCRtpTransceiver,
  audio: RTCRtpTransceiver,
  codecs: readonly VideoCodec[],
): Negotiated {
  const payloads = new Map<string, VideoPayload>();
  for (const codec of codecs) {
    const found = video.codecs.find((c) => c.mimeType.toLowerCase() === `video/${codec}`);
    if (!found || payloads.has(codec)) continue;
    payloads.set(codec, {
      payloadType: found.payloadType,
      rtxPayloadType: rtxOf(video.codecs, found.payloadType),
    });
  }
  const opus = audio.codecs.find((c) => c.mimeType.toLowerCase() === "audio/opus");
  return {
    video: { ssrc: video.sender.ssrc, rtxSsrc: video.sender.rtxSsrc, extensions: extensionsOf(video) },
    audio: { ssrc: audio.sender.ssrc, payloadType: opus?.payloadType, extensions: extensionsOf(audio) },
    payloads,
  };
}

function rtxOf(codecs: readonly RTCRtpCodecParameters[], payloadType: number): number | undefined {
  const apt = new RegExp(`(^|;)\\s*apt=${payloadType}\\s*(;|$)`);
  return codecs.find((c) => c.mimeType.toLowerCase() === "video/rtx" && apt.test(c.parameters ?? ""))
    ?.payloadType;
}

function extensionsOf(transceiver: RTCRtpTransceiver): Negotiated["video"]["extensions"] {
  const idOf = (uri: string): number | undefined =>
    transceiver.headerExtensions.find((e) => e.uri === uri)?.id;
  return { absSendTime: idOf(ABS_SEND_TIME_URI), playoutDelay: idOf(PLAYOUT_DELAY_URI) };
}
