import type { Frame, VideoCodec } from "../gop/frame.ts";
import { packetizeAv1 } from "./av1.ts";
import { packetizeH264 } from "./h264.ts";
import { MAX_PAYLOAD_BYTES } from "./split.ts";
import { packetizeVp8, packetizeVp9 } from "./vpx.ts";

/** RTP payloads of frames, cut once whatever the number of viewers; they go when the frame goes. */
export interface PacketCache {
  payloads(frame: Frame, codec: VideoCodec): readonly Uint8Array[];
}

export function createPacketCache(maxBytes = MAX_PAYLOAD_BYTES): PacketCache {
  const cut = new WeakMap<Frame, readonly Uint8Array[]>();
  return {
    payloads: (frame, codec) => {
      const known = cut.get(frame);
      if (known) return known;
      const made = packetize(frame, codec, maxBytes);
      cut.set(frame, made);
      return made;
    },
  };
}

/** Pure: the payloads of one frame in sending order; the marker bit belongs to the last. */
export function packetize(
  frame: Frame,
  codec: VideoCodec,
  maxBytes = MAX_PAYLOAD_BYTES,
): readonly Uint8Array[] {
  switch (codec) {
    case "h264":
      return packetizeH264(frame.data, maxBytes);
    case "vp8":
      return packetizeVp8(frame.data, maxBytes);
    case "vp9":
      return packetizeVp9(frame.data, frame.key, maxBytes);
    case "av1":
      return packetizeAv1(frame.data, frame.key, maxBytes);
  }
}
