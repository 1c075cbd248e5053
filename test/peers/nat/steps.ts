/** What is sent through the routers. Each step is one frame; what it becomes is looked at on both devices. */
import { ipv4, ipv6, type Layer } from "datapath";
import { Ethernet, Icmp, IcmpEcho, Icmpv6, Ipv4, Ipv6, Tcp, Udp } from "datapath/headers";
import { packet } from "datapath/testing";
import { macs, type Side } from "./network.js";

/** Ports and identifiers that a router chose, by the step that showed them. */
export type Chosen = ReadonlyMap<string, number>;

export interface Step {
  readonly what: string;
  readonly device: Side;
  readonly frame: (chosen: Chosen) => Uint8Array;
  /** the router may choose the source port, or the identifier: it is remembered under this name and not compared */
  readonly chooses?: string;
  /** leads back by the device that it came from, which a router that sits at the outer device alone does not see */
  readonly hairpin?: true;
}

const [gate, client, other] = [ipv4("198.51.100.1"), ipv4("198.51.100.7"), ipv4("198.51.100.8")];
const [web, alice, bob, carol] = [ipv4("10.0.0.5"), ipv4("10.0.0.6"), ipv4("10.0.0.7"), ipv4("10.0.0.8")];
const inner = ipv4("10.0.0.1");
const [gate6, client6, web6] = [ipv6("2001:db8::1"), ipv6("2001:db8::7"), ipv6("fd00::5")];

const ethernet = (device: Side): Layer =>
  device === "left" ? Ethernet.of({ src: macs.left, dst: macs.routerLeft }) : Ethernet.of({ src: macs.right, dst: macs.routerRight });
type Ports = readonly [source: number, destination: number];
/** What the router's own stack answers, with an identification of its own. */
export const EXPIRES = "a station's packet that may go no further";
interface Extra {
  readonly ttl?: number;
  readonly data?: string;
}
const four = (device: Side, src: number, dst: number, transport: Layer, { ttl = 64, data = "" }: Extra = {}): Uint8Array =>
  packet(ethernet(device), Ipv4.of({ src, dst, ttl, identification: 77 }), transport, data);
const tcp = ([srcPort, dstPort]: Ports, flags: object): Layer =>
  Tcp.of({ srcPort, dstPort, sequence: 1000, acknowledgement: "syn" in flags && !("ack" in flags) ? 0 : 1001, window: 60_000, flags });
const answering = ([srcPort, dstPort]: Ports, flags: object): Layer =>
  Tcp.of({ srcPort, dstPort, sequence: 5000, acknowledgement: 1001, window: 60_000, flags });
const udp = ([srcPort, dstPort]: Ports, more: object = {}): Layer => Udp.of({ srcPort, dstPort, ...more });
const echo = (type: number, identifier: number): Layer => IcmpEcho.of({ type, identifier, sequence: 1 });
/** An ICMP error of a station, quoting `quoted` bytes of what it got. */
const error = (device: Side, src: number, dst: number, type: number, about: Uint8Array, quoted = 28): Uint8Array =>
  packet(
    ethernet(device),
    Ipv4.of({ src, dst }),
    Icmp.of({ type, code: type === 3 ? 4 : 0, rest: type === 3 ? 1400 : 0 }),
    about.subarray(14, 14 + quoted),
  );

const [syn, synAck, ack, finAck] = [{ syn: true }, { syn: true, ack: true }, { ack: true }, { fin: true, ack: true }];
const fixed = (bytes: Uint8Array) => () => bytes;
const left = (what: string, frame: Uint8Array): Step => ({ what, device: "left", frame: fixed(frame) });
const right = (what: string, frame: Uint8Array): Step => ({ what, device: "right", frame: fixed(frame) });
const hairpin = (what: string, frame: Uint8Array): Step => ({ what, device: "right", frame: fixed(frame), hairpin: true });
/** Out by a source port that may be another one. */
const choosing = (step: Step, chooses: string): Step => ({ ...step, chooses });
/** In again, to what was chosen. */
const toChosen = (what: string, name: string, frame: (port: number) => Uint8Array): Step => ({
  what,
  device: "left",
  frame: chosen => frame(chosen.get(name) ?? 0),
});

const published: readonly Step[] = [
  left("a connection to a published port", four("left", client, gate, tcp([40_000, 80], syn))),
  right("its answer", four("right", web, client, answering([8080, 40_000], synAck))),
  left("acknowledged", four("left", client, gate, tcp([40_000, 80], ack))),
  left(
    "data",
    four(
      "left",
      client,
      gate,
      Tcp.of({ srcPort: 40_000, dstPort: 80, sequence: 1001, acknowledgement: 5001, window: 60_000, flags: ack }),
      { data: "GET /" },
    ),
  ),
  left("a second client with the same port", four("left", other, gate, tcp([40_000, 80], syn))),
  right("its answer", four("right", web, other, answering([8080, 40_000], synAck))),
  left("a range's first port", four("left", client, gate, udp([5000, 6000]), { data: "x" })),
  left("a range's last port", four("left", client, gate, udp([5000, 6009]), { data: "x" })),
  right("the answer of the last", four("right", web, client, udp([7009, 5000]), { data: "y" })),
  left("UDP without a checksum", four("left", client, gate, udp([5001, 6003], { checksum: 0 }), { data: "z" })),
  right(
    "the container refuses a datagram",
    error("right", web, client, 3, four("left", client, web, udp([5000, 7000]), { ttl: 63, data: "x" })),
  ),
  right(
    "a router of the inside finds one too long",
    error("right", inner + 8, client, 3, four("left", client, web, udp([5000, 7009]), { data: "x" })),
  ),
  right(
    "an error about a connection, quoting eight bytes",
    error("right", web, client, 3, four("left", client, web, tcp([40_000, 8080], ack))),
  ),
  right("and quoting all", error("right", web, client, 3, four("left", client, web, tcp([40_000, 8080], ack)), 40)),
  left(
    "the client's router finds an answer too long",
    error("left", client, gate, 3, four("right", gate, client, answering([80, 40_000], ack))),
  ),
  left(
    "an error about a connection that is not",
    error("left", client, gate, 3, four("right", gate, client, answering([80, 40_009], ack))),
  ),
  left(
    "an error that quotes less than eight bytes",
    error("left", client, gate, 3, four("right", gate, client, answering([80, 40_000], ack)), 27),
  ),
  left(
    "the client closes",
    four(
      "left",
      client,
      gate,
      Tcp.of({ srcPort: 40_000, dstPort: 80, sequence: 1006, acknowledgement: 5001, window: 60_000, flags: finAck }),
    ),
  ),
  right(
    "the container too",
    four(
      "right",
      web,
      client,
      Tcp.of({ srcPort: 8080, dstPort: 40_000, sequence: 5001, acknowledgement: 1007, window: 60_000, flags: finAck }),
    ),
  ),
];

const masqueraded: readonly Step[] = [
  right("a datagram of the inside", four("right", alice, client, udp([5000, 53]), { data: "question" })),
  left("its answer", four("left", client, gate, udp([53, 5000]), { data: "answer" })),
  choosing(right("another station with the same port", four("right", bob, client, udp([5000, 53]), { data: "question" })), "second"),
  toChosen("its answer", "second", port => four("left", client, gate, udp([53, port]), { data: "answer" })),
  // nftables keeps the port that it chose for the station: a mapping of its own, not of the flow's.
  choosing(right("the same port towards another server", four("right", bob, other, udp([5000, 53]), { data: "question" })), "third"),
  right("a connection of the inside", four("right", alice, client, tcp([41_000, 443], syn))),
  left("its answer", four("left", client, gate, answering([443, 41_000], synAck))),
  right("acknowledged", four("right", alice, client, tcp([41_000, 443], ack))),
  right("an echo", four("right", alice, client, echo(8, 7), { data: "ping" })),
  left("its reply", four("left", client, gate, echo(0, 7), { data: "ping" })),
  choosing(right("another station's echo with the same identifier", four("right", bob, client, echo(8, 7), { data: "ping" })), "echo"),
  toChosen("its reply", "echo", identifier => four("left", client, gate, echo(0, identifier), { data: "ping" })),
  left(
    "the datagram was refused",
    error("left", client, gate, 3, four("left", gate, client, udp([5000, 53]), { ttl: 63, data: "question" })),
  ),
  toChosen("the other station's was", "second", port =>
    error("left", client, gate, 3, four("left", gate, client, udp([port, 53]), { ttl: 63, data: "question" })),
  ),
  left("it expired on its way", error("left", other, gate, 11, four("left", gate, client, udp([5000, 53]), { ttl: 1, data: "question" }))),
  toChosen("an echo expired on its way", "echo", identifier =>
    error("left", other, gate, 11, four("left", gate, client, echo(8, identifier), { ttl: 1, data: "ping" })),
  ),
  left("a connection's packet was too long", error("left", other, gate, 3, four("left", gate, client, tcp([41_000, 443], ack)), 40)),
  right(
    "the station refuses an answer",
    error("right", alice, client, 3, four("left", client, alice, udp([53, 5000]), { ttl: 63, data: "answer" })),
  ),
  left("a redirect", error("left", client, gate, 5, four("left", gate, client, udp([5000, 53]), { data: "question" }))),
  right(EXPIRES, four("right", alice, client, udp([5000, 53]), { ttl: 1, data: "question" })),
];

const exhausted: readonly Step[] = [
  right("the first of two ports", four("right", alice, client, udp([30_000, 9999]), { data: "1" })),
  choosing(right("the second", four("right", bob, client, udp([30_000, 9999]), { data: "2" })), "last"),
  right("no port is left", four("right", carol, client, udp([30_000, 9999]), { data: "3" })),
  right("those that have one go on", four("right", alice, client, udp([30_000, 9999]), { data: "4" })),
  toChosen("in both directions", "last", port => four("left", client, gate, udp([9999, port]), { data: "5" })),
];

const turned: readonly Step[] = [
  hairpin("a station reaches a published port", four("right", alice, gate, tcp([50_000, 80], syn))),
  hairpin("and is answered", four("right", web, inner, answering([8080, 50_000], synAck))),
  hairpin("the container reaches its own", four("right", web, gate, tcp([50_001, 80], syn))),
  hairpin("and is answered", four("right", web, inner, answering([8080, 50_001], synAck))),
  hairpin("and refuses it", error("right", web, inner, 3, four("right", inner, web, tcp([50_001, 8080], syn)))),
];

const six = (device: Side, src: bigint, dst: bigint, ...more: (Layer | string | Uint8Array)[]): Uint8Array =>
  packet(ethernet(device), Ipv6.of({ src, dst }), ...more);
const ipv6Steps: readonly Step[] = [
  left("IPv6: a connection to a published port", six("left", client6, gate6, tcp([40_000, 80], syn))),
  right("IPv6: its answer", six("right", web6, client6, answering([8080, 40_000], synAck))),
  right(
    "IPv6: the container finds a packet too long",
    six("right", web6, client6, Icmpv6.of({ type: 2, rest: 1280 }), six("left", client6, web6, tcp([40_000, 8080], ack)).subarray(14)),
  ),
  left(
    "IPv6: the client's router does",
    six("left", client6, gate6, Icmpv6.of({ type: 2, rest: 1280 }), six("left", gate6, client6, answering([80, 40_000], ack)).subarray(14)),
  ),
];

export const steps: readonly Step[] = [...published, ...masqueraded, ...exhausted, ...turned, ...ipv6Steps];
