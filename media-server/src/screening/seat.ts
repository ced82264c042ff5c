/** A viewer in a screening, and the word about film time that goes before its packets. */
import type { ControlEvent, Height, Timeline } from "@loge/protocol/control";
import { renditionSize } from "../encode/size.ts";
import type { VideoCodec } from "../gop/frame.ts";
import type { MediaOut } from "../send/media-out.ts";
import type { Pump } from "../viewer/pump.ts";
import { type RtpLine, ticks32 } from "../viewer/rtp-line.ts";
import { positionAt, wallAt } from "./clock.ts";
import type { Screening } from "./screening.ts";

/** A viewer as the stage needs it. */
export interface StageViewer {
  readonly sid: string;
  readonly codecs: readonly VideoCodec[];
  readonly media: MediaOut;
  readonly line: RtpLine;
  isHost: boolean;
  event(event: ControlEvent): void;
}

export interface Seat {
  readonly viewer: StageViewer;
  readonly pump: Pump;
  readonly screening: string;
  height: Height;
  epoch: number;
  done: boolean;
  /** Cause of the next timeline, until it is sent. */
  cause: Timeline["cause"];
  by: string | undefined;
}

/** Film time against RTP time as it is now; counts the seat's epoch up. */
export function timelineOf(seat: Seat, s: Screening, cause: Timeline["cause"], nowMs: number): Timeline {
  const { title, clock, id } = s;
  const { rendition } = seat.pump;
  const { line } = seat.viewer;
  // the position of this very moment, in whole milliseconds and the wall time that belongs to them
  const mediaMs = Math.max(0, Math.min(Math.round(positionAt(clock, nowMs)), Math.round(title.durationMs)));
  const wallMs = clock.running ? wallAt(clock, mediaMs) : nowMs;
  const size = renditionSize(title.video ?? { width: 0, height: 0 }, rendition.height);
  const picture = rendition.copy && title.video ? title.video : size;
  return {
    type: "timeline",
    epoch: ++seat.epoch,
    screening: id,
    title: title.id,
    rtpVideo: ticks32(line.video(wallMs)),
    rtpAudio: ticks32(line.audio(wallMs)),
    mediaMs,
    durationMs: title.durationMs,
    rate: 1,
    playing: clock.running,
    height: seat.height,
    width: picture.width,
    lines: picture.height,
    codec: rendition.codec,
    cause,
    ...(seat.by === undefined || cause === "recover" ? {} : { by: seat.by }),
  };
}
