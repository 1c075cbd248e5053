/** Classic pcap files (the format of libpcap since 1998): read in both byte orders, in micro- and nanoseconds. */

/** A packet of a capture. */
export interface Capture {
  /** when it was seen: nanoseconds since 1970 */
  readonly time: bigint;
  readonly bytes: Uint8Array;
  /** its length on the wire; more than `bytes` holds where the capture cut it */
  readonly wireLength: number;
}
export interface PcapFile {
  /** the link-layer header type: 1 is Ethernet */
  readonly linkType: number;
  readonly packets: readonly Capture[];
}

/** A file that is no pcap, or a damaged one; the message says where. */
export class PcapError extends Error {
  override readonly name = "PcapError";
}

export const LINK_ETHERNET = 1;
const MAGIC_MICROSECONDS = 0xa1b2_c3d4;
const MAGIC_NANOSECONDS = 0xa1b2_3c4d;
const MAGIC_NEXT_GENERATION = 0x0a0d_0d0a;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
/** libpcap's own limit (MAXIMUM_SNAPLEN). */
const MAXIMUM_PACKET = 262_144;

/**
 * Reads a capture.
 * @throws PcapError where the file is no classic pcap, or ends inside a packet.
 * @example for (const { bytes } of readPcap(readFileSync("web.pcap")).packets) simulate(edge, "ingress", bytes);
 */
export function readPcap(file: Uint8Array): PcapFile {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < FILE_HEADER) throw new PcapError(`not a pcap file: ${file.length} bytes are less than its header of ${FILE_HEADER}`);
  const { little, unit } = formatOf(view);
  const packets: Capture[] = [];
  for (let offset = FILE_HEADER; offset < file.length; ) {
    const name = `packet ${packets.length + 1}, at byte ${offset}`;
    if (offset + RECORD_HEADER > file.length)
      throw new PcapError(`the file is cut: the header of ${name}, is ${file.length - offset} of ${RECORD_HEADER} bytes`);
    const captured = view.getUint32(offset + 8, little);
    if (captured > MAXIMUM_PACKET) throw new PcapError(`the file is damaged: ${name}, says it has ${captured} bytes, more than any packet`);
    const start = offset + RECORD_HEADER;
    if (start + captured > file.length) throw new PcapError(`the file is cut: ${name}, has ${file.length - start} of ${captured} bytes`);
    packets.push({
      time: BigInt(view.getUint32(offset, little)) * 1_000_000_000n + BigInt(view.getUint32(offset + 4, little)) * unit,
      bytes: file.slice(start, start + captured),
      wireLength: view.getUint32(offset + 12, little),
    });
    offset = start + captured;
  }
  // The upper bits carry the length of a frame check sequence.
  return { linkType: view.getUint32(20, little) & 0x0fff_ffff, packets };
}

function formatOf(view: DataView): { readonly little: boolean; readonly unit: bigint } {
  for (const little of [true, false]) {
    const magic = view.getUint32(0, little);
    if (magic === MAGIC_MICROSECONDS) return { little, unit: 1000n };
    if (magic === MAGIC_NANOSECONDS) return { little, unit: 1n };
  }
  if (view.getUint32(0) === MAGIC_NEXT_GENERATION) {
    throw new PcapError("a pcapng file; convert it first: `editcap -F pcap in.pcapng out.pcap`, or `tcpdump -r in.pcapng -w out.pcap`");
  }
  throw new PcapError(`not a pcap file: it begins with 0x${view.getUint32(0).toString(16).padStart(8, "0")}`);
}

/** What a packet of a capture that is being written may leave out. */
export interface CaptureInit {
  readonly bytes: Uint8Array;
  readonly time?: bigint;
  readonly wireLength?: number;
}

/** Writes an Ethernet capture, with nanoseconds. */
export function writePcap(packets: Iterable<CaptureInit>): Uint8Array {
  const records = [...packets];
  const file = new Uint8Array(records.reduce((sum, { bytes }) => sum + RECORD_HEADER + bytes.length, FILE_HEADER));
  const view = new DataView(file.buffer);
  view.setUint32(0, MAGIC_NANOSECONDS, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, MAXIMUM_PACKET, true);
  view.setUint32(20, LINK_ETHERNET, true);
  let offset = FILE_HEADER;
  for (const { bytes, time = 0n, wireLength = bytes.length } of records) {
    view.setUint32(offset, Number(time / 1_000_000_000n), true);
    view.setUint32(offset + 4, Number(time % 1_000_000_000n), true);
    view.setUint32(offset + 8, bytes.length, true);
    view.setUint32(offset + 12, wireLength, true);
    file.set(bytes, offset + RECORD_HEADER);
    offset += RECORD_HEADER + bytes.length;
  }
  return file;
}
