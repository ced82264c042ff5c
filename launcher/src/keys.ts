/**
 * The one file of secrets on the host, 0600: admission key, room secret, host secret, the media server's identity and the ids
 * of the two printed invites. It makes the links outlive a restart (security.md §1.2, design.md, Wire decisions).
 */
import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { createAdmission } from "@loge/protocol/admission";
import type { IdentityId, RoomId } from "@loge/protocol/brands";
import { type Bytes, fromBase64Url, randomBytes, toBase64Url } from "@loge/protocol/bytes";
import { formatInvite, roomIdOf } from "@loge/protocol/invite";
import { createIdentityPair, identityFromJwk } from "@loge/protocol/keys";

/** As it stands in the file; every secret as base64url. */
export interface HostKeys {
  readonly v: 1;
  readonly admissionKey: string;
  readonly k: string;
  readonly h: string;
  readonly identityJwk: JsonWebKey;
  readonly hostInvite: string;
  readonly guestInvite: string;
}

const isText = (value: unknown, bytes: number): value is string =>
  typeof value === "string" && value.length === Math.ceil((bytes * 4) / 3);

function isHostKeys(value: unknown): value is HostKeys {
  if (typeof value !== "object" || value === null) return false;
  const keys: Partial<Record<keyof HostKeys, unknown>> = value;
  return (
    keys.v === 1 &&
    isText(keys.admissionKey, 32) &&
    isText(keys.k, 16) &&
    isText(keys.h, 16) &&
    isText(keys.hostInvite, 8) &&
    isText(keys.guestInvite, 8) &&
    typeof keys.identityJwk === "object" &&
    keys.identityJwk !== null
  );
}

/** Reads a secret file of our own. Undefined where there is none; throws a sentence where others may read it. */
export async function readSecretFile(file: string): Promise<string | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined;
    throw new Error(`The key file ${file} cannot be read; check its owner and mode.`, { cause: thrown });
  }
  try {
    const { mode } = await handle.stat();
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      throw new Error(`The key file ${file} can be read by others; run: chmod 600 '${file}'`);
    }
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

/** Writes a secret file whole or not at all. False where `onlyIfAbsent` and somebody was faster. */
export async function writeSecretFile(file: string, text: string, onlyIfAbsent: boolean): Promise<boolean> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.${toBase64Url(randomBytes(6))}`;
  const handle = await open(temporary, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    // a link never replaces: two launchers that start at once agree on one file
    if (onlyIfAbsent) await link(temporary, file);
    else await rename(temporary, file);
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "EEXIST") return false;
    throw thrown;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function createKeys(): Promise<HostKeys> {
  const secret = (bytes: number): string => toBase64Url(randomBytes(bytes));
  const pair = await createIdentityPair(true);
  return {
    v: 1,
    admissionKey: secret(32),
    k: secret(16),
    h: secret(16),
    identityJwk: await crypto.subtle.exportKey("jwk", pair.privateKey),
    hostInvite: secret(8),
    guestInvite: secret(8),
  };
}

function parseKeys(text: string, file: string): HostKeys {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (isHostKeys(value)) return value;
  throw new Error(`The key file ${file} is damaged; move it away to get new keys (old links end then).`);
}

/** The host's keys, made when they are not there yet. Throws a sentence. */
export async function loadKeys(file: string): Promise<{ readonly keys: HostKeys; readonly isNew: boolean }> {
  const text = await readSecretFile(file);
  if (text !== undefined) return { keys: parseKeys(text, file), isNew: false };
  const keys = await createKeys();
  if (await writeSecretFile(file, `${JSON.stringify(keys)}\n`, true)) return { keys, isNew: true };
  return { keys: parseKeys((await readSecretFile(file)) ?? "", file), isNew: false };
}

export interface Links {
  readonly room: RoomId;
  readonly media: IdentityId;
  readonly host: string;
  readonly invite: string;
}

/** The two links. They stay the same as long as the key file and the origin do. */
export async function linksOf(keys: HostKeys, origin: string): Promise<Links> {
  const k: Bytes = fromBase64Url(keys.k);
  const room = await roomIdOf(k);
  const media = (await identityFromJwk(keys.identityJwk)).id;
  const link = async (id: string, h: Bytes | undefined): Promise<string> => {
    const terms = { expSeconds: 0, uses: 0, id };
    const admission = await createAdmission(fromBase64Url(keys.admissionKey), room, terms);
    return formatInvite({ origin, room, k, media, admission, h, name: undefined, lang: undefined });
  };
  return {
    room,
    media,
    host: await link(keys.hostInvite, fromBase64Url(keys.h)),
    invite: await link(keys.guestInvite, undefined),
  };
}
