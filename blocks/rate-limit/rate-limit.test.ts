import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, ipv6, octet, Pipeline, type TcPacket, u64, Verdict } from "datapath";
import { type BucketOptions, Pacer, RateLimit, type RateLimitOptions } from "datapath/blocks";
import { Arp, Ethernet, Icmp, Ipv4, Ipv6, Tcp, Udp, Vlan } from "datapath/headers";
import { hosting, packet, type Row, rows, simulate } from "datapath/testing";

const eth = Ethernet.of({ src: 0x0200_0000_0001, dst: 0x0200_0000_0002 });
interface Sent {
  readonly from?: string;
  readonly to?: string;
  readonly port?: number;
  readonly sourcePort?: number;
  readonly bytes?: number;
}
const udp = ({ from = "192.0.2.1", to = "198.51.100.1", port = 53, sourcePort = 4000, bytes = 8 }: Sent = {}): Uint8Array => {
  const transport = [Udp.of({ srcPort: sourcePort, dstPort: port }), new Uint8Array(bytes)] as const;
  return from.includes(":")
    ? packet(eth, Ipv6.of({ src: ipv6(from), dst: ipv6(to.includes(":") ? to : "2001:db8::99") }), ...transport)
    : packet(eth, Ipv4.of({ src: ipv4(from), dst: ipv4(to) }), ...transport);
};
const passes = (bytes: Uint8Array, more: Partial<Row> = {}): Row => ({ in: bytes, verdict: Verdict.Pass, out: bytes, ...more });
const over = (bytes: Uint8Array, more: Partial<Row> = {}): Row => ({
  in: bytes,
  verdict: Verdict.drop("over the rate"),
  out: bytes,
  ...more,
});
const limit = (options: RateLimitOptions) =>
  hosting(
    () => new RateLimit(options),
    (block, pkt) => block.check(pkt),
  );
/** Ten a second, two at once: a packet each 100 ms. */
const slow = { rate: 10, burst: 2 } as const;

/** Nothing but IPv4 without options: what is left out compiles sooner. */
const simple = { families: [4], vlan: false, fragments: false, extensions: false } as const;

const six = (what: string): Record<string, Row> => ({ [what]: passes(udp({ from: "2001:db8::1" })) });
for (const [on, hook, options, more] of [
  ["lruHash", "xdp", { table: "lruHash" }, six("lruHash: an IPv6 source too")],
  ["flowTable", "ingress", { table: "flowTable", ...simple }, {}],
  ["perCpu", "egress", { table: "perCpu", ...simple }, {}],
] as const) {
  rows(limit({ key: "source", ...slow, ...options }), hook, {
    [`${on}: a burst passes`]: passes(udp()),
    [`${on}: the whole of it`]: passes(udp()),
    [`${on}: what is above is dropped`]: over(udp()),
    [`${on}: another source has a bucket of its own`]: passes(udp({ from: "192.0.2.2" })),
    ...more,
    [`${on}: before its time there is nothing`]: over(udp(), { after: 0.096 }),
    [`${on}: then a packet`]: passes(udp(), { after: 0.008 }),
    [`${on}: and no more than that`]: over(udp()),
    [`${on}: what was dropped took nothing`]: passes(udp(), { after: 0.1 }),
    [`${on}: a rest of any length gives a burst`]: passes(udp(), { after: 50 }),
    [`${on}: of two`]: passes(udp()),
    [`${on}: and not of three`]: over(udp()),
    [`${on}: what is not IP passes`]: passes(packet(eth, Arp.of())),
  });
}

const precise = { clock: "precise", ...slow } as const;
rows(limit({ key: "destination", ...precise, ...simple }), "ingress", {
  "a destination's burst passes": passes(udp()),
  "from whomever it comes": passes(udp({ from: "192.0.2.7" })),
  "what is above is dropped": over(udp({ from: "192.0.2.8" })),
  "another destination has its own": passes(udp({ to: "198.51.100.2" })),
  "a nanosecond before its time there is nothing": over(udp(), { world: { clock: 99_999_999n } }),
  "and at its time there is": passes(udp(), { world: { clock: 100_000_000n } }),
});
rows(limit({ key: { of: "source", ipv4: 24, ipv6: 64 }, ...precise }), "xdp", {
  "a prefix has one bucket": passes(udp({ from: "192.0.2.1" })),
  "for all its addresses": passes(udp({ from: "192.0.2.200" })),
  "and no more than its burst": over(udp({ from: "192.0.2.99" })),
  "the next prefix has its own": passes(udp({ from: "192.0.3.1" })),
  "an IPv6 network has one": passes(udp({ from: "2001:db8::1" })),
  "whatever its stations call themselves": passes(udp({ from: "2001:db8::ffff:1" })),
  "and is limited": over(udp({ from: "2001:db8::2" })),
  "another network is not": passes(udp({ from: "2001:db8:0:1::1" })),
});
rows(limit({ key: "destinationPort", ...precise }), "xdp", {
  "a port has one bucket": passes(udp()),
  "over IPv6 too": passes(udp({ from: "2001:db8::1" })),
  "and is limited, whoever sends": over(udp({ from: "192.0.2.77" })),
  "the highest port has its own": passes(udp({ port: 65_535 })),
  "packets without ports have one together": passes(packet(eth, Ipv4.of(), Icmp.of({ type: 8 }))),
  "of two": passes(packet(eth, Ipv4.of(), Icmp.of({ type: 8 }))),
  "not of three": over(packet(eth, Ipv4.of({ protocol: 50 }), "12345678")),
  "port zero is another": passes(udp({ port: 0 })),
});
rows(limit({ key: "all", table: "perCpu", ...precise }), "egress", {
  "all packets have one bucket": passes(udp()),
  "what is not IP too": passes(packet(eth, Arp.of())),
  together: over(udp({ from: "192.0.2.3" })),
});
rows(limit({ key: "flow", ...precise }), "xdp", {
  "a flow has one bucket": passes(udp()),
  "of two packets": passes(udp()),
  "not of three": over(udp()),
  "another source port is another flow": passes(udp({ sourcePort: 4001 })),
  "another protocol too": passes(
    packet(eth, Ipv4.of({ src: ipv4("192.0.2.1"), dst: ipv4("198.51.100.1") }), Tcp.of({ srcPort: 4000, dstPort: 53 })),
  ),
  "and the other direction": passes(udp({ from: "198.51.100.1", to: "192.0.2.1", port: 4000, sourcePort: 53 })),
  "an IPv6 flow has one bucket": passes(udp({ from: "2001:db8::1" })),
  "of two packets too": passes(udp({ from: "2001:db8::1" })),
  "and not of three": over(udp({ from: "2001:db8::1" })),
});
rows(limit({ key: "flow", table: "flowTable", ...precise, ...simple, families: [6] }), "xdp", {
  "flowTable: an IPv6 flow has one bucket": passes(udp({ from: "2001:db8::1" })),
  "flowTable: of two packets": passes(udp({ from: "2001:db8::1" })),
  "flowTable: not of three": over(udp({ from: "2001:db8::1" })),
  "flowTable: another source port is another flow": passes(udp({ from: "2001:db8::1", sourcePort: 4001 })),
});
rows(limit({ key: layers => (layers.udp && layers.family === 4 ? u64(octet(layers.source, 0)) : undefined), ...precise }), "xdp", {
  "a function says whose bucket it is": passes(udp({ from: "192.0.2.5" })),
  "the same for both": passes(udp({ from: "10.9.8.5" })),
  "and is limited": over(udp({ from: "172.16.0.5" })),
  "another key is another bucket": passes(udp({ from: "192.0.2.6" })),
  "what has no key": passes(packet(eth, Ipv4.of({ src: ipv4("192.0.2.5") }), Tcp.of())),
  "is not limited": passes(packet(eth, Ipv4.of({ src: ipv4("192.0.2.5") }), Tcp.of())),
  "at all": passes(packet(eth, Ipv4.of({ src: ipv4("192.0.2.5") }), Tcp.of())),
});
rows(limit({ key: "source", unit: "bytes", clock: "precise", rate: 1000, burst: 200, ...simple }), "xdp", {
  "bytes: a burst of them": passes(udp({ bytes: 58 })), // 100 on the wire
  "bytes: passes": passes(udp({ bytes: 58 })),
  "bytes: the next is over": over(udp({ bytes: 0 })),
  "bytes: a tenth of a second": over(udp({ bytes: 59 }), { after: 0.1 }),
  "bytes: is worth a hundred": passes(udp({ bytes: 58 })),
});
rows(limit({ key: "source", ...precise, vlan: false, families: [4] }), "xdp", {
  "options leave out": passes(udp()),
  "what need not": passes(udp()),
  "be limited": over(udp()),
  "such as tags": passes(packet(eth, Vlan.of({ id: 5 }), Ipv4.of({ src: ipv4("192.0.2.1") }), Udp.of())),
  "or a family": passes(udp({ from: "2001:db8::1" })),
  "or the same again": passes(udp({ from: "2001:db8::1" })),
  "and again": passes(udp({ from: "2001:db8::1" })),
});

const rate = (value: number, burst: number): Partial<Row> => ({ world: { params: { "block.rate": value, "block.burst": burst } } });
rows(limit({ key: "source", ...precise, ...simple }), "ingress", {
  "rate and burst are settings": passes(udp(), rate(1000, 4)),
  "more at once": passes(udp(), rate(1000, 4)),
  "for a packet that comes later": passes(udp(), rate(1000, 4)),
  "up to the burst": passes(udp(), rate(1000, 4)),
  "and no more": over(udp(), rate(1000, 4)),
  "the same at another rate": passes(udp(), rate(10, 2)),
});

/** What passes in `seconds` of packets that come each millisecond, in Node. */
function passedIn(seconds: number, options: RateLimitOptions): number {
  const make = limit(options);
  const pipeline = make();
  const frame = udp();
  let passed = 0;
  for (let i = 0; i < seconds * 1000; i++) {
    const { verdict } = simulate(pipeline, "ingress", frame, { clock: BigInt(i) * 1_000_000n });
    if (verdict === Verdict.Pass) passed += 1;
  }
  return passed;
}

test("the rate is kept with ticks, even where the burst is smaller than what comes in one", () => {
  for (const wanted of [10, 300, 333, 900]) {
    const passed = passedIn(4, { key: "source", rate: wanted, burst: 1 });
    assert.ok(Math.abs(passed - 4 * wanted) <= wanted / 50 + 5, `${passed} in 4 s at ${wanted} a second`);
  }
});

test("and with the precise clock", () => {
  for (const wanted of [10, 333, 900]) {
    const passed = passedIn(4, { key: "source", rate: wanted, burst: 1, clock: "precise" });
    assert.ok(passed <= 4 * wanted + 1 && passed > wanted * 1.9, `${passed} in 4 s at ${wanted} a second`);
  }
});

class Marking extends Pipeline {
  readonly limit = new RateLimit({ key: "source", rate: 10, burst: 1, clock: "precise", ...simple });
  override ingress(pkt: TcPacket): Verdict {
    this.limit.mark(pkt, 7);
    return Verdict.Pass;
  }
}
rows(() => new Marking(), "ingress", {
  "a packet within the rate keeps its mark": passes(udp(), { world: { mark: 3 } }),
  "what is above is marked in the kernel as in Node": passes(udp(), { world: { mark: 3 } }),
});

test("what is over the rate is marked, and counted", () => {
  const pipeline = new Marking();
  assert.equal(simulate(pipeline, "ingress", udp(), { mark: 3 }).mark, 3);
  const { mark, verdict } = simulate(pipeline, "ingress", udp(), { mark: 3 });
  assert.deepEqual([mark, verdict, pipeline.limit.marked.packets, pipeline.limit.marked.bytes], [7, Verdict.Pass, 1n, 50n]);
});

class Paced extends Pipeline {
  readonly pacer = new Pacer({ key: "destination", rate: 10, horizon: 300_000_000n, ...simple });
  override egress(pkt: TcPacket): Verdict {
    return this.pacer.pace(pkt) ?? Verdict.Pass;
  }
}
const late = { in: udp(), verdict: Verdict.drop("behind the horizon"), out: udp() };
// Departures are compared between Node and the kernel by each row, and with what they should be below.
rows(() => new Paced(), "egress", {
  "packets that come together leave": passes(udp()),
  "one behind another": passes(udp()),
  "as long as that": passes(udp(), { world: { departure: 150_000_000n } }),
  "is not behind the horizon": passes(udp()),
  "where they are dropped": late,
  "until time has gone on": passes(udp(), { after: 0.1 }),
  "what is not limited leaves at once": passes(packet(eth, Arp.of())),
});

test("each packet leaves a tenth of a second behind the one before", () => {
  const pipeline = new Paced();
  const departures = Array.from({ length: 4 }, () => simulate(pipeline, "egress", udp()).departure);
  assert.deepEqual(departures, [0n, 100_000_000n, 200_000_000n, 300_000_000n]);
  const { verdict, departure } = simulate(pipeline, "egress", udp());
  assert.deepEqual([verdict, departure], [Verdict.drop("behind the horizon"), 0n]);
  assert.deepEqual([pipeline.pacer.delayed.packets, pipeline.pacer.delayed.bytes], [3n, 150n]);
});

test("a later departure that TCP asked for stays", () => {
  for (const [asked, left] of [
    [150_000_000n, 150_000_000n],
    [50_000_000n, 100_000_000n],
  ]) {
    const pipeline = new Paced();
    simulate(pipeline, "egress", udp());
    assert.equal(simulate(pipeline, "egress", udp(), { departure: asked ?? 0n }).departure, left);
  }
});

const wrong: readonly (readonly [what: string, options: unknown, said: RegExp])[] = [
  ["no key", { ...slow }, /RateLimit: the option key is undefined; allowed is "source"/],
  ["an unknown key", { key: "mac", ...slow }, /the option key is "mac"; allowed is "source"/],
  ["a prefix that is too long", { key: { of: "source", ipv4: 33 }, ...slow }, /the option key is \{"of":"source","ipv4":33\}; allowed is/],
  ["a prefix of nothing", { key: { of: "source", ipv6: 0 }, ...slow }, /the option key is .*; allowed is/],
  ["a rate of zero", { key: "all", rate: 0, burst: 1 }, /the option rate is 0; allowed is a whole number of 1 to 10000000/],
  ["a rate that is finer than the arithmetic", { key: "all", rate: 10_000_001, burst: 1 }, /the option rate is 10000001; allowed/],
  ["a burst of zero", { key: "all", rate: 1, burst: 0 }, /the option burst is 0; allowed is a whole number of 1 to 4294967295/],
  ["no burst", { key: "all", rate: 1 }, /the option burst is undefined; allowed/],
  ["half a packet", { key: "all", rate: 1.5, burst: 1 }, /the option rate is 1.5; allowed/],
  ["an unknown unit", { key: "all", unit: "bits", ...slow }, /the option unit is "bits"; allowed is one of packets, bytes/],
  ["an unknown table", { key: "all", table: "hash", ...slow }, /the option table is "hash"; allowed is one of lruHash, flowTable, perCpu/],
  ["an unknown clock", { key: "all", clock: "sun", ...slow }, /the option clock is "sun"; allowed is one of ticks, precise/],
  ["an unknown way when full", { key: "all", full: "mark", ...slow }, /the option full is "mark"; allowed is one of pass, drop/],
  ["an empty table", { key: "source", maxEntries: 0, ...slow }, /the option maxEntries is 0; allowed is a whole number of 1 to 4194304/],
  ["an IP version that there is not", { key: "source", families: [5], ...slow }, /RateLimit: the option families is \[5\]; allowed is/],
];
for (const [what, options, said] of wrong) {
  test(`${what} is refused`, () => {
    assert.throws(() => Reflect.construct(RateLimit, [options]), said);
  });
}
test("a horizon outside its range is refused", () => {
  const options: BucketOptions = { key: "all", rate: 1 };
  assert.throws(
    () => new Pacer({ ...options, horizon: 1n }),
    /Pacer: the option horizon is 1n; allowed is a bigint of nanoseconds, 1 ms to 60 s/,
  );
});
