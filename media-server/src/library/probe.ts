// Looks into one file, in the jail, and says what it holds or why it cannot be played.

import type { Ffmpeg } from "../encode/ffmpeg.ts";
import { INPUT_GUARD, inputName } from "../encode/formats.ts";
import { runTool } from "../encode/process.ts";
import { complaint } from "../encode/run.ts";
import { findPassthrough, scanPackets, seekBackMs } from "./packets.ts";
import { PROBE_ENTRIES, type ProbedFile, parseProbe } from "./probe-report.ts";
import type { AudioInfo, TitleRefusal, VideoInfo } from "./title.ts";

export interface Probe {
  readonly startMs: number;
  readonly durationMs: number;
  readonly video: VideoInfo | undefined;
  readonly audio: AudioInfo | undefined;
  readonly refusal: TitleRefusal | undefined;
}

const PROBE_TIMEOUT_MS = 20_000;

const refuse = (reason: string): Probe => ({
  ...{ startMs: 0, durationMs: 0, video: undefined, audio: undefined },
  refusal: { code: "NOT_PLAYABLE", reason },
});

const reasonOf = (stderr: string, file: string): string => {
  if (/whitelist/i.test(stderr)) return "it is a playlist or another kind of file that is not opened";
  if (/permission denied/i.test(stderr)) return "the file may not be read by the media server";
  return `ffmpeg cannot read it as a video (${complaint(stderr, file)})`;
};

/** Decodes one frame: a file can have a fine header and nothing behind it. */
const decodes = async (
  ffmpeg: Ffmpeg,
  file: string,
  streamIndex: number,
  signal: AbortSignal,
): Promise<string | undefined> => {
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
  const one = ["-map", `0:${streamIndex}`, "-frames", "1", "-f", "framecrc", "pipe:1"];
  const done = await runTool([...argv, ...one], { timeoutMs: PROBE_TIMEOUT_MS, signal });
  if (done.stdout.split("\n").some((line) => line !== "" && !line.startsWith("#"))) return undefined;
  return done.failure === "timeout"
    ? "nothing of it was decoded in 20 seconds"
    : `nothing of it can be decoded (${complaint(done.stderr, file)})`;
};

const durationOf = async (
  ffmpeg: Ffmpeg,
  file: string,
  probed: ProbedFile,
  signal: AbortSignal,
): Promise<number> => {
  const stream = probed.video ?? probed.audio;
  if (probed.durationMs > 0 || stream === undefined) return probed.durationMs;
  const scan = await scanPackets(ffmpeg, file, stream.streamIndex, { strict: false, signal });
  return scan === undefined
    ? 0
    : Math.max(0, scan.lastMs - probed.startMs + 1000 / (probed.video?.fps ?? 50));
};

/** Never rejects: whatever is wrong with the file is its refusal. */
export const probeFile = async (
  ffmpeg: Ffmpeg,
  file: string,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<Probe> => {
  if (sizeBytes === 0) return refuse("the file is empty (0 bytes)");
  const argv = [
    ...ffmpeg.jail,
    ffmpeg.ffprobePath,
    "-v",
    "error",
    ...INPUT_GUARD,
    "-show_entries",
    PROBE_ENTRIES,
    "-of",
    "json",
  ];
  const asked = await runTool([...argv, inputName(file)], { timeoutMs: PROBE_TIMEOUT_MS, signal });
  if (asked.failure === "timeout") return refuse("ffprobe did not finish in 20 seconds");
  if (asked.code !== 0) return refuse(reasonOf(asked.stderr, file));
  const probed = parseProbe(asked.stdout);
  if (probed === undefined) return refuse("ffprobe's answer was not understood");
  const { video, audio, startMs } = probed;
  const main = video ?? audio;
  if (main === undefined) return refuse("it holds neither picture nor sound");
  const problem = await decodes(ffmpeg, file, main.streamIndex, signal);
  if (problem !== undefined) return refuse(problem);
  const durationMs = await durationOf(ffmpeg, file, probed, signal);
  if (video === undefined) return { startMs, durationMs, video, audio, refusal: undefined };
  const passthrough = await findPassthrough(ffmpeg, file, startMs, video, signal);
  const { plain: _, ...info } = video;
  const backMs = probed.indexed ? 0 : await seekBackMs(ffmpeg, file, video.streamIndex, signal);
  return {
    startMs,
    durationMs,
    video: { ...info, passthrough, seekBackMs: backMs },
    audio,
    refusal: undefined,
  };
};
