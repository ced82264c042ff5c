import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Frame } from "../../src/gop/frame.ts";
import { createPacketCache, packetize } from "../../src/send/packet-cache.ts";

const MAX = 300;
const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + 7) & 0xff);
const nal = (type: number, length: number): Uint8Array => Uint8Array.of(0x60 | type, ...bytesOf(length - 1));
const prefixed = (...nals: Uint8Array[]): Uint8Array =>
  Uint8Array.from(
    nals.flatMap((n) => [
      n.length >>> 24,
      (n.length >> 16) & 255,
      (n.length >> 8) & 255,
      n.length & 255,
      ...n,
    ]),
  );
const frame = (data: Uint8Array, key = true): Frame => ({ ptsMs: 0, key, data });
const join = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((p) => [...p]));

/** What a receiver makes of the payloads again. */
function unpackH264(payloads: readonly Uint8Array[]): Uint8Array[] {
  const nals: Uint8Array[] = [];
  for (const p of payloads) {
    const type = (p[0] ?? 0) & 0x1f;
    if (type === 24) {
      for (let at = 1; at < p.length; ) {
        const size = ((p[at] ?? 0) << 8) | (p[at + 1] ?? 0);
        nals.push(p.subarray(at + 2, at + 2 + size));
        at += 2 + size;
      }
    } else if (type === 28) {
      const head = ((p[0] ?? 0) & 0xe0) | ((p[1] ?? 0) & 0x1f);
      if ((p[1] ?? 0) & 0x80) nals.push(Uint8Array.of(head));
      nals.push(join([nals.pop() ?? new Uint8Array(), p.subarray(2)]));
    } else nals.push(p);
  }
  return nals;
}

describe("payloads", () => {
  test("H.264: SPS and PPS share a packet, a large slice is cut into equal pieces, delimiters and SEI are left out", () => {
    const [sps, pps, slice] = [nal(7, 20), nal(8, 6), nal(5, 1000)];
    const payloads = packetize(frame(prefixed(nal(9, 2), sps, pps, nal(6, 40), slice)), "h264", MAX);
    expect(payloads[0]?.[0]).toBe(0x60 | 24);
    expect(unpackH264(payloads)).toEqual([sps, pps, slice]);
    expect(new Set(payloads.slice(1, -1).map((p) => p.length)).size).toBe(1);
  });

  test("H.264: whatever the NAL units, they come out as they went in and no payload is too large", () => {
    const unit = fc
      .tuple(fc.constantFrom(1, 5, 7, 8), fc.integer({ min: 1, max: 1200 }))
      .map(([type, length]) => nal(type, length));
    fc.assert(
      fc.property(fc.array(unit, { minLength: 1, maxLength: 12 }), (nals) => {
        const payloads = packetize(frame(prefixed(...nals)), "h264", MAX);
        expect(payloads.every((p) => p.length > 0 && p.length <= MAX)).toBe(true);
        expect(unpackH264(payloads)).toEqual(nals);
      }),
    );
  });

  test("a broken frame makes fewer payloads, never an error", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 900 }),
        fc.constantFrom("h264", "vp8", "vp9", "av1"),
        (data, codec) => {
          expect(packetize(frame(data), codec, MAX).every((p) => p.length <= MAX)).toBe(true);
        },
      ),
    );
  });

  test("VP8 and VP9: one descriptor byte each, start and end marked", () => {
    const data = bytesOf(700);
    const vp8 = packetize(frame(data), "vp8", MAX);
    expect(vp8.map((p) => p[0])).toEqual([0x10, 0, 0]);
    expect(join(vp8.map((p) => p.subarray(1)))).toEqual(data);
    expect(packetize(frame(data), "vp9", MAX).map((p) => p[0])).toEqual([0x08, 0, 0x04]);
    expect(packetize(frame(data, false), "vp9", MAX).map((p) => p[0])).toEqual([0x48, 0x40, 0x44]);
  });

  test("AV1: elements of any size come out whole, across packets, without sizes and delimiters", () => {
    const obu = fc
      .tuple(fc.constantFrom(1, 3, 6), fc.integer({ min: 1, max: 900 }))
      .map(([type, length]) => ({ type, body: bytesOf(length) }));
    fc.assert(
      fc.property(fc.array(obu, { minLength: 1, maxLength: 8 }), fc.boolean(), (obus, key) => {
        const sized = obus.map(({ type, body }) =>
          join([Uint8Array.of((type << 3) | 2, (body.length & 0x7f) | 0x80, body.length >> 7), body]),
        );
        const payloads = packetize(frame(join([Uint8Array.of(0x12, 0), ...sized]), key), "av1", MAX);
        expect(payloads.every((p) => p.length <= MAX)).toBe(true);
        expect(((payloads[0]?.[0] ?? 0) & 0x08) !== 0).toBe(key);
        expect(unpackAv1(payloads)).toEqual(
          obus.map(({ type, body }) => join([Uint8Array.of(type << 3), body])),
        );
      }),
    );
  });

  test("a frame is cut once for all viewers", () => {
    const cache = createPacketCache();
    const one = frame(bytesOf(5000));
    expect(cache.payloads(one, "vp8")).toBe(cache.payloads(one, "vp8"));
  });
});

function unpackAv1(payloads: readonly Uint8Array[]): Uint8Array[] {
  const units: Uint8Array[] = [];
  for (const p of payloads) {
    let continues = ((p[0] ?? 0) & 0x80) !== 0;
    for (let at = 1; at < p.length; ) {
      let size = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = p[at++] ?? 0;
        size |= (byte & 0x7f) << shift;
        if (byte < 128) break;
      }
      const piece = p.subarray(at, at + size);
      units.push(continues ? join([units.pop() ?? new Uint8Array(), piece]) : piece);
      continues = false;
      at += size;
    }
  }
  return units;
}
