// The unit that travels from encoder to viewer, and how a rendition is named.

export type VideoCodec = "h264" | "vp8" | "vp9" | "av1";
export type AudioCodec = "opus";

/**
 * One encoded frame or Opus packet.
 * h264: 4-byte length-prefixed NAL units, SPS and PPS prepended on key frames; vp8, vp9: the raw frame;
 * av1: the OBUs of one temporal unit; opus: one packet (20 ms).
 */
export interface Frame {
  /** Film time. */
  readonly ptsMs: number;
  readonly key: boolean;
  readonly data: Uint8Array;
}

export interface Rendition {
  readonly kind: "video";
  readonly codec: VideoCodec;
  /** Displayed height; "source" = the title's own size. */
  readonly height: number | "source";
  /** The file's own frames, untouched (only where VideoInfo.passthrough is defined). */
  readonly copy: boolean;
}

export interface SoundRendition {
  readonly kind: "audio";
  readonly codec: AudioCodec;
  readonly stream: 0;
}

export type AnyRendition = Rendition | SoundRendition;
