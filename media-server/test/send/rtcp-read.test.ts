import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GenericNack, RtcpPacketConverter, RtcpTransportLayerFeedback } from "werift";
import { readRtcp } from "../../src/send/rtcp-read.ts";

const SSRC = 0x01020304;
const NACK = `81cd0003${"00000001"}${"01020304"}${"0064"}${"8001"}`;
const REMB = `8fce0005${"00000001"}${"00000000"}${"52454d42"}${"0113d090"}${"01020304"}`;
const RR = `81c90007${"00000001"}${"01020304"}${"40000005"}${"00001234"}${"00000010"}${"aabbccdd"}${"00008000"}`;
const PLI = `81ce0002${"00000001"}${"01020304"}`;
const FIR = `84ce0004${"00000001"}${"00000000"}${"01020304"}${"01000000"}`;

function read(hex: string): unknown[] {
  const heard: unknown[] = [];
  readRtcp(Buffer.from(hex, "hex"), SSRC, {
    nack: (lost) => heard.push({ lost: [...lost] }),
    keyFrameWanted: () => heard.push("key"),
    estimate: (bps) => heard.push({ bps }),
    report: (ssrc, loss, lsr, dlsr) => heard.push({ ssrc, loss, lsr, dlsr }),
  });
  return heard;
}

describe("the viewer's RTCP", () => {
  test("a compound is read packet by packet", () => {
    expect(read(RR + NACK + REMB + PLI + FIR)).toEqual([
      { ssrc: SSRC, loss: 0.25, lsr: 0xaabbccdd, dlsr: 0x8000 },
      { lost: [100, 101, 116] },
      { bps: 250_000 * 2 ** 4 },
      "key",
      "key",
    ]);
  });

  test("stock werift reads a NACK on into the REMB behind it (the defect this cures)", () => {
    const [nack] = RtcpPacketConverter.deSerialize(Buffer.from(NACK + REMB, "hex"));
    const lost =
      nack instanceof RtcpTransportLayerFeedback && nack.feedback instanceof GenericNack
        ? nack.feedback.lost
        : [];
    expect(lost).toContain(0x5245);
  });

  test("a NACK of another source is not ours", () => {
    expect(read(NACK.replace("01020304", "01020305"))).toEqual([]);
  });

  test("cut and random bytes never throw", () => {
    for (let length = 0; length < RR.length; length += 2) expect(read(RR.slice(0, length))).toEqual([]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => void read(Buffer.from(junk).toString("hex"))),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(0xc8, 0xc9, 0xcd, 0xce),
        fc.integer({ min: 0x80, max: 0x9f }),
        fc.uint8Array({ maxLength: 60 }),
        (type, first, body) => {
          const words = Math.floor(body.length / 4);
          read(Buffer.concat([Buffer.from([first, type, 0, words]), body]).toString("hex"));
        },
      ),
    );
  });
});
