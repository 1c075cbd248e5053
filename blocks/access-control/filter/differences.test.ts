/** Where this package means something else than libpcap by the same expression: all of it, as the README lists it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { evaluate } from "./evaluate.js";
import { behindTag, ethernet, fragmentHeader, hex, hopByHop, ipv4, ipv6, join, tcp, udp } from "./frames.fixture.js";
import { parseFilter } from "./index.js";
import { readThroughTags } from "./readings.js";
import { Tcpdump } from "./tcpdump.fixture.js";

const web = join(ethernet(0x0800), ipv4({ from: "10.0.0.1", to: "10.1.2.3", protocol: 6 }, tcp(40000, 80, 2)));
const dns = join(ethernet(0x0800), ipv4({ from: "10.0.0.1", to: "10.1.2.3", protocol: 17 }, udp(40000, 53)));
const tagged = behindTag(web, 5);
const twice = behindTag(behindTag(web, 7), 100, 0x88a8);
const six = (next: number, payload: Uint8Array): Uint8Array => join(ethernet(0x86dd), ipv6("2001:db8::1", "fe80::5", next, payload));
const optioned = six(0, join(hopByHop(6), tcp(40000, 80, 2)));
const firstFragment = six(44, join(fragmentHeader(6, 0, true), tcp(40000, 80, 2)));
const authenticated = six(51, join(hex("06 01 0000 00000001 00000001"), tcp(40000, 80, 2)));
const changed = (frame: Uint8Array, at: number, byte: number): Uint8Array => frame.map((before, i) => (i === at ? byte : before));

interface Difference {
  readonly what: string;
  readonly expression: string;
  readonly frame: Uint8Array;
  readonly libpcap: boolean;
}
const differences: readonly Difference[] = [
  { what: "a tag hides protocols from libpcap", expression: "tcp", frame: tagged, libpcap: false },
  { what: "a tag hides ports from libpcap", expression: "tcp dst port 80", frame: tagged, libpcap: false },
  { what: "a tag hides addresses from libpcap", expression: "src net 10.0.0.0/8", frame: tagged, libpcap: false },
  { what: "so a negation holds for libpcap", expression: "not tcp", frame: tagged, libpcap: true },
  { what: "two tags are seen through", expression: "tcp dst port 80", frame: twice, libpcap: false },
  { what: "vlan shifts all that follows in libpcap, after or too", expression: "vlan 9 or tcp", frame: web, libpcap: false },
  {
    what: "a second vlan is the inner tag in libpcap, the same outer tag here",
    expression: "vlan 100 and vlan 7",
    frame: twice,
    libpcap: true,
  },
  { what: "a tag is not part of the length", expression: `len = ${web.length}`, frame: tagged, libpcap: false },
  { what: "a tag is not part of Ethernet's bytes", expression: "ether[12:2] = 0x0800", frame: tagged, libpcap: false },
  { what: "a tag is not part of the EtherType", expression: "ether proto 0x8100", frame: tagged, libpcap: true },
  { what: "extension headers hide the protocol from libpcap", expression: "tcp", frame: optioned, libpcap: false },
  { what: "extension headers hide ports from libpcap", expression: "tcp dst port 80", frame: optioned, libpcap: false },
  { what: "a fragment header hides ports from libpcap", expression: "tcp dst port 80", frame: firstFragment, libpcap: false },
  { what: "ip6 proto is what follows the extension headers", expression: "ip6 proto 0", frame: optioned, libpcap: true },
  { what: "and never the fragment header", expression: "ip6 proto 44", frame: firstFragment, libpcap: true },
  { what: "nor IPv6's authentication header", expression: "ah", frame: authenticated, libpcap: true },
  { what: "which hides what follows from libpcap", expression: "tcp", frame: authenticated, libpcap: false },
  { what: "an IPv4 header of a wrong version matches nothing but ip", expression: "tcp", frame: changed(web, 14, 0x55), libpcap: true },
  { what: "an IPv4 header of a wrong length likewise", expression: "src host 10.0.0.1", frame: changed(web, 14, 0x44), libpcap: true },
  { what: "an IPv4 packet longer than its frame likewise", expression: "udp", frame: changed(dns, 16, 9), libpcap: true },
  { what: "every protocol of a calculation must be there", expression: "ip[9] + tcp[0] > 0", frame: dns, libpcap: true },
];

for (const { what, expression, frame, libpcap } of differences) {
  test(`${what}: ${expression}`, () => {
    const tcpdump = new Tcpdump([frame]);
    try {
      const theirs = tcpdump.select(expression);
      assert.is(theirs.kind === "frames" && theirs.indices.has(0), libpcap, "tcpdump");
      assert.is(evaluate(parseFilter(expression), readThroughTags(frame)) === true, !libpcap, "here");
    } finally {
      tcpdump.remove();
    }
  });
}

/** What libpcap reads and this package refuses; the errors are in errors.test.ts. */
for (const expression of ["port http", "ether proto 5", "mpls", "pppoes", "inbound", "byte 0 = 1", "ip protochain 6"]) {
  test(`libpcap alone reads "${expression}"`, () => {
    const tcpdump = new Tcpdump([web]);
    try {
      const theirs = tcpdump.select(expression);
      assert.ok(theirs.kind === "frames" || theirs.reason.includes("inbound"), theirs.kind === "refused" ? theirs.reason : "");
      assert.throws(() => parseFilter(expression));
    } finally {
      tcpdump.remove();
    }
  });
}

/** What this package reads and libpcap refuses. */
for (const expression of ["dscp 46", "mark 7", "identity 7", "fragment", "established", "tcp port 80 or (443 or udp port 53)"]) {
  test(`libpcap does not read "${expression}"`, () => {
    const tcpdump = new Tcpdump([web]);
    try {
      assert.is(tcpdump.select(expression).kind, "refused");
      parseFilter(expression);
    } finally {
      tcpdump.remove();
    }
  });
}

test.run();
