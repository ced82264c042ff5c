// The EBML grammar that ffmpeg's Matroska muxer writes: element heads, numbers (RFC 8794).

export type MatroskaFault = "not-matroska" | "bad-structure" | "truncated" | "too-large";

/** The stream is not what a Matroska muxer writes. Carries no bytes of it. */
export class MatroskaError extends Error {
  override readonly name = "MatroskaError";
  readonly fault: MatroskaFault;
  constructor(fault: MatroskaFault, detail: string) {
    super(`${fault}: ${detail}`);
    this.fault = fault;
  }
}

export interface ElementHead {
  readonly id: number;
  /** undefined = unknown size (a live Segment or Cluster). */
  readonly sizeBytes: number | undefined;
  /** Bytes of id and size themselves. */
  readonly headBytes: number;
}

/** Number of bytes of the variable-length number that begins with `first`; 0 where no bit is set. */
const vintBytes = (first: number): number => (first === 0 ? 0 : Math.clz32(first) - 23);

/**
 * Reads an element head at `at`; undefined = more bytes are needed.
 * @throws MatroskaError on an impossible id or size.
 */
export const readHead = (bytes: Uint8Array, at: number, end: number): ElementHead | undefined => {
  if (at >= end) return undefined;
  const idBytes = vintBytes(bytes[at] ?? 0);
  if (idBytes === 0 || idBytes > 4) throw new MatroskaError("bad-structure", "element id");
  if (at + idBytes >= end) return undefined;
  let id = 0;
  for (let i = 0; i < idBytes; i += 1) id = id * 256 + (bytes[at + i] ?? 0);
  const sizeAt = at + idBytes;
  const sizeLength = vintBytes(bytes[sizeAt] ?? 0);
  if (sizeLength === 0) throw new MatroskaError("bad-structure", "element size");
  if (sizeAt + sizeLength > end) return undefined;
  let size = (bytes[sizeAt] ?? 0) & ((1 << (8 - sizeLength)) - 1);
  let allOnes = size === (1 << (8 - sizeLength)) - 1;
  for (let i = 1; i < sizeLength; i += 1) {
    const byte = bytes[sizeAt + i] ?? 0;
    allOnes &&= byte === 0xff;
    size = size * 256 + byte;
  }
  if (!allOnes && !Number.isSafeInteger(size)) throw new MatroskaError("too-large", "element size");
  return { id, sizeBytes: allOnes ? undefined : size, headBytes: idBytes + sizeLength };
};

/** Big-endian unsigned number of 0 to 8 bytes; beyond 2^63 it is read as the negative number that was meant. */
export const readNumber = (bytes: Uint8Array): number => {
  if (bytes.length > 8) throw new MatroskaError("bad-structure", "number longer than 8 bytes");
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return Number(BigInt.asIntN(64, value));
};

/** Reads a complete master element's children. @throws MatroskaError when they do not fill it exactly. */
export const children = (bytes: Uint8Array): { id: number; data: Uint8Array }[] => {
  const found: { id: number; data: Uint8Array }[] = [];
  let at = 0;
  while (at < bytes.length) {
    const head = readHead(bytes, at, bytes.length);
    if (head?.sizeBytes === undefined) throw new MatroskaError("bad-structure", "child element");
    const from = at + head.headBytes;
    if (from + head.sizeBytes > bytes.length)
      throw new MatroskaError("bad-structure", "child larger than its parent");
    found.push({ id: head.id, data: bytes.subarray(from, from + head.sizeBytes) });
    at = from + head.sizeBytes;
  }
  return found;
};
