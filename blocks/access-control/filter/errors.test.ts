import { test } from "uvu";
import * as assert from "uvu/assert";
import { FilterError } from "./error.js";
import { parseFilter } from "./index.js";
import { parseRule } from "./rule.js";

function failure(read: () => unknown): FilterError {
  try {
    read();
  } catch (error) {
    if (error instanceof FilterError) return error;
    throw error;
  }
  throw new Error("it was read");
}

/** Expression, what the carets stand under, the reason. */
const refused: readonly (readonly [text: string, marked: string, reason: string])[] = [
  ["tcp dst port http", "http", 'expected a port number, found "http"; names are not resolved'],
  ["tcp port 80 or https", "https", 'expected a port number, found "https"; names are not resolved'],
  ["host www.example.org", "www.example.org", 'expected an address, found "www.example.org"; names are not resolved'],
  ["host 10.0.0.300", "10.0.0.300", '"10.0.0.300" is not an IPv4 address'],
  ["ip proto tcp", "tcp", 'expected an address, a number or a range, found "tcp"'],
  ["tcp and", "", "expected a protocol, an address or port qualifier, or a comparison, found the end"],
  ["tcp foo", "foo", 'expected "and", "or" or the end, found "foo"'],
  ["tcp)", ")", 'expected "and", "or" or the end, found ")"'],
  ["(tcp or udp", "", 'expected ")", found the end'],
  ["10.0.0.1", "10.0.0.1", "expected a qualifier such as host, net or port in front: there is none to carry over"],
  ["tcp or 80", "80", "expected a qualifier such as host, net or port in front: there is none to carry over"],
  ["port 70000", "70000", "expected a port of 0 to 65535, found 70000"],
  ["port 80-90", "80-90", 'expected one port; a range is written "portrange 80-90"'],
  ["icmp port 80", "icmp port 80", '"icmp" has no ports: expected tcp, udp or sctp in front of port'],
  ["net 10.1.2.3/8", "10.1.2.3/8", "the address has bits outside its mask"],
  ["net 10.0.0.0/33", "10.0.0.0/33", "expected a prefix length of 0 to 32, found 33"],
  ["src 10.0.0.0/8", "10.0.0.0/8", 'expected "net" in front of a prefix'],
  ["host 2001:db8::/32", "2001:db8::/32", 'expected "net" in front of a prefix'],
  ["net 2001:db8::1/64", "2001:db8::1/64", "the address has bits outside its prefix"],
  ["tcp host 10.0.0.1", "tcp host 10.0.0.1", '"tcp" does not go with an IPv4 address'],
  ["ip host ::1", "ip host ::1", '"ip" does not go with an IPv6 address'],
  ["host 02:00:00:00:00:01", "host 02:00:00:00:00:01", 'expected "ether" in front of an Ethernet address'],
  ["ether host 10.0.0.1", "10.0.0.1", "expected an Ethernet address such as 02:00:00:00:00:01"],
  ["ether proto 5", "5", "expected an EtherType of 1501 to 65535, found 5"],
  ["ip proto 256", "256", "expected a protocol number of 0 to 255, found 256"],
  ["tcp proto 6", "tcp proto 6", '"tcp proto" says nothing: expected "ether proto", "ip proto", "ip6 proto" or "proto"'],
  ["tcp[13:3] != 0", "3", "expected a size of 1, 2 or 4 bytes, found 3"],
  ["tcp[13 & 2 != 0", "!=", 'expected "]", found "!="'],
  ["(tcp[13] & ) != 0", ")", 'expected a number, "len", or a protocol with [offset], found ")"'],
  ["tcp[13] / 0 = 1", "0", "division by zero"],
  ["1 << 32 = len", "32", "expected a shift of 0 to 31 bits"],
  ["esp[0] = 1", "esp[0]", 'bytes of "esp" cannot be tested'],
  ["vlan 5000", "vlan 5000", "expected a VLAN identifier of 0 to 4095, found 5000"],
  ["dscp 64", "dscp 64", "expected a DSCP of 0 to 63, found 64"],
  ["tcp multicast", "tcp multicast", 'expected ether, ip or ip6 in front of multicast, found "tcp"'],
  ["mpls 5", "mpls", '"mpls" is a word of pcap-filter that is not supported here'],
  ["tcp @ 5", "@", 'unexpected character "@"'],
  ["ether", "", 'expected "src", "dst", "host", "proto", "broadcast", "multicast" or [offset] after "ether"'],
];

for (const [text, marked, reason] of refused) {
  test(`"${text}" is refused under "${marked}"`, () => {
    const { reason: said, extent, message } = failure(() => parseFilter(text));
    assert.is(said, reason);
    assert.is(text.slice(extent.from, extent.to), marked);
    const [, shown, carets] = message.split("\n");
    assert.is(shown, `  ${text}`);
    assert.is(carets, `  ${" ".repeat(extent.from)}${"^".repeat(Math.max(1, marked.length))}`);
  });
}

test("the caret of a rule counts from the rule's beginning", () => {
  const { message } = failure(() => parseRule("allow tcp dst port http"));
  assert.is(message, 'expected a port number, found "http"; names are not resolved\n  allow tcp dst port http\n                     ^^^^');
});

test("a rule begins with a verb", () => {
  assert.is(failure(() => parseRule("permit tcp")).message, 'expected allow, deny, audit, log, found "permit"\n  permit tcp\n  ^^^^^^');
  assert.is(failure(() => parseRule("")).reason, "expected allow, deny, audit, log, found nothing");
  assert.is(parseRule("deny").condition.kind, "constant");
});

test.run();
