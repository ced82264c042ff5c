/** Real signaling and a real media server as processes, on loopback, without the page. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createAdmission } from "@loge/protocol/admission";
import { randomBytes, toBase64Url } from "@loge/protocol/bytes";
import { formatInvite, type Invite, roomIdOf } from "@loge/protocol/invite";
import { createIdentityPair, identityFromPair } from "@loge/protocol/keys";

const root = dirname(dirname(dirname(import.meta.dirname)));

interface Part {
  readonly child: ChildProcess;
  readonly ready: { readonly port?: number };
  readonly log: () => string;
}

async function startPart(folder: string, config: object): Promise<Part> {
  const child = spawn(process.execPath, [join(root, folder, "src/main.ts")], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let log = "";
  const gather = (chunk: Buffer): void => {
    log = (log + String(chunk)).slice(-20_000);
  };
  child.stdout?.on("data", gather);
  child.stderr?.on("data", gather);
  const report = new Promise<{ type: string; port?: number; message?: string }>((resolve, reject) => {
    child.once("message", (message) => resolve(message as { type: string }));
    child.once("exit", (code) => reject(new Error(`${folder} ended with ${code}:\n${log}`)));
  });
  child.send({ type: "config", config });
  const ready = await report;
  if (ready.type !== "ready") throw new Error(`${folder}: ${ready.message}`);
  return { child, ready, log: () => log };
}

async function endPart(part: Part, signal: NodeJS.Signals): Promise<void> {
  if (part.child.exitCode !== null || part.child.signalCode !== null) return;
  const exited = once(part.child, "exit");
  part.child.kill(signal);
  await exited;
}

export interface House {
  readonly invite: string;
  /** With the host secret. */
  readonly host: string;
  readonly log: () => string;
  killSignaling(): Promise<void>;
  restartSignaling(): Promise<void>;
  close(): Promise<void>;
}

/** Moving picture with two tones, made by the system's ffmpeg. */
export function makeFilm(file: string, seconds: number): void {
  const picture = `testsrc2=size=320x180:rate=30:duration=${seconds}`;
  const sound = `sine=frequency=440:duration=${seconds}`;
  execFileSync("ffmpeg", [
    "-v",
    "error",
    "-f",
    "lavfi",
    "-i",
    picture,
    "-f",
    "lavfi",
    "-i",
    sound,
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-c:a",
    "aac",
    "-y",
    file,
  ]);
}

export async function startHouse(films: Readonly<Record<string, number>>): Promise<House> {
  const dir = await mkdtemp(join(tmpdir(), "loge-cli-"));
  const videos = join(dir, "videos");
  await mkdir(videos);
  for (const [name, seconds] of Object.entries(films)) makeFilm(join(videos, `${name}.mp4`), seconds);
  const k = randomBytes(16);
  const h = randomBytes(16);
  const admissionKey = randomBytes(32);
  const room = await roomIdOf(k);
  const pair = await createIdentityPair(true);
  const { id: media } = await identityFromPair(pair);
  const signalingConfig = (port: number): object => ({
    port,
    bind: "127.0.0.1",
    hosts: [],
    behindProxy: false,
    pageDir: join(dir, "page"),
    admissionKey: toBase64Url(admissionKey),
  });
  let signaling = await startPart("signaling", signalingConfig(0));
  const port = signaling.ready.port ?? 0;
  const origin = `http://127.0.0.1:${port}`;
  const server = await startPart("media-server", {
    videos,
    signalingUrl: origin,
    room,
    k: toBase64Url(k),
    hostSecret: toBase64Url(h),
    admissionKey: toBase64Url(admissionKey),
    identityJwk: await crypto.subtle.exportKey("jwk", pair.privateKey),
    udpPort: 0,
    bind: "127.0.0.1",
    announce: ["127.0.0.1"],
    cacheMib: 64,
    encodeBudget: false,
  });
  const admission = await createAdmission(admissionKey, room, { expSeconds: 0, uses: 0 });
  const invite: Invite = {
    origin,
    room,
    k,
    media,
    admission,
    h: undefined,
    name: undefined,
    lang: undefined,
  };
  return {
    invite: formatInvite(invite),
    host: formatInvite({ ...invite, h }),
    log: () => `signaling:\n${signaling.log()}\nmedia server:\n${server.log()}`,
    killSignaling: () => endPart(signaling, "SIGKILL"),
    restartSignaling: async () => {
      signaling = await startPart("signaling", signalingConfig(port));
    },
    close: async () => {
      await endPart(server, "SIGTERM");
      await endPart(signaling, "SIGTERM");
      await rm(dir, { recursive: true });
    },
  };
}
