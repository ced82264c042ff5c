/** Signaling as a process: configuration, one port, a clean end. */
import type { Server } from "node:http";
import { sentence } from "@loge/protocol/errors";
import { pino } from "pino";
import { receiveConfig, report, type SignalingConfig } from "./config.ts";
import { createHttp, refusalOf } from "./http.ts";
import { Lobby } from "./lobby.ts";
import type { Log } from "./log.ts";
import { loadPage } from "./page.ts";
import { createSignaling } from "./server.ts";

function listen(http: Server, config: SignalingConfig): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once("error", reject);
    http.listen({ port: config.port, host: config.bind }, () => {
      const address = http.address();
      resolve(typeof address === "object" && address !== null ? address.port : config.port);
    });
  });
}

/** Ends with a sentence; the supervisor shows it and does not try again. */
function endFatal(thrown: unknown, config: SignalingConfig | undefined): void {
  const cause = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = "code" in cause ? String(cause.code) : "INTERNAL";
  const taken = code === "EADDRINUSE";
  const message = taken
    ? sentence({ code: "PORT_TAKEN", detail: `${config?.bind}:${config?.port}` })
    : cause.message;
  report({ type: "fatal", code: taken ? "PORT_TAKEN" : code, message });
  process.exitCode = 1;
  if (process.connected) process.disconnect();
}

async function run(log: Log): Promise<void> {
  let config: SignalingConfig | undefined;
  try {
    config = await receiveConfig();
    const page = await loadPage(config.pageDir);
    if (page === undefined) log.warn({ dir: config.pageDir }, "there is no built page");
    const options = {
      page,
      tls: config.tls,
      behindProxy: config.behindProxy,
      hosts: { names: config.hosts },
    };
    const admissionKey = new Uint8Array(Buffer.from(config.admissionKey, "base64url"));
    const lobby = new Lobby({ admissionKey, now: Date.now, log });
    const http = createHttp(options);
    const { behindProxy } = config;
    const refusal = (request: Parameters<typeof refusalOf>[0]) => refusalOf(request, options);
    const signaling = createSignaling({ http, lobby, log, behindProxy, refusal });
    const port = await listen(http, config);
    log.info(
      { port, bind: config.bind, tls: config.tls !== undefined, page: page?.assets.size ?? 0 },
      "signaling listens",
    );
    endOnSignals(async (reason) => {
      log.info({ reason }, "signaling ends");
      await signaling.close();
      http.closeAllConnections();
    }, log);
    report({ type: "ready", port });
  } catch (thrown) {
    endFatal(thrown, config);
  }
}

function endOnSignals(close: (reason: string) => Promise<void>, log: Log): void {
  let ending = false;
  const end = (reason: string): void => {
    if (ending) return;
    ending = true;
    // nothing may hold the process longer than this
    setTimeout(() => process.exit(0), 3_000).unref();
    close(reason).then(
      () => process.exit(0),
      (thrown: unknown) => {
        log.error({ err: String(thrown) }, "signaling did not end cleanly");
        process.exit(1);
      },
    );
  };
  process.once("disconnect", () => end("launcher gone"));
  process.once("SIGTERM", () => end("SIGTERM"));
  process.on("SIGINT", () => end("SIGINT"));
}

await run(pino({ name: "signaling", base: { name: "signaling" } }));
