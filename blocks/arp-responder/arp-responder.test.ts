import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, mac, Verdict } from "datapath";
import { ArpResponder, type ArpResponderOptions } from "datapath/blocks";
import { Arp, ArpOperation, Ethernet, EtherType, Ipv4, Udp, Vlan } from "datapath/headers";
import { hosting, packet, rows } from "datapath/testing";

const own = { ip: ipv4("10.0.0.1"), mac: mac("02:00:00:00:00:01") };
const asker = { ip: ipv4("10.0.0.9"), mac: mac("02:00:00:00:00:09") };
const broadcast = mac("ff:ff:ff:ff:ff:ff");

interface Asked {
  readonly to?: number;
  readonly from?: number;
  readonly tags?: Uint8Array;
  readonly arp?: Partial<Parameters<typeof Arp.of>[0]>;
}
const fields = {
  hardwareType: 1,
  protocolType: EtherType.Ipv4,
  hardwareLength: 6,
  protocolLength: 4,
  operation: ArpOperation.Request,
  senderMac: asker.mac,
  senderIp: asker.ip,
  targetMac: 0,
  targetIp: own.ip,
};
const frame = (dst: number, src: number, arp: Parameters<typeof Arp.of>[0], tags: Uint8Array = new Uint8Array(0)): Uint8Array => {
  const plain = packet(Ethernet.of({ dst, src, etherType: EtherType.Arp }), Arp.of(arp));
  return Uint8Array.from([...plain.subarray(0, 12), ...tags, ...plain.subarray(12)]);
};
const request = ({ to = broadcast, from = asker.mac, tags, arp }: Asked = {}): Uint8Array => frame(to, from, { ...fields, ...arp }, tags);
/** What answers a request, `target` being whom it is said to. */
const reply = ({
  ip = own.ip,
  station = own.mac,
  target = asker,
  tags,
}: {
  ip?: number;
  station?: number;
  target?: typeof asker;
  tags?: Uint8Array;
} = {}) =>
  frame(
    target.mac,
    station,
    { ...fields, operation: ArpOperation.Reply, senderMac: station, senderIp: ip, targetMac: target.mac, targetIp: target.ip },
    tags,
  );
const ignored = (frameIn: Uint8Array) => ({ in: frameIn, verdict: Verdict.Pass, out: frameIn });
const answered = (frameIn: Uint8Array, out: Uint8Array) => ({ in: frameIn, verdict: Verdict.Reflect, out });
const responder = (options: ArpResponderOptions, prepare: (arp: ArpResponder) => void = () => {}) =>
  hosting(
    () => {
      const made = new ArpResponder(options);
      prepare(made);
      return made;
    },
    (arp, pkt) => arp.handle(pkt),
  );

const tag = Uint8Array.of(0x81, 0x00, 0x60, 0x05);
const serviceTag = Uint8Array.of(0x88, 0xa8, 0x00, 0x64);
const longer = (bytes: Uint8Array): Uint8Array => Uint8Array.from([...bytes, ...new Array<number>(18).fill(0)]);

for (const hook of ["xdp", "ingress"] as const) {
  rows(responder({ address: own.ip, mac: own.mac }), hook, {
    [`${hook}: a broadcast request is answered`]: answered(request(), reply()),
    [`${hook}: padding stays`]: answered(longer(request()), longer(reply())),
    [`${hook}: a request to this station's own address is answered`]: answered(request({ to: own.mac }), reply()),
    [`${hook}: a request to another station is not answered`]: ignored(request({ to: mac("02:00:00:00:00:02") })),
    [`${hook}: a request for another address is not answered`]: ignored(request({ arp: { targetIp: ipv4("10.0.0.2") } })),
    [`${hook}: a reply is not answered`]: ignored(request({ arp: { operation: ArpOperation.Reply } })),
    [`${hook}: a probe of this address is answered: it is taken (RFC 5227)`]: answered(
      request({ arp: { senderIp: 0 } }),
      reply({ target: { mac: asker.mac, ip: 0 } }),
    ),
    [`${hook}: a probe of another address is not answered`]: ignored(request({ arp: { senderIp: 0, targetIp: ipv4("10.0.0.2") } })),
    [`${hook}: an announcement is not answered (RFC 5227)`]: ignored(request({ arp: { senderIp: own.ip } })),
    [`${hook}: the answer to a tagged request is tagged`]: answered(request({ tags: tag }), reply({ tags: tag })),
    [`${hook}: and with two tags`]: answered(
      request({ tags: Uint8Array.from([...serviceTag, ...tag]) }),
      reply({ tags: Uint8Array.from([...serviceTag, ...tag]) }),
    ),
    [`${hook}: a sender of a group's address is not answered`]: ignored(request({ arp: { senderMac: mac("01:00:5e:00:00:01") } })),
    [`${hook}: nor a sender of the broadcast address`]: ignored(request({ arp: { senderMac: broadcast } })),
    [`${hook}: nor a sender without an address`]: ignored(request({ arp: { senderMac: 0 } })),
    [`${hook}: nor a frame from a group`]: ignored(request({ from: mac("01:00:5e:00:00:01") })),
    [`${hook}: nor a sender with a group's IP address`]: ignored(request({ arp: { senderIp: ipv4("224.0.0.1") } })),
    [`${hook}: nor the limited broadcast address`]: ignored(request({ arp: { senderIp: ipv4("255.255.255.255") } })),
    [`${hook}: another hardware type is not answered`]: ignored(request({ arp: { hardwareType: 6 } })),
    [`${hook}: another protocol type is not answered`]: ignored(request({ arp: { protocolType: 0x86dd } })),
    [`${hook}: a wrong hardware length is not answered`]: ignored(request({ arp: { hardwareLength: 8 } })),
    [`${hook}: a wrong protocol length is not answered`]: ignored(request({ arp: { protocolLength: 16 } })),
    [`${hook}: a request that is cut is not answered`]: ignored(request().subarray(0, 41)),
    [`${hook}: what is not ARP is left alone`]: ignored(packet(Ethernet.of(), Ipv4.of(), Udp.of({ dstPort: 53 }))),
    [`${hook}: a tag without anything behind is left alone`]: ignored(
      packet(Ethernet.of({ etherType: EtherType.Vlan }), Vlan.of({ id: 5, etherType: EtherType.Ipv4 })),
    ),
  });
}

const other = { ip: ipv4("10.0.0.7"), mac: mac("02:00:00:00:00:77") };
rows(
  responder({ table: { maxEntries: 16 } }, arp => {
    arp.stations.set(own.ip, own.mac);
    arp.stations.set(other.ip, other.mac);
  }),
  "xdp",
  {
    "a table answers with each address's own station": answered(request(), reply()),
    "and with another one for another address": answered(
      request({ arp: { targetIp: other.ip } }),
      reply({ ip: other.ip, station: other.mac }),
    ),
    "an address that is not in the table is not answered": ignored(request({ arp: { targetIp: ipv4("10.0.0.8") } })),
    "a probe of an address in the table is answered": answered(
      request({ arp: { senderIp: 0 } }),
      reply({ target: { mac: asker.mac, ip: 0 } }),
    ),
    "a request to another station of the table is not answered": ignored(request({ to: other.mac })),
  },
);

rows(responder({ prefix: "10.0.1.0/24", mac: own.mac, except: [ipv4("10.0.1.5")] }), "xdp", {
  "a proxy answers for the first address of its prefix": answered(
    request({ arp: { targetIp: ipv4("10.0.1.0") } }),
    reply({ ip: ipv4("10.0.1.0") }),
  ),
  "and for the last": answered(request({ arp: { targetIp: ipv4("10.0.1.255") } }), reply({ ip: ipv4("10.0.1.255") })),
  "but not for the one before": ignored(request({ arp: { targetIp: ipv4("10.0.0.255") } })),
  "nor for the one behind": ignored(request({ arp: { targetIp: ipv4("10.0.2.0") } })),
  "nor for an exception": ignored(request({ arp: { targetIp: ipv4("10.0.1.5") } })),
  "a proxy answers no probe, or nobody could take the address": ignored(request({ arp: { senderIp: 0, targetIp: ipv4("10.0.1.9") } })),
  "nor an announcement": ignored(request({ arp: { senderIp: ipv4("10.0.1.9"), targetIp: ipv4("10.0.1.9") } })),
});

const wrong: readonly (readonly [what: string, options: unknown, said: RegExp])[] = [
  ["none of address, prefix and table", { mac: own.mac }, /option address, prefix, table is "none"; allowed is exactly one/],
  ["two of them", { address: own.ip, prefix: "10.0.0.0/8", mac: own.mac }, /"address and prefix"; allowed is exactly one/],
  ["a group's MAC address", { address: own.ip, mac: broadcast }, /option mac is 281474976710655; allowed is/],
  ["no MAC address", { address: own.ip }, /option mac is undefined; allowed is/],
  ["an address that is no host's", { address: ipv4("224.0.0.1"), mac: own.mac }, /option address is 3758096385; allowed is/],
  ["a prefix without length", { prefix: "10.0.0.0", mac: own.mac }, /option prefix is "10.0.0.0"; allowed is/],
  ["bits outside the prefix", { prefix: "10.0.0.1/8", mac: own.mac }, /without bits outside its length/],
  ["an empty table", { table: { maxEntries: 0 } }, /option table is 0; allowed is/],
];
for (const [what, options, said] of wrong) {
  test(`${what} is refused`, () => {
    assert.throws(() => Reflect.construct(ArpResponder, [options]), said);
  });
}
