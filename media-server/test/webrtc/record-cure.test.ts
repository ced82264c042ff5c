import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Mux } from "../../src/webrtc/mux.ts";
import { admits, readRecords } from "../../src/webrtc/record-guard.ts";
import { connect, openTestMux, until } from "./support/play.ts";
import { openStockServer } from "./support/stock-server.ts";
import { openWeriftViewer } from "./support/werift-viewer.ts";

const record = (type: number, epoch: number, body: Buffer): Buffer => {
  const head = Buffer.alloc(13);
  head.writeUInt8(type, 0);
  head.writeUInt16BE(0xfefd, 1);
  head.writeUInt16BE(epoch, 3);
  head.writeUIntBE(0x123456, 5, 6);
  head.writeUInt16BE(body.length, 11);
  return Buffer.concat([head, body]);
};
const handshake = (type: number, body: Buffer): Buffer => {
  const head = Buffer.alloc(12);
  head.writeUInt8(type, 0);
  head.writeUIntBE(body.length, 1, 3);
  head.writeUIntBE(body.length, 9, 3);
  return Buffer.concat([head, body]);
};
const helloBody = Buffer.concat([
  Buffer.from("fefd", "hex"),
  randomBytes(32),
  Buffer.from("00000002c02b01000000", "hex"),
]);
const CLIENT_HELLO = 1;
const FORGED: Readonly<Record<string, Buffer>> = {
  "alert in epoch 0": record(21, 0, Buffer.from([1, 0])),
  "alert in epoch 1, not encrypted": record(21, 1, Buffer.from([1, 0])),
  "record of an unknown type": record(25, 1, Buffer.from([1, 0])),
  ClientHello: record(22, 0, handshake(CLIENT_HELLO, helloBody)),
  "ClientHello behind another message": record(
    22,
    0,
    Buffer.concat([handshake(0, Buffer.alloc(0)), handshake(CLIENT_HELLO, helloBody)]),
  ),
  "alert behind a harmless record": Buffer.concat([
    record(20, 0, Buffer.from([1])),
    record(21, 0, Buffer.from([1, 0])),
  ]),
};

describe("forged records from the viewer's own address", { timeout: 60_000 }, () => {
  let mux: Mux;
  beforeAll(async () => {
    mux = await openTestMux();
  });
  afterAll(() => mux.close("test over"));

  test("none of them ends a session, nor do 3000 random datagrams", async () => {
    const viewer = openWeriftViewer();
    const { peer, states } = await connect(mux, viewer.answer);
    const heard: unknown[] = [];
    peer.gate.onMessage = (data) => heard.push(data);
    await until("open", () => peer.gate.open);
    for (const [name, datagram] of Object.entries(FORGED)) {
      await viewer.inject(datagram);
      await sleep(50);
      viewer.say("gate", name);
      await until(`alive after ${name}`, () => heard.includes(name));
    }
    for (let i = 0; i < 3000; i++) {
      const junk = randomBytes(1 + (i % 400));
      junk[0] = i % 2 === 0 ? 20 + (i % 44) : i % 256;
      await viewer.inject(junk);
      if (i % 100 === 0) await sleep(5);
    }
    viewer.say("gate", "still here");
    await until("alive after junk", () => heard.includes("still here"));
    peer.gate.send("so am I");
    await until("both ways", () => viewer.messages.includes("gate:so am I"));
    expect(states).toEqual(["connected: connected"]);
    expect(mux.counters.forgedRecords).toBeGreaterThan(100);
    await peer.close("test over");
    await viewer.pc.close();
  });

  for (const [name, datagram] of Object.entries(FORGED)) {
    test(`stock werift dies of: ${name} (the defect this cures)`, async () => {
      const viewer = openWeriftViewer();
      const server = await openStockServer(viewer.answer);
      const heard: unknown[] = [];
      server.channel.onMessage.subscribe((data) => heard.push(data));
      await until("open", () => server.channel.readyState === "open");
      viewer.say("gate", "before");
      await until("alive before", () => heard.includes("before"));
      await viewer.inject(datagram);
      await sleep(100);
      viewer.say("gate", "after");
      await sleep(400);
      expect(heard).toEqual(["before"]);
      await Promise.all([server.pc.close(), viewer.pc.close()]);
    });
  }
});

test("before the handshake is done alerts and unknown records are kept out as well, the handshake itself is let in", () => {
  const admitted = (datagram: Buffer, connected: boolean) =>
    readRecords(datagram)?.map((found) => admits(found.record, connected));
  expect(admitted(record(21, 0, Buffer.from([2, 40])), false)).toEqual([false]);
  expect(
    admitted(
      Buffer.concat([record(22, 0, helloBody), record(20, 0, Buffer.from([1])), record(22, 1, helloBody)]),
      false,
    ),
  ).toEqual([true, true, true]);
  expect(
    admitted(
      Buffer.concat([record(22, 0, helloBody), record(22, 1, helloBody), record(23, 1, helloBody)]),
      true,
    ),
  ).toEqual([false, true, true]);
  expect(admitted(record(23, 0, helloBody), true)).toEqual([false]);
  expect(readRecords(record(24, 0, helloBody))).toBeUndefined();
  expect(readRecords(record(22, 0, helloBody).subarray(0, -1))).toBeUndefined();
});
