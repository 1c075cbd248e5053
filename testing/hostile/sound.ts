/** Frames without fault, of every sort that blocks look at, between few stations, so that they meet the same flows again. */
import {
  Arp,
  AuthHeader,
  DestinationOptions,
  Ethernet,
  EtherType,
  FragmentHeader,
  HopByHop,
  Icmp,
  Icmpv6,
  IpProtocol,
  Ipv4,
  Ipv6,
  NeighborSolicitation,
  Routing,
  Sctp,
  Tcp,
  Udp,
  Vlan,
} from "../../dsl/headers/index.js";
import type { Layer } from "../../dsl/index.js";
import { packet } from "../packet.js";
import type { Random } from "./random.js";

/** Whom hostile packets come from and go to. */
export interface Stations {
  readonly macs: readonly number[];
  readonly ipv4: readonly number[];
  readonly ipv6: readonly bigint[];
  readonly ports: readonly number[];
}

/** Frames are made of these. */
export type Parts = (Layer | Uint8Array)[];

const LIMITED_BROADCAST = 0xffff_ffff;
const ALL_SYSTEMS = 0xe000_0001;
const ALL_NODES = 0xff02_0000_0000_0000_0000_0000_0000_0001n;

/** Few packets are nearly as long as a link takes, so that headers in front make them too long. */
const LONG = 0.01;

function address4(random: Random, { ipv4 }: Stations): number {
  return random.chance(0.93) ? random.pick(ipv4) : random.pick([0, LIMITED_BROADCAST, ALL_SYSTEMS, 0x7f00_0001, random.word()]);
}
function address6(random: Random, { ipv6 }: Stations): bigint {
  if (random.chance(0.93)) return random.pick(ipv6);
  return random.pick([0n, 1n, ALL_NODES, 0xffff_0000_0000n | BigInt(random.word()), BigInt(random.word()) << 96n]);
}
function port(random: Random, { ports }: Stations): number {
  return random.chance(0.9) ? random.pick(ports) : random.pick([0, 0xffff, random.below(0x1_0000)]);
}

/** TCP's flags as connections have them, and as only scanners do. */
const usualFlags = [
  { syn: true },
  { syn: true, ack: true },
  { ack: true },
  { ack: true, psh: true },
  { fin: true, ack: true },
  { rst: true },
];
function flags(random: Random): Partial<Record<"fin" | "syn" | "rst" | "psh" | "ack" | "urg", boolean>> {
  if (random.chance(0.85)) return random.pick(usualFlags);
  const on = (): boolean => random.chance(0.5);
  return { fin: on(), syn: on(), rst: on(), psh: on(), ack: on(), urg: on() };
}

/** TCP options that are right: maximum segment size, SACK permitted, timestamps, window scale. */
const tcpOptions = [
  [],
  [2, 4, 5, 180],
  [2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7],
  [1, 1, 8, 10, 0, 0, 0, 2, 0, 0, 0, 1],
] as const;

function tcp(random: Random, stations: Stations): Parts {
  const options = random.pick(tcpOptions);
  return [
    Tcp.of({
      srcPort: port(random, stations),
      dstPort: port(random, stations),
      sequence: random.chance(0.7) ? 1000 + random.below(4) : random.word(),
      acknowledgement: random.chance(0.7) ? 1000 + random.below(4) : random.word(),
      window: random.pick([0, 1, 1024, 65_535]),
      flags: flags(random),
      dataOffset: 5 + options.length / 4,
    }),
    Uint8Array.from(options),
    random.bytes(random.chance(LONG) ? random.between(1200, 1480) : random.chance(0.5) ? 0 : random.below(24)),
  ];
}

function transport(random: Random, stations: Stations, version: 4 | 6): Parts {
  const payload = random.bytes(random.chance(LONG) ? random.between(1200, 1480) : random.below(40));
  switch (random.below(12)) {
    case 0:
    case 1:
      return [
        Udp.of({
          srcPort: port(random, stations),
          dstPort: port(random, stations),
          ...(version === 4 && random.chance(0.2) && { checksum: 0 }),
        }),
        payload,
      ];
    case 2:
      return [Sctp.of({ srcPort: port(random, stations), dstPort: port(random, stations) }), Uint8Array.of(random.below(16), 0, 0, 4)];
    case 3:
      return version === 4
        ? [Icmp.of({ type: random.pick([0, 8, 8, 13]), rest: random.below(4) * 0x1_0000 }), payload]
        : [Icmpv6.of({ type: random.pick([128, 128, 129, 133, 136]) }), payload];
    case 4:
      return icmpError(random, stations, version);
    case 5:
      return version === 6
        ? [NeighborSolicitation.of({ target: address6(random, stations) }), Uint8Array.of(1, 1, 2, 0, 0, 0, 0, random.below(4))]
        : [payload];
    default:
      return tcp(random, stations);
  }
}

/** An error that quotes a packet, cut anywhere behind its IP header, as routers do it. */
function icmpError(random: Random, stations: Stations, version: 4 | 6): Parts {
  const whole = packet(...network(random, stations, version, () => tcp(random, stations)));
  const quoted = whole.subarray(0, random.chance(0.3) ? random.between(0, whole.length) : whole.length);
  if (version === 4) {
    const type = random.pick([3, 3, 3, 11, 12, 5]);
    return [Icmp.of({ type, code: random.below(5), rest: random.chance(0.5) ? 1400 : 0 }), quoted];
  }
  return [Icmpv6.of({ type: random.pick([1, 2, 2, 3, 4]), code: random.below(3) }), Uint8Array.of(0, 0, 5, 0), quoted];
}

function network(random: Random, stations: Stations, version: 4 | 6, inside: () => Parts): Parts {
  if (version === 4) {
    const options = random.chance(0.1)
      ? random.pick([
          [1, 1, 1, 0],
          [7, 7, 4, 0, 0, 0, 0, 0],
          [148, 4, 0, 0],
        ])
      : [];
    return [
      Ipv4.of({
        src: address4(random, stations),
        dst: address4(random, stations),
        ttl: random.pick([0, 1, 2, 64, 255]),
        dscp: random.below(64),
        identification: random.below(8),
        ihl: 5 + options.length / 4,
        ...fragment(random),
      }),
      Uint8Array.from(options),
      ...inside(),
    ];
  }
  return [
    Ipv6.of({ src: address6(random, stations), dst: address6(random, stations), hopLimit: random.pick([0, 1, 64, 255]) }),
    ...extensions(random),
    ...inside(),
  ];
}

/** Fragments whose places overlap, and ones that end before the transport header does. */
function fragment(random: Random): { moreFragments?: boolean; fragmentOffset?: number; protocol?: number } {
  if (random.chance(0.88)) return {};
  const fragmentOffset = random.pick([0, 0, 1, 1, 2, 3, 185, 8191]);
  const moreFragments = random.chance(0.6);
  if (fragmentOffset === 0) return { moreFragments };
  return { moreFragments, fragmentOffset, protocol: random.pick([IpProtocol.Tcp, IpProtocol.Udp, IpProtocol.Icmp]) };
}

function extensions(random: Random): Parts {
  const parts: Parts = [];
  for (let left = random.chance(0.75) ? 0 : random.between(1, 8); left > 0; left--) {
    parts.push(
      random.pick<() => Layer>([
        () => HopByHop.of(),
        () => Routing.of(),
        () => DestinationOptions.of(),
        () => AuthHeader.of(),
        () =>
          FragmentHeader.of({
            moreFragments: random.chance(0.5),
            fragmentOffset: random.pick([0, 0, 1, 2, 185]),
            identification: random.below(8),
          }),
      ])(),
    );
  }
  return parts;
}

function arp(random: Random, stations: Stations): Parts {
  return [
    Arp.of({
      operation: random.pick([1, 1, 1, 2]),
      senderMac: random.pick(stations.macs),
      senderIp: address4(random, stations),
      targetIp: address4(random, stations),
    }),
  ];
}

/** One frame. */
export function soundFrame(random: Random, stations: Stations): Uint8Array {
  const ethernet = { src: random.pick(stations.macs), dst: random.chance(0.9) ? random.pick(stations.macs) : 0xffff_ffff_ffff };
  const tags = random.chance(0.85) ? [] : Array.from({ length: random.between(1, 3) }, () => Vlan.of({ id: random.below(4096) }));
  const service = tags.length > 1 || random.chance(0.1) ? { etherType: EtherType.ServiceVlan } : {};
  const version = random.chance(0.6) ? 4 : 6;
  const inside = random.chance(0.1)
    ? arp(random, stations)
    : network(random, stations, version, () => transport(random, stations, version));
  return packet(Ethernet.of({ ...ethernet, ...(tags.length > 0 && service) }), ...tags, ...inside);
}
