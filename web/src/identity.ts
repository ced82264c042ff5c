/**
 * This browser's identity: one RSA-PSS pair for the origin, its private key not extractable, kept in IndexedDB so that a
 * reload is the same person. Where the browser keeps nothing (private windows) it lives as long as the page.
 */
import { createIdentityPair, type Identity, identityFromPair } from "@loge/protocol/keys";

const DATABASE = "loge";
const STORE = "identity";
const KEY = "self";

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB"));
  });

async function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return await settled(request);
}

const isPair = (value: unknown): value is CryptoKeyPair =>
  typeof value === "object" &&
  value !== null &&
  "privateKey" in value &&
  value.privateKey instanceof CryptoKey &&
  "publicKey" in value &&
  value.publicKey instanceof CryptoKey;

async function storedPair(database: IDBDatabase): Promise<CryptoKeyPair | undefined> {
  const value: unknown = await settled(database.transaction(STORE).objectStore(STORE).get(KEY));
  return isPair(value) ? value : undefined;
}

/** Another tab may have been first: what is stored wins. */
async function storePair(database: IDBDatabase, pair: CryptoKeyPair): Promise<CryptoKeyPair> {
  const store = database.transaction(STORE, "readwrite").objectStore(STORE);
  const value: unknown = await settled(store.get(KEY));
  if (isPair(value)) return value;
  await settled(store.put(pair, KEY));
  return pair;
}

/** Loads or makes the identity. Making takes some hundred milliseconds, so it is begun while the name is typed. */
export async function loadIdentity(): Promise<Identity> {
  let database: IDBDatabase | undefined;
  try {
    database = await openDatabase();
    const pair = (await storedPair(database)) ?? (await storePair(database, await createIdentityPair(false)));
    return await identityFromPair(pair);
  } catch {
    return await identityFromPair(await createIdentityPair(false));
  } finally {
    database?.close();
  }
}
