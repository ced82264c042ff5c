/** Words for people: times, sizes, errors; and what others wrote, made safe to print. Pure. */
import type { Height, TitleInfo } from "@loge/protocol/control";
import { ERRORS, Refusal, type WireError } from "@loge/protocol/errors";

/** What went wrong on this side, with the next step; never crosses a wire. */
export class Complaint extends Error {
  override readonly name = "Complaint";
  readonly hint: string;
  constructor(what: string, hint: string) {
    super(what);
    this.hint = hint;
  }
}

export interface ErrorLines {
  readonly what: string;
  readonly hint: string;
}

/** Errors of the wire speak of the page; here it is a program. */
const forTerminal = (next: string): string =>
  next
    .replace(/^Reload the page and join again/, "Start the client again")
    .replace(/^Reload the page/, "Start the client again")
    .replace(/^Use another browser/, "Use a browser");

export function errorLines(thrown: unknown): ErrorLines {
  if (thrown instanceof Complaint) return { what: thrown.message, hint: thrown.hint };
  if (thrown instanceof Refusal) return wireErrorLines(thrown);
  const what = thrown instanceof Error ? thrown.message : String(thrown);
  return { what, hint: "Try again; if it stays, tell the host." };
}

export function wireErrorLines(error: {
  readonly code: WireError["code"];
  readonly detail?: string | undefined;
}): ErrorLines {
  const { what, next } = ERRORS[error.code];
  return { what: error.detail ? `${what} (${printable(error.detail)})` : what, hint: forTerminal(next) };
}

/**
 * Text of others as one or more lines that can neither move the cursor nor look like a line of somebody else: control
 * characters and direction marks are replaced, further lines are indented.
 */
export function printable(text: string): string {
  return text
    .replaceAll(/\r\n|[\r\n\u2028\u2029]/g, "\n")
    .replaceAll("\t", "  ")
    .replaceAll(/(?!\n)\p{Cc}|\p{Bidi_Control}/gu, "\ufffd")
    .replaceAll("\n", "\n  ");
}

/** 83 000 → "1:23", 3 723 000 → "1:02:03". */
export function clock(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export const heightName = (height: Height): string => (height === "source" ? "Source" : `${height}p`);

export const heightList = (heights: readonly Height[]): string => heights.map(heightName).join(", ");

/** One line of the library as `video` lists it; `number` counts from 1. */
export function titleLine(title: TitleInfo, number: number, width: number): string {
  const head = `${String(number).padStart(width)}  ${printable(title.name)}`;
  if (title.problem) return `${head}  cannot be played: ${wireErrorLines(title.problem).what}`;
  const sound = title.sound ? "" : "  no sound";
  const size = title.width > 0 ? `${title.width}x${title.lines}` : "sound only";
  return `${head}  ${clock(title.durationMs)}  ${size}${sound}`;
}

/** Why a server could not be reached, as it is told; `isCertificate` = trying again is of no use. */
export function unreachable(
  origin: string,
  reason: string,
): { complaint: Complaint; isCertificate: boolean } {
  const isCertificate = /certificate|self.signed|altname|issuer|\bssl\b|\btls\b/i.test(reason);
  const hint = isCertificate
    ? "Give the host's certificate authority with --ca FILE."
    : "Check the link, and that the host's Loge is running.";
  const what = `the server at ${origin} cannot be reached (${printable(reason)})`;
  return { complaint: new Complaint(what, hint), isCertificate };
}

/** Says of a recurring trouble only once in a while. */
export class Repeats {
  readonly #now: () => number;
  readonly #everyMs: number;
  readonly #told = new Map<string, number>();

  constructor(now: () => number, everyMs: number) {
    this.#now = now;
    this.#everyMs = everyMs;
  }

  isNew(what: string): boolean {
    const nowMs = this.#now();
    if (nowMs - (this.#told.get(what) ?? Number.NEGATIVE_INFINITY) <= this.#everyMs) return false;
    this.#told.set(what, nowMs);
    return true;
  }
}
