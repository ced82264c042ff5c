/** Films whose picture says which second it is, so that a position can be read from the screen and not only from the slider. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Page } from "playwright-core";

const BITS = 8;
const WIDTH = 320;
const HEIGHT = 180;
const CELL = WIDTH / BITS;

export interface FilmFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** A folder with one film, `NAME.mp4`: 320x180, 25 fps, a tone, and the whole seconds (< 256) as a row of eight cells on top. */
export async function filmFolder(name: string, seconds: number): Promise<FilmFolder> {
  const path = await mkdtemp(join(tmpdir(), "loge-films-"));
  const cells = Array.from({ length: BITS }, (_, bit) => {
    const at = `x=${bit * CELL}:y=0:w=${CELL}:h=60:t=fill`;
    return `drawbox=${at}:color=white:enable='gte(mod(t,${2 ** (bit + 1)}),${2 ** bit})'`;
  });
  const picture = `testsrc2=s=${WIDTH}x${HEIGHT}:r=25,drawbox=x=0:y=0:w=${WIDTH}:h=60:t=fill:color=black`;
  await promisify(execFile)("ffmpeg", [
    ...["-v", "error", "-f", "lavfi", "-i", [picture, ...cells].join(",")],
    ...["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", String(seconds)],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac"],
    join(path, `${name}.mp4`),
  ]);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** The whole second that is on the screen now; undefined where there is no picture. */
export async function shownSecond(page: Page): Promise<number | undefined> {
  return await page.evaluate((bits) => {
    const video = document.querySelector("video");
    if (!video || video.videoWidth === 0) return undefined;
    const canvas = new OffscreenCanvas(bits, 1);
    const context = canvas.getContext("2d");
    if (!context) return undefined;
    const { videoWidth: width, videoHeight: height } = video;
    let second = 0;
    for (let bit = 0; bit < bits; bit++) {
      context.drawImage(
        video,
        ((bit + 0.4) * width) / bits,
        height / 8,
        width / bits / 5,
        height / 12,
        0,
        0,
        1,
        1,
      );
      const [red = 0] = context.getImageData(0, 0, 1, 1).data;
      if (red > 127) second += 2 ** bit;
    }
    return second;
  }, BITS);
}

/** Film time that the slider tells, in seconds. */
export async function sliderSecond(page: Page): Promise<number> {
  const slider = page.getByRole("slider", { name: "Seek", exact: true });
  return Number(await slider.getAttribute("aria-valuenow"));
}
