// H.264 as Matroska carries it (ISO/IEC 14496-15 §5.2.4.1) to what Frame.data promises: 4-byte lengths everywhere,
// parameter sets in front of each key frame.

import { MatroskaError } from "./ebml.ts";

export interface AvcConfig {
  readonly lengthBytes: number;
  /** SPS and PPS, each with a 4-byte length. */
  readonly parameterSets: Uint8Array;
}

const NAL = { idr: 5, sps: 7 } as const;

/** Parses AVCDecoderConfigurationRecord. @throws MatroskaError when it is cut short or of another version. */
export const parseAvcConfig = (record: Uint8Array): AvcConfig => {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  if (record.length < 7 || view.getUint8(0) !== 1) throw new MatroskaError("bad-structure", "avcC");
  const sets: Uint8Array[] = [];
  let at = 5;
  for (const mask of [0x1f, 0xff]) {
    if (at >= record.length) throw new MatroskaError("bad-structure", "avcC cut short");
    const count = view.getUint8(at) & mask;
    at += 1;
    for (let i = 0; i < count; i += 1) {
      if (at + 2 > record.length) throw new MatroskaError("bad-structure", "avcC cut short");
      const bytes = view.getUint16(at);
      if (at + 2 + bytes > record.length) throw new MatroskaError("bad-structure", "avcC cut short");
      const prefixed = new Uint8Array(4 + bytes);
      new DataView(prefixed.buffer).setUint32(0, bytes);
      prefixed.set(record.subarray(at + 2, at + 2 + bytes), 4);
      sets.push(prefixed);
      at += 2 + bytes;
    }
  }
  return { lengthBytes: (view.getUint8(4) & 3) + 1, parameterSets: Buffer.concat(sets) };
};

/** The NAL units of an access unit. @throws MatroskaError when a length points outside. */
export const nalUnits = (data: Uint8Array, lengthBytes: number): Uint8Array[] => {
  const units: Uint8Array[] = [];
  let at = 0;
  while (at < data.length) {
    if (at + lengthBytes > data.length) throw new MatroskaError("bad-structure", "NAL unit length");
    let bytes = 0;
    for (let i = 0; i < lengthBytes; i += 1) bytes = bytes * 256 + (data[at + i] ?? 0);
    at += lengthBytes;
    if (bytes > data.length - at) throw new MatroskaError("bad-structure", "NAL unit longer than its frame");
    if (bytes > 0) units.push(data.subarray(at, at + bytes));
    at += bytes;
  }
  return units;
};

const typeOf = (unit: Uint8Array): number => (unit[0] ?? 0) & 0x1f;

/** True for a frame from which decoding can begin with nothing before it. */
export const isIdr = (data: Uint8Array, lengthBytes: number): boolean =>
  nalUnits(data, lengthBytes).some((unit) => typeOf(unit) === NAL.idr);

const withLengths = (units: readonly Uint8Array[]): Uint8Array => {
  const out = new Uint8Array(units.reduce((sum, unit) => sum + 4 + unit.length, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const unit of units) {
    view.setUint32(at, unit.length);
    out.set(unit, at + 4);
    at += 4 + unit.length;
  }
  return out;
};

/** Rewrites one frame; parameter sets that the frame brings itself are not doubled. @throws MatroskaError */
export const toFrameData = (config: AvcConfig, data: Uint8Array, key: boolean): Uint8Array => {
  const units = nalUnits(data, config.lengthBytes);
  const body = config.lengthBytes === 4 ? data : withLengths(units);
  if (!key || units.some((unit) => typeOf(unit) === NAL.sps)) return body;
  return Buffer.concat([config.parameterSets, body]);
};
