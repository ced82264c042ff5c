/** Identifiers and limits that more than one folder names. Nothing here does anything. */

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** base64url(SHA-256("loge-room" ‖ k)), 22 characters; random where the room has no secret. */
export type RoomId = Branded<string, "RoomId">;
/** Session address: base64url(SHA-256(identity id ‖ rnd)), 22 characters. */
export type Sid = Branded<string, "Sid">;
/** RFC 7638 thumbprint of the identity's RSA-PSS key, 43 characters. */
export type IdentityId = Branded<string, "IdentityId">;
/** Opaque id of a title, 22 characters, stable over restarts. */
export type TitleId = Branded<string, "TitleId">;
/** Id of one screening, 22 characters. */
export type ScreeningId = Branded<string, "ScreeningId">;

/** Version of everything on a wire. */
export const WIRE_VERSION = 1;

/** Every cap a reader of a wire applies; PROTOCOL.md §2 lists them. */
export const LIMITS = {
  nameGraphemes: 32,
  nameBytes: 256,
  textBytes: 16 * 1024,
  cardBytes: 8 * 1024,
  relayBytes: 240 * 1024,
  sdpBytes: 64 * 1024,
  candidates: 64,
  recipients: 256,
  membersPerRoom: 256,
  controlBytes: 16 * 1024,
  bulkChunkBytes: 16 * 1024,
  bulkPageTitles: 50,
} as const;

/** A card lives this long at the most; a session makes a new one well before. */
export const CARD_LIFE_MS = 12 * 60 * 60 * 1000;
/** How far a sender's clock may be from ours, both ways. */
export const CLOCK_SKEW_MS = 10 * 60 * 1000;
