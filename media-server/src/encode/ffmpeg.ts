// Chooses the ffmpeg of this run, once, at start: the one asked for, else the system's, else the one from npm.

import { access, chmod, constants } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Refusal } from "@loge/protocol/errors";
import type { Log } from "../log.ts";
import { buildJail, type Jail } from "./jail.ts";
import { runTool } from "./process.ts";

export interface Ffmpeg {
  readonly ffmpegPath: string;
  readonly ffprobePath: string;
  readonly version: string;
  /** Prefix for every child. */
  readonly jail: readonly string[];
  readonly report: Jail["report"] & { readonly from: "option" | "system" | "npm" };
}

export interface FfmpegOptions {
  /** FFMPEG_PATH. When given, nothing else is tried. */
  readonly ffmpegPath?: string | undefined;
  readonly ffprobePath?: string | undefined;
  readonly log: Log;
}

const NEEDED_ENCODERS = ["libx264", "libvpx", "libopus"] as const;
const OLDEST = { major: 5, minor: 1 } as const;

/** `5.1.9-0+deb12u1` and `n7.0-7-gd38b` are releases; a git build (`N-66595-g…`) counts as new. */
export const isNewEnough = (version: string): boolean => {
  const release = /^n?(\d+)\.(\d+)/.exec(version);
  if (release === null) return /^(N-|git-|\d{4}-)/.test(version);
  const major = Number(release[1]);
  return major > OLDEST.major || (major === OLDEST.major && Number(release[2]) >= OLDEST.minor);
};

type Tried = { readonly version: string } | { readonly problem: string };

/** Makes a file from npm executable (no postinstall ran), where the folder lets us. */
const makeExecutable = async (path: string): Promise<string | undefined> => {
  const executable = () =>
    access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
  if (await executable()) return undefined;
  await chmod(path, 0o755).catch(() => undefined);
  return (await executable())
    ? undefined
    : `${path} is not executable and its folder cannot be changed: run chmod 755 on it`;
};

const tryFfmpeg = async (path: string, jail: readonly string[]): Promise<Tried> => {
  const asked = await runTool([path, "-hide_banner", "-version"], { timeoutMs: 10_000 });
  const version = /^ffmpeg version (\S+)/m.exec(asked.stdout)?.[1];
  if (asked.code !== 0 || version === undefined) return { problem: `${path} does not start` };
  if (!isNewEnough(version)) return { problem: `${path} is version ${version}, older than 5.1` };
  const listed = (await runTool([path, "-hide_banner", "-encoders"], { timeoutMs: 10_000 })).stdout;
  const missing = NEEDED_ENCODERS.filter((name) => !listed.includes(` ${name} `));
  if (missing.length > 0) return { problem: `${path} lacks ${missing.join(", ")}` };
  const source = ["-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=0.2"];
  for (const codec of ["libx264", "libvpx"]) {
    const argv = [
      ...jail,
      path,
      "-v",
      "error",
      "-nostdin",
      ...source,
      "-pix_fmt",
      "yuv420p",
      "-c:v",
      codec,
      "-f",
      "matroska",
      "pipe:1",
    ];
    const encoded = await runTool(argv, { timeoutMs: 15_000 });
    if (encoded.code !== 0 || encoded.stdout.length < 100)
      return { problem: `${path} cannot encode with ${codec} here` };
  }
  return { version };
};

const firstWorkingProbe = async (paths: readonly string[]): Promise<string | undefined> => {
  for (const path of paths) {
    if (path.startsWith("/") && (await makeExecutable(path).catch(() => "absent")) !== undefined) continue;
    if ((await runTool([path, "-hide_banner", "-version"], { timeoutMs: 10_000 })).code === 0) return path;
  }
  return undefined;
};

const npmFile = (packageName: string, file: string): string | undefined => {
  try {
    const manifest = createRequire(import.meta.url).resolve(
      `${packageName}/${process.platform}-${process.arch}/package.json`,
    );
    return join(dirname(manifest), file);
  } catch {
    return undefined;
  }
};

/**
 * Picks and self-tests ffmpeg and ffprobe.
 * @throws Refusal NO_FFMPEG with one sentence of detail when none is usable.
 */
export const chooseFfmpeg = async (options: FfmpegOptions): Promise<Ffmpeg> => {
  const jail = await buildJail();
  const fromNpm = npmFile("@ffmpeg-binary", "ffmpeg");
  const candidates: { path: string; from: Ffmpeg["report"]["from"] }[] =
    options.ffmpegPath !== undefined
      ? [{ path: options.ffmpegPath, from: "option" }]
      : [
          { path: "ffmpeg", from: "system" },
          ...(fromNpm === undefined ? [] : [{ path: fromNpm, from: "npm" as const }]),
        ];
  const problems: string[] = [];
  for (const { path, from } of candidates) {
    const locked = from === "npm" ? await makeExecutable(path) : undefined;
    const tried: Tried = locked === undefined ? await tryFfmpeg(path, jail.prefix) : { problem: locked };
    if ("problem" in tried) {
      problems.push(tried.problem);
      continue;
    }
    const beside = path.includes("/") ? [join(dirname(path), "ffprobe")] : [];
    const probeNpm = npmFile("@ffprobe-installer", "ffprobe");
    const probes = [...beside, "ffprobe", ...(probeNpm === undefined ? [] : [probeNpm])];
    const ffprobePath = await firstWorkingProbe(
      options.ffprobePath === undefined ? probes : [options.ffprobePath],
    );
    if (ffprobePath === undefined) {
      problems.push("no ffprobe that starts was found");
      continue;
    }
    const chosen = {
      ffmpegPath: path,
      ffprobePath,
      version: tried.version,
      jail: jail.prefix,
      report: { ...jail.report, from },
    };
    options.log.info(
      { ffmpeg: path, version: tried.version, ffprobe: ffprobePath, ...chosen.report },
      "ffmpeg chosen and self-tested",
    );
    return chosen;
  }
  throw new Refusal("NO_FFMPEG", problems.join("; ") || "nothing to try on this platform");
};
