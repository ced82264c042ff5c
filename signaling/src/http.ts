/** HTTP of one port: the page, `/healthz`, and the local CA's certificate for import. Everything else is socket.io's. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { ErrorCode } from "@loge/protocol/errors";
import { insecureHtml, notBuiltHtml, notFoundHtml, unknownHostHtml } from "./answers.ts";
import { type HostRules, hostNameOf, isLoopbackName, isOwnHost, isOwnOrigin } from "./origin.ts";
import { type Asset, htmlAsset, type Page } from "./page.ts";

export interface Tls {
  readonly cert: string;
  readonly key: string;
  /** Our own CA's certificate, offered at {@link CA_PATH}. */
  readonly ca?: string | undefined;
}

export interface HttpOptions {
  readonly page: Page | undefined;
  readonly tls: Tls | undefined;
  readonly behindProxy: boolean;
  readonly hosts: HostRules;
}

export const CA_PATH = "/loge-ca.crt";

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  // the fragment never leaves the browser, and the path is nobody's business either
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Origin-Agent-Cluster": "?1",
  "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), payment=()",
};

/** Whether a browser that came this way has crypto.subtle: https, a proxy with https, or this very machine. */
const isSecure = (request: IncomingMessage, options: HttpOptions): boolean =>
  options.tls !== undefined || options.behindProxy || isLoopbackName(hostNameOf(request.headers.host) ?? "");

/** Why a WebSocket is refused before it is one, or undefined. */
export function refusalOf(request: IncomingMessage, options: HttpOptions): ErrorCode | undefined {
  const { host, origin } = request.headers;
  if (!isOwnOrigin(origin, host, options.hosts)) return "ORIGIN_REFUSED";
  // a program of this very machine (the media server) by the machine's outer address: nothing leaves it
  const { remoteAddress, localAddress } = request.socket;
  if (origin === undefined && remoteAddress === localAddress) return undefined;
  return isSecure(request, options) ? undefined : "INSECURE_CONTEXT";
}

function send(request: IncomingMessage, response: ServerResponse, status: number, asset: Asset): void {
  const gzip = /\bgzip\b/.test(request.headers["accept-encoding"] ?? "") ? asset.gzip : undefined;
  const body = gzip ?? asset.body;
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    "Content-Type": asset.type,
    "Content-Length": body.length,
    "Cache-Control": asset.isImmutable ? "public, max-age=31536000, immutable" : "no-store",
    ...(asset.gzip === undefined ? {} : { Vary: "Accept-Encoding" }),
    ...(gzip === undefined ? {} : { "Content-Encoding": "gzip" }),
    ...(asset.csp === undefined ? {} : { "Content-Security-Policy": asset.csp }),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

/** The path of a request; undefined where it is not one. Never touches a file: it is only looked up. */
export function pathOf(url: string | undefined): string | undefined {
  try {
    return decodeURIComponent((url ?? "").split(/[?#]/, 1)[0] ?? "");
  } catch {
    return undefined;
  }
}

const plain = (text: string, type = "text/plain; charset=utf-8"): Asset => ({
  body: Buffer.from(text),
  gzip: undefined,
  type,
  isImmutable: false,
  csp: undefined,
});

function answer(request: IncomingMessage, options: HttpOptions): readonly [number, Asset] {
  const path = pathOf(request.url);
  if (request.method !== "GET" && request.method !== "HEAD") return [405, plain("Only GET and HEAD.\n")];
  if (path === "/healthz") return [200, plain('{"ok":true}\n', "application/json")];
  if (!isOwnHost(request.headers.host, options.hosts)) return [421, htmlAsset(unknownHostHtml())];
  if (path === CA_PATH && options.tls?.ca !== undefined)
    return [200, plain(options.tls.ca, "application/x-x509-ca-cert")];
  if (!isSecure(request, options)) return [426, htmlAsset(insecureHtml())];
  if (options.page === undefined) return [503, htmlAsset(notBuiltHtml())];
  const asset = path === undefined ? undefined : options.page.assets.get(path);
  if (asset !== undefined) return [200, asset];
  return [404, options.page.notFound ?? htmlAsset(notFoundHtml())];
}

/** Not yet listening. */
export function createHttp(options: HttpOptions): Server {
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const [status, asset] = answer(request, options);
    send(request, response, status, asset);
    // nobody needs to send us a body
    request.resume();
  };
  const limits = {
    headersTimeout: 10_000,
    requestTimeout: 15_000,
    keepAliveTimeout: 15_000,
    maxHeaderSize: 16 * 1024,
  };
  if (options.tls === undefined) return createServer(limits, handle);
  const { cert, key } = options.tls;
  return createTlsServer({ ...limits, cert, key, minVersion: "TLSv1.2" }, handle);
}
