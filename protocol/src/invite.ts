/** The invite link: everything secret stands in the fragment, which browsers never send to a server. */
import type { IdentityId, RoomId } from "./brands.ts";
import { type Bytes, fromBase64Url, hmac, sha256, toBase64Url, utf8 } from "./bytes.ts";
import { Refusal } from "./errors.ts";

export interface Invite {
  /** `http(s)://host[:port]/`, the page and signaling at once. */
  readonly origin: string;
  readonly room: RoomId;
  /** Room secret, 16 bytes; absent in an unprotected room. */
  readonly k: Bytes | undefined;
  /** Identity of the one media server that a member believes. */
  readonly media: IdentityId;
  readonly admission: string;
  /** Host secret, 16 bytes, only in the host's own link. */
  readonly h: Bytes | undefined;
  readonly name: string | undefined;
  readonly lang: string | undefined;
}

/** r = base64url(SHA-256("loge-room" ‖ k)), first 22 characters. */
export async function roomIdOf(k: Bytes): Promise<RoomId> {
  const input = new Uint8Array([...utf8("loge-room"), ...k]);
  return toBase64Url(await sha256(input)).slice(0, 22) as RoomId;
}

/** Key with which members prove to each other that they hold the room secret (security.md §2.2). */
export const roomKeyOf = (k: Bytes): Promise<Bytes> => hmac(k, "loge-room-auth-v1");

export function formatInvite(invite: Invite): string {
  const fragment = new URLSearchParams({ v: "1", r: invite.room });
  if (invite.k) fragment.set("k", toBase64Url(invite.k));
  fragment.set("m", invite.media);
  fragment.set("i", invite.admission);
  if (invite.h) fragment.set("h", toBase64Url(invite.h));
  if (invite.name) fragment.set("name", invite.name);
  if (invite.lang) fragment.set("lang", invite.lang);
  return `${invite.origin}/#${fragment.toString()}`;
}

const secret = (text: string | null): Bytes | undefined => {
  if (text === null) return undefined;
  const bytes = fromBase64Url(text);
  if (bytes.length !== 16) throw new SyntaxError("secret length");
  return bytes;
};

/** Reads a link as pasted or opened. Throws BAD_INVITE for anything that is not a whole, self-consistent invite. */
export async function parseInvite(link: string): Promise<Invite> {
  try {
    if (link.length > 4096) throw new SyntaxError("too long");
    const url = new URL(link.trim());
    if (url.protocol !== "http:" && url.protocol !== "https:") throw new SyntaxError("protocol");
    const fragment = new URLSearchParams(url.hash.slice(1));
    if (fragment.get("v") !== "1") throw new SyntaxError("version");
    const room = fragment.get("r") ?? "";
    const media = fragment.get("m") ?? "";
    const admission = fragment.get("i") ?? "";
    if (!/^[A-Za-z0-9_-]{22}$/.test(room) || !/^[A-Za-z0-9_-]{43}$/.test(media)) throw new SyntaxError("ids");
    if (!/^[A-Za-z0-9_.-]{8,128}$/.test(admission)) throw new SyntaxError("admission");
    const k = secret(fragment.get("k"));
    if (k && (await roomIdOf(k)) !== room) throw new SyntaxError("room and secret do not belong together");
    return {
      origin: url.origin,
      room: room as RoomId,
      k,
      media: media as IdentityId,
      admission,
      h: secret(fragment.get("h")),
      name: fragment.get("name") ?? undefined,
      lang: fragment.get("lang") ?? undefined,
    };
  } catch (cause) {
    throw new Refusal("BAD_INVITE", undefined, { cause });
  }
}
