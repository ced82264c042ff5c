import {
  type RTCCertificate,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RTCRtpHeaderExtensionParameters,
  type RTCRtpTransceiver,
  useAbsSendTime,
  useAV1,
  useH264,
  useNACK,
  useOPUS,
  usePLI,
  useREMB,
  useSdesMid,
  useVP8,
  useVP9,
} from "werift";
import type { TurnServer } from "./peer.ts";

export const PLAYOUT_DELAY_URI = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
export const ABS_SEND_TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";

export interface Connection {
  readonly pc: RTCPeerConnection;
  readonly video: RTCRtpTransceiver;
  readonly audio: RTCRtpTransceiver;
}

/** One connection that offers every codec, each with RTX (werift sets apt from the order); facts: webrtc §2. */
export function makeConnection(certificate: RTCCertificate, turn: TurnServer | undefined): Connection {
  const rtcpFeedback = [useNACK(), usePLI(), useREMB()];
  const rtx = () => new RTCRtpCodecParameters({ mimeType: "video/rtx", clockRate: 90_000 });
  const baseline = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
  const pc = new RTCPeerConnection({
    iceServers: turn ? [{ urls: turn.url, username: turn.username, credential: turn.credential }] : [],
    bundlePolicy: "max-bundle",
    certificates: [certificate],
    codecs: {
      audio: [useOPUS({ parameters: "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1" })],
      video: [
        useH264({ rtcpFeedback, parameters: baseline }),
        rtx(),
        useVP8({ rtcpFeedback }),
        rtx(),
        useVP9({ rtcpFeedback, parameters: "profile-id=0" }),
        rtx(),
        useAV1({ rtcpFeedback }),
        rtx(),
      ],
    },
    headerExtensions: {
      audio: [useSdesMid(), useAbsSendTime()],
      video: [
        useSdesMid(),
        useAbsSendTime(),
        new RTCRtpHeaderExtensionParameters({ uri: PLAYOUT_DELAY_URI }),
      ],
    },
  });
  const video = pc.addTransceiver("video", { direction: "sendonly" });
  const audio = pc.addTransceiver("audio", { direction: "sendonly" });
  // werift believes its report loop to be running, so it never starts one: its NTP fraction is wrong, ours is not
  video.sender.rtcpRunning = true;
  audio.sender.rtcpRunning = true;
  return { pc, video, audio };
}

/**
 * werift writes no msid per ssrc; without it wrtc refuses the offer ("more than one track specified with a=ssrc lines").
 * Both tracks share one stream, so that receivers keep them in step. Pure.
 */
export function addMsid(sdp: string, stream: string): string {
  const [head = "", ...sections] = sdp.split(/(?=^m=)/m);
  const edited = sections.map((section) => {
    const kind = /^m=(audio|video) /.exec(section)?.[1];
    if (!kind) return section;
    const msid = `${stream} ${kind}`;
    const ssrcs = new Set([...section.matchAll(/^a=ssrc:(\d+) /gm)].map((match) => match[1]));
    const lines = section
      .split("\r\n")
      .filter((line) => line !== "" && !/^a=(msid:|ssrc:\d+ msid:)/.test(line));
    return [...lines, `a=msid:${msid}`, ...[...ssrcs].map((ssrc) => `a=ssrc:${ssrc} msid:${msid}`), ""].join(
      "\r\n",
    );
  });
  return head + edited.join("");
}
