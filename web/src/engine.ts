/** Everything the join form does not need, as one chunk that is fetched while the name is typed. */
import { cleanName } from "@loge/protocol/card";
import type { Invite } from "@loge/protocol/invite";
import { createSessionKeys, type Identity, type SessionKeys } from "@loge/protocol/keys";
import { loadIdentity } from "./identity.ts";
import { Room } from "./room.ts";

export { RoomScreen } from "./room-screen.tsx";

/** Both key pairs of a session, being made. */
export interface Preparation {
  readonly identity: Promise<Identity>;
  readonly keys: Promise<SessionKeys>;
}

/** Begins to make the keys; one preparation serves one session. */
export function prepare(): Preparation {
  const preparation = { identity: loadIdentity(), keys: createSessionKeys() };
  // who joins will see the failure; before that nobody waits for it
  for (const promise of Object.values(preparation)) promise.catch(() => undefined);
  return preparation;
}

/** Throws the Refusal of a name that cannot be shown. */
export async function enterRoom(invite: Invite, rawName: string, preparation: Preparation): Promise<Room> {
  const name = cleanName(rawName);
  const [identity, keys] = await Promise.all([preparation.identity, preparation.keys]);
  return await Room.enter({ invite, name, identity, keys, now: () => Date.now() });
}
