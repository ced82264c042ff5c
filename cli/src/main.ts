/**
 * The terminal client: reads arguments and environment, wires the parts, and is the only place that ends the process
 * (wrtc needs `process.exit`: see peer.ts).
 */
import { accessSync, constants } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { cleanName } from "@loge/protocol/card";
import { Refusal } from "@loge/protocol/errors";
import { type Invite, parseInvite } from "@loge/protocol/invite";
import { createSessionKeys } from "@loge/protocol/keys";
import { converse } from "./converse.ts";
import { USAGE } from "./help.ts";
import { loadIdentity } from "./identity.ts";
import { type Options, parseOptions, usualVideo } from "./options.ts";
import { createOutput } from "./output.ts";
import type { Colours } from "./render-blocks.ts";
import { Screen } from "./screen.ts";
import { Visit, type VisitOptions } from "./visit.ts";
import { Complaint } from "./words.ts";

const EXIT = { quit: 0, error: 1, usage: 2 } as const;
type ExitCode = (typeof EXIT)[keyof typeof EXIT];
/** Whatever does not close in time is left behind. */
const CLOSE_MS = 3000;

/** Something that was typed on the command line cannot be used. */
class UsageError extends Error {
  constructor(cause: unknown) {
    super("usage", { cause });
  }
}

const { env } = process;

function coloursOf(): Colours {
  if ((env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb") return "none";
  return /truecolor|24bit/.test(env["COLORTERM"] ?? "") ? "true" : "256";
}

function isInstalled(program: string): boolean {
  return (env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== "";
    } catch {
      return false;
    }
  });
}

const now = (): number => Date.now();

async function askInvite(options: Options, screen: Screen): Promise<Invite> {
  const typed = options.invite ?? (await screen.read("Invite: "));
  if (typed === undefined)
    throw new UsageError(new Complaint("an invite link is needed", "npm run client -- 'INVITE' --name NAME"));
  try {
    return await parseInvite(typed);
  } catch (thrown) {
    const isCut = options.invite !== undefined && !typed.includes("&m=");
    throw new UsageError(
      isCut
        ? new Complaint(
            "the invite link is not whole",
            "Put the whole link in single quotes: a shell cuts it at &.",
          )
        : thrown,
    );
  }
}

/** Asks until it is a name (a script has one try); `wrong` comes back into the line to be mended. */
async function askName(screen: Screen, wrong: string | undefined): Promise<string> {
  if (wrong !== undefined) screen.restore(wrong);
  for (;;) {
    const typed = await screen.read("Name: ");
    if (typed === undefined)
      throw new UsageError(new Complaint("a name is needed", "Give one with --name NAME."));
    try {
      return cleanName(typed);
    } catch (thrown) {
      if (!screen.isTty) throw new UsageError(thrown);
      screen.error(thrown);
      screen.restore(typed);
    }
  }
}

async function enter(given: string, screen: Screen, options: Omit<VisitOptions, "name">): Promise<Visit> {
  let name = given;
  for (;;) {
    try {
      return await Visit.enter({ ...options, name });
    } catch (thrown) {
      const isTaken = thrown instanceof Refusal && thrown.code === "NAME_TAKEN";
      if (!isTaken || !screen.isTty) throw thrown;
      screen.error(thrown);
      name = await askName(screen, name);
    }
  }
}

function givenName(options: Options, invite: Invite): string | undefined {
  const name = options.name ?? invite.name;
  if (name === undefined) return undefined;
  try {
    return cleanName(name);
  } catch (thrown) {
    throw new UsageError(thrown);
  }
}

async function readCa(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, "utf8");
  } catch (thrown) {
    const why = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unreadable";
    throw new UsageError(
      new Complaint(
        `${file} could not be read (${why})`,
        "Name the certificate authority's PEM file with --ca.",
      ),
    );
  }
}

interface Running {
  screen: Screen | undefined;
  visit: Visit | undefined;
  ending: boolean;
}

/** Closes everything, hands over what was printed, and ends the process. */
async function end(running: Running, code: ExitCode): Promise<never> {
  if (running.ending) process.exit(code); // asked twice: at once
  running.ending = true;
  const closing = (async () => {
    await running.visit?.close();
    await running.screen?.close();
  })();
  await Promise.race([closing, delay(CLOSE_MS)]).catch(() => undefined);
  process.exit(code);
}

async function run(options: Options, running: Running): Promise<ExitCode> {
  const screen = new Screen({
    input: process.stdin,
    output: process.stdout,
    errors: process.stderr,
    colours: coloursOf(),
    interrupted: () => void end(running, EXIT.quit),
  });
  running.screen = screen;
  try {
    const invite = await askInvite(options, screen);
    const given = givenName(options, invite);
    const ca = await readCa(options.caFile);
    // made while the name is being typed
    const making = Promise.all([loadIdentity(options.identityFile), createSessionKeys()]);
    making.catch(() => undefined);
    const name = given ?? (await askName(screen, undefined));
    const [identity, keys] = await making;
    const hasWindows = process.platform !== "linux" || Boolean(env["DISPLAY"] || env["WAYLAND_DISPLAY"]);
    const kind = options.video ?? usualVideo({ isTty: screen.isTty, hasWindows, isInstalled });
    const gone = (why: string): void =>
      screen.note(`${why}; the film goes on without a picture (stop ends it)`);
    const openOutput = (title: string) => createOutput({ kind, screen, title, env, now, gone });
    const visit = await enter(name, screen, { invite, identity, keys, ca, screen, openOutput, now });
    running.visit = visit;
    const error = await Promise.race([visit.closed, converse({ visit, screen, now }).then(() => undefined)]);
    if (error) throw new Refusal(error.code, error.detail);
    return EXIT.quit;
  } catch (thrown) {
    if (running.ending) return EXIT.quit;
    screen.error(thrown instanceof UsageError ? thrown.cause : thrown);
    return thrown instanceof UsageError ? EXIT.usage : EXIT.error;
  }
}

async function main(): Promise<void> {
  let options: Options;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (thrown) {
    const { message, hint } = thrown instanceof Complaint ? thrown : { message: String(thrown), hint: "" };
    process.stderr.write(`loge: error: ${message}\nloge: hint: ${hint}\n`, () => process.exit(EXIT.usage));
    return;
  }
  if (options.help) {
    process.stdout.write(USAGE, () => process.exit(EXIT.quit));
    return;
  }
  const running: Running = { screen: undefined, visit: undefined, ending: false };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => void end(running, EXIT.quit));
  // nobody reads any more (a closed pipe): there is nothing left to do
  process.stdout.on("error", () => process.exit(EXIT.error));
  process.stderr.on("error", () => undefined);
  process.on("uncaughtException", (thrown) => {
    running.screen?.error(thrown);
    void end(running, EXIT.error);
  });
  await end(running, await run(options, running));
}

await main();
