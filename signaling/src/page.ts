/** The static page as it is served: read once at start, so a request can only ever reach what was there. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";

export interface Asset {
  readonly body: Buffer;
  readonly gzip: Buffer | undefined;
  readonly type: string;
  /** Hashed by the build: its name changes with its content. */
  readonly isImmutable: boolean;
  /** Content-Security-Policy; only documents have one. */
  readonly csp: string | undefined;
}

export interface Page {
  readonly assets: ReadonlyMap<string, Asset>;
  readonly notFound: Asset | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".txt": "text/plain; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
  ".webmanifest": "application/manifest+json",
  ".wasm": "application/wasm",
};
const COMPRESSIBLE = /^(text\/|application\/(json|manifest)|image\/svg)/;
const GZIP_FROM_BYTES = 1024;

/** Hashes of the inline scripts of a document, as CSP sources. Executable ones and JSON alike: a superfluous hash harms nothing. */
export function inlineScriptHashes(html: string): readonly string[] {
  const hashes = new Set<string>();
  for (const [, attributes = "", code = ""] of html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/gi)) {
    if (/\ssrc\s*=/i.test(attributes) || code === "") continue;
    hashes.add(`'sha256-${createHash("sha256").update(code, "utf8").digest("base64")}'`);
  }
  return [...hashes];
}

/**
 * Scripts: our own files and the exact inline scripts of the export (a static page has no nonce). Styles: inline ones too,
 * because React writes style attributes and media-chrome style elements; they can run nothing.
 */
export function policyFor(html: string): string {
  return [
    "default-src 'none'",
    ["script-src 'self'", ...inlineScriptHashes(html)].join(" "),
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob: mediastream:",
    "connect-src 'self'",
    "font-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

export function htmlAsset(html: string): Asset {
  return {
    body: Buffer.from(html),
    gzip: undefined,
    type: TYPES[".html"] ?? "",
    isImmutable: false,
    csp: policyFor(html),
  };
}

function assetOf(path: string, body: Buffer): Asset {
  const type = TYPES[extname(path).toLowerCase()] ?? "application/octet-stream";
  const isHtml = extname(path).toLowerCase() === ".html";
  const gzip = COMPRESSIBLE.test(type) && body.length >= GZIP_FROM_BYTES ? gzipSync(body) : undefined;
  const csp = isHtml ? policyFor(body.toString("utf8")) : undefined;
  return { body, gzip, type, isImmutable: path.startsWith("/_next/static/"), csp };
}

/** URL paths under which a file of the export answers: `/room.html` also as `/room`, `/index.html` as `/`. */
function pathsOf(path: string): readonly string[] {
  if (!path.endsWith(".html")) return [path];
  const bare = path.slice(0, -".html".length);
  return bare.endsWith("/index") ? [path, bare.slice(0, -"index".length)] : [path, bare];
}

/** Reads the export of `next build`. Undefined where there is none. Files whose name begins with a dot are left out. */
export async function loadPage(dir: string): Promise<Page | undefined> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return undefined;
  const assets = new Map<string, Asset>();
  for (const entry of entries) {
    const file = join(entry.parentPath, entry.name);
    const parts = relative(dir, file).split(sep);
    if (!entry.isFile() || parts.some((part) => part.startsWith("."))) continue;
    const path = `/${parts.join("/")}`;
    const asset = assetOf(path, await readFile(file));
    for (const url of pathsOf(path)) assets.set(url, asset);
  }
  return assets.has("/") ? { assets, notFound: assets.get("/404.html") } : undefined;
}
