/** The key that is this person: fresh per run, or kept in a file that only its owner can read. */
import { mkdir, open, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { createIdentityPair, type Identity, identityFromJwk, identityFromPair } from "@loge/protocol/keys";
import { Complaint } from "./words.ts";

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

const isMissing = (thrown: unknown): boolean =>
  thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT";

/** Throws a Complaint where the file is open to others, is not ours to read, or holds no key. */
export async function loadIdentity(file: string | undefined): Promise<Identity> {
  if (file === undefined) return await identityFromPair(await createIdentityPair(false));
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new Complaint(`${file} is not a file`, "Name a file with --identity.");
    await checkModes(file, found.mode);
  } catch (thrown) {
    if (isMissing(thrown)) return await createFile(file);
    throw thrown;
  }
  try {
    return await identityFromJwk(readJwk(await readFile(file, "utf8")));
  } catch (cause) {
    const complaint = new Complaint(
      `${file} holds no identity of Loge`,
      "Name another file; a new one is made where none is.",
    );
    complaint.cause = cause;
    throw complaint;
  }
}

async function checkModes(file: string, mode: number): Promise<void> {
  if (process.platform === "win32") return; // modes mean nothing there
  if (mode & OTHERS)
    throw new Complaint(`${file} can be read by others, so it was not used`, `chmod 600 ${file}`);
  const folder = dirname(file);
  const { mode: folderMode } = await stat(folder);
  if (folderMode & OTHERS_WRITE && !(folderMode & STICKY)) {
    throw new Complaint(
      `the folder ${folder} can be written by others, so the key in it was not used`,
      `chmod 700 ${folder}`,
    );
  }
}

function readJwk(text: string): JsonWebKey {
  const data: unknown = JSON.parse(text);
  if (typeof data !== "object" || data === null || !("v" in data) || data.v !== 1)
    throw new SyntaxError("version");
  if (!("jwk" in data) || typeof data.jwk !== "object" || data.jwk === null) throw new SyntaxError("jwk");
  return data.jwk; // WebCrypto and the key schema check every member
}

async function createFile(file: string): Promise<Identity> {
  const pair = await createIdentityPair(true);
  const jwk = await crypto.subtle.exportKey("jwk", pair.privateKey);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify({ v: 1, jwk })}\n`);
  } finally {
    await handle.close();
  }
  return await identityFromPair(pair);
}
