import { test } from "uvu";
import * as assert from "uvu/assert";
import { packet } from "../../testing/packet.js";
import {
  Arp,
  AuthHeader,
  DestinationOptions,
  Ethernet,
  FragmentHeader,
  HopByHop,
  Icmp,
  Icmpv6,
  IpProtocol,
  Ipv4,
  Ipv6,
  Routing,
  Sctp,
  Tcp,
  Udp,
  Vlan,
} from "../headers/index.js";
import { addressKey, checkLayersOptions, Fragment, type Layer, type Layers, type LayersOptions } from "../index.js";
import { NodePacket } from "./packet.js";

const layersOf = (...parts: (Layer | Uint8Array | string)[]): Layers => layersWith({}, ...parts);
const layersWith = (options: LayersOptions, ...parts: (Layer | Uint8Array | string)[]): Layers =>
  new NodePacket(packet(...parts), { kind: "xdp", device: 1 }).layers(options);

test("TCP over IPv4", () => {
  const l = layersOf(Ethernet.of(), Ipv4.of({ src: 1, dst: 2 }), Tcp.of({ srcPort: 1000, dstPort: 80, dataOffset: 8 }), new Uint8Array(12));
  assert.is(l.family, 4);
  if (l.family !== 4) return;
  assert.equal([l.source, l.destination, l.protocol, l.sourcePort, l.destinationPort], [1, 2, 6, 1000, 80]);
  assert.equal([l.networkOffset, l.transportOffset, l.payloadOffset, l.fragment], [14, 34, 66, Fragment.None]);
  assert.is(l.tcp?.dstPort, 80);
  assert.equal([l.udp, l.icmp, l.icmpv6, l.sctp, l.vlan], [undefined, undefined, undefined, undefined, undefined]);
});

test("UDP over IPv6, with one key for both families", () => {
  const six = layersOf(Ethernet.of(), Ipv6.of({ src: 5n, dst: 6n }), Udp.of({ srcPort: 1, dstPort: 53 }));
  assert.is(six.family, 6);
  if (six.family === 0) return;
  assert.equal([six.source, six.destination, six.destinationPort, six.transportOffset, six.payloadOffset], [5n, 6n, 53, 54, 62]);
  assert.equal(addressKey(six), { source: 5n, destination: 6n });
  const four = layersOf(Ethernet.of(), Ipv4.of({ src: 1, dst: 2 }), Udp.of());
  assert.equal(four.family !== 0 && addressKey(four), { source: 0xffff_0000_0001n, destination: 0xffff_0000_0002n });
});

test("ICMP, ICMPv6 and SCTP", () => {
  const icmp = layersOf(Ethernet.of(), Ipv4.of(), Icmp.of({ type: 8 }));
  assert.equal([icmp.icmp?.type, icmp.icmpv6, icmp.sourcePort, icmp.payloadOffset], [8, undefined, 0, 42]);
  const icmpv6 = layersOf(Ethernet.of(), Ipv6.of(), Icmpv6.of({ type: 135 }));
  assert.equal([icmpv6.icmpv6?.type, icmpv6.icmp], [135, undefined]);
  const sctp = layersOf(Ethernet.of(), Ipv4.of(), Sctp.of({ srcPort: 9, dstPort: 10 }));
  assert.equal([sctp.sctp?.srcPort, sctp.destinationPort, sctp.payloadOffset], [9, 10, 46]);
  // ICMP's number in IPv6 is not ICMP.
  assert.is(layersOf(Ethernet.of(), Ipv6.of({ nextHeader: IpProtocol.Icmp }), Icmp.of()).icmp, undefined);
});

test("IPv4 options are stepped over", () => {
  const l = layersOf(Ethernet.of(), Ipv4.of({ ihl: 7 }), new Uint8Array(8), Udp.of({ dstPort: 9 }));
  assert.equal([l.transportOffset, l.destinationPort], [42, 9]);
});

test("the outermost tag is no part of offsets, one inner tag is walked", () => {
  const tagged = layersOf(Ethernet.of(), Vlan.of({ id: 10, priority: 3 }), Ipv4.of(), Udp.of({ dstPort: 9 }));
  assert.equal([tagged.networkOffset, tagged.vlan?.id, tagged.vlan?.priority, tagged.destinationPort], [14, 10, 3, 9]);
  const double = layersOf(Ethernet.of({ etherType: 0x88a8 }), Vlan.of({ id: 10 }), Vlan.of({ id: 20 }), Ipv4.of(), Udp.of({ dstPort: 9 }));
  assert.equal([double.networkOffset, double.vlan?.id, double.vlan?.inner?.id, double.destinationPort], [18, 10, 20, 9]);
  const triple = layersOf(Ethernet.of(), Vlan.of(), Vlan.of(), Vlan.of(), Ipv4.of());
  assert.is(triple.family, 0);
});

test("fragments: the first has the transport header, later ones don't", () => {
  const first = layersOf(Ethernet.of(), Ipv4.of({ moreFragments: true }), Udp.of({ dstPort: 9 }));
  assert.equal([first.fragment, first.destinationPort], [Fragment.First, 9]);
  const later = layersOf(Ethernet.of(), Ipv4.of({ fragmentOffset: 1, protocol: IpProtocol.Udp }), Udp.of({ dstPort: 9 }));
  assert.equal([later.fragment, later.protocol, later.udp, later.destinationPort], [Fragment.Later, 17, undefined, 0]);
});

test("up to six IPv6 extension headers are walked, in any order", () => {
  const six = [
    HopByHop.of(),
    Routing.of(),
    DestinationOptions.of({ extensionLength: 1 }),
    new Uint8Array(8),
    AuthHeader.of({ payloadLength: 4 }),
    new Uint8Array(12),
    FragmentHeader.of(),
    DestinationOptions.of(),
  ];
  const walked = layersOf(Ethernet.of(), Ipv6.of(), ...six, Tcp.of({ dstPort: 80 }));
  assert.equal([walked.protocol, walked.destinationPort, walked.transportOffset, walked.fragment], [6, 80, 54 + 72, Fragment.None]);
  const seven = layersOf(Ethernet.of(), Ipv6.of(), ...six, DestinationOptions.of(), Tcp.of({ dstPort: 80 }));
  assert.equal([seven.family, seven.protocol, seven.tcp], [6, IpProtocol.DestinationOptions, undefined]);
});

test("IPv6 fragments: behind a later fragment's header nothing is walked", () => {
  const first = layersOf(Ethernet.of(), Ipv6.of(), FragmentHeader.of({ moreFragments: true }), Udp.of({ dstPort: 9 }));
  assert.equal([first.fragment, first.destinationPort], [Fragment.First, 9]);
  const later = layersOf(Ethernet.of(), Ipv6.of(), FragmentHeader.of({ fragmentOffset: 3 }), DestinationOptions.of(), Udp.of());
  assert.equal(
    [later.fragment, later.protocol, later.udp, later.transportOffset],
    [Fragment.Later, IpProtocol.DestinationOptions, undefined, 62],
  );
});

test("what is not IP, or wrong, or cut, is Other", () => {
  const others: Layers[] = [
    layersOf(Ethernet.of(), Arp.of()),
    layersOf(Ethernet.of(), Ipv4.of({ version: 5 })),
    layersOf(Ethernet.of(), Ipv4.of({ ihl: 4 })),
    layersOf(Ethernet.of(), Ipv4.of({ totalLength: 19 })),
    layersOf(Ethernet.of(), Ipv4.of({ totalLength: 21 })),
    layersOf(Ethernet.of(), Ipv4.of({ ihl: 6 })),
    layersOf(Ethernet.of(), Ipv6.of({ version: 4 })),
    layersOf(Ethernet.of(), Ipv6.of({ payloadLength: 1 })),
    layersOf(Ethernet.of({ etherType: 0x0800 }), new Uint8Array(19)),
    layersOf(Ethernet.of({ etherType: 0x86dd }), new Uint8Array(39)),
    layersOf(Ethernet.of(), Ipv6.of({ nextHeader: IpProtocol.Fragment }), new Uint8Array(7)),
    layersOf(Ethernet.of({ etherType: 0x8100 }), new Uint8Array(3)),
  ];
  for (const [i, l] of others.entries()) assert.equal([i, l.family, l.ip, l.protocol, l.tcp], [i, 0, undefined, 0, undefined]);
});

test("a transport header that is cut is not there, while its ports may be", () => {
  const l = layersOf(Ethernet.of(), Ipv4.of({ protocol: IpProtocol.Tcp }), Uint8Array.of(0, 1, 0, 2, 0));
  assert.equal([l.tcp, l.sourcePort, l.destinationPort], [undefined, 1, 2]);
});

test("what the options leave out is not IP", () => {
  const fragmented = Ipv6.of({ nextHeader: IpProtocol.Fragment });
  const left: readonly [LayersOptions, ...Layer[]][] = [
    [{ families: [6] }, Ipv4.of(), Udp.of()],
    [{ families: [4] }, Ipv6.of(), Udp.of()],
    [{ vlan: false }, Vlan.of({ id: 10 }), Ipv4.of(), Udp.of()],
    [{ fragments: false }, Ipv4.of({ moreFragments: true }), Udp.of()],
    [{ fragments: false }, Ipv4.of({ fragmentOffset: 1 }), Udp.of()],
    [{ fragments: false }, fragmented, FragmentHeader.of(), Udp.of()],
    [{ fragments: false }, Ipv6.of(), HopByHop.of(), FragmentHeader.of(), Udp.of()],
    [{ extensions: false }, Ipv6.of(), HopByHop.of(), Udp.of()],
    [{ extensions: false }, Ipv6.of(), FragmentHeader.of(), DestinationOptions.of(), Udp.of()],
  ];
  for (const [i, [options, ...parts]] of left.entries()) {
    const whole = layersOf(Ethernet.of(), ...parts);
    const some = layersWith(options, Ethernet.of(), ...parts);
    assert.equal([i, whole.family === 0, some.family, some.protocol], [i, false, 0, 0]);
  }
  assert.is(layersWith({ extensions: false }, Ethernet.of(), Ipv4.of({ ihl: 6 }), new Uint8Array(4), Udp.of()).family, 0);
  const fragment = layersWith(
    { extensions: false },
    Ethernet.of(),
    Ipv6.of(),
    FragmentHeader.of({ moreFragments: true }),
    Udp.of({ dstPort: 9 }),
  );
  assert.equal([fragment.family, fragment.fragment, fragment.destinationPort], [6, Fragment.First, 9]);
});

test("wrong options are refused by name", () => {
  const wrong = (text: string): LayersOptions => JSON.parse(text);
  assert.throws(
    () => checkLayersOptions("Conntrack", wrong('{"families":[5]}')),
    /Conntrack: the option families is \[5\]; allowed is \[4\]/,
  );
  assert.throws(() => checkLayersOptions("Conntrack", wrong('{"vlan":"no"}')), /the option vlan is "no"; allowed is true or false/);
});

test("layers are found once for each state of the packet, and are of no use when it has moved", () => {
  const pkt = new NodePacket(packet(Ethernet.of(), Ipv4.of(), Udp.of()), { kind: "xdp", device: 1 });
  const before = pkt.layers();
  assert.is(pkt.layers(), before);
  assert.ok(pkt.grow(4));
  assert.throws(() => before.transportOffset, /as it was before it moved/);
  assert.throws(() => before.udp, /as it was before it moved/);
  assert.is.not(pkt.layers(), before);
});

test("layers are found anew when something was written that they go by", () => {
  const pkt = new NodePacket(packet(Ethernet.of(), Ipv4.of(), Udp.of()), { kind: "xdp", device: 1 });
  const before = pkt.layers();
  if (before.family !== 4) throw new Error("no IPv4");
  before.rewrite({ ttl: 3, destination: 7, sourcePort: 9 });
  pkt.frame().src = 1;
  assert.is(pkt.layers(), before);
  before.ip.version = 7;
  assert.is(pkt.layers().family, 0);
});

test.run();
