/** From options to a running room: every step in its order, each ended by one signal. */
import { once } from "node:events";
import { access } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { Refusal, sentence } from "@loge/protocol/errors";
import { addressesOf, type Machine } from "./addresses.ts";
import { loadTls, type TlsFiles } from "./certificates.ts";
import { type FatalError, Part, type PartOptions } from "./child.ts";
import { findFfmpeg } from "./ffmpeg.ts";
import { linksOf, loadKeys } from "./keys.ts";
import { formatLogLine } from "./log-line.ts";
import type { Options } from "./options.ts";
import { buildPage } from "./page.ts";
import { mediaConfig, signalingConfig } from "./parts.ts";
import { isEmptyLibrary, makeSample } from "./sample.ts";

export interface Surroundings {
  readonly root: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly machine: Machine;
  readonly say: (line: string) => void;
  readonly now: () => number;
  /** Ends whatever is going on. */
  readonly signal: AbortSignal;
  /** A part could not be kept running. */
  readonly onFatal: (error: FatalError) => void;
}

export interface Running {
  close(): Promise<void>;
}

/** Throws PORT_TAKEN before minutes are spent on building. The port is free again when this returns. */
async function checkPort(host: string, port: number): Promise<void> {
  if (port === 0) return;
  const probe = createServer();
  try {
    probe.listen({ host, port, exclusive: true });
    await once(probe, "listening");
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code === "EADDRINUSE")
      throw new Refusal("PORT_TAKEN", `${host}:${port}; --port N`, { cause: thrown });
    throw new Error(`Cannot listen on ${host}:${port} (${String(code)}); choose another --host or --port.`, {
      cause: thrown,
    });
  } finally {
    probe.close();
  }
}

async function prepareLibrary(options: Options, videos: string, s: Surroundings): Promise<void> {
  const chosen = s.env["FFMPEG_PATH"];
  if (options.isDefaultVideos && (await isEmptyLibrary(videos))) {
    await makeSample(videos, await findFfmpeg(s.root, chosen, s.signal), s.say, s.signal);
    return;
  }
  // a chosen ffmpeg that is none is said now, not after the page is built
  if (chosen !== undefined) await findFfmpeg(s.root, chosen, s.signal);
  const exists = await access(videos).then(
    () => true,
    () => false,
  );
  if (!exists) s.say(`warning: ${sentence({ code: "LIBRARY_MISSING", detail: videos })}`);
  else if (await isEmptyLibrary(videos))
    s.say(`warning: ${sentence({ code: "LIBRARY_EMPTY", detail: videos })}`);
}

function explainTls(tls: TlsFiles & { isNewCa: boolean }, origin: string, s: Surroundings): void {
  const age = tls.isNewCa
    ? "A local certificate authority was made"
    : "The local certificate authority is used again";
  s.say(`${age}; its fingerprint (SHA-256) is ${tls.fingerprint}`);
  s.say(
    `To trust it, open ${origin}/loge-ca.crt on the other device, compare the fingerprint and import it as an authority;`,
  );
  s.say("without that the browser warns once and the page is only trusted on first use.");
  s.say("The terminal trusts it when NODE_EXTRA_CA_CERTS names that file.");
}

/** Options of ours may hold secrets (TURN), and no part reads them from its environment. */
const childEnv = (env: Surroundings["env"]): Surroundings["env"] =>
  Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith("LOGE_") && name !== "NODE_CHANNEL_FD"),
  );

/** Throws an Error whose message is the sentence to show; whatever was started is ended then. */
export async function startLoge(options: Options, s: Surroundings): Promise<Running> {
  const parts: Part[] = [];
  // the media server first: its viewers end before the room does
  const close = async (): Promise<void> => {
    for (const part of parts.toReversed()) await part.close();
  };
  try {
    await checkPort(options.host, options.port);
    const keyFile =
      options.keys === undefined ? join(s.home, ".config/loge/keys.json") : resolve(s.cwd, options.keys);
    const { keys, isNew } = await loadKeys(keyFile);
    if (isNew) s.say(`New keys are in ${keyFile}; whoever has that file is the host.`);
    // npm runs scripts in the project; a relative folder means the one the host stands in
    const videos = options.isDefaultVideos ? join(s.root, "videos") : resolve(s.cwd, options.videos);
    await prepareLibrary(options, videos, s);
    await buildPage(s.root, childEnv(s.env), s.say, s.signal);
    const { names } = addressesOf(options, s.machine, options.port);
    const tls = options.https
      ? await loadTls(`${keyFile.replace(/\.json$/, "")}.tls.json`, names, s.now())
      : undefined;
    s.signal.throwIfAborted();

    const part = (name: string, folder: string, config: PartOptions["config"]): Part => {
      const onLine = (line: string): void => {
        const text = formatLogLine(name, line);
        if (text !== undefined) s.say(text);
      };
      const entry = join(s.root, folder, "src/main.ts");
      const made = new Part({ name, entry, env: childEnv(s.env), config, onLine, onGivenUp: s.onFatal });
      parts.push(made);
      return made;
    };
    const abort = (): void => void close();
    s.signal.addEventListener("abort", abort, { once: true });
    const signaling = part("signaling", "signaling", (last) =>
      signalingConfig(options, { root: s.root, keys, names, tls, port: last?.port ?? options.port }),
    );
    s.signal.throwIfAborted();
    const port = (await signaling.start()).port ?? options.port;
    const addresses = addressesOf(options, s.machine, port);
    const links = await linksOf(keys, addresses.linkOrigin);
    const facts = { videos, keys, links, addresses, ca: tls?.ca, ffmpegPath: s.env["FFMPEG_PATH"] };
    const media = part("media-server", "media-server", (last) => mediaConfig(options, facts, last));
    s.signal.throwIfAborted();
    const ready = await media.start();
    s.say(
      `Films of ${videos}; ffmpeg: ${ready.ffmpeg ?? "unknown"}; UDP port ${ready.udpPort ?? options.udpPort}.`,
    );
    if (tls !== undefined) explainTls(tls, addresses.linkOrigin, s);
    if (addresses.isOnlyExplaining) {
      s.say(
        `warning: ${options.host} is served by plain http, where browsers offer no encryption: other machines see only a page`,
      );
      s.say("that explains; start with --lan (or --https), or with --behind-proxy URL.");
    }
    s.say(`Host:   ${links.host}`);
    s.say(`Invite: ${links.invite}`);
    return { close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** The sentence for whatever ended the start. */
export function sentenceOf(thrown: unknown): string {
  if (thrown instanceof Refusal) return sentence({ code: thrown.code, detail: thrown.detail });
  return thrown instanceof Error ? thrown.message : String(thrown);
}
