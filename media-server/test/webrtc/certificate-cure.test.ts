import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RTCCertificate } from "werift";
import { makeCertificate } from "../../src/webrtc/certificate.ts";
import type { Mux } from "../../src/webrtc/mux.ts";
import { createPeer } from "../../src/webrtc/peer.ts";
import { openTestMux, quiet, until } from "./support/play.ts";
import { openStockServer } from "./support/stock-server.ts";
import { openWeriftViewer } from "./support/werift-viewer.ts";

/** The certificate of a victim, worn with another key: what anyone on the path can do. */
async function stolen(): Promise<RTCCertificate> {
  const [victim, thief] = [await makeCertificate(), await makeCertificate()];
  return new RTCCertificate(thief.privateKey, victim.certPem, victim.signatureHash);
}

describe("a stolen certificate", { timeout: 30_000 }, () => {
  let mux: Mux;
  beforeAll(async () => {
    mux = await openTestMux();
  });
  afterAll(() => mux.close("test over"));

  for (const passive of [false, true]) {
    const role = passive ? "as DTLS server" : "as DTLS client";

    test(`${role}: refused, no key is made`, async () => {
      const viewer = openWeriftViewer({ certificate: await stolen(), passive });
      const peer = await createPeer({ mux, log: quiet });
      const states: string[] = [];
      peer.onState = (state, reason) => states.push(`${state}: ${reason}`);
      await peer.accept(await viewer.answer(await peer.offer()));
      await until("closed", () => states.length > 0);
      expect(states).toEqual(["closed: DTLS failed"]);
      expect(peer.gate.open).toBe(false);
      await viewer.pc.close();
    });

    test(`${role}: stock werift takes it (the defect this cures)`, async () => {
      const viewer = openWeriftViewer({ certificate: await stolen(), passive });
      const server = await openStockServer(viewer.answer);
      await until("connected", () => server.states.includes("connected"));
      await Promise.all([server.pc.close(), viewer.pc.close()]);
    });

    test(`${role}: an honest one connects`, async () => {
      const viewer = openWeriftViewer({ passive });
      const peer = await createPeer({ mux, log: quiet });
      const states: string[] = [];
      peer.onState = (state) => states.push(state);
      await peer.accept(await viewer.answer(await peer.offer()));
      await until("connected", () => states.includes("connected") && peer.gate.open);
      expect(viewer.transport.role).toBe(passive ? "server" : "client");
      await peer.close("test over");
      await viewer.pc.close();
    });
  }

  test("a certificate other than the answer's fingerprint is refused", async () => {
    const viewer = openWeriftViewer();
    const other = (await makeCertificate()).getFingerprints()[0]?.value ?? "";
    const peer = await createPeer({ mux, log: quiet });
    const states: string[] = [];
    peer.onState = (state) => states.push(state);
    const answer = await viewer.answer(await peer.offer());
    await peer.accept(answer.replaceAll(/(a=fingerprint:sha-256 )\S+/g, `$1${other}`));
    await until("closed", () => states.includes("closed"));
    expect(states).toEqual(["closed"]);
    await viewer.pc.close();
  });
});
