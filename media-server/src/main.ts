/** The media server as a process: configuration, ffmpeg, library, port, room; and a clean end in the opposite order. */

import { availableParallelism } from "node:os";
import { createAdmission } from "@loge/protocol/admission";
import type { RoomId } from "@loge/protocol/brands";
import { fromBase64Url, randomBytes, toBase64Url } from "@loge/protocol/bytes";
import type { ControlEvent } from "@loge/protocol/control";
import { Refusal, sentence, toWireError, type WireError } from "@loge/protocol/errors";
import { roomKeyOf } from "@loge/protocol/invite";
import { createSessionKeys, identityFromJwk } from "@loge/protocol/keys";
import { pino } from "pino";
import { Agent, type AgentOptions } from "./agent/agent.ts";
import { libraryEvent, libraryPage } from "./agent/library-pages.ts";
import { type Config, receiveConfig, report } from "./config.ts";
import { chooseFfmpeg } from "./encode/ffmpeg.ts";
import { warmFluent } from "./encode/fluent.ts";
import { createGopStore } from "./gop/store.ts";
import { openLibrary } from "./library/library.ts";
import type { Log } from "./log.ts";
import { Stage } from "./screening/stage.ts";
import { openMux } from "./webrtc/mux.ts";
import { createPeer } from "./webrtc/peer.ts";

const MEDIA_NAME = "Loge";
const now = (): number => performance.now();

/** What has to be closed, newest first. */
class Closing {
  readonly #steps: (() => Promise<void>)[] = [];
  #done: Promise<void> | undefined;

  add(step: () => Promise<void>): void {
    this.#steps.unshift(step);
  }

  run(): Promise<void> {
    this.#done ??= (async () => {
      for (const step of this.#steps) await step();
    })();
    return this.#done;
  }
}

async function start(
  config: Config,
  log: Log,
  closing: Closing,
  refused: (error: WireError) => void,
): Promise<void> {
  const ffmpeg = await chooseFfmpeg({ ffmpegPath: config.ffmpegPath, log });
  await warmFluent(ffmpeg);
  let version = 0;
  const library = openLibrary({ folder: config.videos, ffmpeg, log, onChange: () => changed() });
  closing.add(() => library.close("shutdown"));
  const store = createGopStore({
    ffmpeg,
    cacheBytes: config.cacheMib * 1024 * 1024,
    check: (title) => library.check(title),
    budget: config.encodeBudget ? { cores: availableParallelism() } : false,
    now,
    log,
  });
  closing.add(() => store.close("shutdown"));
  const mux = await openMux({ port: config.udpPort, bind: config.bind, ips: config.announce, log });
  closing.add(() => mux.close("shutdown"));

  let agent: Agent | undefined;
  const stage = new Stage({
    titleOf: (id) => library.get(id),
    store,
    newId: () => toBase64Url(randomBytes(16)),
    now,
    log,
    changed: (screenings) => agent?.broadcast({ type: "screenings", screenings: [...screenings] }),
  });
  const libraryNow = (): ControlEvent => libraryEvent(library.titles().length, version, library.state());
  const changed = (): void => {
    version++;
    agent?.broadcast(libraryNow());
  };
  const affordable = (upTo: number): number => store.highestWithinBudget("h264", upTo) ?? 0;

  const room = config.room as RoomId;
  const k = config.k === undefined ? undefined : fromBase64Url(config.k);
  const { turn } = config;
  const options: Omit<AgentOptions, "name"> = {
    url: config.signalingUrl,
    ca: config.ca,
    room,
    roomKey: k && (await roomKeyOf(k)),
    admission: await createAdmission(fromBase64Url(config.admissionKey), room, { expSeconds: 0, uses: 0 }),
    hostSecret: config.hostSecret === undefined ? undefined : fromBase64Url(config.hostSecret),
    identity: await identityFromJwk(config.identityJwk),
    keys: await createSessionKeys(),
    stage,
    createPeer: () => createPeer({ mux, log, now, ...(turn ? { turn } : {}) }),
    page: (offset, limit) => libraryPage(library.titles(), version, offset, limit, affordable),
    known: (title) => library.find(title),
    greeting: () => [libraryNow(), { type: "screenings", screenings: [...stage.infos()] }],
    wallNow: Date.now,
    now,
    log,
    refused,
  };
  const enterAs = (name: string): Promise<Agent> => Agent.create({ ...options, name });
  const joined = await enterAs(MEDIA_NAME).catch((thrown: unknown) => {
    // a guest took the name while we were away; members know us by our identity, so another name does as well
    if (!(thrown instanceof Refusal) || thrown.code !== "NAME_TAKEN") throw thrown;
    return enterAs(`${MEDIA_NAME} ${toBase64Url(randomBytes(6))}`);
  });
  agent = joined;
  closing.add(() => joined.close("shutdown"));
  const { version: ffmpegVersion, report: about } = ffmpeg;
  report({ type: "ready", ffmpeg: `${ffmpegVersion} (${about.from})`, udpPort: mux.port });
}

async function run(): Promise<void> {
  const closing = new Closing();
  const log = pino(
    { name: "media", level: process.env["LOGE_LOG"] ?? "info" },
    pino.destination({ fd: 1, sync: true }),
  );
  let ending = false;
  const end = (reason: string, code: number): void => {
    if (ending) return;
    ending = true;
    log.info({ reason }, "media server ends");
    setTimeout(() => process.exit(code), 3000).unref(); // nothing may hold the process longer
    closing.run().then(
      () => process.exit(code),
      (err: unknown) => {
        log.error({ err }, "the media server did not end cleanly");
        process.exit(1);
      },
    );
  };
  const fatal = (thrown: unknown): void => {
    const error = toWireError(thrown);
    if (!(thrown instanceof Refusal)) log.error({ err: thrown }, "unexpected");
    report({ type: "fatal", code: error.code, message: sentence(error) });
    end(error.code, 1);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => end(signal, 0));
  process.once("disconnect", () => end("the launcher is gone", 0));
  // one viewer's bad packet must never take the others' film away
  process.on("uncaughtException", (err) => log.error({ err }, "uncaught"));
  process.on("unhandledRejection", (err) => log.error({ err }, "unhandled"));
  try {
    const config = await receiveConfig();
    await start(config, log, closing, (error) => fatal(new Refusal(error.code, error.detail)));
  } catch (thrown) {
    fatal(thrown);
  }
}

await run();
