import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { classes, Message, methods } from "werift";
import type { Mux } from "../../src/webrtc/mux.ts";
import { createPeer } from "../../src/webrtc/peer.ts";
import { connect, openTestMux, quiet, until } from "./support/play.ts";
import { openStockServer } from "./support/stock-server.ts";
import { openWeriftViewer } from "./support/werift-viewer.ts";

function request(ufrag: string, password: string | undefined): Buffer {
  const message = new Message(methods.BINDING, classes.REQUEST, randomBytes(12));
  message
    .setAttribute("USERNAME", `${ufrag}:abcd`)
    .setAttribute("PRIORITY", 1)
    .setAttribute("ICE-CONTROLLED", 1n);
  if (password !== undefined) message.addMessageIntegrity(Buffer.from(password));
  return message.addFingerprint().bytes;
}

/** Answers that come to a stranger's socket; the first is waited for where one is due. */
async function answers(due: 0 | 1, port: number, ...datagrams: Buffer[]): Promise<number> {
  const socket = createSocket("udp4");
  let count = 0;
  socket.on("message", (data) => {
    if (data.readUInt16BE(0) === 0x0101) count++;
  });
  await new Promise<void>((done) => socket.bind(0, "127.0.0.1", done));
  for (const datagram of datagrams) socket.send(datagram, port, "127.0.0.1");
  if (due === 1) await until("an answer", () => count > 0);
  else await sleep(300);
  socket.close();
  return count;
}

const field = (sdp: string, name: string): string => new RegExp(`a=${name}:(\\S+)`).exec(sdp)?.[1] ?? "";

describe("connectivity checks on the shared port", { timeout: 30_000 }, () => {
  let mux: Mux;
  beforeAll(async () => {
    mux = await openTestMux();
  });
  afterAll(() => mux.close("test over"));

  test("only a request with the right password is answered", async () => {
    const peer = await createPeer({ mux, log: quiet });
    const sdp = await peer.offer();
    const [ufrag, password] = [field(sdp, "ice-ufrag"), field(sdp, "ice-pwd")];
    expect(ufrag.length).toBeGreaterThanOrEqual(12);
    expect(await answers(0, mux.port, request(ufrag, "not the password"), request(ufrag, undefined))).toBe(0);
    expect(mux.counters.forgedStun).toBe(2);
    expect(await answers(0, mux.port, request("someone else", password))).toBe(0);
    expect(await answers(1, mux.port, request(ufrag, password))).toBe(1);
    await peer.close("test over");
    expect(await answers(0, mux.port, request(ufrag, password))).toBe(0);
  });

  test("stock werift answers a wrong password (the defect this cures)", async () => {
    const viewer = openWeriftViewer();
    let sdp = "";
    const server = await openStockServer((offer) => {
      sdp = offer;
      return viewer.answer(offer);
    });
    await until("connected", () => server.states.includes("connected"));
    const port = Number(/a=candidate:\S+ 1 udp \d+ \S+ (\d+) typ host/i.exec(sdp)?.[1]);
    expect(await answers(1, port, request(field(sdp, "ice-ufrag"), "not the password"))).toBe(1);
    await Promise.all([server.pc.close(), viewer.pc.close()]);
  });

  test("strangers' datagrams are dropped and counted, and two viewers share the port", async () => {
    const [first, second] = [openWeriftViewer(), openWeriftViewer()];
    const [{ peer: one }, { peer: two }] = [
      await connect(mux, first.answer),
      await connect(mux, second.answer),
    ];
    const before = mux.counters.strayData + mux.counters.strayStun;
    const junk = Array.from({ length: 500 }, (_, i) => randomBytes(i % 300));
    expect(await answers(0, mux.port, ...junk)).toBe(0);
    expect(mux.counters.strayData + mux.counters.strayStun).toBeGreaterThan(before + 100);
    await until("open", () => one.gate.open && two.gate.open);
    await one.close("first leaves");
    two.gate.send("still here");
    await until("second lives", () => second.messages.includes("gate:still here"));
    await two.close("test over");
    await Promise.all([first.pc.close(), second.pc.close()]);
  });

  test("a taken port is told as PORT_TAKEN", async () => {
    const { openMux } = await import("../../src/webrtc/mux.ts");
    const again = openMux({ port: mux.port, bind: "0.0.0.0", ips: ["127.0.0.1"], log: quiet });
    await expect(again).rejects.toMatchObject({ code: "PORT_TAKEN" });
  });

  test("closing the port closes its viewers", async () => {
    const own = await openTestMux();
    const viewer = openWeriftViewer();
    const { states } = await connect(own, viewer.answer);
    await own.close("going down");
    await own.close("again");
    expect(states).toEqual(["connected: connected", "closed: going down"]);
    await viewer.pc.close();
  });
});
