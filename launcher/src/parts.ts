/** The configuration messages of the two parts, from options, keys and addresses. Pure. */
import { join } from "node:path";
import type { Addresses } from "./addresses.ts";
import type { Ready } from "./child.ts";
import type { HostKeys, Links } from "./keys.ts";
import type { Options } from "./options.ts";

interface TlsParts {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** `signaling/src/config.ts` reads this. */
export function signalingConfig(
  options: Options,
  facts: { root: string; keys: HostKeys; names: readonly string[]; tls: TlsParts | undefined; port: number },
): object {
  return {
    port: facts.port,
    bind: options.host,
    hosts: facts.names.map((name) => name.toLowerCase()),
    behindProxy: options.behindProxy !== undefined,
    ...(facts.tls === undefined
      ? {}
      : { tls: { cert: facts.tls.cert, key: facts.tls.key, ca: facts.tls.ca } }),
    pageDir: join(facts.root, "web/out"),
    admissionKey: facts.keys.admissionKey,
  };
}

/** `media-server/src/config.ts` reads this. A restart keeps the UDP port of the first start: viewers come back to it. */
export function mediaConfig(
  options: Options,
  facts: {
    videos: string;
    keys: HostKeys;
    links: Links;
    addresses: Addresses;
    ca: string | undefined;
    ffmpegPath: string | undefined;
  },
  last: Ready | undefined,
): object {
  const { keys, links, addresses } = facts;
  return {
    videos: facts.videos,
    signalingUrl: addresses.signalingOrigin,
    ...(facts.ca === undefined ? {} : { ca: facts.ca }),
    room: links.room,
    k: keys.k,
    hostSecret: keys.h,
    admissionKey: keys.admissionKey,
    identityJwk: keys.identityJwk,
    udpPort: last?.udpPort ?? options.udpPort,
    bind: addresses.udpBind,
    announce: [...addresses.announce],
    ...(options.turn === undefined ? {} : { turn: options.turn }),
    cacheMib: options.cacheMib,
    encodeBudget: options.encodeBudget,
    ...(facts.ffmpegPath === undefined ? {} : { ffmpegPath: facts.ffmpegPath }),
  };
}
