import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { verifyAdmission } from "@loge/protocol/admission";
import { fromBase64Url } from "@loge/protocol/bytes";
import { parseInvite } from "@loge/protocol/invite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addressBytes, loadTls, type TlsFiles } from "../src/certificates.ts";
import { linksOf, loadKeys } from "../src/keys.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "loge-keys-"));
});
afterAll(() => rm(dir, { recursive: true }));

describe("the key file", () => {
  test("is made once, for its owner only, and keeps the links alive", async () => {
    const file = join(dir, "new/folder/keys.json");
    const first = await loadKeys(file);
    expect(first.isNew).toBe(true);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(dir, "new/folder"))).mode & 0o777).toBe(0o700);
    const second = await loadKeys(file);
    expect(second).toEqual({ keys: first.keys, isNew: false });
    expect(await linksOf(second.keys, "http://127.0.0.1:1")).toEqual(
      await linksOf(first.keys, "http://127.0.0.1:1"),
    );
  });

  test("two launchers that start at once agree on one", async () => {
    const file = join(dir, "race.json");
    const made = await Promise.all([loadKeys(file), loadKeys(file), loadKeys(file)]);
    expect(made.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(new Set(made.map(({ keys }) => keys.k)).size).toBe(1);
  });

  test("is refused when others can read it, when it is damaged, and as a symbolic link", async () => {
    const file = join(dir, "wide.json");
    await loadKeys(file);
    await chmod(file, 0o644);
    await expect(loadKeys(file)).rejects.toThrow(/chmod 600/);
    const damaged = join(dir, "damaged.json");
    await writeFile(damaged, "{}", { mode: 0o600 });
    await expect(loadKeys(damaged)).rejects.toThrow(/damaged/);
    await chmod(file, 0o600);
    await symlink(file, join(dir, "link.json"));
    await expect(loadKeys(join(dir, "link.json"))).rejects.toThrow(/cannot be read/);
  });

  test("its links are invites of one room; only the host's holds the host secret", async () => {
    const { keys } = await loadKeys(join(dir, "links.json"));
    const links = await linksOf(keys, "https://films.example");
    const [host, guest] = [await parseInvite(links.host), await parseInvite(links.invite)];
    expect(host.h).toEqual(fromBase64Url(keys.h));
    expect(guest.h).toBeUndefined();
    expect(links.invite).not.toContain(keys.h);
    expect([host.room, guest.room, host.media]).toEqual([links.room, links.room, guest.media]);
    for (const { admission } of [host, guest])
      await verifyAdmission(fromBase64Url(keys.admissionKey), links.room, admission, Date.now());
    expect(host.admission).not.toBe(guest.admission);
  });
});

/** What a TLS client that trusts only `ca` says about a server under this name. */
async function dial(tls: TlsFiles, servername: string): Promise<string> {
  const server = createServer({ cert: tls.cert, key: tls.key }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connect({
    host: "127.0.0.1",
    port,
    ca: tls.ca,
    servername: /[a-z]/.test(servername) ? servername : "",
  });
  const said = await new Promise<string>((resolve) => {
    socket.once("secureConnect", () => resolve("trusted"));
    socket.once("error", (error) => resolve(error.message));
  });
  socket.destroy();
  server.close();
  return said;
}

describe("the local CA", () => {
  const names = ["localhost", "127.0.0.1", "::1", "lounge.local", "192.168.1.5"];
  const nowMs = Date.now();

  test("makes a certificate that clients who trust it accept, and keeps both in a 0600 file", async () => {
    const file = join(dir, "keys.tls.json");
    const tls = await loadTls(file, names, nowMs);
    expect(tls.isNewCa).toBe(true);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await dial(tls, "localhost")).toBe("trusted");
    expect(await dial(tls, "127.0.0.1")).toBe("trusted");
    expect(await dial(tls, "films.example")).toContain("does not match certificate");
    const again = await loadTls(file, names, nowMs);
    expect(again).toEqual({ ...tls, isNewCa: false });
  });

  test("renews the certificate for new names and before it ends, under the same CA", async () => {
    const file = join(dir, "renew.tls.json");
    const first = await loadTls(file, names, nowMs);
    const more = await loadTls(file, [...names, "10.0.0.7"], nowMs);
    expect([more.ca, more.cert === first.cert]).toEqual([first.ca, false]);
    const later = await loadTls(file, [...names, "10.0.0.7"], nowMs + 80 * 24 * 3600 * 1000);
    expect([later.ca, later.cert === more.cert, later.isNewCa]).toEqual([first.ca, false, false]);
  });

  test("a public name needs a CA that may vouch for it, and that one may not vouch for others", async () => {
    const file = join(dir, "public.tls.json");
    const first = await loadTls(file, names, nowMs);
    const named = await loadTls(file, [...names, "films.example"], nowMs);
    expect(named.ca).not.toBe(first.ca);
    expect(await dial(named, "films.example")).toBe("trusted");
    // the stolen CA key signs for a name outside its constraints
    const stored = JSON.parse(await readFile(file, "utf8"));
    await writeFile(file, JSON.stringify({ ...stored, permitted: ["films.example", "bank.example"] }), {
      mode: 0o600,
    });
    const forged = await loadTls(file, [...names, "bank.example"], nowMs);
    expect(forged.ca).toBe(named.ca);
    expect(await dial(forged, "bank.example")).toContain("permitted subtree violation");
    expect(await dial(forged, "localhost")).toContain("permitted subtree violation");
  });

  test.each([
    ["10.1.2.3", "0a010203"],
    ["::1", "00000000000000000000000000000001"],
    ["fe80::1:2%eth0", "fe800000000000000000000000010002"],
    ["2001:db8:1:2:3:4:5:6", "20010db8000100020003000400050006"],
  ])("%s as bytes", (address, hex) => {
    expect(Buffer.from(addressBytes(address)).toString("hex")).toBe(hex);
  });
});
