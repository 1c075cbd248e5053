import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, ipv6, mac, Pipeline, type TcPacket, Verdict } from "datapath";
import { AccessControl, type AccessControlOptions, FilterError, PrefixAction, TcAccessControl } from "datapath/blocks";
import { Arp, Ethernet, EtherType, Icmp, Ipv4, Ipv6, Tcp, Udp } from "datapath/headers";
import { both, hosting, packet, type Row, rows, simulate } from "datapath/testing";
import { evaluate } from "./filter/evaluate.js";
import {
  behindTag,
  cutFrames,
  ethernet,
  fragmentHeader,
  hopByHop,
  ipv6 as ipv6Bytes,
  join,
  plainFrames,
  tcp,
} from "./filter/frames.fixture.js";
import { readThroughTags } from "./filter/readings.js";
import { parseRule } from "./filter/rule.js";

const alone = (options: AccessControlOptions) =>
  hosting(
    () => new AccessControl(options),
    (acl, pkt) => acl.check(pkt),
  );
const denied = Verdict.drop("denied");
const malformed = Verdict.drop("malformed");

const plain = plainFrames();
const frames = [
  ...plain.filter((_, i) => i % 2 === 0),
  ...cutFrames().filter((_, i) => i % 6 === 0),
  ...plain.filter((_, i) => i % 8 === 1).map((frame, i) => behindTag(frame, i + 1)),
  ...plain.filter((_, i) => i % 16 === 3).map(frame => behindTag(behindTag(frame, 7), 100, 0x88a8)),
  join(ethernet(0x86dd), ipv6Bytes("2001:db8::1", "fe80::5", 0, join(hopByHop(6), tcp(40000, 80, 2)))),
  join(ethernet(0x86dd), ipv6Bytes("2001:db8::1", "fe80::5", 44, join(fragmentHeader(6, 0, true), tcp(40000, 80, 2)))),
  join(ethernet(0x86dd), ipv6Bytes("2001:db8::1", "fe80::5", 44, join(fragmentHeader(6, 100, false), tcp(40000, 80, 2)))),
];

/** What the rules say of a frame, one after the other. */
function expected(options: AccessControlOptions, frame: Uint8Array): Verdict {
  const ends = options.rules.map(parseRule).filter(rule => rule.verb === "allow" || rule.verb === "deny");
  const first = ends.find(rule => evaluate(rule.condition, readThroughTags(frame)) === true);
  return (first?.verb ?? options.default) === "allow" ? Verdict.Pass : denied;
}

const lists: readonly { readonly what: string; readonly hook: "xdp" | "ingress"; readonly options: AccessControlOptions }[] = [
  { what: "servers", hook: "xdp", options: { default: "deny", rules: ["allow tcp dst port 80 or 443", "allow icmp", "allow arp"] } },
  {
    what: "a bit of everything",
    hook: "ingress",
    options: {
      default: "deny",
      rules: [
        "allow not tcp port 80 and src net 10.0.0.0/8",
        "deny src net 2001:db8::/32 and tcp",
        "allow ip6 net 2001:db8:0:1::/64 or icmp6[0] = 135",
        "deny ip[8] < 5",
        "allow udp or tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn",
        "allow arp src host 10.0.0.1",
        "allow ether src 02:00:00:00:00:01 and vlan 5",
        "allow tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x68656c6c",
        "deny len % 7 = 3",
        "allow greater 70 and dscp 4",
        "allow fragment",
      ],
    },
  },
  {
    what: "what is not refused",
    hook: "xdp",
    options: {
      default: "allow",
      rules: [
        "deny host 10.0.0.1 and not (port 80 or 443)",
        "deny net 10.0.0.0 mask 255.0.255.0",
        "deny ip6 multicast",
        "deny portrange 40-60",
        "deny ip[6:2] & 0x1fff != 0",
        "deny vlan 3 or ether broadcast",
      ],
    },
  },
];
/** The kernel's test run of tc takes no frame that ends inside an IP header. */
const SHORTEST_ON_TC = 54;
for (const { what, hook, options } of lists) {
  const whole = frames.filter(frame => hook === "xdp" || frame.length >= SHORTEST_ON_TC);
  const table = whole.map((frame, i): readonly [string, Row] => [
    `${what}: frame ${i}`,
    { in: frame, verdict: expected(options, frame), out: frame },
  ]);
  rows(alone(options), hook, Object.fromEntries(table));
}

const from = (src: string, dstPort = 80): Uint8Array => packet(Ethernet.of(), Ipv4.of({ src: ipv4(src) }), Tcp.of({ dstPort }));
const from6 = (src: string): Uint8Array => packet(Ethernet.of(), Ipv6.of({ src: ipv6(src) }), Udp.of({ dstPort: 53 }));

const prefixed = hosting(
  () => {
    const acl = new AccessControl({ default: "deny", rules: ["allow tcp dst port 80"], prefixes: { maxEntries: 100 } });
    acl.prefixes4.set({ prefix: ipv4("192.0.2.0"), length: 24 }, PrefixAction.Deny);
    acl.prefixes4.set({ prefix: ipv4("192.0.2.128"), length: 25 }, PrefixAction.Allow);
    acl.prefixes4.set({ prefix: ipv4("192.0.2.130"), length: 32 }, 0);
    acl.prefixes6.set({ prefix: ipv6("2001:db8::"), length: 32 }, PrefixAction.Allow);
    return acl;
  },
  (acl, pkt) => acl.check(pkt),
);
rows(prefixed, "xdp", {
  "a refused prefix is refused whatever the rules say": { in: from("192.0.2.1"), verdict: Verdict.drop("source prefix") },
  "a longer prefix counts": { in: from("192.0.2.129", 22), verdict: Verdict.Pass },
  "a prefix without an action leaves it to the rules": { in: from("192.0.2.130", 22), verdict: denied },
  "and so does no prefix": { in: from("198.51.100.1"), verdict: Verdict.Pass },
  "IPv6 has prefixes of its own": { in: from6("2001:db8::7"), verdict: Verdict.Pass },
  "and rules behind them": { in: from6("2001:db9::7"), verdict: denied },
});

rows(alone({ default: "allow", rules: [], vlan: false, fragments: false, extensions: false, malformed: "drop" }), "ingress", {
  "a plain packet passes": { in: from("10.0.0.1"), verdict: Verdict.Pass },
  "a tagged one is refused": { in: behindTag(from("10.0.0.1"), 5), verdict: malformed },
  "a first fragment is refused": {
    in: packet(Ethernet.of(), Ipv4.of({ moreFragments: true }), Udp.of({ dstPort: 53 })),
    verdict: malformed,
  },
  "an extension header is refused": {
    in: join(ethernet(0x86dd), ipv6Bytes("2001:db8::1", "fe80::5", 0, join(hopByHop(6), tcp(40000, 80, 2)))),
    verdict: malformed,
  },
  "a wrong IP header is refused": {
    in: packet(Ethernet.of({ etherType: EtherType.Ipv4 }), "nothing of IPv4, and enough of it for a test run"),
    verdict: malformed,
  },
  "a tagged packet of no IP is refused too": { in: behindTag(packet(Ethernet.of(), Arp.of()), 5), verdict: malformed },
  "what is not IP is not malformed": { in: packet(Ethernet.of(), Arp.of()), verdict: Verdict.Pass },
});

const left = { default: "deny", rules: ["allow tcp", "allow udp", "allow arp", "allow ether src 02:00:00:00:00:07"] } as const;
rows(alone({ ...left, families: [4], vlan: false, fragments: false, extensions: false }), "xdp", {
  "rules are asked about IPv4": { in: from("10.0.0.1"), verdict: Verdict.Pass },
  "of a family that is left out none matches, and the default says": { in: from6("2001:db8::1"), verdict: denied },
  "but for those about Ethernet": {
    in: packet(Ethernet.of({ src: mac("02:00:00:00:00:07") }), Ipv6.of({ src: ipv6("2001:db8::1") }), Udp.of()),
    verdict: Verdict.Pass,
  },
  "nor of a tagged packet that is left out": { in: behindTag(from("10.0.0.1"), 5), verdict: denied },
  "nor of a fragment": { in: packet(Ethernet.of(), Ipv4.of({ moreFragments: true }), Udp.of({ dstPort: 53 })), verdict: denied },
});
rows(alone({ ...left, families: [4], malformed: "pass" }), "xdp", {
  "what is left out passes by option": { in: from6("2001:db8::1"), verdict: Verdict.Pass },
  "what cannot be parsed passes by option": {
    in: packet(Ethernet.of({ etherType: EtherType.Ipv6 }), "nothing of IPv6"),
    verdict: Verdict.Pass,
  },
});

rows(alone({ default: "deny", rules: ["allow tcp dst port 80", "deny tcp dst port 22"], reasons: "rule" }), "xdp", {
  "a refusal names its rule": { in: from("10.0.0.1", 22), verdict: Verdict.drop("deny tcp dst port 22") },
  "or says that there is none": { in: from("10.0.0.1", 23), verdict: Verdict.drop("no rule allows it") },
});

test("packets are counted by rule", async () => {
  const make = alone({ default: "deny", rules: ["audit net 10.0.0.0/8", "allow tcp dst port 80", "allow icmp"], counters: true });
  const { verdict, pipeline } = await both(make, "xdp", from("10.0.0.1"));
  assert.equal(verdict, Verdict.Pass);
  const counts = [0, 1, 2, 3].map(place => pipeline.block.hits.at(place).packets);
  assert.deepEqual(counts, [1n, 1n, 0n, 0n]);
  const refused = await both(make, "ingress", packet(Ethernet.of(), Ipv4.of({ src: ipv4("192.0.2.1") }), Udp.of()));
  assert.equal(refused.pipeline.block.hits.at(3).bytes, 42n);
});

test("an audit refuses nothing and counts what it would refuse", async () => {
  const make = alone({ default: "deny", rules: ["deny udp", "allow tcp"], audit: true });
  const { verdict, pipeline } = await both(make, "xdp", from6("2001:db8::1"));
  assert.equal(verdict, Verdict.Pass);
  assert.equal(pipeline.block.hits.at(0).packets, 1n);
});

test("a log rule reports the packet, and the search goes on", async () => {
  const make = alone({ default: "deny", rules: ["deny udp", "log tcp dst port 22"] });
  assert.equal((await both(make, "xdp", from("10.0.0.1", 22))).verdict, denied);
  const pipeline = make();
  simulate(pipeline, "xdp", from("10.0.0.1", 22));
  simulate(pipeline, "xdp", from("10.0.0.1", 80));
  simulate(pipeline, "xdp", from6("2001:db8::1"));
  assert.deepEqual(
    pipeline.block.logged.take().map(({ event }) => [event.rule, event.length]),
    [[1, 54]],
  );
  assert.equal(pipeline.block.textOf(1), "log tcp dst port 22");
  assert.equal(pipeline.block.textOf(2), "default deny");
});

class Marked extends Pipeline {
  readonly acl = new TcAccessControl({ default: "deny", rules: ["allow mark 7", "allow identity 9 and tcp"] });
  override ingress(pkt: TcPacket): Verdict {
    return this.acl.check(pkt) ?? Verdict.Pass;
  }
}
rows(() => new Marked(), "ingress", {
  "on tc a mark is tested": { in: from("10.0.0.1"), verdict: Verdict.Pass, world: { mark: 7 } },
  "and the identity that it carries": { in: from("10.0.0.1"), verdict: Verdict.Pass, world: { mark: 9 } },
  "with all else": { in: packet(Ethernet.of(), Ipv4.of(), Icmp.of()), verdict: denied, world: { mark: 9 } },
  "another mark is none": { in: from("10.0.0.1"), verdict: denied, world: { mark: 8 } },
});

test("a rule that cannot be read says which, and where", () => {
  assert.throws(
    () => new AccessControl({ default: "deny", rules: ["allow tcp", "allow tcp dst port http"] }),
    (error: unknown) =>
      error instanceof FilterError &&
      error.message ===
        'AccessControl: rules[1]: expected a port number, found "http"; names are not resolved\n  allow tcp dst port http\n                     ^^^^',
  );
});

test("what the block cannot know is refused", () => {
  const refused = (rule: string): string => {
    try {
      new AccessControl({ default: "deny", rules: [rule] });
    } catch (error) {
      if (error instanceof FilterError) return error.message;
    }
    return "accepted";
  };
  assert.match(
    refused("allow tcp and mark 7"),
    /rules\[0\]: "mark" is known on tc alone: use TcAccessControl\n {2}allow tcp and mark 7\n {16}\^\^\^\^/,
  );
  assert.match(refused("allow established"), /"established" needs the flows of a connection tracker/);
});

const wrong: readonly (readonly [what: string, options: object, said: RegExp])[] = [
  ["an unknown default", { default: "reject" }, /option default is "reject"; allowed is one of "allow", "deny"/],
  ["no rules", { rules: undefined }, /option rules is undefined; allowed is a list of texts/],
  ["an unknown family", { families: [5] }, /option families is \[5\]; allowed is \[4\], \[6\] or \[4, 6\]/],
  ["no family", { families: [] }, /option families is \[\]; allowed is/],
  ["no room for prefixes", { prefixes: { maxEntries: 0 } }, /option prefixes is \{"maxEntries":0\}; allowed is/],
  ["an unknown way with tags", { vlan: "pass" }, /option vlan is "pass"; allowed is true or false/],
  ["an unknown way with known flows", { known: "drop" }, /option known is "drop"; allowed is one of "pass", "match"/],
  ["a table that is none", { flows: {} }, /option flows is \{\}; allowed is the Flows of a pipeline/],
  ["sampling less than nothing", { logEvery: 0.5 }, /option logEvery is 0.5; allowed is/],
];
for (const [what, options, said] of wrong) {
  test(`${what} is refused`, () => {
    assert.throws(() => Reflect.construct(AccessControl, [{ default: "deny", rules: [], ...options }]), said);
  });
}
