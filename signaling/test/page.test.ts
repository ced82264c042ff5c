import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { refusalOf } from "../src/http.ts";
import { clientAddress, isOwnHost, isOwnOrigin } from "../src/origin.ts";
import { loadPage } from "../src/page.ts";
import { type Running, startSignaling } from "./helpers.ts";

const INLINE = "self.__next_f=[1]";
let dir: string;
let server: Running;

/** A request as bytes, so that no client tidies the path. */
function raw(path: string, headers = "Host: localhost"): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1", () =>
      socket.write(`GET ${path} HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`),
    );
    let text = "";
    socket.on("data", (chunk) => {
      text += String(chunk);
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "loge-page-"));
  const out = join(dir, "out");
  await mkdir(join(out, "_next/static"), { recursive: true });
  await writeFile(join(dir, "secret.txt"), "SECRET");
  await writeFile(join(out, ".sources"), "SECRET");
  await writeFile(
    join(out, "index.html"),
    `<html><script src="/_next/static/a.js"></script><script>${INLINE}</script></html>`,
  );
  await writeFile(join(out, "404.html"), "<html>lost</html>");
  await writeFile(join(out, "help.html"), "<html>help</html>");
  await writeFile(join(out, "_next/static/a.js"), "x=1;".repeat(1000));
  const page = await loadPage(out);
  if (page === undefined) throw new Error("no page");
  server = await startSignaling({ page, names: ["loge.example"] });
});
afterAll(async () => {
  await server.close();
  await rm(dir, { recursive: true });
});

describe("the page", () => {
  test("is sent with a policy that allows exactly its inline scripts, and is not stored", async () => {
    const response = await fetch(server.url);
    const csp = response.headers.get("content-security-policy") ?? "";
    expect(csp).toContain(
      `script-src 'self' 'sha256-${createHash("sha256").update(INLINE).digest("base64")}';`,
    );
    expect(csp).toContain("default-src 'none'");
    expect(csp).toContain("frame-ancestors 'none'");
    expect(csp.split("script-src")[1]?.split(";")[0]).not.toContain("unsafe");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(response.headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("hashed code may be kept for ever and is compressed", async () => {
    const response = await fetch(`${server.url}/_next/static/a.js`);
    expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(response.headers.get("content-encoding")).toBe("gzip");
    expect(await response.text()).toBe("x=1;".repeat(1000));
  });

  test.each([
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/_next/../../secret.txt",
    "/.sources",
    "//etc/passwd",
    "/%00",
    "/%ff",
    "/\\..\\secret.txt",
  ])("%s leads nowhere", async (path) => {
    const answer = await raw(path);
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expect(answer).not.toContain("SECRET");
    expect(answer).toContain("lost");
  });

  test("has its other documents without their ending, and a pulse", async () => {
    expect(await (await fetch(`${server.url}/help?x=1`)).text()).toContain("help");
    expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ ok: true });
    expect((await fetch(server.url, { method: "POST", body: "x" })).status).toBe(405);
    expect(await (await fetch(server.url, { method: "HEAD" })).text()).toBe("");
  });

  test("from another machine by plain http only explains; a rebound name gets nothing", async () => {
    const insecure = await raw("/", "Host: 192.0.2.7:3000");
    expect(insecure).toMatch(/^HTTP\/1\.1 426 /);
    expect(insecure).toContain("plain http from another machine");
    expect(await raw("/", "Host: rebound.example")).toMatch(/^HTTP\/1\.1 421 /);
    expect(await raw("/", "Host: loge.example")).toMatch(/^HTTP\/1\.1 426 /);
  });

  test("missing is said, not guessed", async () => {
    expect(await loadPage(join(dir, "nowhere"))).toBeUndefined();
    const bare = await startSignaling();
    const response = await fetch(bare.url);
    expect(response.status).toBe(503);
    expect(await response.text()).toContain("npm start");
    await bare.close();
  });
});

describe("origins", () => {
  const rules = { names: ["loge.example"] };
  test.each([
    [undefined, "localhost:3000", true],
    ["http://localhost:3000", "localhost:3000", true],
    ["https://192.168.1.5:3000", "192.168.1.5:3000", true],
    ["https://loge.example", "127.0.0.1:3000", true],
    ["https://loge.example", "loge.example", true],
    ["http://localhost:3001", "localhost:3000", false],
    ["https://evil.example", "localhost:3000", false],
    ["http://evil.example:3000", "evil.example:3000", false],
    [undefined, "evil.example", false],
    ["null", "localhost:3000", false],
    ["", "localhost:3000", false],
    ["file://", "localhost:3000", false],
    ["http://[::1]:3000", "[::1]:3000", true],
  ])("Origin %s at Host %s: %s", (origin, host, allowed) => {
    expect(isOwnOrigin(origin, host, rules)).toBe(allowed);
  });

  test("plain http from elsewhere is refused to pages and programs, but not to this machine's own programs", () => {
    const options = { page: undefined, tls: undefined, behindProxy: false, hosts: rules };
    const from = (remoteAddress: string, origin?: string) =>
      ({
        headers: { host: "192.0.2.7:3000", ...(origin === undefined ? {} : { origin }) },
        socket: { remoteAddress, localAddress: "192.0.2.7" },
      }) as unknown as IncomingMessage;
    expect(refusalOf(from("192.0.2.9", "http://192.0.2.7:3000"), options)).toBe("INSECURE_CONTEXT");
    expect(refusalOf(from("192.0.2.7", "http://192.0.2.7:3000"), options)).toBe("INSECURE_CONTEXT");
    expect(refusalOf(from("192.0.2.9"), options)).toBe("INSECURE_CONTEXT");
    expect(refusalOf(from("192.0.2.7"), options)).toBeUndefined();
    expect(refusalOf(from("192.0.2.9"), { ...options, behindProxy: true })).toBeUndefined();
  });

  test.each(["", "a b", "x@y", "[::1", "localhost:123456", undefined])("%s is no host", (host) => {
    expect(isOwnHost(host, rules)).toBe(false);
  });

  test("a forwarded address is believed only from an announced proxy, and only its last hop", () => {
    expect(clientAddress("127.0.0.1", "203.0.113.9, 198.51.100.7", true)).toBe("198.51.100.7");
    expect(clientAddress("127.0.0.1", "203.0.113.9", false)).toBe("127.0.0.1");
    expect(clientAddress("127.0.0.1", "nonsense", true)).toBe("127.0.0.1");
  });
});
