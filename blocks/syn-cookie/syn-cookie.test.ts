import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, ipv6, synCookie4, synCookie6, Verdict } from "datapath";
import { SynCookie, type SynCookieOptions } from "datapath/blocks";
import { Ethernet, HopByHop, Ipv4, Ipv6, Tcp, Udp, Vlan } from "datapath/headers";
import { faultsOf, hosting, packet, type Row, rows, simulate } from "datapath/testing";

const client = { mac: 0x0200_0000_0001, ipv4: ipv4("192.0.2.1"), ipv6: ipv6("2001:db8::1"), port: 40_000 };
const server = { mac: 0x0200_0000_0002, ipv4: ipv4("198.51.100.1"), ipv6: ipv6("2001:db8::2"), port: 443 };
const SEQUENCE = 0xffff_ffff;

/** Of Linux: segment size 1400, SACK permitted, timestamp 7, window scale 5. */
const linux = [2, 4, 5, 120, 4, 2, 8, 10, 0, 0, 0, 7, 0, 0, 0, 0, 1, 3, 3, 5];
const NOP = 1;

interface Said {
  readonly six?: boolean;
  readonly reply?: boolean;
  readonly options?: readonly number[];
  readonly tag?: boolean;
  readonly port?: number;
  readonly source?: number;
  readonly tcp?: Parameters<typeof Tcp.of>[0];
  readonly payload?: string;
}
function segment({
  six = false,
  reply = false,
  options = [],
  tag = false,
  port = server.port,
  source,
  tcp,
  payload = "",
}: Said): Uint8Array {
  const [from, to] = reply ? [server, client] : [client, server];
  const ends = reply ? { srcPort: port, dstPort: client.port } : { srcPort: client.port, dstPort: port };
  return packet(
    Ethernet.of({ src: from.mac, dst: to.mac }),
    ...(tag ? [Vlan.of({ id: 9 })] : []),
    six
      ? Ipv6.of({ src: from.ipv6, dst: to.ipv6, hopLimit: reply ? 64 : 50 })
      : Ipv4.of({ src: source ?? from.ipv4, dst: to.ipv4, ttl: reply ? 64 : 50, dontFragment: true }),
    Tcp.of({ ...ends, dataOffset: 5 + options.length / 4, ...tcp }),
    Uint8Array.from(options),
    payload,
  );
}
const syn = (said: Said = {}): Uint8Array =>
  segment({ ...said, tcp: { sequence: SEQUENCE, window: 1000, flags: { syn: true, ece: true, cwr: true }, ...said.tcp } });
const cookie4 = (mss: number): number => synCookie4(client.ipv4, server.ipv4, client.port, server.port, SEQUENCE, mss);
const cookie6 = (mss: number): number => synCookie6(client.ipv6, server.ipv6, client.port, server.port, SEQUENCE, mss);
const answer = (cookie: number, said: Said): Uint8Array =>
  segment({
    ...said,
    reply: true,
    tcp: { sequence: cookie, acknowledgement: 0, window: 64_240, flags: { syn: true, ack: true }, ...said.tcp },
  });
const ack = (cookie: number, said: Said = {}): Uint8Array =>
  segment({ ...said, tcp: { sequence: 0, acknowledgement: (cookie + 1) >>> 0, flags: { ack: true }, ...said.tcp } });

const passes = (bytes: Uint8Array, more: Partial<Row> = {}): Row => ({ in: bytes, verdict: Verdict.Pass, out: bytes, ...more });
const drops = (bytes: Uint8Array, reason: string): Row => ({ in: bytes, verdict: Verdict.drop(reason), out: bytes });
const answered = (bytes: Uint8Array, out: Uint8Array, more: Partial<Row> = {}): Row => ({
  in: bytes,
  verdict: Verdict.Reflect,
  out,
  ...more,
});
const shield = (options: SynCookieOptions) =>
  hosting(
    () => new SynCookie(options),
    (block, pkt) => block.check(pkt),
  );
const UNKNOWN = "no connection, and no valid cookie";
const mss = (size: number): number[] => [2, 4, size >> 8, size & 0xff];
const nops = (count: number): number[] => new Array<number>(count).fill(NOP);

/** Nothing but IPv4 without options: what is left out compiles sooner. */
const simple = { families: [4], fragments: false, extensions: false } as const;

const handshake = (hook: string): Record<string, Row> => ({
  [`${hook}: the first SYN is the stack's, which then takes cookies`]: passes(syn()),
  [`${hook}: the next is answered with a cookie`]: answered(syn(), answer(cookie4(536), {})),
  [`${hook}: whose acknowledgement passes`]: passes(ack(cookie4(536))),
  [`${hook}: and all that the connection sends then`]: passes(
    segment({ tcp: { sequence: 77, acknowledgement: 99, flags: { ack: true } }, payload: "GET" }),
  ),
  [`${hook}: its end too`]: passes(segment({ tcp: { sequence: 80, flags: { fin: true, ack: true } } })),
  [`${hook}: an acknowledgement of no cookie is dropped`]: drops(ack(cookie4(536), { source: ipv4("192.0.2.2") }), UNKNOWN),
  [`${hook}: a reset of no connection`]: drops(segment({ source: ipv4("192.0.2.2"), tcp: { flags: { rst: true } } }), UNKNOWN),
  [`${hook}: and segments without any flag`]: drops(segment({ source: ipv4("192.0.2.2") }), UNKNOWN),
  [`${hook}: the answer says the segment size, the cookie keeps the client's`]: answered(
    syn({ options: mss(1400) }),
    answer(cookie4(1400), { options: mss(1460) }),
  ),
  [`${hook}: other options are padding in the answer`]: answered(
    syn({ options: linux }),
    answer(cookie4(1400), { options: [...mss(1460), ...nops(16)] }),
  ),
  [`${hook}: options that loop end`]: answered(syn({ options: [3, 0, 2, 4] }), answer(cookie4(536), { options: mss(1460) })),
  [`${hook}: a tagged SYN has a tagged answer`]: answered(syn({ tag: true }), answer(cookie4(536), { tag: true })),
  [`${hook}: after half a minute a SYN is the stack's again`]: passes(syn(), { after: 31 }),
  [`${hook}: and the next is not`]: answered(syn(), answer(cookie4(536), {})),
});
const overIpv6 = (hook: string): Record<string, Row> => ({
  [`${hook}: over IPv6`]: answered(syn({ six: true, options: mss(1300) }), answer(cookie6(1300), { six: true, options: mss(1440) })),
  [`${hook}: a client that says no size has IPv6's least`]: answered(syn({ six: true }), answer(cookie6(1220), { six: true })),
  [`${hook}: whose acknowledgement passes too`]: passes(ack(cookie6(1300), { six: true })),
  [`${hook}: and what follows`]: passes(segment({ six: true, tcp: { flags: { ack: true, psh: true } }, payload: "x" })),
});
const refusals: Record<string, Row> = {
  "what is not protected passes: another port": passes(syn({ port: 22 })),
  "another protocol": passes(packet(Ethernet.of(), Ipv4.of({ dst: server.ipv4 }), Udp.of({ dstPort: 443 }))),
  "another address": passes(
    packet(Ethernet.of(), Ipv4.of({ src: 0x0a00_0001, dst: ipv4("198.51.100.2") }), Tcp.of({ dstPort: 443, flags: { syn: true } })),
  ),
  "a later fragment": passes(packet(Ethernet.of(), Ipv4.of({ dst: server.ipv4, fragmentOffset: 3, protocol: 6 }), "12345678")),
  "each port has a listener: the first SYN to another": passes(syn({ port: 80 })),
  "then both are answered for": answered(
    syn({ port: 80 }),
    answer(synCookie4(client.ipv4, server.ipv4, client.port, 80, SEQUENCE, 536), { port: 80 }),
  ),
  "a SYN with data is dropped": drops(syn({ payload: "x" }), "a SYN with data"),
  "with a header that is cut": drops(syn({ tcp: { dataOffset: 6 } }), "a header that is cut"),
  "or too short": drops(syn({ tcp: { dataOffset: 4 } }), "a header that is cut"),
  "with FIN": drops(syn({ tcp: { flags: { syn: true, fin: true } } }), "flags that contradict each other"),
  "with RST": drops(syn({ tcp: { flags: { syn: true, rst: true } } }), "flags that contradict each other"),
  "from a group": drops(syn({ source: ipv4("224.0.0.5") }), "nobody to answer"),
  "from the loopback": drops(syn({ source: ipv4("127.0.0.1") }), "nobody to answer"),
  "from nowhere": drops(syn({ source: 0 }), "nobody to answer"),
  "from the server itself": drops(syn({ source: server.ipv4 }), "nobody to answer"),
  "with options of IP": drops(
    packet(
      Ethernet.of({ src: client.mac, dst: server.mac }),
      Ipv4.of({ src: client.ipv4, dst: server.ipv4, ihl: 6 }),
      Uint8Array.of(7, 3, 4, 0),
      Tcp.of({ dstPort: 443, flags: { syn: true } }),
    ),
    "a SYN with options of IP",
  ),
  "or extension headers": drops(
    packet(
      Ethernet.of({ src: client.mac, dst: server.mac }),
      Ipv6.of({ src: client.ipv6, dst: server.ipv6 }),
      HopByHop.of(),
      Tcp.of({ dstPort: 443, flags: { syn: true } }),
    ),
    "a SYN with options of IP",
  ),
  "to everybody": drops(
    packet(
      Ethernet.of({ src: client.mac, dst: 0xffff_ffff_ffff }),
      Ipv4.of({ src: client.ipv4, dst: server.ipv4 }),
      Tcp.of({ dstPort: 443, flags: { syn: true } }),
    ),
    "nobody to answer",
  ),
};

rows(shield({ ports: [80, 443], addresses: [server.ipv4], addresses6: [server.ipv6] }), "xdp", {
  ...handshake("xdp"),
  ...overIpv6("xdp"),
  ...refusals,
});
rows(shield({ ports: [443], ...simple }), "ingress", handshake("ingress"));

/** The clock is 1,000,100 ms: the stamp's low six bits are window scale, SACK and ECN, and it is not later. */
const clock = 1_000_100_000_000n;
const stamp = (bits: number): number[] => {
  const time = 1_000_100 - (1_000_100 % 64) + bits - (bits > 1_000_100 % 64 ? 64 : 0);
  return [time >>> 24, (time >>> 16) & 0xff, (time >>> 8) & 0xff, time & 0xff];
};
rows(shield({ ports: [443], timestamps: true, windowScale: 9, vlan: false, ...simple }), "xdp", {
  "with timestamps: the first SYN is the stack's": passes(syn(), { world: { clock } }),
  "window scale and SACK are answered, and kept in the timestamp": answered(
    syn({ options: linux }),
    answer(cookie4(1400), { options: [...mss(1460), 4, 2, 8, 10, ...stamp(5 + 16), 0, 0, 0, 7, 1, 3, 3, 9] }),
  ),
  "who offers neither has neither": answered(
    syn({ options: [...mss(1400), 1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 0] }),
    answer(cookie4(1400), { options: [...mss(1460), 1, 1, 8, 10, ...stamp(15), 0, 0, 0, 7] }),
  ),
  "nor who has no timestamps": answered(
    syn({ options: [...mss(1400), 4, 2, 1, 3, 3, 5, 1, 1] }),
    answer(cookie4(1400), { options: [...mss(1460), ...nops(8)] }),
  ),
});

rows(shield({ ports: [443], unknown: "pass", vlan: false, ...simple }), "ingress", {
  "connections from before may pass": passes(ack(5)),
  "SYNs are answered all the same": passes(syn()),
  "from the second on": answered(syn(), answer(cookie4(536), {})),
  "what is left out passes": passes(syn({ six: true })),
});

test("an answer is well formed", () => {
  const make = shield({ ports: [443] });
  for (const options of [[], mss(1400), linux]) {
    for (const six of [false, true]) {
      const pipeline = make();
      simulate(pipeline, "xdp", syn({ six, options }));
      assert.deepEqual(faultsOf(simulate(pipeline, "xdp", syn({ six, options })).bytes), []);
    }
  }
});

const wrong: readonly (readonly [what: string, options: unknown, said: RegExp])[] = [
  ["no port", { ports: [] }, /SynCookie: the option ports is \[\]; allowed is a list of 1 to 32 ports/],
  ["a port that there is not", { ports: [65_536] }, /the option ports is \[65536\]; allowed/],
  ["an address that is none", { ports: [1], addresses: [-1] }, /the option addresses is \[-1\]; allowed/],
  ["an IPv6 address that is none", { ports: [1], addresses6: [0n] }, /the option addresses6 is \["0"\]; allowed/],
  ["a segment size below the least", { ports: [1], mss: { ipv4: 535 } }, /the option mss is \{"ipv4":535\}; allowed is/],
  ["a window scale above 14", { ports: [1], windowScale: 15 }, /the option windowScale is 15; allowed is a whole number of 0 to 14/],
  ["no window", { ports: [1], window: 0 }, /the option window is 0; allowed/],
  ["an unknown way", { ports: [1], unknown: "reject" }, /the option unknown is "reject"; allowed is one of drop, pass/],
  ["an empty table", { ports: [1], maxEntries: 0 }, /the option maxEntries is 0; allowed/],
  ["timestamps by another word", { ports: [1], timestamps: 1 }, /the option timestamps is 1; allowed is true or false/],
  ["a tag by another word", { ports: [1], vlan: "no" }, /SynCookie: the option vlan is "no"; allowed/],
];
for (const [what, options, said] of wrong) {
  test(`${what} is refused`, () => {
    assert.throws(() => Reflect.construct(SynCookie, [options]), said);
  });
}
