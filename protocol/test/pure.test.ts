import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAdmission, verifyAdmission } from "../src/admission.ts";
import type { IdentityId, RoomId, Sid } from "../src/brands.ts";
import { fromBase64Url, randomBytes, toBase64Url } from "../src/bytes.ts";
import type { Card } from "../src/card.ts";
import {
  bulkFrame,
  command,
  fromServer,
  mediaMsAt,
  parseBulkFrame,
  parseFrame,
  request,
  type Timeline,
} from "../src/control.ts";
import { ReplayWindows } from "../src/envelope.ts";
import { ERROR_CODES, ERRORS, Refusal, sentence, toWireError } from "../src/errors.ts";
import { onlyFingerprint, parseGate } from "../src/gate.ts";
import { formatInvite, parseInvite, roomIdOf } from "../src/invite.ts";
import { cleanName, foldName } from "../src/name.ts";
import { Outbox } from "../src/outbox.ts";
import { applyDelta, emptyRoster, expireAway, RETURN_GRACE_MS, replaceRoster } from "../src/roster.ts";
import { positionMs, watchStep } from "../src/watch.ts";
import { CLIENT_EVENTS, SERVER_EVENTS } from "../src/wire.ts";

const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (thrown) {
    return thrown instanceof Refusal ? thrown.code : `untyped: ${String(thrown)}`;
  }
};

describe("names", () => {
  test.each([
    ["Ada", "Ada"],
    ["  Ada   L. ", "Ada L."],
    ["Zoë", "Zoë"],
    ["अनु", "अनु"],
    ["مريم", "مريم"],
    ["Mina 🎬", "Mina 🎬"],
    ["👩‍👩‍👧‍👦".repeat(8), "👩‍👩‍👧‍👦".repeat(8)],
  ])("%j is shown as %j", (raw, shown) => expect(cleanName(raw)).toBe(shown));
  test.each([
    ["", "NAME_EMPTY"],
    ["   ", "NAME_EMPTY"],
    ["x".repeat(33), "NAME_TOO_LONG"],
    ["a\nb", "NAME_BAD_CHARACTERS"],
    ["a\u0007", "NAME_BAD_CHARACTERS"],
    ["ab\u202Ecd", "NAME_BAD_CHARACTERS"],
    ["<b>", "NAME_BAD_CHARACTERS"],
    ["z\u0335\u0336\u0337\u0338", "NAME_BAD_CHARACTERS"],
  ])("%j is refused with %s", (raw, code) => expect(codeOf(() => cleanName(raw))).toBe(code));
  test("a name of 100 000 letters is refused before it is looked at", () =>
    expect(codeOf(() => cleanName("x".repeat(100_000)))).toBe("NAME_TOO_LONG"));
  test("32 letters are allowed, whatever they weigh", () =>
    expect(cleanName("ä".repeat(32))).toHaveLength(32));
  test("any text gives a name that is its own clean form, or a typed refusal", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (raw) => {
        const code = codeOf(() => cleanName(raw));
        if (code === undefined) expect(cleanName(cleanName(raw))).toBe(cleanName(raw));
        else expect(code).toMatch(/^NAME_/);
      }),
    );
  });
  test("letters of another case or width are the same name", () =>
    expect(foldName("ＡDA")).toBe(foldName("ada")));
});

describe("invites", () => {
  const k = randomBytes(16);
  const key = randomBytes(32);
  const link = async (change: Partial<Parameters<typeof formatInvite>[0]> = {}) => {
    const room = await roomIdOf(k);
    const admission = await createAdmission(key, room, { expSeconds: 0, uses: 0 });
    return formatInvite({
      origin: "http://localhost:3000",
      room,
      k,
      media: "m".repeat(43) as IdentityId,
      admission,
      h: undefined,
      name: undefined,
      lang: undefined,
      ...change,
    });
  };
  test("what is written is read again", async () => {
    const invite = await parseInvite(await link({ h: randomBytes(16), name: "Ada & Co", lang: "de" }));
    expect(invite).toMatchObject({ origin: "http://localhost:3000", name: "Ada & Co", lang: "de" });
    expect(invite.k).toEqual(k);
    expect(await parseInvite(formatInvite(invite))).toEqual(invite);
  });
  test("a room and a secret that do not belong together are refused", async () => {
    await expect(parseInvite(await link({ k: randomBytes(16) }))).rejects.toMatchObject({
      code: "BAD_INVITE",
    });
  });
  test("any text is an invite or BAD_INVITE", async () => {
    const good = await link();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 1),
        fc.string({ maxLength: 3 }),
        fc.boolean(),
        async (at, put, cut) => {
          const text = cut ? good.slice(0, at) : good.slice(0, at) + put + good.slice(at + 1);
          await parseInvite(text).catch((thrown: unknown) =>
            expect(thrown).toMatchObject({ code: "BAD_INVITE" }),
          );
        },
      ),
    );
  });
  test("admission: honest, expired, other room, other key, altered terms", async () => {
    const room = await roomIdOf(k);
    const token = await createAdmission(key, room, { expSeconds: 1000, uses: 3 });
    expect(await verifyAdmission(key, room, token, 999_000)).toMatchObject({ expSeconds: 1000, uses: 3 });
    await expect(verifyAdmission(key, room, token, 1_001_000)).rejects.toMatchObject({
      code: "INVITE_EXPIRED",
    });
    await expect(verifyAdmission(key, "x".repeat(22) as RoomId, token, 0)).rejects.toMatchObject({
      code: "BAD_INVITE",
    });
    await expect(verifyAdmission(randomBytes(32), room, token, 0)).rejects.toMatchObject({
      code: "BAD_INVITE",
    });
    await expect(verifyAdmission(key, room, token.replace(".3.", ".9."), 0)).rejects.toMatchObject({
      code: "BAD_INVITE",
    });
  });
});

describe("base64url", () => {
  test("bytes survive; anything not canonical is refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (b) => {
        expect(fromBase64Url(toBase64Url(b))).toEqual(new Uint8Array(b));
      }),
    );
    for (const bad of ["AA==", "AB", "a+b", "a/b", "A", "AA\n"])
      expect(() => fromBase64Url(bad)).toThrow(SyntaxError);
  });
});

describe("roster", () => {
  const card = (n: string, id = n, name = n): Card =>
    ({ sid: n.padEnd(22, "s"), id: id.padEnd(43, "i"), name, jws: n, role: "user" }) as unknown as Card;
  const [a, b, c] = [card("a"), card("b"), card("c")];
  const start = replaceRoster(emptyRoster, 5, [a, b], 0).roster;
  test("deltas come in order; a gap asks for the whole", () => {
    const next = applyDelta(start, { epoch: 6, joins: [c], leaves: [{ sid: a.sid, why: "left" }] });
    expect([...(next?.roster.members.keys() ?? [])]).toEqual([b.sid, c.sid]);
    expect(next?.left).toMatchObject([{ why: "left" }]);
    expect(applyDelta(start, { epoch: 8, joins: [c], leaves: [] })).toBeUndefined();
  });
  test("who is missing after a restart is away first, gone only after the grace", () => {
    const after = replaceRoster(start, 1, [a], 1000);
    expect(after.left).toEqual([]);
    expect(after.roster.members.get(b.sid)?.awaySinceMs).toBe(1000);
    expect(expireAway(after.roster, 1000 + RETURN_GRACE_MS - 1).left).toEqual([]);
    expect(expireAway(after.roster, 1000 + RETURN_GRACE_MS).left).toMatchObject([
      { member: { sid: b.sid }, why: "lost" },
    ]);
    const back = applyDelta(after.roster, { epoch: 2, joins: [b], leaves: [] });
    expect(back?.joined).toEqual([]);
    expect(back?.roster.members.get(b.sid)?.awaySinceMs).toBeUndefined();
  });
  test("a reload during the absence takes the old place", () => {
    const after = replaceRoster(start, 1, [a], 0).roster;
    const reloaded = card("b2", "b", "b");
    expect(applyDelta(after, { epoch: 2, joins: [reloaded], leaves: [] })?.left).toMatchObject([
      { why: "replaced" },
    ]);
  });
});

describe("outbox", () => {
  test("resends until acknowledged, gone or tired", () => {
    const outbox = new Outbox();
    const [x, y] = ["x", "y"] as unknown as [Sid, Sid];
    outbox.add("m", {} as never, [x, y], 0);
    expect(outbox.due(1000, () => true)).toEqual([]);
    expect(outbox.due(2000, () => true).map((p) => [...p.waiting])).toEqual([[x, y]]);
    expect(outbox.acknowledge("m", x)).toBe(true);
    expect(outbox.acknowledge("m", x)).toBe(false);
    expect(outbox.due(9000, () => true).map((p) => [...p.waiting])).toEqual([[y]]);
    expect(outbox.due(9000, () => false)).toEqual([]);
    expect(outbox.size).toBe(0);
  });
});

test("replay windows: any order within 64 is fresh once, never twice", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(Array.from({ length: 60 }, (_, i) => i + 1)), (order) => {
      const replay = new ReplayWindows();
      for (const seq of order) expect(replay.admit("s" as Sid, seq, `m${seq}`)).toBe("fresh");
      for (const seq of order) expect(replay.admit("s" as Sid, seq, `m${seq}`)).toBe("duplicate");
      for (const seq of order) expect(replay.admit("s" as Sid, seq, "other")).toBe("old");
    }),
  );
  const replay = new ReplayWindows();
  replay.admit("s" as Sid, 1000, "m");
  expect(replay.admit("s" as Sid, 936, "n")).toBe("old");
});

describe("film time", () => {
  const line: Timeline = {
    type: "timeline",
    epoch: 1,
    screening: "s",
    title: "t",
    rtpVideo: 0xffffff00,
    rtpAudio: 0,
    mediaMs: 5000,
    durationMs: 60_000,
    rate: 1,
    playing: true,
    height: 720,
    width: 1280,
    lines: 720,
    codec: "h264",
    cause: "play",
  };
  test("follows RTP time over its wrap", () =>
    expect(mediaMsAt(line, (0xffffff00 + 90_000) % 2 ** 32)).toBe(6000));
  test("stands while paused, frozen or ended, and never passes the end", () => {
    const watch = watchStep(undefined, line, 1000);
    expect(watch && positionMs(watch, 3000)).toBe(7000);
    expect(watch && positionMs(watch, 1e9)).toBe(60_000);
    expect(watch && positionMs({ ...watch, frozen: true }, 3000)).toBe(5000);
    const ended = watchStep(
      watch,
      { type: "ended", screening: "s", title: "t", mediaMs: 60_000, frames: 1 },
      2000,
    );
    expect(ended?.phase).toBe("ended");
    expect(watchStep(ended, { type: "stopped", screening: "other", error: { code: "LINK_LOST" } }, 0)).toBe(
      ended,
    );
  });
});

describe("everything from a wire is parsed or refused, never thrown", () => {
  const anything = fc.oneof(fc.string(), fc.json(), fc.constant("null"), fc.constant('{"v":1}'));
  test("text frames", () => {
    fc.assert(
      fc.property(anything, (text) => {
        parseFrame(request, text);
        parseFrame(fromServer, text);
        parseGate(text);
      }),
    );
    expect(parseFrame(command, "x".repeat(20_000))).toBeUndefined();
    expect(
      parseFrame(request, JSON.stringify({ v: 1, seq: 0, cmd: { type: "seek", toMs: Number.NaN } })),
    ).toBeUndefined();
  });
  test("socket events", () => {
    fc.assert(
      fc.property(fc.anything(), (raw) => {
        for (const schema of [...Object.values(CLIENT_EVENTS), ...Object.values(SERVER_EVENTS)])
          schema.safeParse(raw);
      }),
    );
  });
  test("fingerprints: exactly one distinct value", () => {
    const print = (n: number) =>
      `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => n.toString(16).padStart(2, "0")).join(":")}`;
    expect(
      onlyFingerprint(
        `v=0\r\n${print(171)}\r\n${print(171).toUpperCase().replace("A=FINGERPRINT:SHA", "a=fingerprint:SHA")}\r\n`,
      ),
    ).toMatch(/^sha-256 AB:/);
    for (const bad of [
      "v=0",
      `${print(1)}\n${print(2)}`,
      "a=fingerprint:sha-1 AA",
      `${print(1)}\na=crypto:1 x`,
      `${print(1)}:00`,
    ])
      expect(codeOf(() => onlyFingerprint(bad))).toBe("BAD_SDP");
  });
  test("bulk frames", () => {
    expect(parseBulkFrame(bulkFrame(7, 1, new Uint8Array([9])))).toMatchObject({ id: 7, flags: 1 });
    expect(parseBulkFrame(new Uint8Array(4))).toBeUndefined();
  });
});

test("every error code says what happened and what to do; only Refusals cross the wire", () => {
  for (const code of ERROR_CODES) {
    expect(ERRORS[code].what).toMatch(/^[A-Z].*\.$/);
    expect(ERRORS[code].next.length).toBeGreaterThan(5);
    expect(sentence({ code })).toContain(ERRORS[code].next);
  }
  expect(toWireError(new Error("secret path /home/x"))).toEqual({ code: "INTERNAL" });
});
