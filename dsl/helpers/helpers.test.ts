import { test } from "uvu";
import * as assert from "uvu/assert";
import { FNV_START, fnv1a, fold16, hashEnd, hashWord, ipv4, ipv6, isMulticast, mac, max, min, octet, prefixOf } from "../index.js";
import { checksumOf } from "../packet/checksum.js";
import { changed16, changed32, checksumAfter, wordsOf } from "./fold.js";

test("addresses are read from their text", () => {
  assert.is(ipv4("192.0.2.1"), 0xc000_0201);
  assert.is(ipv4("255.255.255.255"), 0xffff_ffff);
  assert.is(mac("02:00:00:00:00:0a"), 0x0200_0000_000a);
  assert.is(mac("02-00-00-00-00-0A"), 0x0200_0000_000a);
  assert.is(ipv6("::"), 0n);
  assert.is(ipv6("::1"), 1n);
  assert.is(ipv6("2001:db8::1"), 0x2001_0db8_0000_0000_0000_0000_0000_0001n);
  assert.is(ipv6("1:2:3:4:5:6:7:8"), 0x0001_0002_0003_0004_0005_0006_0007_0008n);
  assert.is(ipv6("fe80::"), 0xfe80n << 112n);
  assert.is(ipv6("::ffff:192.0.2.1"), 0xffff_c000_0201n);
  assert.is(ipv6("64:ff9b::1.2.3.4"), (0x0064_ff9bn << 96n) | 0x0102_0304n);
});

test("what is no address is refused, with the text", () => {
  for (const text of ["", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.4 ", "a.b.c.d"]) {
    assert.throws(() => ipv4(text), `"${text}" is no IPv4 address`);
  }
  for (const text of [
    "",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "12345::",
    "1.2.3.4::1",
    "g::",
    "fe80::1%eth0",
    "1:",
    ":1",
  ]) {
    assert.throws(() => ipv6(text), `"${text}" is no IPv6 address`);
  }
  for (const text of ["02:00:00:00:00", "02:00:00:00:00:0g", "0200.0000.0001"]) assert.throws(() => mac(text), /is no MAC address/);
});

test("groups are told from stations, and bytes are taken from the end", () => {
  assert.ok(isMulticast(mac("ff:ff:ff:ff:ff:ff")));
  assert.ok(isMulticast(mac("01:00:5e:00:00:01")));
  assert.not.ok(isMulticast(mac("02:00:00:00:00:01")));
  assert.equal(
    [3, 2, 1, 0].map(i => octet(ipv4("10.1.2.3"), i)),
    [10, 1, 2, 3],
  );
  assert.is(octet(mac("02:00:00:00:00:0a"), 5), 2);
});

test("prefixes of both families", () => {
  assert.is(prefixOf(ipv4("192.0.2.129"), 25), ipv4("192.0.2.128"));
  assert.is(prefixOf(ipv4("192.0.2.129"), 0), 0);
  assert.is(prefixOf(ipv4("255.255.255.255"), 32), 0xffff_ffff);
  assert.is(prefixOf(ipv6("2001:db8:ffff::1"), 33), ipv6("2001:db8:8000::"));
  assert.throws(() => prefixOf(1, 33), /33 bits in an address of 32/);
  assert.throws(() => prefixOf(1n, 129), /129 bits in an address of 128/);
});

test("min and max of bigints", () => {
  assert.is(min(3n, 2n), 2n);
  assert.is(max(3n, 2n), 3n);
});

test("fold16 adds carries back in, exact up to 48 bits", () => {
  assert.equal([0, 0xffff, 0x1_0000, 0x1_ffff, 0xffff_ffff, 0x1_ffff_ffff, 2 ** 48 - 1].map(fold16), [0, 0xffff, 1, 1, 0xffff, 1, 0xffff]);
  for (let i = 0; i < 1000; i++) {
    const sum = Math.floor(Math.random() * 2 ** 48);
    const expected = sum === 0 ? 0 : ((sum - 1) % 0xffff) + 1;
    assert.is(fold16(sum), expected);
  }
});

test("an incremental update gives what summing anew gives", () => {
  for (let i = 0; i < 1000; i++) {
    const words = Array.from({ length: 10 }, () => Math.floor(Math.random() * 65_536));
    const bytes = (): Uint8Array => Uint8Array.from(words.flatMap(word => [word >> 8, word & 0xff]));
    const before = checksumOf(bytes());
    const [first = 0, , second = 0, third = 0] = words;
    words[0] = Math.floor(Math.random() * 65_536);
    words[2] = Math.floor(Math.random() * 65_536);
    words[3] = Math.floor(Math.random() * 65_536);
    const difference = changed16(first, words[0]) + changed32(second * 65_536 + third, words[2] * 65_536 + words[3]);
    assert.is(checksumAfter(before, difference), checksumOf(bytes()));
  }
});

test("RFC 1624's example", () => {
  // Section 4: HC = 0xDD2F, m = 0x5555, m' = 0x3285: HC' = 0x0000.
  assert.is(checksumAfter(0xdd2f, changed16(0x5555, 0x3285)), 0x0000);
});

test("the words of an IPv6 address", () => {
  assert.is(wordsOf(0x0000_0001_0000_0002_0000_0003_0000_0004n), 10);
  assert.is(wordsOf((1n << 128n) - 1n), 4 * 0xffff_ffff);
});

test("FNV-1a's published vectors", () => {
  const hash = (text: string): number => [...Buffer.from(text)].reduce((state, byte) => fnv1a(state, byte), FNV_START);
  assert.is(hash(""), 0x811c_9dc5);
  assert.is(hash("a"), 0xe40c_292c);
  assert.is(hash("foobar"), 0xbf9c_f968);
});

test("the fast hash is MurmurHash3's: its finaliser's fixed points and spread", () => {
  assert.is(hashEnd(0), 0);
  assert.is(hashEnd(1), 0x514e_28b7);
  // MurmurHash3_x86_32 of four zero bytes, seed 0, is the round, then the length (4) mixed in, then the finaliser.
  assert.is(hashEnd((hashWord(0, 0) ^ 4) >>> 0), 0x2362_f9de);
  assert.is(hashEnd((hashWord(0, 0x8765_4321) ^ 4) >>> 0), 0xf55b_516b);
  const slots = new Set(Array.from({ length: 4096 }, (_, i) => hashEnd(hashWord(0, i)) % 65_536));
  assert.ok(slots.size > 3800, `only ${slots.size} slots of 65536 for 4096 keys`);
});

test.run();
