/** Who may talk to this server from a browser. Pure. `cors` alone does not protect WebSockets (security.md §0.4). */
import { isIP } from "node:net";

export interface HostRules {
  /** Further host names under which the server is reached: the public URL's, this machine's, announced ones. */
  readonly names: readonly string[];
}

/** Host name of a `Host` header or an authority: lower case, without port and brackets; undefined where it is malformed. */
export function hostNameOf(authority: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:/\s@]+))(?::\d{1,5})?$/i.exec(authority ?? "");
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

export const isLoopbackName = (name: string): boolean =>
  name === "localhost" || name.endsWith(".localhost") || name === "::1" || /^127\.\d+\.\d+\.\d+$/.test(name);

export const isLoopbackAddress = (address: string | undefined): boolean =>
  address === "::1" || /^(::ffff:)?127\./.test(address ?? "");

/**
 * A name that somebody else's DNS points here (rebinding) is not ours. Addresses and loopback names cannot be rebound.
 */
export function isOwnHost(host: string | undefined, rules: HostRules): boolean {
  const name = hostNameOf(host);
  return name !== undefined && (isIP(name) !== 0 || isLoopbackName(name) || rules.names.includes(name));
}

/** No Origin means no browser (the terminal, the media server); else it has to be the page this server served. */
export function isOwnOrigin(origin: string | undefined, host: string | undefined, rules: HostRules): boolean {
  if (!isOwnHost(host, rules)) return false;
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  if (url.protocol !== "http:" && url.protocol !== "https:") return false;
  if (url.host.toLowerCase() === host?.toLowerCase()) return true;
  // behind a proxy the Host may have been rewritten; the public name is still ours
  const name = hostNameOf(url.host);
  return name !== undefined && !isLoopbackName(name) && rules.names.includes(name);
}

/** The address that counts against a budget: the proxy's word is believed only where a proxy was announced. */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  behindProxy: boolean,
): string {
  const last = behindProxy ? forwardedFor?.split(",").at(-1)?.trim() : undefined;
  return last !== undefined && isIP(last) !== 0 ? last : (peer ?? "");
}
