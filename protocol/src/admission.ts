/**
 * Who may enter a room: `<id>.<exp>.<uses>.<mac>`, MACed with the admission key that only the launcher, signaling and the
 * media server hold. Members are told apart from strangers by the room secret instead, which signaling never sees.
 */
import type { RoomId } from "./brands.ts";
import { type Bytes, hmac, randomBytes, sameText, toBase64Url } from "./bytes.ts";
import { Refusal } from "./errors.ts";

export interface Admission {
  readonly id: string;
  /** Unix seconds; 0 = never expires. */
  readonly expSeconds: number;
  /** How many different identities may enter with it; 0 = any number. */
  readonly uses: number;
}

const PATTERN = /^([A-Za-z0-9_-]{11})\.(0|[1-9]\d{0,10})\.(0|[1-9]\d{0,5})\.([A-Za-z0-9_-]{43})$/;

const macOf = async (key: Bytes, room: RoomId, a: Admission): Promise<string> =>
  toBase64Url(await hmac(key, `loge-admission-1|${room}|${a.id}|${a.expSeconds}|${a.uses}`));

export async function createAdmission(
  key: Bytes,
  room: RoomId,
  terms: { expSeconds: number; uses: number; id?: string },
): Promise<string> {
  const admission = {
    id: terms.id ?? toBase64Url(randomBytes(8)),
    expSeconds: terms.expSeconds,
    uses: terms.uses,
  };
  return `${admission.id}.${admission.expSeconds}.${admission.uses}.${await macOf(key, room, admission)}`;
}

/** Throws BAD_INVITE or INVITE_EXPIRED. Counting the uses is the caller's (the room's) job. */
export async function verifyAdmission(
  key: Bytes,
  room: RoomId,
  token: string,
  nowMs: number,
): Promise<Admission> {
  const [, id = "", exp = "", uses = "", mac = ""] = PATTERN.exec(token) ?? [];
  if (id === "") throw new Refusal("BAD_INVITE");
  const admission = { id, expSeconds: Number(exp), uses: Number(uses) };
  if (!sameText(await macOf(key, room, admission), mac)) throw new Refusal("BAD_INVITE");
  if (admission.expSeconds !== 0 && admission.expSeconds * 1000 < nowMs) throw new Refusal("INVITE_EXPIRED");
  return admission;
}
