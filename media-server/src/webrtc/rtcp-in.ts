import type { RTCDtlsTransport } from "werift";
import {
  GenericNack,
  PictureLossIndication,
  ReceiverEstimatedMaxBitrate,
  RtcpPayloadSpecificFeedback,
  RtcpRrPacket,
  RtcpSrPacket,
  RtcpTransportLayerFeedback,
} from "werift";
import type { Feedback } from "../send/viewer-out.ts";

type Rtcp = Parameters<Parameters<RTCDtlsTransport["onRtcp"]["subscribe"]>[0]>[0];

/** FMT of a FIR; werift does not export its class. */
const FULL_INTRA_REQUEST = 4;

/** Reads the viewer's RTCP straight from the transport: NACK, PLI/FIR, REMB (werift's own estimate is junk) and reports. */
export function readRtcp(packet: Rtcp, videoSsrc: number, to: Feedback): void {
  if (packet instanceof RtcpTransportLayerFeedback) {
    const { feedback } = packet;
    if (feedback instanceof GenericNack && feedback.mediaSourceSsrc === videoSsrc) to.nack(feedback.lost);
  } else if (packet instanceof RtcpPayloadSpecificFeedback) {
    const { feedback } = packet;
    if (feedback instanceof ReceiverEstimatedMaxBitrate) to.estimate(Number(feedback.bitrate));
    else if (feedback instanceof PictureLossIndication || feedback.count === FULL_INTRA_REQUEST)
      to.keyFrameWanted();
  } else if (packet instanceof RtcpRrPacket || packet instanceof RtcpSrPacket) {
    for (const block of packet.reports)
      to.report(block.ssrc, block.fractionLost / 256, block.lsr, block.dlsr);
  }
}
