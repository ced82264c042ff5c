/** Uncompressed picture and sound as an endless Matroska stream (RFC 9559), for a player's standard input. Pure. */

const ID = {
  ebml: [0x1a, 0x45, 0xdf, 0xa3],
  segment: [0x18, 0x53, 0x80, 0x67],
  info: [0x15, 0x49, 0xa9, 0x66],
  tracks: [0x16, 0x54, 0xae, 0x6b],
  entry: [0xae],
  cluster: [0x1f, 0x43, 0xb6, 0x75],
  timestamp: [0xe7],
  simpleBlock: [0xa3],
} as const;
const UNKNOWN_SIZE = [0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff] as const;
const VIDEO = 1;
const AUDIO = 2;

/** Size as an eight-byte vint: never shorter, always right. */
function size(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length) | (1n << 56n));
  return bytes;
}
function element(id: readonly number[], ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from(id), size(body.length), body]);
}
function uint(id: readonly number[], value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(value, 0, 6);
  return element(id, bytes);
}
const text = (id: readonly number[], value: string): Buffer => element(id, Buffer.from(value, "latin1"));
function float(id: readonly number[], value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return element(id, bytes);
}

export interface StreamShape {
  readonly width: number;
  readonly height: number;
  readonly rateHz: number;
}

/** What comes before the first picture; sound is stereo, signed 16 bit. */
export function header(shape: StreamShape): Buffer {
  const video = element(
    [0xe0],
    uint([0xb0], shape.width),
    uint([0xba], shape.height),
    text([0x2e, 0xb5, 0x24], "I420"),
  );
  const audio = element([0xe1], float([0xb5], shape.rateHz), uint([0x9f], 2), uint([0x62, 0x64], 16));
  const track = (number: number, type: number, codec: string, settings: Buffer): Buffer =>
    element(
      ID.entry,
      uint([0xd7], number),
      uint([0x73, 0xc5], number),
      uint([0x83], type),
      uint([0x9c], 0),
      text([0x86], codec),
      settings,
    );
  return Buffer.concat([
    element(
      ID.ebml,
      uint([0x42, 0x86], 1),
      uint([0x42, 0xf7], 1),
      uint([0x42, 0xf2], 4),
      uint([0x42, 0xf3], 8),
      text([0x42, 0x82], "matroska"),
      uint([0x42, 0x87], 4),
      uint([0x42, 0x85], 2),
    ),
    Buffer.from([...ID.segment, ...UNKNOWN_SIZE]),
    element(
      ID.info,
      uint([0x2a, 0xd7, 0xb1], 1_000_000),
      text([0x4d, 0x80], "loge"),
      text([0x57, 0x41], "loge"),
    ),
    element(ID.tracks, track(VIDEO, 1, "V_UNCOMPRESSED", video), track(AUDIO, 2, "A_PCM/INT/LIT", audio)),
  ]);
}

/** One cluster with one block: simple, and a player can begin at any of them. */
function cluster(track: number, atMs: number, data: Uint8Array): Buffer {
  const time = uint(ID.timestamp, Math.round(atMs));
  const blockHead = Buffer.from([0x80 | track, 0, 0, 0x80]); // offset 0 from the cluster, a key frame
  const blockSize = size(blockHead.length + data.length);
  const head = Buffer.from(ID.cluster);
  const total = time.length + ID.simpleBlock.length + blockSize.length + blockHead.length + data.length;
  return Buffer.concat([head, size(total), time, Buffer.from(ID.simpleBlock), blockSize, blockHead, data]);
}

export const pictureBlock = (atMs: number, i420: Uint8Array): Buffer => cluster(VIDEO, atMs, i420);

/** Samples interleaved, one or two channels. */
export function soundBlock(atMs: number, samples: Int16Array, channels: number): Buffer {
  const stereo = channels === 2 ? samples : new Int16Array(samples.length * 2);
  if (channels === 1) {
    for (let at = 0; at < samples.length; at++) {
      stereo[at * 2] = samples[at] ?? 0;
      stereo[at * 2 + 1] = samples[at] ?? 0;
    }
  }
  return cluster(AUDIO, atMs, new Uint8Array(stereo.buffer, stereo.byteOffset, stereo.byteLength));
}
