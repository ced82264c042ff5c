// The exact ffmpeg arguments of an encoder run. Each odd one was found by failing first: facts media §3, webrtc §5.

import type { VideoCodec } from "../gop/frame.ts";
import { INPUT_GUARD } from "./formats.ts";
import type { Size } from "./size.ts";

/** Film seconds, and what ffmpeg's -copyts timeline adds to them. */
export interface RunClock {
  readonly startMs: number;
}

export interface VideoRun extends RunClock {
  readonly kind: "video";
  readonly codec: "h264" | "vp8";
  readonly streamIndex: number;
  readonly size: Size;
  readonly bitsPerSecond: number;
  /** VideoInfo.seekBackMs */
  readonly seekBackMs: number;
  /** First frame at or after this film time. */
  readonly fromMs: number;
  /** Ends before this film time; undefined = to the end of the film. */
  readonly untilMs: number | undefined;
  /** Film times where a key frame must stand, ascending, at most 600. */
  readonly keyMs: readonly number[];
}

export interface CopyRun extends RunClock {
  readonly kind: "copy";
  readonly codec: VideoCodec;
  readonly streamIndex: number;
  /** Film time of a key frame of the file. */
  readonly fromMs: number;
}

export interface SoundRun extends RunClock {
  readonly kind: "audio";
  readonly streamIndex: number;
  /** Whole 20 ms packets are encoded from here; the first PREROLL_MS of them are for the decoder's ear only. */
  readonly fromMs: number;
}

export type RunSpec = VideoRun | CopyRun | SoundRun;

export interface FfmpegArgs {
  readonly input: readonly string[];
  readonly output: readonly string[];
}

/** >= 80 ms makes cuts inaudible; 200 was used when it was measured (facts media §3). */
export const PREROLL_MS = 200;

/** Seeking a little early costs nothing: trim cuts exactly. */
const SEEK_MARGIN_MS = 200;

const seconds = (ms: number): string => (ms / 1000).toFixed(6);

const input = (fromFilmMs: number): string[] => [
  "-nostdin",
  "-copyts",
  // it counts from the file's start_time whatever -copyts says; `-ss 0` makes AVI with B-frames lose its beginning
  ...(fromFilmMs > 0 ? ["-ss", seconds(fromFilmMs)] : []),
  ...INPUT_GUARD,
];

const MUX: readonly string[] = [
  ...["-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn", "-avoid_negative_ts", "disabled"],
  ...["-cluster_time_limit", "1", "-cluster_size_limit", "1", "-flush_packets", "1"],
];

const codecArgs = (run: VideoRun): string[] => {
  const rate = String(run.bitsPerSecond);
  const gop = ["-g", "9999", "-force_key_frames", run.keyMs.map((ms) => seconds(ms + run.startMs)).join(",")];
  if (run.codec === "h264") {
    const x264 = [
      "-c:v",
      "libx264",
      "-preset",
      "superfast",
      "-tune",
      "zerolatency",
      "-profile:v",
      "main",
      "-bf",
      "0",
    ];
    return [...x264, "-sc_threshold", "0", ...gop, "-b:v", rate, "-maxrate", rate, "-bufsize", rate];
  }
  // keyint_min = g is what turns libvpx's own key frames off; minrate keeps key frames small
  const vpx = [
    "-c:v",
    "libvpx",
    "-deadline",
    "realtime",
    "-cpu-used",
    "16",
    "-lag-in-frames",
    "0",
    "-auto-alt-ref",
    "0",
  ];
  const rateArgs = [
    "-b:v",
    rate,
    "-minrate",
    rate,
    "-maxrate",
    rate,
    "-bufsize",
    rate,
    "-undershoot-pct",
    "50",
    "-overshoot-pct",
    "15",
  ];
  // a second libvpx thread spins while it waits: on a busy machine 720p took 3.9 CPU-s with two threads, 0.74 with one
  const threads = run.size.height > 1080 ? ["-threads", "2", "-slices", "4"] : ["-threads", "1"];
  const quality = ["-qmin", "4", "-qmax", "56", "-static-thresh", "0", ...threads];
  return [...vpx, "-error-resilient", "0", "-keyint_min", "9999", ...gop, ...rateArgs, ...quality];
};

const videoArgs = (run: VideoRun): FfmpegArgs => {
  const end = run.untilMs === undefined ? "" : `:end=${seconds(run.untilMs + run.startMs)}`;
  // trim and force_key_frames must round alike, so both count in 1/90000
  const trim = `settb=1/90000,trim=start=${seconds(run.fromMs + run.startMs)}${end}`;
  const scale = `scale=${run.size.width}:${run.size.height}:flags=bilinear,setsar=1,format=yuv420p`;
  const filters = ["-vf", `${trim},${scale}`, "-fps_mode:v", "passthrough", "-enc_time_base:v", "1/90000"];
  return {
    input: input(run.fromMs - SEEK_MARGIN_MS - run.seekBackMs),
    output: ["-map", `0:${run.streamIndex}`, "-an", ...filters, ...codecArgs(run), ...MUX],
  };
};

const copyArgs = (run: CopyRun): FfmpegArgs => ({
  // a little before the key frame: rounding must not make the seek miss it; frames before it are dropped by the reader
  input: input(run.fromMs - 20),
  output: ["-map", `0:${run.streamIndex}`, "-an", "-c:v", "copy", ...MUX],
});

const soundArgs = (run: SoundRun): FfmpegArgs => {
  const firstSample = Math.round(run.startMs * 48) + Math.round((run.fromMs - PREROLL_MS) * 48);
  // first_pts counts in the INPUT rate of its filter, so the first one only resamples; the second one puts
  // every run on the same 20 ms grid and fills holes with silence
  const filters = `aresample=48000,aresample=48000:async=1:min_hard_comp=0.05:first_pts=${firstSample}`;
  const opus = ["-c:a", "libopus", "-b:a", "96k", "-ar", "48000", "-ac", "2", "-frame_duration", "20"];
  return {
    input: input(run.fromMs - PREROLL_MS),
    output: ["-map", `0:${run.streamIndex}`, "-vn", "-af", filters, ...opus, ...MUX],
  };
};

/** Arguments before and after `-i`, without the output format and target. */
export const ffmpegArgs = (run: RunSpec): FfmpegArgs =>
  run.kind === "video" ? videoArgs(run) : run.kind === "copy" ? copyArgs(run) : soundArgs(run);
