/** The command line: argv in, options or a complaint out. Reads no file and no environment. */
import { parseArgs } from "node:util";
import { Complaint } from "./words.ts";

export const VIDEO_KINDS = ["ffplay", "mpv", "terminal", "none"] as const;
export type VideoKind = (typeof VIDEO_KINDS)[number];

export interface Options {
  /** The link; asked for where absent (it keeps the room's secret out of the process list). */
  readonly invite: string | undefined;
  readonly name: string | undefined;
  readonly video: VideoKind | undefined;
  readonly identityFile: string | undefined;
  readonly caFile: string | undefined;
  readonly help: boolean;
}

const isVideoKind = (text: string): text is VideoKind => VIDEO_KINDS.some((kind) => kind === text);

/** Throws a Complaint (exit code 2) for anything that is not understood. */
export function parseOptions(argv: readonly string[]): Options {
  const { values, positionals } = parse(argv);
  if (positionals.length > 1) {
    throw new Complaint(
      `one invite link is enough, but ${positionals.length} arguments came`,
      "Put the link in single quotes; a name with spaces too: --name 'Anna Maria'.",
    );
  }
  const { video } = values;
  if (video !== undefined && !isVideoKind(video)) {
    throw new Complaint(`--video ${video} is not known`, `Choose one of: ${VIDEO_KINDS.join(", ")}.`);
  }
  return {
    invite: positionals[0],
    name: values.name,
    video,
    identityFile: values.identity,
    caFile: values.ca,
    help: values.help ?? false,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        name: { type: "string" },
        video: { type: "string" },
        identity: { type: "string" },
        ca: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (thrown) {
    const [first = "the options were not understood"] =
      thrown instanceof Error ? thrown.message.split(". ") : [];
    throw new Complaint(first, "npm run client -- --help lists every option.");
  }
}

export interface Surroundings {
  readonly isTty: boolean;
  /** A window can be opened (DISPLAY or WAYLAND_DISPLAY, or a system that always has windows). */
  readonly hasWindows: boolean;
  readonly isInstalled: (program: "mpv" | "ffplay") => boolean;
}

/** The best way to show a film that is there, where nobody chose one. */
export function usualVideo(around: Surroundings): VideoKind {
  if (!around.isTty) return "none";
  if (around.hasWindows && around.isInstalled("mpv")) return "mpv";
  if (around.hasWindows && around.isInstalled("ffplay")) return "ffplay";
  return "terminal";
}
