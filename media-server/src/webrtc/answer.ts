import { isIPv4 } from "node:net";
import { Refusal } from "@loge/protocol/errors";
import type { VideoCodec } from "../gop/frame.ts";

const MAX_SDP_BYTES = 64 * 1024;
const MAX_CANDIDATES = 64;
const SHA256_PRINT = /^sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/;
const CODEC_NAMES: Readonly<Record<string, VideoCodec>> = {
  h264: "h264",
  vp8: "vp8",
  vp9: "vp9",
  av1: "av1",
};

export interface CheckedAnswer {
  /** what werift is to see: numeric IPv4 UDP candidates only, and more may come by connectivity checks */
  readonly sdp: string;
  /** "sha-256 AA:BB…" in capitals */
  readonly fingerprint: string;
  /** video codecs in the answer's order of preference */
  readonly codecs: readonly VideoCodec[];
}

/**
 * Takes an answer apart as strictly as a thing from outside deserves: at most 64 KiB and 64 candidates, one distinct sha-256
 * fingerprint and no other hash, no SDES keys, one BUNDLE over everything. Host names among candidates are dropped, so
 * nothing is looked up for a stranger. Pure. @throws Refusal BAD_SDP
 */
export function checkAnswer(answer: string): CheckedAnswer {
  if (typeof answer !== "string" || Buffer.byteLength(answer) > MAX_SDP_BYTES) throw bad("too large");
  const lines = answer.split(/\r\n|\n/).filter((line) => line !== "");
  if (lines[0] !== "v=0" || lines.some((line) => !/^[a-z]=/.test(line))) throw bad("not an SDP");
  if (lines.some((line) => /^a=crypto\b/i.test(line))) throw bad("a=crypto");
  const prints = lines
    .filter((line) => /^a=fingerprint:/i.test(line))
    .map((line) => normalPrint(line.slice(14)));
  const [fingerprint] = prints;
  if (fingerprint === undefined || new Set(prints).size !== 1) throw bad("exactly one fingerprint is needed");
  if (!SHA256_PRINT.test(fingerprint)) throw bad("the fingerprint is not sha-256");
  if (lines.filter((line) => line.startsWith("a=candidate:")).length > MAX_CANDIDATES)
    throw bad("too many candidates");
  checkBundle(lines);
  const kept = lines.filter((line) => line !== "a=end-of-candidates" && isUsableCandidate(line));
  return { sdp: `${kept.join("\r\n")}\r\n`, fingerprint, codecs: videoCodecs(lines) };
}

const bad = (why: string): Refusal => new Refusal("BAD_SDP", why);

const normalPrint = (value: string): string => {
  const [hash = "", ...rest] = value.trim().split(/\s+/);
  return `${hash.toLowerCase()} ${rest.join(" ").toUpperCase()}`;
};

function checkBundle(lines: readonly string[]): void {
  const groups = lines.filter((line) => /^a=group:BUNDLE\b/i.test(line));
  const [group] = groups;
  if (groups.length !== 1 || group === undefined) throw bad("exactly one BUNDLE is needed");
  const bundled = new Set(group.split(" ").slice(1));
  const media = sections(lines);
  if (media.length === 0 || media.length > 3) throw bad("wrong number of media sections");
  for (const [first = "", ...rest] of media) {
    const mid = rest.find((line) => line.startsWith("a=mid:"))?.slice(6);
    const refused = /^m=\w+ 0 /.test(first) && !rest.includes("a=bundle-only");
    if (!refused && (mid === undefined || !bundled.has(mid)))
      throw bad("a media section is outside the BUNDLE");
  }
}

function sections(lines: readonly string[]): string[][] {
  const found: string[][] = [];
  for (const line of lines) {
    if (line.startsWith("m=")) found.push([line]);
    else found.at(-1)?.push(line);
  }
  return found;
}

function isUsableCandidate(line: string): boolean {
  if (!line.startsWith("a=candidate:")) return true;
  const [, , protocol = "", , host = "", port = ""] = line.split(" ");
  return protocol.toLowerCase() === "udp" && isIPv4(host) && Number(port) > 0;
}

function videoCodecs(lines: readonly string[]): VideoCodec[] {
  const video = sections(lines).find(([first]) => first?.startsWith("m=video "));
  const [first = "", ...rest] = video ?? [];
  if (/^m=video 0 /.test(first)) return [];
  const names = new Map<string, string>();
  for (const line of rest) {
    const match = /^a=rtpmap:(\d+) ([\w-]+)\//.exec(line);
    if (match?.[1] && match[2]) names.set(match[1], match[2].toLowerCase());
  }
  const ordered = first.split(" ").slice(3);
  const codecs = ordered.map((payloadType) => CODEC_NAMES[names.get(payloadType) ?? ""]);
  return [...new Set(codecs)].filter((codec) => codec !== undefined);
}
