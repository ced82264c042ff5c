/** Which addresses follow from the options: what is listened on, announced, and stands in the links. Pure. */
import type { Options } from "./options.ts";

/** The part of `os.networkInterfaces()` that matters. */
export interface MachineAddress {
  readonly address: string;
  readonly family: "IPv4" | "IPv6";
  readonly internal: boolean;
}

export interface Machine {
  readonly hostname: string;
  readonly addresses: readonly MachineAddress[];
}

export interface Addresses {
  /** Origin in the links. */
  readonly linkOrigin: string;
  /** Where the media server reaches signaling. */
  readonly signalingOrigin: string;
  /** Names and addresses that the certificate covers and signaling answers to. */
  readonly names: readonly string[];
  /** Address of the UDP port. */
  readonly udpBind: string;
  readonly announce: readonly string[];
  /** Plain http that only this machine can use: others see a page that explains. */
  readonly isOnlyExplaining: boolean;
}

const isWildcard = (host: string): boolean => host === "0.0.0.0" || host === "::";
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || host.startsWith("127.");
const inUrl = (host: string): string => (host.includes(":") ? `[${host}]` : host);
const hostOf = (origin: string): string => new URL(origin).hostname.replace(/^\[|\]$/g, "");

/** Addresses that others can reach, private IPv4 first, because that is what a LAN uses. */
export function lanAddresses(machine: Machine): readonly string[] {
  const rank = ({ address, family }: MachineAddress): number =>
    family === "IPv6" ? 2 : /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address) ? 0 : 1;
  return machine.addresses
    .filter(
      ({ internal, address }) => !internal && !address.startsWith("fe80:") && !address.startsWith("169.254."),
    )
    .toSorted((a, b) => rank(a) - rank(b))
    .map(({ address }) => address);
}

/** `port` is the one really listened on. */
export function addressesOf(options: Options, machine: Machine, port: number): Addresses {
  const { host, https } = options;
  const scheme = https ? "https" : "http";
  const lan = lanAddresses(machine);
  const local = isWildcard(host) || host === "localhost" ? "127.0.0.1" : host;
  const own = isWildcard(host) && https ? (lan[0] ?? local) : local;
  const isPublic = options.behindProxy !== undefined || options.publicUrl !== undefined;
  const linkOrigin = options.publicUrl ?? options.behindProxy ?? `${scheme}://${inUrl(own)}:${port}`;
  const isReachable = !isLoopback(host) || isPublic;
  const shortName = machine.hostname.toLowerCase();
  const names = new Set(["localhost", "127.0.0.1", "::1"]);
  if (isReachable && shortName !== "") {
    names.add(shortName);
    if (!shortName.includes(".")) names.add(`${shortName}.local`);
    for (const address of lan) names.add(address);
  }
  if (!isWildcard(host)) names.add(host);
  for (const origin of [options.publicUrl, options.behindProxy])
    if (origin !== undefined) names.add(hostOf(origin));
  const reachableAt = isReachable ? (isWildcard(host) || isLoopback(host) ? lan : [host]) : [];
  return {
    linkOrigin,
    signalingOrigin: `${scheme}://${inUrl(local)}:${port}`,
    names: [...names],
    // behind a proxy the page listens on loopback, but pictures travel past the proxy
    udpBind: isReachable ? (isLoopback(host) ? "0.0.0.0" : host) : local,
    announce: [
      ...new Set([
        ...options.announce,
        ...reachableAt,
        ...(isWildcard(host) || isLoopback(host) ? ["127.0.0.1"] : []),
      ]),
    ],
    isOnlyExplaining: !isLoopback(host) && !https && options.behindProxy === undefined,
  };
}
