import { Refusal } from "@loge/protocol/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkAnswer } from "../../src/webrtc/answer.ts";
import { addMsid } from "../../src/webrtc/offer.ts";
import { createPeer } from "../../src/webrtc/peer.ts";
import { openTestMux, quiet } from "./support/play.ts";
import { openWeriftViewer } from "./support/werift-viewer.ts";

const PRINT = Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, "0")).join(":");
const answer = (...extra: string[]): string =>
  [
    "v=0",
    "o=- 1 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0 1",
    "m=video 9 UDP/TLS/RTP/SAVPF 98 96 97",
    "a=mid:0",
    `a=fingerprint:sha-256 ${PRINT}`,
    "a=rtpmap:98 VP9/90000",
    "a=rtpmap:96 H264/90000",
    "a=rtpmap:97 rtx/90000",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "a=mid:1",
    `a=fingerprint:SHA-256 ${PRINT.toUpperCase()}`,
    ...extra,
    "",
  ].join("\r\n");

test("an honest answer: one fingerprint in capitals, codecs in its own order", () => {
  const checked = checkAnswer(answer());
  expect(checked.fingerprint).toBe(`sha-256 ${PRINT.toUpperCase()}`);
  expect(checked.codecs).toEqual(["vp9", "h264"]);
});

test("only numeric IPv4 UDP candidates are kept: nothing is looked up for a stranger", () => {
  const kept = "a=candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host";
  const { sdp } = checkAnswer(
    answer(
      kept,
      "a=candidate:2 1 udp 1 5c4a.local 50000 typ host",
      "a=candidate:3 1 udp 1 evil.example 50000 typ host",
      "a=candidate:4 1 tcp 1 192.0.2.7 9 typ host tcptype active",
      "a=end-of-candidates",
    ),
  );
  expect(sdp.split("\r\n").filter((line) => /candidate/.test(line))).toEqual([kept]);
});

const other = PRINT.replace("1f", "ff");
const hostile: Readonly<Record<string, string>> = {
  "not an SDP": "hello",
  empty: "",
  "larger than 64 KiB": answer(`a=x:${"y".repeat(65_536)}`),
  "a second fingerprint": answer(`a=fingerprint:sha-256 ${other}`),
  "another hash beside it": answer(`a=fingerprint:sha-1 ${PRINT}`),
  "no fingerprint": answer().replaceAll(/a=fingerprint.*\r\n/gi, ""),
  "a short fingerprint": answer().replaceAll(/(a=fingerprint:sha-256 ).*\r\n/gi, "$1AB:CD\r\n"),
  "SDES keys": answer("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc"),
  "65 candidates": answer(
    ...Array.from({ length: 65 }, (_, i) => `a=candidate:${i} 1 udp 1 192.0.2.7 ${i + 1} typ host`),
  ),
  "two BUNDLE groups": answer().replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0\r\na=group:BUNDLE 1"),
  "no BUNDLE": answer().replace("a=group:BUNDLE 0 1\r\n", ""),
  "a section outside the BUNDLE": answer().replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0"),
};
for (const [name, sdp] of Object.entries(hostile)) {
  test(`refused: ${name}`, () => {
    expect(() => checkAnswer(sdp)).toThrow(expect.objectContaining({ code: "BAD_SDP" }));
  });
}

test("whatever comes is an answer or a Refusal, also behind the check", { timeout: 60_000 }, async () => {
  const mux = await openTestMux();
  const viewer = openWeriftViewer();
  const model = await createPeer({ mux, log: quiet });
  const honest = (await viewer.answer(await model.offer())).split("\r\n");
  await fc.assert(
    fc.asyncProperty(
      fc.nat(honest.length - 1),
      fc.constantFrom("", "a=x", "m=audio 9 X 1", "a=mid:7", "a=rtpmap:1 x/0"),
      async (at, line) => {
        const peer = await createPeer({ mux, log: quiet });
        await peer.offer();
        const changed = honest.map((old, i) => (i === at ? line : old)).join("\r\n");
        const outcome = await peer.accept(changed).catch((error: unknown) => error);
        expect(outcome === undefined || outcome instanceof Refusal).toBe(true);
        await peer.close("test over");
      },
    ),
    { numRuns: 40 },
  );
  await viewer.pc.close();
  await mux.close("test over");
});

test("a closed peer neither hangs nor stays on the port", async () => {
  const mux = await openTestMux();
  const peer = await createPeer({ mux, log: quiet });
  await peer.close("never offered");
  await peer.close("again");
  await expect(peer.offer()).rejects.toMatchObject({ code: "LINK_LOST" });
  await expect(peer.accept(answer())).rejects.toMatchObject({ code: "BAD_SDP" });
  await mux.close("test over");
});

test("msid: each ssrc of a media section belongs to the same stream and track", () => {
  const sdp =
    "v=0\r\nm=video 9 X 96\r\na=msid:- x\r\na=ssrc:1 cname:c\r\na=ssrc:2 cname:c\r\nm=application 9 X\r\na=mid:2\r\n";
  expect(addMsid(sdp, "S")).toBe(
    "v=0\r\nm=video 9 X 96\r\na=ssrc:1 cname:c\r\na=ssrc:2 cname:c\r\na=msid:S video\r\na=ssrc:1 msid:S video\r\na=ssrc:2 msid:S video\r\nm=application 9 X\r\na=mid:2\r\n",
  );
});
