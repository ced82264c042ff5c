/** The few fields of a STUN message (RFC 8489 §5) a demultiplexer needs before any key is known. */
export interface StunEnvelope {
  readonly kind: "request" | "indication" | "response";
  readonly transaction: string;
  /** what stands before the colon of USERNAME: our own fragment */
  readonly localUfrag: string | undefined;
}

const MAGIC_COOKIE = 0x2112a442;
const USERNAME = 0x0006;

/** @returns undefined for anything that is not one well-formed STUN message */
export function readStun(datagram: Buffer): StunEnvelope | undefined {
  if (datagram.length < 20 || datagram.readUInt32BE(4) !== MAGIC_COOKIE) return undefined;
  if (datagram.readUInt16BE(2) !== datagram.length - 20) return undefined;
  const kindBits = datagram.readUInt16BE(0) & 0x0110;
  const transaction = datagram.toString("hex", 8, 20);
  if (kindBits !== 0)
    return { kind: kindBits === 0x0010 ? "indication" : "response", transaction, localUfrag: undefined };
  return { kind: "request", transaction, localUfrag: usernameOf(datagram)?.split(":", 1)[0] };
}

function usernameOf(datagram: Buffer): string | undefined {
  for (let at = 20; at + 4 <= datagram.length; ) {
    const length = datagram.readUInt16BE(at + 2);
    if (at + 4 + length > datagram.length) return undefined;
    if (datagram.readUInt16BE(at) === USERNAME) return datagram.toString("utf8", at + 4, at + 4 + length);
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return undefined;
}
