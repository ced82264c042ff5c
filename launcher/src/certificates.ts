/**
 * A local CA and its certificate for --https (security.md §4, TLS on LAN). The CA is name-constrained to private addresses and
 * this machine's names, so that its key, if stolen, vouches for nothing else. Both keys lie in one 0600 file.
 */
import "reflect-metadata";
import { X509Certificate as NodeCertificate } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";
import { readSecretFile, writeSecretFile } from "./keys.ts";

export interface TlsFiles {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  /** SHA-256 of the CA's certificate, as browsers show it. */
  readonly fingerprint: string;
}

interface Stored {
  readonly v: 1;
  readonly ca: string;
  readonly caKey: string;
  readonly cert: string;
  readonly key: string;
  /** Names beyond the private ranges for which the CA may vouch. */
  readonly permitted: readonly string[];
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 24 * 60 * 60 * 1000;
const CA_DAYS = 3650;
const LEAF_DAYS = 90;
const RENEW_DAYS = 14;

const tlv = (tag: number, ...parts: readonly (readonly number[])[]): number[] => {
  const body = parts.flat();
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return [tag, ...length, ...body];
};

/** Bytes of an address, IPv4 or IPv6 in any of its spellings. */
export function addressBytes(address: string): readonly number[] {
  if (isIP(address) === 4) return address.split(".").map(Number);
  const [head = "", tail] = address.split("%", 1)[0]?.split("::") ?? [];
  const words = (text: string | undefined): number[] =>
    text === undefined || text === "" ? [] : text.split(":").map((word) => Number.parseInt(word, 16));
  const [front, back] = [words(head), words(tail)];
  const zeros = new Array<number>(Math.max(0, 8 - front.length - back.length)).fill(0);
  return [...front, ...zeros, ...back].flatMap((word) => [word >> 8, word & 0xff]);
}

const PRIVATE_RANGES: readonly (readonly [string, number])[] = [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
  ["100.64.0.0", 10],
  ["::1", 128],
  ["fc00::", 7],
  ["fe80::", 10],
];

function inRange(address: string, [base, bits]: readonly [string, number]): boolean {
  const [a, b] = [addressBytes(address), addressBytes(base)];
  if (a.length !== b.length) return false;
  return a.every((byte, at) => {
    const kept = Math.max(0, Math.min(8, bits - at * 8));
    const mask = (0xff << (8 - kept)) & 0xff;
    return (byte & mask) === ((b[at] ?? 0) & mask);
  });
}

const isPrivateName = (name: string): boolean =>
  isIP(name) === 0
    ? name === "localhost" || name.endsWith(".local")
    : PRIVATE_RANGES.some((range) => inRange(name, range));

/** RFC 5280 §4.2.1.10: permittedSubtrees of DNS names and address ranges. */
function nameConstraints(permitted: readonly string[]): x509.Extension {
  const mask = (length: number, bits: number): number[] =>
    Array.from({ length }, (_, at) => (0xff << (8 - Math.max(0, Math.min(8, bits - at * 8)))) & 0xff);
  const dns = (name: string): number[] => tlv(0x30, tlv(0x82, [...Buffer.from(name, "ascii")]));
  const range = (base: string, bits: number): number[] => {
    const bytes = addressBytes(base);
    return tlv(0x30, tlv(0x87, bytes, mask(bytes.length, bits)));
  };
  const subtrees = [
    ...["localhost", "local"].map(dns),
    ...PRIVATE_RANGES.map(([base, bits]) => range(base, bits)),
    ...permitted.map((name) => (isIP(name) === 0 ? dns(name) : range(name, addressBytes(name).length * 8))),
  ];
  return new x509.Extension("2.5.29.30", true, Uint8Array.from(tlv(0x30, tlv(0xa0, ...subtrees))));
}

const generate = (): Promise<CryptoKeyPair> => crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);

async function pemOf(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

async function createCa(permitted: readonly string[], nowMs: number): Promise<Pick<Stored, "ca" | "caKey">> {
  const keys = await generate();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: Buffer.from(crypto.getRandomValues(new Uint8Array(15))).toString("hex"),
    name: "CN=Loge local CA",
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + CA_DAYS * DAY_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      nameConstraints(permitted),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { ca: ca.toString("pem"), caKey: await pemOf(keys.privateKey) };
}

async function createLeaf(
  authority: Pick<Stored, "ca" | "caKey">,
  names: readonly string[],
  nowMs: number,
): Promise<Pick<Stored, "cert" | "key">> {
  const keys = await generate();
  const issuer = new x509.X509Certificate(authority.ca);
  const signingKey = await crypto.subtle.importKey(
    "pkcs8",
    x509.PemConverter.decodeFirst(authority.caKey),
    ALGORITHM,
    false,
    ["sign"],
  );
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: Buffer.from(crypto.getRandomValues(new Uint8Array(15))).toString("hex"),
    subject: "CN=Loge",
    issuer: issuer.subject,
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + LEAF_DAYS * DAY_MS),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { cert: cert.toString("pem"), key: await pemOf(keys.privateKey) };
}

function parseStored(text: string | undefined): Stored | undefined {
  if (text === undefined) return undefined;
  try {
    const stored: Stored = JSON.parse(text);
    const whole = [stored.ca, stored.caKey, stored.cert, stored.key].every((pem) =>
      pem.startsWith("-----BEGIN "),
    );
    return stored.v === 1 && whole && Array.isArray(stored.permitted) ? stored : undefined;
  } catch {
    return undefined;
  }
}

const covers = (cert: NodeCertificate, name: string): boolean =>
  (isIP(name) === 0 ? cert.checkHost(name) : cert.checkIP(name)) !== undefined;

function isFresh(stored: Stored, names: readonly string[], nowMs: number): boolean {
  const cert = new NodeCertificate(stored.cert);
  return Date.parse(cert.validTo) - nowMs > RENEW_DAYS * DAY_MS && names.every((name) => covers(cert, name));
}

/** Reads, renews or makes what https needs for these names. The CA stays the same as long as its constraints allow it. */
export async function loadTls(
  file: string,
  names: readonly string[],
  nowMs: number,
): Promise<TlsFiles & { isNewCa: boolean }> {
  const further = names.filter((name) => !isPrivateName(name));
  const before = parseStored(await readSecretFile(file));
  const caEndsMs = before === undefined ? 0 : Date.parse(new NodeCertificate(before.ca).validTo);
  const keepsCa =
    before !== undefined &&
    caEndsMs - nowMs > LEAF_DAYS * DAY_MS &&
    further.every((name) => before.permitted.includes(name));
  const authority = keepsCa ? before : await createCa(further, nowMs);
  let stored = before;
  if (!keepsCa || stored === undefined || !isFresh(stored, names, nowMs)) {
    const permitted = keepsCa && before !== undefined ? before.permitted : further;
    const leaf = await createLeaf(authority, names, nowMs);
    stored = { v: 1, ca: authority.ca, caKey: authority.caKey, ...leaf, permitted };
    await writeSecretFile(file, `${JSON.stringify(stored)}\n`, false);
  }
  const { cert, key, ca } = stored;
  return { cert, key, ca, fingerprint: new NodeCertificate(ca).fingerprint256, isNewCa: !keepsCa };
}
