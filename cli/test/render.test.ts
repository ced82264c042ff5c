/** Pictures for the terminal, and the stream for a player as real ffprobe and ffplay read it. */
import { execFileSync, spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { header, pictureBlock, soundBlock } from "../src/matroska.ts";
import { boxFor, renderBlocks } from "../src/render-blocks.ts";

/** One colour per half: the left red, the right blue (BT.601, limited range). */
function halves(width: number, height: number) {
  const chroma = (width >> 1) * (height >> 1);
  const data = new Uint8Array(width * height + 2 * chroma);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data[y * width + x] = x < width / 2 ? 81 : 41;
  for (let at = 0; at < chroma; at++) {
    const isLeft = at % (width >> 1) < width >> 2;
    data[width * height + at] = isLeft ? 90 : 240;
    data[width * height + chroma + at] = isLeft ? 240 : 110;
  }
  return { width, height, data };
}

test("half-blocks show the colours where they are", () => {
  const [first, ...others] = renderBlocks(halves(64, 32), 4, 2, "true");
  expect(others).toHaveLength(1);
  const colours = [...(first ?? "").matchAll(/\[38;2;(\d+);(\d+);(\d+)m/g)].map(([, r, g, b]) =>
    [r, g, b].map(Number),
  );
  expect(colours).toHaveLength(2); // a colour that stays is not written again
  const [left = [], right = []] = colours;
  expect(left[0]).toBeGreaterThan(245);
  expect(left[2]).toBeLessThan(10);
  expect(right[2]).toBeGreaterThan(245);
  expect(right[0]).toBeLessThan(10);
  expect(first?.match(/▀/g)).toHaveLength(4);
  expect(first?.endsWith("\x1b[0m")).toBe(true);
});

test("without colours: characters by brightness, no escape sequence", () => {
  const { data, ...size } = halves(64, 32);
  data
    .fill(16, 0, 64 * 16)
    .fill(235, 64 * 16, 64 * 32)
    .fill(128, 64 * 32);
  expect(renderBlocks({ ...size, data }, 6, 2, "none")).toEqual(["      ", "@@@@@@"]);
});

test("odd sizes and a terminal larger than the picture", () => {
  const width = 33;
  const height = 17;
  const data = new Uint8Array(width * height + 2 * 17 * 9).fill(128);
  expect(renderBlocks({ width, height, data }, 80, 40, "256")).toHaveLength(40);
});

test("a picture keeps its shape in any terminal", () => {
  expect(boxFor({ width: 1280, height: 720 }, 80, 16)).toEqual({ columns: 57, rows: 16 });
  expect(boxFor({ width: 1280, height: 720 }, 40, 30)).toEqual({ columns: 40, rows: 11 });
  expect(boxFor({ width: 16, height: 9000 }, 10, 5)).toEqual({ columns: 1, rows: 5 });
});

function stream(): Buffer {
  const picture = halves(64, 32).data;
  const blocks = [header({ width: 64, height: 32, rateHz: 48_000 })];
  for (let at = 0; at < 30; at++) {
    blocks.push(pictureBlock(at * 33, picture));
    for (let part = 0; part < 3; part++)
      blocks.push(soundBlock(at * 33 + part * 10, new Int16Array(480).fill(1000), 1));
  }
  return Buffer.concat(blocks);
}

test("ffprobe reads every picture and sample of the stream", () => {
  const args = [
    "-v",
    "error",
    "-f",
    "matroska",
    "-count_packets",
    "-show_entries",
    "stream=codec_name,pix_fmt,width,height,channels,sample_rate,nb_read_packets",
    "-of",
    "json",
    "-i",
    "pipe:0",
  ];
  const { streams } = JSON.parse(execFileSync("ffprobe", args, { input: stream(), encoding: "utf8" })) as {
    streams: object[];
  };
  expect(streams).toEqual([
    { codec_name: "rawvideo", width: 64, height: 32, pix_fmt: "yuv420p", nb_read_packets: "30" },
    { codec_name: "pcm_s16le", sample_rate: "48000", channels: 2, nb_read_packets: "90" },
  ]);
});

const PLAYER = "ffplay"; // optional, so it is no dependency of the tests
const hasFfplay = spawnSync(PLAYER, ["-version"]).status === 0;
test.skipIf(!hasFfplay)("ffplay shows it without a complaint (skipped where it is not installed)", () => {
  const env = { ...process.env, SDL_VIDEODRIVER: "dummy", SDL_AUDIODRIVER: "dummy" };
  const { status, stderr } = spawnSync(
    PLAYER,
    ["-v", "error", "-autoexit", "-f", "matroska", "-i", "pipe:0"],
    { input: stream(), env, encoding: "utf8", timeout: 25_000 },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
