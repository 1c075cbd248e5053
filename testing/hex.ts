/** Bytes for people. */

const ROW = 16;

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

/** The rows of sixteen bytes in which two frames differ, both ways; nothing where they are equal. */
export function differingBytes(what: string, left: string, ours: Uint8Array, right: string, theirs: Uint8Array): string[] {
  if (hex(ours) === hex(theirs)) return [];
  const lines: string[] = [];
  if (ours.length !== theirs.length) lines.push(`${what}: ${left} ${ours.length} bytes, ${right} ${theirs.length}`);
  for (let offset = 0; offset < Math.max(ours.length, theirs.length); offset += ROW) {
    const [mine, other] = [ours.subarray(offset, offset + ROW), theirs.subarray(offset, offset + ROW)];
    if (hex(mine) !== hex(other)) lines.push(`${what} at ${offset}: ${left} ${spaced(mine)}, ${right} ${spaced(other)}`);
  }
  return lines;
}
function spaced(bytes: Uint8Array): string {
  return bytes.length === 0 ? "nothing" : Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join(" ");
}
