const TEMPORAL_DELIMITER = 2;
const TILE_LIST = 8;
const PADDING = 15;

/**
 * AV1 (AV1 RTP spec §4): W = 0, every element with its length, packets filled across OBU borders, because Chromium takes
 * a sequence header alone in a packet for a frame (facts: webrtc §4). N on the first packet of a key frame.
 */
export function packetizeAv1(unit: Uint8Array, key: boolean, max: number): Uint8Array[] {
  const elements = obus(unit).filter(({ length }) => length > 0);
  const total = elements.reduce((sum, element) => sum + element.length + 2, 0);
  const count = Math.max(1, Math.ceil(total / (max - 4)));
  const room = Math.min(max, Math.ceil(total / count) + 4);
  const packets: Uint8Array[] = [];
  let packet: number[] = [key ? 0x08 : 0];
  let body: Uint8Array[] = [];
  let bytes = 1;
  const flush = (split: boolean): void => {
    if (split) packet[0] = (packet[0] ?? 0) | 0x40;
    packets.push(concat(packet[0] ?? 0, body, bytes));
    packet = [split ? 0x80 : 0];
    body = [];
    bytes = 1;
  };
  for (const element of elements) {
    for (let at = 0; at < element.length; ) {
      if (room - bytes < 8 && body.length > 0) flush(at > 0);
      const left = element.length - at;
      const take = Math.min(left, room - bytes - (left >= 128 ? 2 : 1));
      const piece = element.subarray(at, at + take);
      const size = leb128(take);
      body.push(size, piece);
      bytes += size.length + take;
      at += take;
      if (at < element.length) flush(true);
    }
  }
  if (body.length > 0) flush(false);
  return packets;
}

function concat(first: number, parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  out[0] = first;
  let at = 1;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** OBUs of a temporal unit as RTP wants them: without size field, delimiters, tile lists and padding. */
function obus(unit: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (let at = 0; at < unit.length; ) {
    const header = unit[at] ?? 0;
    const type = (header >> 3) & 0x0f;
    const headBytes = (header & 0x04) !== 0 ? 2 : 1;
    let size = unit.length - at - headBytes;
    let sizeBytes = 0;
    if ((header & 0x02) !== 0) [size, sizeBytes] = readLeb128(unit, at + headBytes);
    const start = at + headBytes + sizeBytes;
    if (size < 0 || start + size > unit.length) break;
    if (type !== TEMPORAL_DELIMITER && type !== TILE_LIST && type !== PADDING) {
      const obu = new Uint8Array(headBytes + size);
      obu.set(unit.subarray(at, at + headBytes));
      obu[0] = header & ~0x02;
      obu.set(unit.subarray(start, start + size), headBytes);
      out.push(obu);
    }
    at = start + size;
  }
  return out;
}

function readLeb128(data: Uint8Array, at: number): [value: number, bytes: number] {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = data[at + i] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if ((byte & 0x80) === 0) return [value, i + 1];
  }
  return [-1, 8];
}

function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return Uint8Array.from(bytes);
}
