import type { Admission } from "@loge/protocol/admission";
import type { IdentityId, RoomId, Sid } from "@loge/protocol/brands";
import { LIMITS } from "@loge/protocol/brands";
import type { ErrorCode } from "@loge/protocol/errors";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as rooms from "../src/room.ts";
import { relayOf } from "./helpers.ts";

const anyUses: Admission = { id: "AAAAAAAAAAA", expSeconds: 0, uses: 0 };
const claim = (sid: string, id: string, name: string): rooms.Claim => ({
  jws: `card-${sid}`,
  sid: sid as Sid,
  id: id as IdentityId,
  name,
  keys: `keys-${sid}`,
});
const empty = rooms.emptyRoom("room" as RoomId);
const join = (room: rooms.Room, connection: string, who: rooms.Claim, admission = anyUses) =>
  rooms.join(room, { connection, claim: who, admission });
const code = (run: () => unknown): ErrorCode | undefined => {
  try {
    run();
    return undefined;
  } catch (thrown) {
    return (thrown as { code: ErrorCode }).code;
  }
};

const ada = claim("s-ada", "i-ada", "Ada");
const ben = claim("s-ben", "i-ben", "Ben");
const both = join(join(empty, "c1", ada).room, "c2", ben).room;

describe("join", () => {
  test("the first sees itself, the second both, and only the first is told", () => {
    const first = join(empty, "c1", ada);
    expect(first.answer).toEqual({ sid: "s-ada", epoch: 1, cards: ["card-s-ada"] });
    expect(first.effects).toEqual([]);
    const second = join(first.room, "c2", ben);
    expect(second.answer.cards).toEqual(["card-s-ada", "card-s-ben"]);
    expect(second.effects).toEqual([
      { type: "roster", to: ["c1"], message: { v: 1, epoch: 2, joins: ["card-s-ben"], leaves: [] } },
    ]);
  });

  test("the same sid on another socket takes its seat and nobody is told; the old socket ends without a word", () => {
    const back = join(both, "c3", { ...ben, jws: "card-newer" });
    expect(back.effects).toEqual([{ type: "close", connection: "c2", code: undefined }]);
    expect(back.answer.epoch).toBe(2);
    expect(back.answer.cards).toContain("card-newer");
  });

  test("the same sid with other keys is news", () => {
    const back = join(both, "c2", { ...ben, jws: "card-newer", keys: "others" });
    expect(back.effects).toMatchObject([
      { type: "roster", to: ["c1"], message: { epoch: 3, joins: ["card-newer"] } },
    ]);
  });

  test("the same identity and name under a new sid takes over, in one delta", () => {
    const over = join(both, "c3", claim("s-ben2", "i-ben", "Ben"));
    expect(over.effects).toEqual([
      {
        type: "roster",
        to: ["c1"],
        message: { v: 1, epoch: 3, joins: ["card-s-ben2"], leaves: [{ sid: "s-ben", why: "replaced" }] },
      },
      { type: "close", connection: "c2", code: "REPLACED" },
    ]);
  });

  test("the same identity under another name is a second member", () => {
    const two = join(both, "c3", claim("s-ben2", "i-ben", "Benjamin"));
    expect(two.room.seats.size).toBe(3);
    expect(two.effects).toHaveLength(1);
  });

  test("somebody else's name is taken, in any case and width, even while its owner is away", () => {
    for (const name of ["Ben", "BEN", "Ｂｅｎ"]) {
      expect(code(() => join(both, "c3", claim("s-eve", "i-eve", name)))).toBe("NAME_TAKEN");
    }
    expect(code(() => join(rooms.lose(both, "c2", 0), "c3", claim("s-eve", "i-eve", "Ben")))).toBe(
      "NAME_TAKEN",
    );
  });

  test("a socket has one seat", () => {
    expect(code(() => join(both, "c1", claim("s-x", "i-x", "X")))).toBe("ALREADY_JOINED");
  });

  test("a full room takes nobody new, but lets its members take over", () => {
    let room = empty;
    for (let n = 0; n < LIMITS.membersPerRoom; n++)
      room = join(room, `c${n}`, claim(`s${n}`, `i${n}`, `N${n}`)).room;
    expect(code(() => join(room, "cx", claim("sx", "ix", "X")))).toBe("ROOM_FULL");
    expect(join(room, "cx", claim("sx", "i3", "N3")).room.seats.size).toBe(LIMITS.membersPerRoom);
  });

  test("uses of an invite are counted by identity, and outlive the members", () => {
    const once: Admission = { ...anyUses, uses: 1 };
    const after = rooms.leave(join(empty, "c1", ada, once).room, "c1").room;
    expect(rooms.isForgettable(after)).toBe(false);
    expect(code(() => join(after, "c2", ben, once))).toBe("INVITE_USED_UP");
    expect(join(after, "c3", ada, once).room.seats.size).toBe(1);
    expect(code(() => join(after, "c2", ben))).toBe(undefined);
  });

  test("a refused join changes nothing: the use is not counted", () => {
    const once: Admission = { ...anyUses, uses: 1 };
    expect(code(() => join(both, "c3", claim("s-eve", "i-eve", "Ben"), once))).toBe("NAME_TAKEN");
    expect(join(both, "c3", claim("s-eve", "i-eve", "Eve"), once).room.seats.size).toBe(3);
  });
});

describe("leaving", () => {
  test("a goodbye removes at once, twice is no error", () => {
    const left = rooms.leave(both, "c2");
    expect(left.effects).toMatchObject([
      { to: ["c1"], message: { epoch: 3, leaves: [{ sid: "s-ben", why: "left" }] } },
    ]);
    expect(rooms.leave(left.room, "c2")).toEqual({ room: left.room, effects: [], answer: undefined });
  });

  test("a lost socket keeps the seat for a moment, then it is given up", () => {
    const lost = rooms.lose(both, "c2", 1_000);
    expect(rooms.expire(lost, 1_000 + rooms.SEAT_KEPT_MS - 1).effects).toEqual([]);
    const over = rooms.expire(lost, 1_000 + rooms.SEAT_KEPT_MS);
    expect(over.effects).toMatchObject([
      { to: ["c1"], message: { leaves: [{ sid: "s-ben", why: "lost" }] } },
    ]);
    expect(over.room.seats.size).toBe(1);
  });

  test("the end of a socket that lost its seat to a newer one is nothing", () => {
    const back = join(both, "c3", ben).room;
    expect(rooms.lose(back, "c2", 0)).toEqual(back);
  });
});

describe("relay", () => {
  const never = () => false;
  const relay = (room: rooms.Room, connection: string, to: readonly string[], isSlow = never) =>
    rooms.relay(room, { connection, message: relayOf(to) as never }, isSlow);

  test("each receiver gets one copy with only its own key", () => {
    const three = join(both, "c3", claim("s-cy", "i-cy", "Cy")).room;
    const { effects, answer } = relay(three, "c1", ["s-ben", "s-cy", "s-gone"]);
    expect(answer).toEqual({ gone: ["s-gone"], slow: [] });
    expect(
      effects.map((e) =>
        e.type === "envelope" ? [e.to, e.message.jwe.recipients.map((r) => r.header.kid)] : e,
      ),
    ).toEqual([
      ["c2", ["s-ben"]],
      ["c3", ["s-cy"]],
    ]);
  });

  test("slow and away receivers are named to the sender", () => {
    expect(relay(both, "c1", ["s-ben"], () => true).answer).toEqual({ gone: [], slow: ["s-ben"] });
    expect(relay(rooms.lose(both, "c2", 0), "c1", ["s-ben"]).answer).toEqual({ gone: ["s-ben"], slow: [] });
  });

  test("who has no seat is not heard", () => {
    expect(code(() => relay(both, "c9", ["s-ben"]))).toBe("NOT_JOINED");
    expect(code(() => rooms.roster(both, "c9"))).toBe("NOT_JOINED");
  });
});

/** Any history of joins, losses, goodbyes and passing time. */
const happening = fc.oneof(
  fc.record({
    type: fc.constant("join" as const),
    connection: fc.integer({ min: 0, max: 7 }),
    person: fc.integer({ min: 0, max: 3 }),
    page: fc.integer({ min: 0, max: 2 }),
    name: fc.integer({ min: 0, max: 3 }),
  }),
  fc.record({ type: fc.constant("lose" as const), connection: fc.integer({ min: 0, max: 7 }) }),
  fc.record({ type: fc.constant("leave" as const), connection: fc.integer({ min: 0, max: 7 }) }),
  fc.record({ type: fc.constant("expire" as const), afterMs: fc.integer({ min: 0, max: 3_000 }) }),
);

test("after any history: no two identities share a name, no socket has two seats, and deltas rebuild the roster", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 60 }), async (history) => {
      let room = empty;
      let nowMs = 0;
      const seen = new Map<string, { epoch: number; sids: Set<string> }>();
      for (const event of history) {
        const connection = `c${"connection" in event ? event.connection : ""}`;
        let step: rooms.Step<unknown> = { room, effects: [], answer: undefined };
        if (event.type === "join") {
          const sid = `s${event.person}-${event.page}`;
          try {
            const joined = join(room, connection, claim(sid, `i${event.person}`, `N${event.name}`));
            step = joined;
            const sids = new Set(joined.answer.cards.map((card) => card.slice("card-".length)));
            seen.set(connection, { epoch: joined.answer.epoch, sids });
          } catch {
            continue;
          }
        } else if (event.type === "leave") {
          step = rooms.leave(room, connection);
          seen.delete(connection);
        } else if (event.type === "lose") {
          step = { room: rooms.lose(room, connection, nowMs), effects: [], answer: undefined };
          seen.delete(connection);
        } else {
          nowMs += event.afterMs;
          step = rooms.expire(room, nowMs);
        }
        room = step.room;
        for (const effect of step.effects) {
          if (effect.type === "close") seen.delete(effect.connection);
          if (effect.type !== "roster") continue;
          for (const to of effect.to) {
            const view = seen.get(to);
            if (view === undefined) continue;
            expect(effect.message.epoch).toBe(view.epoch + 1);
            view.epoch = effect.message.epoch;
            for (const { sid } of effect.message.leaves) view.sids.delete(sid);
            for (const card of effect.message.joins) view.sids.add(card.slice("card-".length));
          }
        }
        const seats = [...room.seats.values()];
        const owners = new Map<string, string>();
        for (const seat of seats) {
          expect(owners.get(seat.name) ?? seat.id).toBe(seat.id);
          owners.set(seat.name, seat.id);
        }
        const sockets = seats.flatMap((seat) => seat.connection ?? []);
        expect(new Set(sockets).size).toBe(sockets.length);
        expect(new Set(sockets)).toEqual(new Set(room.byConnection.keys()));
        for (const view of seen.values()) expect(view.sids).toEqual(new Set(room.seats.keys()));
      }
    }),
    { numRuns: 300 },
  );
});
