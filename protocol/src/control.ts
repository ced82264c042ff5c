/**
 * The `control` data channel (ordered JSON, each frame ≤ 16 KiB): commands with `seq` from the viewer, their answers and
 * events from the media server; and the `bulk` channel for library pages. PROTOCOL.md §7, §8.
 */
import * as z from "zod/mini";
import { LIMITS } from "./brands.ts";
import { wireError } from "./wire.ts";

const id22 = z.string().check(z.regex(/^[A-Za-z0-9_-]{22}$/));
/** Film time in milliseconds; 0 is the title's first moment. */
const mediaMs = z.number().check(z.gte(0), z.lte(1000 * 60 * 60 * 100));
const v = z.literal(1);
const seq = z.int().check(z.gte(0), z.lte(0xffffffff));

/** Offered heights, highest first; never above the source. */
export const HEIGHTS = [2160, 1440, 1080, 720, 480, 360, 240, 144] as const;
export const height = z.union([z.literal("source"), z.literal(HEIGHTS)]);
export type Height = z.infer<typeof height>;
export const CONTROL_MODES = ["owner", "everyone", "ask"] as const;
export type ControlMode = (typeof CONTROL_MODES)[number];

/** viewer → media server. */
export const command = z.discriminatedUnion("type", [
  /** Makes a screening owned by the member. */
  z.strictObject({ type: z.literal("play"), title: id22, height, atMs: z.optional(mediaMs) }),
  /** Joins a screening at its current position. */
  z.strictObject({ type: z.literal("join"), screening: id22, height }),
  /** After the media server came back: the first recreates the screening, the others join it. */
  z.strictObject({
    type: z.literal("restore"),
    screening: id22,
    title: id22,
    height,
    mediaMs,
    playing: z.boolean(),
  }),
  z.strictObject({ type: z.literal("stop") }),
  z.strictObject({ type: z.literal("pause") }),
  z.strictObject({ type: z.literal("resume") }),
  z.strictObject({ type: z.literal("seek"), toMs: mediaMs }),
  z.strictObject({ type: z.literal("height"), height }),
  z.strictObject({ type: z.literal("mode"), mode: z.enum(CONTROL_MODES) }),
  /** Asks the owner for control ("ask" mode), and the owner's answer. */
  z.strictObject({ type: z.literal("ask") }),
  z.strictObject({ type: z.literal("grant"), sid: id22, allow: z.boolean() }),
  /** Shows the host secret: HMAC bound to this connection. */
  z.strictObject({ type: z.literal("host"), proof: z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/)) }),
]);
export type Command = z.infer<typeof command>;
export type CommandType = Command["type"];
export const request = z.strictObject({ v, seq, cmd: command });

/** What a screening looks like to everybody. */
export const screeningInfo = z.strictObject({
  screening: id22,
  title: id22,
  name: z.string(),
  owner: id22,
  mode: z.enum(CONTROL_MODES),
  /** Sids that may control besides the owner ("ask" mode). */
  granted: z.array(id22),
  viewers: z.array(id22),
  playing: z.boolean(),
  mediaMs,
  durationMs: mediaMs,
});
export type ScreeningInfo = z.infer<typeof screeningInfo>;

const ticks = z.int().check(z.gte(0), z.lte(0xffffffff));
/**
 * Sent before the first packet of every play, seek, switch, pause and resume: a MediaStream has no film time, so
 * `mediaMs` = film time of the frame whose RTP timestamp is `rtpVideo` (90 kHz; `rtpAudio` 48 kHz).
 */
export const timeline = z.strictObject({
  type: z.literal("timeline"),
  epoch: seq,
  screening: id22,
  title: id22,
  rtpVideo: ticks,
  rtpAudio: ticks,
  mediaMs,
  durationMs: mediaMs,
  rate: z.number(),
  playing: z.boolean(),
  height,
  /** Picture as it will arrive. */
  width: z.int(),
  lines: z.int(),
  codec: z.enum(["h264", "vp8", "vp9", "av1"]),
  /** Why, and who did it (undefined: the server itself). */
  cause: z.enum(["play", "join", "pause", "resume", "seek", "height", "restore", "recover"]),
  by: z.optional(id22),
});
export type Timeline = z.infer<typeof timeline>;

/** media server → viewer. */
export const controlEvent = z.discriminatedUnion("type", [
  /** The library changed (or this is the first word after the gate): fetch its pages again. */
  z.strictObject({
    type: z.literal("library"),
    version: seq,
    titles: z.int(),
    problem: z.optional(wireError),
  }),
  /** All screenings, whenever one changes. */
  z.strictObject({
    type: z.literal("screenings"),
    screenings: z.array(screeningInfo).check(z.maxLength(64)),
  }),
  timeline,
  /** End of the film; sent to everyone watching when the last frame was sent. */
  z.strictObject({ type: z.literal("ended"), screening: id22, title: id22, mediaMs, frames: z.int() }),
  /** You are no longer watching, and why. */
  z.strictObject({ type: z.literal("stopped"), screening: id22, error: wireError }),
  /** Somebody asks you, the owner, for control. */
  z.strictObject({ type: z.literal("asked"), sid: id22 }),
  /** Something a person should know; nothing has stopped. */
  z.strictObject({ type: z.literal("notice"), error: wireError }),
]);
export type ControlEvent = z.infer<typeof controlEvent>;

export const playing = z.strictObject({ screening: id22 });
/** What each command is answered with; `{}` where not listed. */
export const answer = z.discriminatedUnion("ok", [
  z.strictObject({ v, re: seq, ok: z.literal(true), value: z.union([playing, z.strictObject({})]) }),
  z.strictObject({ v, re: seq, ok: z.literal(false), error: wireError }),
]);
export const fromServer = z.union([answer, z.strictObject({ v, ev: controlEvent })]);
export type FromServer = z.infer<typeof fromServer>;

/** One title as the library shows it. */
export const titleInfo = z.strictObject({
  title: id22,
  name: z.string(),
  durationMs: mediaMs,
  width: z.int(),
  lines: z.int(),
  /** Heights this title is offered in, "source" first. */
  heights: z.array(height),
  /** The height played when the viewer has not chosen. */
  usual: height,
  sound: z.boolean(),
  /** Why it cannot be played; absent where it can. */
  problem: z.optional(wireError),
});
export type TitleInfo = z.infer<typeof titleInfo>;

/** viewer → media server on `bulk`, as text. */
export const bulkRequest = z.discriminatedUnion("type", [
  z.strictObject({
    v,
    id: seq,
    type: z.literal("library"),
    offset: z.int().check(z.gte(0)),
    limit: z.int().check(z.gte(1), z.lte(LIMITS.bulkPageTitles)),
  }),
  z.strictObject({ v, id: seq, type: z.literal("cancel") }),
]);
export type BulkRequest = z.infer<typeof bulkRequest>;
/** Content of the answer to `library`. */
export const libraryPage = z.strictObject({ version: seq, total: z.int(), titles: z.array(titleInfo) });
export type LibraryPage = z.infer<typeof libraryPage>;

/** Frame on `bulk` towards the viewer: id (u32 big endian), flags (1 = last, 2 = error), then ≤ 16 KiB of payload. */
export const BULK = { headBytes: 5, last: 1, error: 2 } as const;

export function bulkFrame(id: number, flags: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(BULK.headBytes + payload.length);
  new DataView(frame.buffer).setUint32(0, id);
  frame[4] = flags;
  frame.set(payload, BULK.headBytes);
  return frame;
}

/** undefined where the frame is too short to be one. */
export function parseBulkFrame(
  frame: Uint8Array,
): { id: number; flags: number; payload: Uint8Array } | undefined {
  if (frame.length < BULK.headBytes) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  return { id: view.getUint32(0), flags: view.getUint8(4), payload: frame.subarray(BULK.headBytes) };
}

/** Strict JSON from one text frame; undefined for anything that is not the schema's. */
export function parseFrame<T extends z.ZodMiniType>(schema: T, data: unknown): z.infer<T> | undefined {
  if (typeof data !== "string" || data.length > LIMITS.controlBytes) return undefined;
  try {
    const parsed = schema.safeParse(JSON.parse(data));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Film time now, from the last timeline and the RTP timestamp of the frame on screen (mod 2^32, 90 kHz). */
export function mediaMsAt(line: Timeline, rtpVideo: number): number {
  const delta = (rtpVideo - line.rtpVideo) | 0; // signed 32-bit difference, so wrap-around is right
  return Math.max(0, line.mediaMs + (delta / 90) * line.rate);
}
