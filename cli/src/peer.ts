/**
 * The one place of wrtc: a peer connection for {@link Link}, and sinks that hand out pictures and sound.
 *
 * Its rule of life (measured): stop the sinks, close the connection, and then the process has to end by `process.exit`;
 * letting the event loop run out crashes, and leaving a sink running hangs.
 */

import { Refusal } from "@loge/protocol/errors";
import type { LinkChannel, LinkPeer, LinkPeerEvents } from "@loge/protocol/link";
import wrtcModule from "wrtc";
import type { Picture, Sound } from "./output.ts";

export interface Sinks {
  picture(picture: Picture): void;
  sound(sound: Sound): void;
}

interface Sink<E> {
  stop(): void;
  on: ((event: E) => void) | null;
}
/** What we use of wrtc; its own types name browser globals it does not declare. */
interface Wrtc {
  readonly RTCPeerConnection: new (config: RTCConfiguration) => RTCPeerConnection;
  readonly nonstandard: {
    readonly RTCVideoSink: new (
      track: MediaStreamTrack,
    ) => Omit<Sink<never>, "on"> & {
      onframe: ((event: { readonly frame: Picture }) => void) | null;
    };
    readonly RTCAudioSink: new (
      track: MediaStreamTrack,
    ) => Omit<Sink<never>, "on"> & {
      ondata:
        | ((event: {
            readonly samples: Int16Array;
            readonly sampleRate: number;
            readonly channelCount: number;
          }) => void)
        | null;
    };
  };
}
const wrtc = wrtcModule as unknown as Wrtc;

/** All candidates have to be in the answer; on a machine with a silent interface they are not waited for longer. */
const GATHER_MS = 1500;

/** The decoder gives both channels only where the answer asks for them. */
function askForStereo(sdp: string): string {
  const opus = /^a=rtpmap:(\d+) opus\/48000\/2\r?$/m.exec(sdp)?.[1];
  if (opus === undefined) return sdp;
  return sdp.replace(new RegExp(`^(a=fmtp:${opus} (?!.*\\bstereo=1\\b)[^\\r\\n]*)`, "m"), "$1;stereo=1");
}

export interface Peer extends LinkPeer {
  /** Pictures decoded since the connection began; 0 where the statistics do not tell. */
  framesDecoded(): Promise<number>;
}

export function createPeer(events: LinkPeerEvents, sinks: Sinks): Peer {
  const pc = new wrtc.RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" });
  const running: { stop(): void }[] = [];
  let isClosed = false;

  pc.ontrack = ({ track }) => {
    if (track.kind === "video") {
      const sink = new wrtc.nonstandard.RTCVideoSink(track);
      sink.onframe = ({ frame }) => sinks.picture(frame);
      running.push(sink);
    } else {
      const sink = new wrtc.nonstandard.RTCAudioSink(track);
      sink.ondata = ({ samples, sampleRate, channelCount }) =>
        sinks.sound({ samples, rateHz: sampleRate, channels: channelCount });
      running.push(sink);
    }
  };
  pc.ondatachannel = ({ channel }) => {
    channel.binaryType = "arraybuffer";
    const { label } = channel;
    const out: LinkChannel = {
      send: (text) => {
        if (channel.readyState !== "open") throw new Refusal("LINK_LOST");
        channel.send(text);
      },
    };
    channel.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (!isClosed) events.data(label, typeof data === "string" ? data : new Uint8Array(data));
    };
    events.channel(label, out);
  };
  // still called after close(), so it must not need anything that close() took away
  pc.onconnectionstatechange = () => {
    if (!isClosed && (pc.connectionState === "failed" || pc.connectionState === "closed")) events.lost();
  };

  return {
    answer: async (offerSdp) => {
      await pc.setRemoteDescription({ type: "offer", sdp: offerSdp });
      const answer = await pc.createAnswer();
      const gathered = gatheringComplete(pc);
      await pc.setLocalDescription({ type: "answer", sdp: askForStereo(answer.sdp ?? "") });
      await gathered;
      return pc.localDescription?.sdp ?? "";
    },
    remoteFingerprint: () => remoteFingerprint(pc),
    framesDecoded: () => framesDecoded(pc),
    close: () => {
      if (isClosed) return;
      isClosed = true;
      for (const sink of running) sink.stop();
      pc.close();
    },
  };
}

function gatheringComplete(pc: RTCPeerConnection): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHER_MS);
    pc.onicegatheringstatechange = () => {
      if (pc.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      resolve();
    };
  });
}

async function statistics(pc: RTCPeerConnection): Promise<readonly Record<string, unknown>[]> {
  return pc.connectionState === "closed" ? [] : [...(await pc.getStats()).values()];
}

async function framesDecoded(pc: RTCPeerConnection): Promise<number> {
  const entries = await statistics(pc);
  const video = entries.find((entry) => entry["type"] === "inbound-rtp" && entry["kind"] === "video");
  const frames = video?.["framesDecoded"];
  return typeof frames === "number" ? frames : 0;
}

/** The certificate that DTLS saw, from the statistics: "sha-256 AA:BB:…"; undefined where they do not tell. */
async function remoteFingerprint(pc: RTCPeerConnection): Promise<string | undefined> {
  const stats = await statistics(pc);
  const transport = stats.find(
    (entry) => entry["type"] === "transport" && typeof entry["remoteCertificateId"] === "string",
  );
  const certificate = stats.find(
    (entry) => entry["type"] === "certificate" && entry["id"] === transport?.["remoteCertificateId"],
  );
  const { fingerprintAlgorithm: algorithm, fingerprint } = certificate ?? {};
  if (typeof algorithm !== "string" || typeof fingerprint !== "string") return undefined;
  return `${algorithm.toLowerCase()} ${fingerprint.toUpperCase()}`;
}
