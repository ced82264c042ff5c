/**
 * What a typed line means. Pure: a line in, a command or a complaint out.
 *
 * A line is text for everyone unless its first word is a command word (any case, a leading `/` allowed). A command word
 * followed by something that does not fit is refused and never sent as text: a mistyped `encrypt` must not become a broadcast.
 */
import { HEIGHTS, type Height } from "@loge/protocol/control";
import { Complaint } from "./words.ts";

export type Seek = { readonly toMs: number } | { readonly byMs: number };

export type Command =
  | { readonly type: "nothing" | "people" | "help" | "quit" | "pause" | "resume" | "stop" | "ask" }
  | { readonly type: "say"; readonly text: string }
  /** `receiver` undefined: ask for both; `rest` holds name and text where the name was not quoted. */
  | { readonly type: "encrypt"; readonly receiver: string | undefined; readonly rest: string }
  /** `whole` is everything after the word: a title may end in what looks like a resolution. */
  | {
      readonly type: "video";
      readonly title: string | undefined;
      readonly height: Height | undefined;
      readonly whole: string;
    }
  | { readonly type: "join" | "verify" | "grant" | "deny"; readonly name: string }
  | { readonly type: "seek"; readonly seek: Seek }
  | { readonly type: "resolution"; readonly height: Height }
  | { readonly type: "mode"; readonly mode: "owner" | "everyone" | "ask" };

const ALONE = ["people", "help", "quit", "pause", "resume", "stop", "ask"] as const;
const NAMED = ["join", "verify", "grant", "deny"] as const;
export const COMMAND_WORDS: readonly string[] = [
  ...ALONE,
  ...NAMED,
  "say",
  "encrypt",
  "video",
  "seek",
  "resolution",
  "mode",
];

const complain = (what: string, hint: string): never => {
  throw new Complaint(what, hint);
};

/** Throws a Complaint for a command that is not whole. */
export function parseLine(line: string): Command {
  const trimmed = line.trim();
  if (trimmed === "") return { type: "nothing" };
  if (trimmed.startsWith("\\")) return { type: "say", text: trimmed.slice(1) };
  const slash = trimmed.startsWith("/");
  const [, first = "", rest = ""] = /^\/?(\S*)\s*([\s\S]*)$/.exec(trimmed) ?? [];
  const word = first.toLowerCase();
  if (!COMMAND_WORDS.includes(word)) {
    if (!slash) return { type: "say", text: line };
    return complain(
      `/${first} is not a command, and nothing was sent`,
      `help lists them; to send it as text: say ${trimmed}`,
    );
  }
  return parseCommand(word, rest.trim(), trimmed);
}

function parseCommand(word: string, rest: string, line: string): Command {
  const alone = ALONE.find((known) => known === word);
  if (alone) {
    if (rest === "") return { type: alone };
    return complain(
      `${alone} takes nothing after it, and nothing was sent`,
      `To say it to everyone: say ${line}`,
    );
  }
  const named = NAMED.find((known) => known === word);
  if (named) {
    const name = unquoted(rest);
    return name === ""
      ? complain(`${named} needs a name`, `For example: ${named} Anna`)
      : { type: named, name };
  }
  switch (word) {
    case "say":
      return { type: "say", text: rest };
    case "encrypt":
      return parseEncrypt(rest);
    case "video":
      return parseVideo(rest);
    case "seek":
      return { type: "seek", seek: parseSeek(rest) };
    case "resolution":
      return { type: "resolution", height: parseHeight(rest) };
    default:
      return { type: "mode", mode: parseMode(rest) };
  }
}

/** A quoted piece at the start and what follows; undefined where there is no quote. Throws where it does not end. */
function quotedStart(text: string): { readonly inside: string; readonly after: string } | undefined {
  const close = { '"': '"', "“": "”", "„": "“" }[text.charAt(0)];
  if (close === undefined) return undefined;
  const end = text.indexOf(close, 1);
  if (end < 0) return complain("the quote does not end", `Write a name or title with spaces as "Two Words".`);
  return { inside: text.slice(1, end).trim(), after: text.slice(end + 1).trim() };
}

const unquoted = (text: string): string => {
  const quoted = quotedStart(text);
  return quoted && quoted.after === "" ? quoted.inside : text;
};

function parseEncrypt(rest: string): Command {
  if (rest === "") return { type: "encrypt", receiver: undefined, rest: "" };
  const quoted = quotedStart(rest);
  if (quoted) return { type: "encrypt", receiver: quoted.inside, rest: quoted.after };
  return { type: "encrypt", receiver: undefined, rest };
}

function parseVideo(rest: string): Command {
  if (rest === "") return { type: "video", title: undefined, height: undefined, whole: "" };
  const quoted = quotedStart(rest);
  if (quoted) {
    const height = quoted.after === "" ? undefined : parseHeight(quoted.after);
    return { type: "video", title: quoted.inside, height, whole: quoted.inside };
  }
  const [, head, tail = ""] = /^([\s\S]*\S)\s+(\S+)$/.exec(rest) ?? [];
  const height = heightOf(tail);
  if (head === undefined || height === undefined)
    return { type: "video", title: rest, height: undefined, whole: rest };
  return { type: "video", title: head, height, whole: rest };
}

/** "360", "360p", "Source"; undefined for anything else. */
export function heightOf(text: string): Height | undefined {
  const word = text.trim().toLowerCase();
  if (word === "source") return "source";
  const match = /^(\d{3,4})p?$/.exec(word);
  return match ? HEIGHTS.find((height) => height === Number(match[1])) : undefined;
}

/** Throws a Complaint that lists what there is. */
export function parseHeight(text: string): Height {
  const known = ["source", ...HEIGHTS].join(", ");
  return (
    heightOf(text) ??
    complain(text === "" ? "which resolution?" : `${text} is not a resolution`, `Choose one of: ${known}.`)
  );
}

/** 1:23, 1:02:03, 83, 83.5, +10, -1:00. */
export function parseSeek(text: string): Seek {
  const match = /^([+-]?)(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)$/.exec(text.trim());
  const [, sign = "", hours, minutes, secs = ""] = match ?? [];
  const isClock = minutes !== undefined;
  const fits = (!isClock || Number(secs) < 60) && (hours === undefined || Number(minutes) < 60);
  if (!match || !fits)
    return complain(
      text === "" ? "seek to where?" : `${text} is not a position`,
      "For example: seek 1:23, seek 1:02:03, seek 83, seek +10, seek -10",
    );
  const ms = (Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(secs)) * 1000;
  if (sign === "") return { toMs: ms };
  return { byMs: sign === "-" ? -ms : ms };
}

function parseMode(text: string): "owner" | "everyone" | "ask" {
  const word = text.toLowerCase();
  if (word === "owner" || word === "everyone" || word === "ask") return word;
  return complain("who may control?", "mode owner, mode everyone or mode ask");
}
