/** Random packets: well-formed ones of every kind that programs look at, and the same cut short or damaged. */
import {
  Arp,
  DestinationOptions,
  Ethernet,
  FragmentHeader,
  Gre,
  HopByHop,
  Icmp,
  Icmpv6,
  Ipv4,
  Ipv6,
  Sctp,
  Tcp,
  Udp,
  Vlan,
  Vxlan,
} from "datapath/headers";
import { packet, type World } from "datapath/testing";
import type { Random } from "./random.js";

type Layers = Parameters<typeof packet>;
type Sort = "valid" | "truncated" | "corrupted";

export interface RandomPacket {
  readonly sort: Sort;
  readonly bytes: Uint8Array;
  readonly world: World;
}

const smallPorts = [22, 53, 80, 443, 4789] as const;

function port(random: Random): number {
  return random.chance(0.5) ? random.pick(smallPorts) : random.below(65_536);
}

function address(random: Random): number {
  return random.chance(0.5) ? random.below(4) : random.word();
}

function address6(random: Random): bigint {
  return random.chance(0.5) ? BigInt(random.below(4)) : random.bigBetween(0n, (1n << 128n) - 1n);
}

/** An ICMP error about a packet, which it quotes in part. */
function error(random: Random, version: 4 | 6): Layers {
  const ports = { srcPort: port(random), dstPort: port(random) };
  const cut = random.bytes(random.below(12));
  const inner = random.weighted<() => Layers>([
    [3, () => [Tcp.of({ ...ports, sequence: random.word() }), cut]],
    [3, () => [Udp.of({ ...ports, ...(random.chance(0.2) ? { checksum: 0 } : {}) }), cut]],
    [2, () => [version === 4 ? Icmp.of({ type: random.pick([0, 8]) }) : Icmpv6.of({ type: random.pick([128, 129]) }), cut]],
    [1, () => [cut]],
  ])();
  if (version === 4) {
    const quote = Ipv4.of({ src: address(random), dst: address(random), ttl: 1, ...(random.chance(0.1) ? { fragmentOffset: 185 } : {}) });
    return [Icmp.of({ type: random.pick([3, 11, 12]), code: random.below(4) }), quote, ...inner];
  }
  const quote = Ipv6.of({ src: address6(random), dst: address6(random), hopLimit: 1 });
  return [Icmpv6.of({ type: random.pick([1, 2, 3, 4]) }), quote, ...inner];
}

function transport(random: Random, version: 4 | 6): Layers {
  const payload = random.bytes(random.below(40));
  return random.weighted<() => Layers>([
    [
      5,
      () => [
        Tcp.of({
          srcPort: port(random),
          dstPort: port(random),
          sequence: random.word(),
          window: random.below(65_536),
          flags: { syn: random.chance(0.4), ack: random.chance(0.5), fin: random.chance(0.1) },
          ...(random.chance(0.3) ? { dataOffset: 6 } : {}),
        }),
        payload,
      ],
    ],
    [4, () => [Udp.of({ srcPort: port(random), dstPort: port(random), ...(random.chance(0.2) ? { checksum: 0 } : {}) }), payload]],
    [1, () => [Udp.of({ dstPort: 4789 }), Vxlan.of({ networkIdentifier: random.below(1000) }), payload]],
    [2, () => [version === 4 ? Icmp.of({ type: random.below(16) }) : Icmpv6.of({ type: random.pick([1, 128, 129, 135, 136]) }), payload]],
    [2, () => error(random, version)],
    [1, () => [Sctp.of({ srcPort: port(random), dstPort: port(random) }), payload]],
    [1, () => [Gre.of({ hasKey: random.chance(0.5) }), random.bytes(8)]],
    [1, () => [payload]],
  ])();
}

function network(random: Random): Layers {
  return random.weighted<() => Layers>([
    [
      6,
      () => {
        const options = random.chance(0.2) ? random.pick([4, 8, 40]) : 0;
        const fragment = random.chance(0.15);
        return [
          Ipv4.of({
            src: address(random),
            dst: address(random),
            ttl: random.pick([0, 1, 64, 255]),
            dscp: random.below(64),
            identification: random.below(65_536),
            ihl: 5 + options / 4,
            ...(fragment ? { moreFragments: random.chance(0.5), fragmentOffset: random.pick([0, 0, 1, 185]) } : {}),
          }),
          ...(options > 0 ? [random.bytes(options)] : []),
          ...transport(random, 4),
        ];
      },
    ],
    [
      4,
      () => [
        Ipv6.of({ src: address6(random), dst: address6(random), trafficClass: random.below(256), hopLimit: random.pick([0, 1, 64, 255]) }),
        ...(random.chance(0.15) ? [HopByHop.of()] : []),
        ...(random.chance(0.15) ? [FragmentHeader.of({ fragmentOffset: random.pick([0, 0, 185]) })] : []),
        ...(random.chance(0.1) ? [DestinationOptions.of()] : []),
        ...transport(random, 6),
      ],
    ],
    [2, () => [Arp.of({ operation: random.between(1, 2), senderIp: address(random), targetIp: address(random) })]],
    [1, () => [random.bytes(random.below(64))]],
  ])();
}

/** Whether a test run takes the frame: on tc the kernel wants a whole network header behind IP's types. */
export function isRunnable(hook: "xdp" | "ingress" | "egress", bytes: Uint8Array): boolean {
  if (hook === "xdp") return true;
  const typeAt = (at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  const type = typeAt(12);
  // No driver hands tc a tag in the frame whose next one is cut: the kernel drops it before.
  const isTag = (at: number): boolean => typeAt(at) === 0x8100 || typeAt(at) === 0x88a8;
  if (isTag(12) && isTag(16) && bytes.length < 22) return false;
  return bytes.length >= (type === 0x0800 ? 34 : type === 0x86dd ? 54 : 14);
}

export function randomPacket(random: Random): RandomPacket {
  const ethernet = { dst: Number(random.bigBetween(0n, (1n << 48n) - 1n)), src: random.below(4) };
  const tags = random.weighted([
    [8, 0],
    [2, 1],
    [1, 2],
  ]);
  const layers: Layers = [
    Ethernet.of(ethernet),
    ...Array.from({ length: tags }, () => Vlan.of({ id: random.below(4096), priority: random.below(8) })),
    ...network(random),
  ];
  const whole = packet(...layers);
  const world: World = {
    clock: random.chance(0.2) ? random.bigBetween(0n, (1n << 62n) - 1n) : BigInt(random.below(1000)) * 1_000_000_000n,
    random: Array.from({ length: 64 }, () => (random.chance(0.5) ? random.below(8) : random.word())),
    mark: random.chance(0.5) ? 0 : random.word(),
    priority: random.chance(0.7) ? 0 : random.below(100),
    departure: random.chance(0.7) ? 0n : random.bigBetween(1n, (1n << 62n) - 1n),
  };
  const bytes = whole.length < 14 ? random.bytes(14) : whole;
  const sort = random.weighted<Sort>([
    [6, "valid"],
    [2, "truncated"],
    [2, "corrupted"],
  ]);
  switch (sort) {
    case "valid":
      return { sort, bytes, world };
    case "truncated":
      return { sort, bytes: bytes.slice(0, random.between(14, bytes.length)), world };
    case "corrupted": {
      const damaged = bytes.slice();
      for (let i = random.between(1, 6); i > 0; i--) damaged[random.between(12, damaged.length - 1)] = random.below(256);
      return { sort, bytes: damaged, world };
    }
  }
}
