import { type RTCDataChannel, RTCPeerConnection, useVP8 } from "werift";

export interface StockServer {
  readonly pc: RTCPeerConnection;
  readonly channel: RTCDataChannel;
  readonly states: string[];
}

/** werift as it comes, offering: what our cures are measured against. */
export async function openStockServer(answer: (offer: string) => Promise<string>): Promise<StockServer> {
  const pc = new RTCPeerConnection({
    iceServers: [],
    codecs: { video: [useVP8()] },
    bundlePolicy: "max-bundle",
  });
  const states: string[] = [];
  pc.connectionStateChange.subscribe((state) => states.push(state));
  pc.addTransceiver("video", { direction: "sendonly" });
  const channel = pc.createDataChannel("gate");
  await pc.setLocalDescription(await pc.createOffer());
  await pc.setRemoteDescription({ type: "answer", sdp: await answer(pc.localDescription?.sdp ?? "") });
  return { pc, channel, states };
}
