/** The sample film for an empty folder: short, moving, with a timecode that people and programs can read. */
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { extname, join } from "node:path";
import { run } from "./run.ts";

export const SAMPLE = {
  file: "Loge sample.mp4",
  seconds: 40,
  fps: 25,
  width: 1280,
  height: 720,
  barHeight: 48,
} as const;

/**
 * Picture: testsrc2, whose upper left corner shows time and frame number, above a bar of 16 equal blocks along the lower edge
 * (48 of 720 lines): block 0 is white, block 15 black, blocks 1 to 14 are the bits of the frame number, lowest first, white = 1.
 * Sound: left 300 Hz rising by 10 Hz each second, right 900 Hz rising by 15 Hz, silent for the first tenth of each second.
 * Encoded with a key frame each second and no B-frames, so that it can also be sent as it is.
 */
export function sampleArguments(output: string): readonly string[] {
  const { seconds, fps, width, height, barHeight } = SAMPLE;
  const bit = "16+219*mod(floor(N/pow(2\\,X-1))\\,2)";
  const bar = `geq=lum='if(eq(X\\,0)\\,235\\,if(eq(X\\,15)\\,16\\,${bit}))':cb=128:cr=128,scale=${width}:${barHeight}:flags=neighbor`;
  const left = "0.25*sin(2*PI*(300+10*floor(t))*t)";
  const right = "0.25*sin(2*PI*(900+15*floor(t))*t)*gte(mod(t\\,1)\\,0.1)";
  const input = (graph: string): readonly string[] => ["-f", "lavfi", "-i", graph];
  return [
    ...["-hide_banner", "-nostdin", "-loglevel", "error", "-progress", "pipe:1", "-y"],
    ...input(`testsrc2=s=${width}x${height}:r=${fps}:d=${seconds}`),
    ...input(`nullsrc=s=16x1:r=${fps}:d=${seconds},${bar}`),
    ...input(`aevalsrc=${left}|${right}:s=48000:c=stereo:d=${seconds}`),
    ...[
      "-filter_complex",
      "[0:v][1:v]overlay=0:H-h:shortest=1,format=yuv420p[v]",
      "-map",
      "[v]",
      "-map",
      "2:a",
    ],
    ...["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-bf", "0"],
    ...["-g", String(fps), "-keyint_min", String(fps), "-sc_threshold", "0"],
    ...["-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", "-f", "mp4", output],
  ];
}

/** Whether the folder holds nothing that could be a film. */
export async function isEmptyLibrary(dir: string): Promise<boolean> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const isFilm = (name: string): boolean => !name.startsWith(".") && ![".md", ".txt"].includes(extname(name));
  return !entries.some((entry) => !entry.isDirectory() && isFilm(entry.name));
}

/** Makes the sample in `dir`; `say` gets progress. Throws a sentence. */
export async function makeSample(
  dir: string,
  ffmpeg: string,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { file, seconds, height } = SAMPLE;
  say(`${dir} holds no films, so one sample is made: "${file}", ${seconds} s, ${height}p.`);
  await mkdir(dir, { recursive: true });
  const part = join(dir, `.${file}.part`);
  let told = 0;
  const onLine = (line: string): void => {
    const us = Number(/^out_time_us=(\d+)/.exec(line)?.[1] ?? 0);
    const percent = Math.floor(us / seconds / 1e6 / 0.25) * 25;
    if (percent <= told) return;
    told = percent;
    say(`… sample ${Math.min(percent, 100)} %`);
  };
  try {
    const { code, stderr } = await run(ffmpeg, sampleArguments(part), { signal, onLine });
    if (code !== 0)
      throw new Error(`The sample film could not be made; put a video into ${dir}. (${stderr.trim()})`);
    await rename(part, join(dir, file));
  } finally {
    await rm(part, { force: true });
  }
}
