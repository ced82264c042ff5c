// From what the muxer wrote to what a viewer is promised: film time, whole GOPs, packets on the 20 ms grid.

import type { Frame } from "../gop/frame.ts";
import type { RunSpec } from "./args.ts";
import { type AvcConfig, isIdr, parseAvcConfig, toFrameData } from "./avc.ts";
import { MatroskaError } from "./ebml.ts";
import type { MatroskaTrack } from "./matroska.ts";

export const OPUS_PACKET_MS = 20;
/** libopus looks this far ahead: a packet's first sample belongs that much before its slot. */
export const OPUS_DELAY_MS = 6.5;
/** Matroska counts whole ms, so a time may be off by one. */
const ROUNDING_MS = 1;

const CODEC_IDS: Readonly<Record<string, string>> = {
  h264: "V_MPEG4/ISO/AVC",
  vp8: "V_VP8",
  vp9: "V_VP9",
  av1: "V_AV1",
  opus: "A_OPUS",
};

export interface FrameShaper {
  onTrack(track: MatroskaTrack): void;
  /** undefined = not for the viewer (pre-roll, or before the first key frame). @throws MatroskaError */
  shape(timeMs: number, key: boolean, data: Uint8Array): Frame | undefined;
}

/** Slot of a packet on the film's 20 ms grid. ffmpeg 5 writes slot - 6.5 ms, ffmpeg 7 the slot itself: both round to it. */
export const opusSlot = (filmMs: number): number => Math.round((filmMs + OPUS_DELAY_MS / 2) / OPUS_PACKET_MS);
export const opusSlotMs = (slot: number): number => slot * OPUS_PACKET_MS - OPUS_DELAY_MS;

export const createShaper = (spec: RunSpec): FrameShaper => {
  const codec = spec.kind === "audio" ? "opus" : spec.codec;
  let avc: AvcConfig | undefined;
  let begun = false;
  const onTrack = (track: MatroskaTrack): void => {
    if (track.codecId !== CODEC_IDS[codec]) throw new MatroskaError("bad-structure", `track is not ${codec}`);
    if (codec === "h264") avc = parseAvcConfig(track.codecPrivate);
  };
  const shapeSound = (timeMs: number, data: Uint8Array): Frame | undefined => {
    const slot = opusSlot(timeMs - spec.startMs);
    return slot * OPUS_PACKET_MS < spec.fromMs ? undefined : { ptsMs: opusSlotMs(slot), key: true, data };
  };
  const shapeVideo = (timeMs: number, flagged: boolean, data: Uint8Array): Frame | undefined => {
    const ptsMs = Math.max(0, Math.round((timeMs - spec.startMs) * 1000) / 1000);
    const key = flagged && (avc === undefined || isIdr(data, avc.lengthBytes));
    if (!begun && (!key || ptsMs < spec.fromMs - ROUNDING_MS)) return undefined;
    begun = true;
    return { ptsMs, key, data: avc === undefined ? data : toFrameData(avc, data, key) };
  };
  return {
    onTrack,
    shape: spec.kind === "audio" ? (timeMs, _key, data) => shapeSound(timeMs, data) : shapeVideo,
  };
};
