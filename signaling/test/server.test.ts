import { connect as connectTcp } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  type Client,
  connect,
  createPerson,
  join,
  newRnd,
  openAdmission,
  type Person,
  quiet,
  type Running,
  relayOf,
  startSignaling,
  until,
} from "./helpers.ts";

let server: Running;
let ada: Person;
let ben: Person;
const open: Client[] = [];
const warnings: string[] = [];

const client = async (options: { origin?: string } = {}): Promise<Client> => {
  const made = await connect(server.url, options);
  open.push(made);
  return made;
};
const seated = async (person: Person, name: string): Promise<Client & { sid: string }> => {
  const made = await client();
  const reply = await join(made, person, name);
  if (!reply.ok) throw new Error(reply.error.code);
  return Object.assign(made, { sid: reply.value.sid });
};

beforeAll(async () => {
  server = await startSignaling({
    log: { ...quiet, warn: (_facts, text) => warnings.push(text) },
    limits: { slowMs: 1_000, bytes: { perSecond: 64 * 1024 * 1024, burst: 64 * 1024 * 1024 } },
  });
  [ada, ben] = await Promise.all([createPerson(), createPerson()]);
});
afterAll(() => server.close());
afterEach(async () => {
  for (const { socket } of open)
    if (socket.connected)
      await socket
        .timeout(5_000)
        .emitWithAck("leave", { v: 1 })
        .catch(() => undefined);
  for (const { socket } of open.splice(0)) socket.disconnect();
  // a socket lost on purpose leaves its seat behind for a moment; the next test begins in an empty room
  await until(() => server.lobby.members === 0, "an empty room");
});

test("members see each other come and go, and envelopes arrive one copy per receiver", async () => {
  const a = await seated(ada, "Ada");
  const b = await seated(ben, "Ben");
  await until(() => a.rosters.length === 1, "the delta of Ben");
  expect(a.rosters[0]).toMatchObject({ epoch: 2, leaves: [] });
  const sent = await a.ask("relay", relayOf([b.sid]));
  expect(sent).toEqual({ ok: true, value: { gone: [], slow: [] } });
  await until(() => b.envelopes.length === 1, "the envelope");
  expect(b.envelopes[0]).toMatchObject({ from: a.sid, to: b.sid });
  await b.ask("leave", { v: 1 });
  await until(() => a.rosters.length === 2, "the delta of leaving");
  expect(a.rosters[1]).toMatchObject({ epoch: 3, joins: [], leaves: [{ sid: b.sid, why: "left" }] });
  expect(await a.ask("relay", relayOf([b.sid]))).toEqual({ ok: true, value: { gone: [b.sid], slow: [] } });
});

test("a tab that is closed without a word is gone after the grace, and back before it unseen", async () => {
  const a = await seated(ada, "Ada");
  const b = await seated(ben, "Ben");
  b.socket.disconnect();
  const again = await seated(ben, "Ben");
  expect(again.sid).toBe(b.sid);
  await sleep(3_000);
  expect(a.rosters.map((delta) => delta.epoch)).toEqual([2]);
  again.socket.disconnect();
  await until(() => a.rosters.length === 2, "the loss of Ben");
  expect(a.rosters[1]?.leaves).toEqual([{ sid: b.sid, why: "lost" }]);
});

test("a reloaded page takes over at once, the older tab hears REPLACED", async () => {
  const a = await seated(ada, "Ada");
  const b = await seated(ben, "Ben");
  const reloaded = await seated({ ...ben, rnd: newRnd() }, "Ben");
  expect(await b.bye).toBe("REPLACED");
  await b.gone;
  await until(() => a.rosters.length === 2, "the replacement");
  expect(a.rosters[1]).toMatchObject({ leaves: [{ sid: b.sid, why: "replaced" }] });
  expect(a.rosters[1]?.joins).toHaveLength(1);
  expect(reloaded.sid).not.toBe(b.sid);
});

test("somebody else's name is taken, however it is written; another name on the same socket is fine", async () => {
  await seated(ada, "Ada");
  const b = await client();
  for (const name of ["Ada", "ADA", "aDa"]) {
    expect(await join(b, ben, name)).toEqual({ ok: false, error: { code: "NAME_TAKEN" } });
  }
  expect(await join(b, ben, "Ben")).toMatchObject({ ok: true });
});

test("cards over another nonce, invites of another key and used-up invites are refused", async () => {
  const a = await client();
  const b = await client();
  expect(await join({ ...a, nonce: b.nonce }, ada, "Ada")).toMatchObject({
    ok: false,
    error: { code: "BAD_CARD" },
  });
  const forged = (await openAdmission()).replace(/.$/, (last) => (last === "A" ? "E" : "A"));
  expect(await join(a, ada, "Ada", forged)).toMatchObject({ ok: false, error: { code: "BAD_INVITE" } });
  const once = await openAdmission(1);
  expect(await join(a, ada, "Ada", once)).toMatchObject({ ok: true });
  expect(await join(b, ben, "Ben", once)).toMatchObject({ ok: false, error: { code: "INVITE_USED_UP" } });
});

test.each([
  ["a foreign page", "https://evil.example"],
  ["a page of another port", "http://127.0.0.1:1"],
  ["an opaque origin", "null"],
])("%s gets no connection", async (_what, origin) => {
  await expect(connect(server.url, { origin })).rejects.toThrow();
});

test("our own page and a terminal without Origin get one", async () => {
  await client({ origin: server.url });
  await client();
});

const HOSTILE: readonly (readonly [string, string, unknown])[] = [
  ["nothing", "join", undefined],
  ["null", "join", null],
  ["a number", "join", 7],
  ["an array", "relay", []],
  ["extra keys", "leave", { v: 1, extra: true }],
  ["__proto__ as an own key", "leave", JSON.parse('{"v":1,"__proto__":{"x":1}}')],
  ["a too long card", "join", { v: 1, room: "x", card: "A".repeat(20_000), admission: "x" }],
  ["binary", "relay", Buffer.alloc(1000)],
  ["deep nesting", "relay", JSON.parse(`${"[".repeat(2_000)}${"]".repeat(2_000)}`)],
  ["another version", "roster", { v: 2 }],
];
test.each(HOSTILE)("%s is answered with BAD_MESSAGE", async (_what, event, payload) => {
  const a = await seated(ada, "Ada");
  expect(await a.ask(event, payload)).toMatchObject({ ok: false, error: { code: "BAD_MESSAGE" } });
  expect(await a.ask("roster", { v: 1 })).toMatchObject({ ok: true });
});

test.each(["unknown", "constructor", "__proto__", "hasOwnProperty", "envelope", "hello"])(
  "the event %s is answered with UNKNOWN_EVENT",
  async (event) => {
    const a = await client();
    expect(await a.ask(event, { v: 1 })).toEqual({ ok: false, error: { code: "UNKNOWN_EVENT" } });
  },
);

test("the third such message ends the connection, with a reason; others notice nothing", async () => {
  const a = await seated(ada, "Ada");
  const bad = await seated(ben, "Ben");
  bad.socket.emit("relay", "no acknowledgement asked");
  bad.socket.emit("relay", { v: 1 }, "an acknowledgement that is no function");
  bad.socket.emit("nonsense");
  expect(await bad.bye).toBe("STRIKES");
  await bad.gone;
  expect(await a.ask("roster", { v: 1 })).toMatchObject({ ok: true });
});

test("a message beyond the size ends the connection", async () => {
  const a = await client();
  a.socket.emit("relay", "A".repeat(300 * 1024));
  expect(await a.gone).toBe("transport close");
});

test("before the join nothing is relayed, and a flood is slowed down", async () => {
  const a = await client();
  expect(await a.ask("relay", relayOf(["A".repeat(22)]))).toEqual({
    ok: false,
    error: { code: "NOT_JOINED" },
  });
  const answers = await Promise.all(Array.from({ length: 250 }, () => a.ask("roster", { v: 1 })));
  const codes = answers.map((answer) => (answer.ok ? "ok" : answer.error.code));
  expect(codes).toContain("RATE_LIMITED");
  for (let n = 0; n < 400; n++) a.socket.emit("roster", { v: 1 });
  expect(await a.bye).toBe("STRIKES");
});

test("an envelope whose receivers and keys disagree is refused", async () => {
  const a = await seated(ada, "Ada");
  const b = await seated(ben, "Ben");
  const lacking = { ...relayOf([a.sid]), to: [b.sid] };
  expect(await a.ask("relay", lacking)).toMatchObject({ ok: false, error: { code: "BAD_MESSAGE" } });
  const twice = relayOf([b.sid, b.sid]);
  expect(await a.ask("relay", twice)).toMatchObject({ ok: false, error: { code: "BAD_MESSAGE" } });
  expect(b.envelopes).toHaveLength(0);
});

/** Joins, and then never reads another byte: the kernel's buffers fill, then ours would. */
async function neverReading(person: Person, name: string): Promise<{ sid: string; ended: Promise<void> }> {
  const made = await seated(person, name);
  const engine = made.socket.io.engine as unknown as {
    transport: { ws: { _socket: import("node:net").Socket } };
  };
  const tcp = engine.transport.ws._socket;
  tcp.pause();
  const ended = (async () => {
    // paused, it does not notice its own end; the server's side is what counts
    await until(() => !server.lobby.sids.includes(made.sid), "the end of the one who never reads", 30_000);
  })();
  return { sid: made.sid, ended };
}

test("who never reads is refused to senders, then cut off; memory stays bounded", async () => {
  const sender = await seated(ada, "Ada");
  const mute = await neverReading(ben, "Ben");
  const beforeBytes = process.memoryUsage().rss;
  let slow = 0;
  let sentBytes = 0;
  for (let n = 0; n < 400 && slow === 0; n++) {
    const reply = await sender.ask<{ slow: string[] }>("relay", relayOf([mute.sid], 200 * 1024));
    if (reply.ok && reply.value.slow.length > 0) slow++;
    else if (reply.ok) sentBytes += 200 * 1024;
    else await sleep(200);
  }
  expect(slow).toBe(1);
  expect(sentBytes).toBeLessThan(32 * 1024 * 1024);
  await mute.ended;
  expect(warnings).toContain("connection cut off: it does not read");
  expect(process.memoryUsage().rss - beforeBytes).toBeLessThan(150 * 1024 * 1024);
  expect(await sender.ask("roster", { v: 1 })).toMatchObject({ ok: true });
}, 60_000);

test("raw bytes instead of a WebSocket do no harm", async () => {
  const tcp = connectTcp(server.port, "127.0.0.1");
  tcp.on("error", () => undefined);
  tcp.write(
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\xff\xff",
  );
  await sleep(100);
  tcp.destroy();
  const polling = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`);
  expect(polling.status).toBe(400);
  await client();
});
