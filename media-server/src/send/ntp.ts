const NTP_EPOCH_OFFSET_S = 2_208_988_800;

/** Milliseconds since 1970 as 64-bit NTP time (RFC 3550 §4): the low half is the binary fraction of the second. */
export function ntpTime(epochMs: number): bigint {
  const seconds = Math.floor(epochMs / 1000);
  const fraction = Math.floor(((epochMs - seconds * 1000) / 1000) * 2 ** 32);
  return (BigInt(seconds + NTP_EPOCH_OFFSET_S) << 32n) | BigInt(fraction);
}

/** The middle 32 bits, the unit (1/65536 s) of LSR and DLSR in receiver reports. */
export function compactNtp(epochMs: number): number {
  return Number((ntpTime(epochMs) >> 16n) & 0xffffffffn);
}

/** abs-send-time: 24 bits, 6.18 fixed-point seconds. */
export function absSendTime(epochMs: number): Uint8Array {
  const ticks = Math.floor(((epochMs % 64_000) / 1000) * 2 ** 18) & 0xffffff;
  return Uint8Array.of(ticks >> 16, (ticks >> 8) & 0xff, ticks & 0xff);
}

/**
 * Round trip by a receiver report (RFC 3550 §6.4.1): now − LSR − DLSR.
 * @returns ms, or undefined when the report has seen no sender report yet or is implausible
 */
export function roundTripMs(epochMs: number, lsr: number, dlsr: number): number | undefined {
  if (lsr === 0) return undefined;
  const units = (compactNtp(epochMs) - lsr - dlsr) >>> 0;
  const ms = (units * 1000) / 65_536;
  return ms < 30_000 ? ms : undefined;
}
