/** Real signaling on a free loopback port, and members that speak to it with a real socket.io client. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createAdmission } from "@loge/protocol/admission";
import type { RoomId } from "@loge/protocol/brands";
import { randomBytes, toBase64Url } from "@loge/protocol/bytes";
import { signCard } from "@loge/protocol/card";
import {
  createIdentityPair,
  createSessionKeys,
  type Identity,
  identityFromPair,
  type SessionKeys,
} from "@loge/protocol/keys";
import type { FullRoster, GeneralJwe, Reply, ServerMessage } from "@loge/protocol/wire";
import { io, type Socket } from "socket.io-client";
import { createHttp, refusalOf } from "../src/http.ts";
import { type Limits, Lobby } from "../src/lobby.ts";
import type { Log } from "../src/log.ts";
import type { Page } from "../src/page.ts";
import { createSignaling } from "../src/server.ts";

export const room = toBase64Url(new Uint8Array(16).fill(7)) as RoomId;
export const admissionKey = new Uint8Array(32).fill(9);
export const quiet: Log = { info() {}, warn() {}, error() {}, debug() {} };

export interface Running {
  readonly url: string;
  readonly port: number;
  readonly lobby: Lobby;
  close(): Promise<void>;
}

export interface RunOptions {
  readonly limits?: Partial<Limits>;
  readonly page?: Page;
  readonly behindProxy?: boolean;
  readonly log?: Log;
  readonly names?: readonly string[];
}

export async function startSignaling(options: RunOptions = {}): Promise<Running> {
  const log = options.log ?? quiet;
  const http = {
    page: options.page,
    tls: undefined,
    behindProxy: options.behindProxy ?? false,
    hosts: { names: options.names ?? [] },
  };
  const server = createHttp(http);
  const lobby = new Lobby({ admissionKey, now: Date.now, log, limits: options.limits ?? {} });
  const signaling = createSignaling({
    http: server,
    lobby,
    log,
    behindProxy: http.behindProxy,
    refusal: (request) => refusalOf(request, http),
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, lobby, close: () => signaling.close() };
}

export interface Person {
  readonly identity: Identity;
  readonly keys: SessionKeys;
  readonly rnd: string;
}

export async function createPerson(): Promise<Person> {
  const [pair, keys] = await Promise.all([createIdentityPair(false), createSessionKeys()]);
  return { identity: await identityFromPair(pair), keys, rnd: newRnd() };
}
export const newRnd = (): string => toBase64Url(randomBytes(16));

export const openAdmission = (uses = 0): Promise<string> =>
  createAdmission(admissionKey, room, { expSeconds: 0, uses });

export interface Client {
  readonly socket: Socket;
  readonly nonce: string;
  readonly rosters: ServerMessage<"roster">[];
  readonly envelopes: ServerMessage<"envelope">[];
  /** Code of the `bye`, once it came. */
  readonly bye: Promise<string>;
  readonly gone: Promise<string>;
  ask<T>(event: string, payload: unknown): Promise<Reply<T>>;
}

export async function connect(url: string, options: { origin?: string } = {}): Promise<Client> {
  const extraHeaders = options.origin === undefined ? {} : { origin: options.origin };
  const socket = io(url, { transports: ["websocket"], reconnection: false, forceNew: true, extraHeaders });
  const rosters: ServerMessage<"roster">[] = [];
  const envelopes: ServerMessage<"envelope">[] = [];
  socket.on("roster", (message: ServerMessage<"roster">) => rosters.push(message));
  socket.on("envelope", (message: ServerMessage<"envelope">) => envelopes.push(message));
  const bye = new Promise<string>((resolve) => {
    socket.once("bye", (message: ServerMessage<"bye">) => resolve(message.error.code));
  });
  const gone = new Promise<string>((resolve) => socket.once("disconnect", (reason) => resolve(reason)));
  const nonce = await new Promise<string>((resolve, reject) => {
    socket.once("hello", (message: ServerMessage<"hello">) => resolve(message.nonce));
    socket.once("connect_error", reject);
  });
  const ask = <T>(event: string, payload: unknown): Promise<Reply<T>> =>
    socket.timeout(10_000).emitWithAck(event, payload) as Promise<Reply<T>>;
  return { socket, nonce, rosters, envelopes, bye, gone, ask };
}

export async function cardFor(client: Client, person: Person, name: string): Promise<string> {
  return await signCard(person.identity, {
    room,
    name,
    role: "user",
    rnd: person.rnd,
    nonce: client.nonce,
    enc: person.keys.jwk,
    roomKey: undefined,
    nowMs: Date.now(),
  });
}

export async function join(
  client: Client,
  person: Person,
  name: string,
  admission?: string,
): Promise<Reply<FullRoster>> {
  const card = await cardFor(client, person, name);
  return await client.ask<FullRoster>("join", {
    v: 1,
    room,
    card,
    admission: admission ?? (await openAdmission()),
  });
}

/** An envelope that looks right from outside; signaling cannot tell more. */
export function envelopeFor(to: readonly string[], bytes = 64): GeneralJwe {
  return {
    protected: "e30",
    iv: "AAAAAAAAAAAAAAAA",
    tag: "AAAAAAAAAAAAAAAAAAAAAA",
    ciphertext: "A".repeat(bytes),
    recipients: to.map((kid) => ({ header: { kid }, encrypted_key: "A".repeat(512) })),
  };
}

export const relayOf = (to: readonly string[], bytes?: number) => ({
  v: 1,
  to: [...to],
  mid: crypto.randomUUID(),
  jwe: envelopeFor(to, bytes),
});

/** Waits for something that happens without an answer. */
export async function until(holds: () => boolean, what: string, ms = 10_000): Promise<void> {
  const endMs = Date.now() + ms;
  while (!holds()) {
    if (Date.now() > endMs) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
