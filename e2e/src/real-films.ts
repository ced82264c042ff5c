/** Films for the tests of playing: the sample, the corpus, files made to be passed through, and what ffprobe says about each. */
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import { promisify } from "node:util";
import { makeSample, SAMPLE } from "../../launcher/src/sample.ts";
import { ROOT } from "./house.ts";

const run = promisify(execFile);

export const CORPUS = join(ROOT, "../shared/corpus");
/** File name without extension. */
export const titleOf = (file: string): string => basename(file, extname(file));
export const SAMPLE_TITLE = titleOf(SAMPLE.file);

/** The corpus, or nothing where it is not laid beside the project. */
export async function corpusFiles(): Promise<readonly string[]> {
  const names = await readdir(CORPUS).catch(() => []);
  return names.filter((name) => /\.(mp4|webm|mkv|mov)$/.test(name)).map((name) => join(CORPUS, name));
}

export interface Shelf {
  readonly folder: string;
  remove(): Promise<void>;
}

/** An empty folder to be a library. */
export async function emptyShelf(): Promise<Shelf> {
  const folder = await mkdtemp(join(tmpdir(), "loge-shelf-"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

export async function addSample(folder: string): Promise<string> {
  await makeSample(folder, "ffmpeg", () => undefined, new AbortController().signal);
  return join(folder, SAMPLE.file);
}

export async function addCopy(folder: string, file: string): Promise<string> {
  const copy = join(folder, basename(file));
  await copyFile(file, copy);
  return copy;
}

const CODECS = {
  h264: ["-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-sc_threshold", "0", "-c:a", "aac"],
  vp8: ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"],
  vp9: ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"],
} as const;
export type MadeCodec = keyof typeof CODECS;

/** A film that may go out as it is: 320x240, 25 frames and one key frame each second, no B-frames, with a tone. */
export async function addGopFilm(
  folder: string,
  name: string,
  codec: MadeCodec,
  seconds: number,
): Promise<string> {
  const file = join(folder, `${name}.${codec === "h264" ? "mp4" : "webm"}`);
  await run("ffmpeg", [
    ...["-v", "error", "-f", "lavfi", "-i", `testsrc2=s=320x240:r=25:d=${seconds}`],
    ...["-f", "lavfi", "-i", `sine=frequency=440:sample_rate=48000:d=${seconds}`],
    ...["-pix_fmt", "yuv420p", "-b:v", "700k", "-g", "25", "-keyint_min", "25", ...CODECS[codec], file],
  ]);
  return file;
}

/** Files that look like films and are none. The playlist names a real film outside the library. */
export async function addImpostors(folder: string): Promise<readonly string[]> {
  const outside = (await corpusFiles())[0] ?? "/etc/hostname";
  await writeFile(join(folder, "letter.mp4"), "Dear reader, this is no film.\n".repeat(200));
  await writeFile(join(folder, "nothing.mp4"), "");
  await writeFile(
    join(folder, "playlist.mp4"),
    `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://${outside}\n#EXT-X-ENDLIST\n`,
  );
  return ["letter", "nothing", "playlist"];
}

export interface Facts {
  readonly title: string;
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly hasSound: boolean;
  /** Sum of the picture's packets. */
  readonly videoBytes: number;
}

/** Decodes the whole file to count its frames. */
export async function factsOf(file: string): Promise<Facts> {
  const { stdout } = await run(
    "ffprobe",
    [
      ...["-v", "error", "-of", "json", "-count_frames", "-show_entries"],
      ...["stream=codec_type,width,height,nb_read_frames:packet=codec_type,size", file],
    ],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  const report: {
    streams: { codec_type: string; width?: number; height?: number; nb_read_frames?: string }[];
    packets: { codec_type: string; size: string }[];
  } = JSON.parse(stdout);
  const video = report.streams.find((stream) => stream.codec_type === "video");
  return {
    title: titleOf(file),
    frames: Number(video?.nb_read_frames),
    width: video?.width ?? 0,
    height: video?.height ?? 0,
    hasSound: report.streams.some((stream) => stream.codec_type === "audio"),
    videoBytes: report.packets
      .filter((packet) => packet.codec_type === "video")
      .reduce((sum, packet) => sum + Number(packet.size), 0),
  };
}
