// Reads a stream's packet times: where its key frames stand, whether its frames are in order, where it ends.

import type { Ffmpeg } from "../encode/ffmpeg.ts";
import { INPUT_GUARD, inputName } from "../encode/formats.ts";
import { runTool } from "../encode/process.ts";
import type { VideoCodec } from "../gop/frame.ts";
import type { ProbedVideo } from "./probe-report.ts";
import type { PassthroughGrid } from "./title.ts";

/** Longest time between key frames that can still be passed through: joins and seeks wait for one. */
export const MAX_KEY_GAP_MS = 2_000;
const SCAN_TIMEOUT_MS = 60_000;

export interface PacketScan {
  /** File times of the key frames, ms. */
  readonly keyMs: readonly number[];
  readonly lastMs: number;
  readonly packets: number;
}

export interface ScanOptions {
  readonly strict: boolean;
  /** Only so much from the beginning; the whole file without it. */
  readonly withinMs?: number;
  readonly signal: AbortSignal;
}

/**
 * Scans the packets of a stream. With `strict`, gives up (undefined) at the first sign against passthrough: a frame out
 * of order or without a time, a first frame that is no key frame, key frames more than MAX_KEY_GAP_MS apart.
 */
export const scanPackets = async (
  ffmpeg: Ffmpeg,
  file: string,
  streamIndex: number,
  { strict, withinMs, signal }: ScanOptions,
): Promise<PacketScan | undefined> => {
  const abort = new AbortController();
  const keyMs: number[] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  let packets = 0;
  const onLine = (line: string): void => {
    if (line === "" || abort.signal.aborted) return;
    const [timeText = "", flags = ""] = line.split(",");
    const ptsMs = Number.parseFloat(timeText) * 1000;
    const key = flags.includes("K");
    packets += 1;
    if (Number.isFinite(ptsMs) && key) keyMs.push(ptsMs);
    const lastKeyMs = keyMs.at(-1) ?? Number.NEGATIVE_INFINITY;
    if (strict && !(ptsMs > lastMs && ptsMs - lastKeyMs <= MAX_KEY_GAP_MS + 1)) return abort.abort();
    if (ptsMs > lastMs) lastMs = ptsMs;
  };
  const argv = [
    ...ffmpeg.jail,
    ffmpeg.ffprobePath,
    "-v",
    "error",
    ...INPUT_GUARD,
    "-select_streams",
    String(streamIndex),
  ];
  const part = withinMs === undefined ? [] : ["-read_intervals", `%+${withinMs / 1000}`];
  const entries = [...part, "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0"];
  const done = await runTool([...argv, ...entries, inputName(file)], {
    timeoutMs: SCAN_TIMEOUT_MS,
    onLine,
    signal: AbortSignal.any([abort.signal, signal]),
  });
  if (done.failure !== undefined || done.code !== 0 || packets === 0) return undefined;
  return { keyMs, lastMs, packets };
};

const LOOK_AT_MS = 30_000;

/**
 * How far before a place decoding must begin in a container that cannot find key frames (MPEG-TS and -PS seek into the
 * middle of a GOP): twice the longest distance of key frames in the first half minute.
 */
export const seekBackMs = async (
  ffmpeg: Ffmpeg,
  file: string,
  streamIndex: number,
  signal: AbortSignal,
): Promise<number> => {
  const scan = await scanPackets(ffmpeg, file, streamIndex, { strict: false, withinMs: LOOK_AT_MS, signal });
  if (scan === undefined) return LOOK_AT_MS;
  const ends = [...scan.keyMs, scan.lastMs];
  const longestMs = Math.max(...ends.slice(1).map((ms, i) => ms - (ends[i] ?? ms)));
  return Math.min(LOOK_AT_MS, Math.max(1_000, 2 * longestMs));
};

/** Number of packets of an H.264 stream that hold an IDR picture. */
const countIdr = async (
  ffmpeg: Ffmpeg,
  file: string,
  streamIndex: number,
  signal: AbortSignal,
): Promise<number> => {
  let count = 0;
  const onLine = (line: string): void => {
    if (line !== "" && !line.startsWith("#")) count += 1;
  };
  const argv = [
    ...ffmpeg.jail,
    ffmpeg.ffmpegPath,
    "-v",
    "error",
    "-nostdin",
    ...INPUT_GUARD,
    "-i",
    inputName(file),
  ];
  const filter = [
    "-map",
    `0:${streamIndex}`,
    "-c",
    "copy",
    "-bsf:v",
    "filter_units=pass_types=5",
    "-f",
    "framecrc",
    "pipe:1",
  ];
  const done = await runTool([...argv, ...filter], { timeoutMs: SCAN_TIMEOUT_MS, onLine, signal });
  return done.code === 0 ? count : -1;
};

const PASSABLE: Readonly<Record<string, VideoCodec>> = { h264: "h264", vp8: "vp8", vp9: "vp9", av1: "av1" };

/** The key-frame grid of a file whose own frames may go out untouched, else undefined. */
export const findPassthrough = async (
  ffmpeg: Ffmpeg,
  file: string,
  startMs: number,
  video: ProbedVideo,
  signal: AbortSignal,
): Promise<PassthroughGrid | undefined> => {
  const codec = PASSABLE[video.codec];
  if (codec === undefined || !video.plain || video.pixFmt !== "yuv420p") return undefined;
  const scan = await scanPackets(ffmpeg, file, video.streamIndex, { strict: true, signal });
  if (scan === undefined) return undefined;
  // a key flag may also mean "recovery point": only IDR pictures can be joined at
  if (codec === "h264" && (await countIdr(ffmpeg, file, video.streamIndex, signal)) !== scan.keyMs.length)
    return undefined;
  return { codec, keyMs: scan.keyMs.map((ms) => Math.round((ms - startMs) * 1000) / 1000) };
};
