/** The ffmpeg with which the launcher makes its sample; the media server makes its own, stricter choice. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Refusal } from "@loge/protocol/errors";
import { run } from "./run.ts";

/** Whether this program is an ffmpeg that writes H.264 and AAC. */
async function isUsable(program: string, signal: AbortSignal): Promise<boolean> {
  const seen = new Set<string>();
  try {
    const { code } = await run(program, ["-hide_banner", "-encoders"], {
      signal,
      onLine: (line) => {
        const name = line.trim().split(/\s+/)[1];
        if (name !== undefined) seen.add(name);
      },
    });
    return code === 0 && seen.has("libx264") && seen.has("aac");
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/**
 * `chosen` is FFMPEG_PATH: where it is set it is used or refused, never replaced by another. Throws NO_FFMPEG.
 */
export async function findFfmpeg(
  root: string,
  chosen: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const packaged = join(root, "node_modules/@ffmpeg-binary", `${process.platform}-${process.arch}`, "ffmpeg");
  const candidates =
    chosen === undefined ? ["ffmpeg", ...(existsSync(packaged) ? [packaged] : [])] : [chosen];
  for (const candidate of candidates) if (await isUsable(candidate, signal)) return candidate;
  throw new Refusal("NO_FFMPEG", chosen === undefined ? undefined : `FFMPEG_PATH=${chosen}`);
}
