/** A {@link LinkPeer} over the browser's RTCPeerConnection: takes the media server's offer, gives a complete answer. */
import type { LinkPeer, LinkPeerEvents } from "@loge/protocol/link";

/** Candidates of this machine are there in milliseconds; this only caps an interface that does not answer. */
const GATHERING_CAP_MS = 1500;

/** Chromium decodes Opus to mono unless the answer says otherwise (RFC 7587 §6.1). */
export function withStereo(sdp: string): string {
  const opus = /^a=rtpmap:(\d+) opus\/48000\/2/im.exec(sdp)?.[1];
  if (opus === undefined) return sdp;
  const fmtp = new RegExp(`^(a=fmtp:${opus} )([^\\r\\n]*)`, "m");
  const found = fmtp.exec(sdp);
  if (!found)
    return sdp.replace(new RegExp(`^(a=rtpmap:${opus} [^\\r\\n]*)`, "m"), `$1\r\na=fmtp:${opus} stereo=1`);
  if (/(^|;)stereo=1/.test(found[2] ?? "")) return sdp;
  return sdp.replace(fmtp, "$1$2;stereo=1");
}

function gathered(pc: RTCPeerConnection): Promise<void> {
  return new Promise((resolve) => {
    if (pc.iceGatheringState === "complete") return resolve();
    const timer = setTimeout(resolve, GATHERING_CAP_MS);
    pc.addEventListener("icegatheringstatechange", () => {
      if (pc.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      resolve();
    });
  });
}

/** SHA-256 of the certificate that DTLS saw; undefined where the browser does not tell (Firefox). */
async function remoteFingerprint(pc: RTCPeerConnection): Promise<string | undefined> {
  const transport = pc.sctp?.transport;
  if (!transport || typeof transport.getRemoteCertificates !== "function") return undefined;
  const [certificate] = transport.getRemoteCertificates();
  if (!certificate) return undefined;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", certificate));
  return `sha-256 ${[...digest].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(":")}`;
}

function adopt(channel: RTCDataChannel, events: LinkPeerEvents): void {
  channel.binaryType = "arraybuffer";
  const open = (): void =>
    events.channel(channel.label, {
      send: (text) => {
        if (channel.readyState === "open") channel.send(text);
      },
    });
  if (channel.readyState === "open") open();
  else channel.addEventListener("open", open);
  channel.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (typeof data === "string") events.data(channel.label, data);
    else if (data instanceof ArrayBuffer) events.data(channel.label, new Uint8Array(data));
  });
}

/** Both tracks of one connection come in one stream; `onStream` is told when the first of them is there. */
export function createPeer(events: LinkPeerEvents, onStream: (stream: MediaStream) => void): LinkPeer {
  const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  const stream = new MediaStream();
  pc.addEventListener("track", ({ track }) => {
    stream.addTrack(track);
    onStream(stream);
  });
  pc.addEventListener("datachannel", ({ channel }) => adopt(channel, events));
  pc.addEventListener("connectionstatechange", () => {
    if (pc.connectionState === "failed" || pc.connectionState === "closed") events.lost();
  });
  return {
    async answer(offerSdp) {
      await pc.setRemoteDescription({ type: "offer", sdp: offerSdp });
      const answer = await pc.createAnswer();
      await pc.setLocalDescription({ type: "answer", sdp: withStereo(answer.sdp ?? "") });
      await gathered(pc);
      return pc.localDescription?.sdp ?? "";
    },
    remoteFingerprint: () => remoteFingerprint(pc),
    close: () => pc.close(),
  };
}
