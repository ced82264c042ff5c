/** A picture as coloured half-blocks or, without colours, as characters from dark to light. Pure. */
import type { Picture } from "./output.ts";

export type Colours = "true" | "256" | "none";

const RAMP = " .:-=+*#%@";
const clamp = (value: number): number => Math.max(0, Math.min(255, value));

/** Columns and rows of text that a picture takes in a box, keeping its shape: a cell is twice as high as wide. */
export function boxFor(
  picture: { readonly width: number; readonly height: number },
  columns: number,
  rows: number,
) {
  const scale = Math.min(columns / picture.width, (rows * 2) / picture.height);
  return {
    columns: Math.max(1, Math.min(columns, Math.round(picture.width * scale))),
    rows: Math.max(1, Math.min(rows, Math.round((picture.height * scale) / 2))),
  };
}

/**
 * Red, green, blue of a grid over the picture, three bytes a cell, row by row. Each cell is the mean of at most 4×4 luma
 * samples (BT.601, limited range): enough to keep edges calm and far cheaper than every pixel.
 */
export function sample(picture: Picture, columns: number, rows: number): Uint8Array {
  const { width, height, data } = picture;
  const chromaWidth = (width + 1) >> 1;
  const uAt = width * height;
  const vAt = uAt + chromaWidth * ((height + 1) >> 1);
  const rgb = new Uint8Array(columns * rows * 3);
  let out = 0;
  for (let row = 0; row < rows; row++) {
    const top = Math.floor((row * height) / rows);
    const bottom = Math.max(top + 1, Math.floor(((row + 1) * height) / rows));
    const stepY = Math.max(1, Math.floor((bottom - top) / 4));
    for (let column = 0; column < columns; column++) {
      const left = Math.floor((column * width) / columns);
      const right = Math.max(left + 1, Math.floor(((column + 1) * width) / columns));
      const stepX = Math.max(1, Math.floor((right - left) / 4));
      let luma = 0;
      let count = 0;
      for (let y = top; y < bottom; y += stepY) {
        for (let x = left; x < right; x += stepX) {
          luma += data[y * width + x] ?? 0;
          count++;
        }
      }
      const chroma = ((top + bottom) >> 2) * chromaWidth + ((left + right) >> 2);
      const y = 1.164 * (luma / count - 16);
      const u = (data[uAt + chroma] ?? 128) - 128;
      const v = (data[vAt + chroma] ?? 128) - 128;
      rgb[out++] = clamp(y + 1.596 * v);
      rgb[out++] = clamp(y - 0.392 * u - 0.813 * v);
      rgb[out++] = clamp(y + 2.017 * u);
    }
  }
  return rgb;
}

/** One string per row of text, each `columns` cells wide and ending with colours reset. */
export function renderBlocks(
  picture: Picture,
  columns: number,
  rows: number,
  colours: Colours,
): readonly string[] {
  if (colours === "none") return renderAscii(picture, columns, rows);
  const rgb = sample(picture, columns, rows * 2);
  const colour = colours === "true" ? trueColour : paletteColour;
  const lines: string[] = [];
  for (let row = 0; row < rows; row++) {
    let line = "";
    let front = "";
    let back = "";
    for (let column = 0; column < columns; column++) {
      const upper = (row * 2 * columns + column) * 3;
      const nextFront = colour(rgb, upper);
      const nextBack = colour(rgb, upper + columns * 3);
      if (nextFront !== front) line += `\x1b[38;${nextFront}m`;
      if (nextBack !== back) line += `\x1b[48;${nextBack}m`;
      front = nextFront;
      back = nextBack;
      line += "▀";
    }
    lines.push(`${line}\x1b[0m`);
  }
  return lines;
}

const trueColour = (rgb: Uint8Array, at: number): string => `2;${rgb[at]};${rgb[at + 1]};${rgb[at + 2]}`;

/** The 6×6×6 cube of 256-colour terminals. */
function paletteColour(rgb: Uint8Array, at: number): string {
  const level = (offset: number): number => Math.round(((rgb[at + offset] ?? 0) / 255) * 5);
  return `5;${16 + 36 * level(0) + 6 * level(1) + level(2)}`;
}

function renderAscii(picture: Picture, columns: number, rows: number): readonly string[] {
  const rgb = sample(picture, columns, rows);
  const lines: string[] = [];
  for (let row = 0; row < rows; row++) {
    let line = "";
    for (let column = 0; column < columns; column++) {
      const at = (row * columns + column) * 3;
      const light = 0.299 * (rgb[at] ?? 0) + 0.587 * (rgb[at + 1] ?? 0) + 0.114 * (rgb[at + 2] ?? 0);
      line += RAMP.charAt(Math.min(RAMP.length - 1, Math.floor((light / 256) * RAMP.length)));
    }
    lines.push(line);
  }
  return lines;
}
