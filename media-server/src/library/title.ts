// What the rest of the media server knows about a film file. All times are film time in ms: 0 is the
// title's first moment, whatever start_time the file carries.

import type { ErrorCode } from "@loge/protocol/errors";
import type { VideoCodec } from "../gop/frame.ts";

/** Present only when the file's own frames can go out untouched: true key frames, gaps of at most 2 s, no B-frames. */
export interface PassthroughGrid {
  readonly codec: VideoCodec;
  /** Film times of the key frames, ascending. */
  readonly keyMs: readonly number[];
}

export interface VideoInfo {
  /** ffmpeg's index of the stream in the file. */
  readonly streamIndex: number;
  readonly codec: string;
  /** As displayed: rotation and sample aspect ratio applied. */
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly pixFmt: string;
  readonly passthrough: PassthroughGrid | undefined;
  /** Decoding must begin so much earlier than the wanted frame, beyond what seeking finds by itself. 0 for most containers. */
  readonly seekBackMs: number;
}

export interface AudioInfo {
  readonly streamIndex: number;
  readonly codec: string;
  readonly channels: number;
}

/** Why a file is listed but cannot be played. */
export interface TitleRefusal {
  readonly code: ErrorCode;
  readonly reason: string;
}

export interface Title {
  /** Opaque, 22 characters, stable over restarts (from the path relative to the library). */
  readonly id: string;
  /** File name without extension; the folder is added where two are equal. */
  readonly name: string;
  /** Folder relative to the library, "" at its root. */
  readonly folder: string;
  /** Absolute real path. Never leaves this process. */
  readonly file: string;
  /** Changes with the file's path, size or mtime: part of every cache key. */
  readonly fingerprint: string;
  readonly sizeBytes: number;
  readonly durationMs: number;
  /** The file's own start_time; film time = file time - startMs. */
  readonly startMs: number;
  readonly video: VideoInfo | undefined;
  readonly audio: AudioInfo | undefined;
  readonly refusal: TitleRefusal | undefined;
}
