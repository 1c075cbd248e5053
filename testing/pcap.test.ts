import { test } from "uvu";
import * as assert from "uvu/assert";
import { PcapError, readPcap, writePcap } from "./pcap.js";

const packets = [
  { bytes: Uint8Array.of(1, 2, 3), time: 1_700_000_000_123_456_789n, wireLength: 60 },
  { bytes: Uint8Array.of(4), time: 5n, wireLength: 1 },
];

/** A file as another machine or an older libpcap writes it. */
function foreign(magic: number, little: boolean): Uint8Array {
  const file = new Uint8Array(24 + 16 + 2);
  const view = new DataView(file.buffer);
  view.setUint32(0, magic, little);
  view.setUint16(4, 2, little);
  view.setUint16(6, 4, little);
  view.setUint32(16, 65_535, little);
  view.setUint32(20, 1, little);
  view.setUint32(24, 7, little);
  view.setUint32(28, 9, little);
  view.setUint32(32, 2, little);
  view.setUint32(36, 100, little);
  file.set([0xaa, 0xbb], 40);
  return file;
}

test("what was written is read back", () => {
  const read = readPcap(writePcap(packets));
  assert.is(read.linkType, 1);
  assert.equal(read.packets, packets);
  assert.equal(readPcap(writePcap([{ bytes: Uint8Array.of(1) }])).packets, [{ bytes: Uint8Array.of(1), time: 0n, wireLength: 1 }]);
  assert.equal(readPcap(writePcap([])).packets, []);
});

test("both byte orders, micro- and nanoseconds", () => {
  for (const little of [true, false]) {
    const micro = readPcap(foreign(0xa1b2_c3d4, little));
    assert.equal(micro.packets, [{ bytes: Uint8Array.of(0xaa, 0xbb), time: 7_000_009_000n, wireLength: 100 }]);
    const nano = readPcap(foreign(0xa1b2_3c4d, little));
    assert.is(nano.packets[0]?.time, 7_000_000_009n);
  }
});

test("a file that lies inside a larger buffer", () => {
  const file = writePcap(packets);
  const around = new Uint8Array(file.length + 7);
  around.set(file, 5);
  assert.equal(readPcap(around.subarray(5, 5 + file.length)).packets, packets);
});

test("a cut file says where it is cut", () => {
  const file = writePcap(packets);
  assert.throws(() => readPcap(file.subarray(0, 10)), /not a pcap file: 10 bytes/);
  assert.throws(() => readPcap(file.subarray(0, 30)), /the header of packet 1, at byte 24, is 6 of 16 bytes/);
  assert.throws(() => readPcap(file.subarray(0, 42)), /packet 1, at byte 24, has 2 of 3 bytes/);
  assert.throws(() => readPcap(file.subarray(0, file.length - 1)), /packet 2, at byte 43, has 0 of 1 bytes/);
  assert.throws(
    () => readPcap(file.subarray(0, 10)),
    (error: unknown) => error instanceof PcapError,
  );
});

test("what is no pcap, or damaged, is refused", () => {
  const file = writePcap(packets);
  const damaged = file.slice();
  new DataView(damaged.buffer).setUint32(32, 0x7fff_ffff, true);
  assert.throws(() => readPcap(damaged), /damaged: packet 1, at byte 24, says it has 2147483647 bytes/);
  assert.throws(() => readPcap(new Uint8Array(100)), /begins with 0x00000000/);
  const next = new Uint8Array(28);
  next.set([0x0a, 0x0d, 0x0d, 0x0a]);
  assert.throws(() => readPcap(next), /a pcapng file; convert it first/);
});

test.run();
