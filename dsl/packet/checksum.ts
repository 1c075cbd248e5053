/** The internet checksum over bytes (RFC 1071), for Node. */

/** The ones' complement sum of 16-bit words, carries added; an odd last byte is a high one. */
export function sumOf(bytes: Uint8Array, initial = 0): number {
  let sum = initial;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum % 65536) + Math.trunc(sum / 65536);
  return sum;
}
/** The internet checksum: the sum's complement. */
export function checksumOf(bytes: Uint8Array, initial = 0): number {
  return 0xffff - sumOf(bytes, initial);
}
