/** What a decision tests of a packet: datapath code. */
import { type Packet, u8, u16, u32 } from "datapath";
import type { Ethernet } from "datapath/headers";
import { compute, holds } from "./arithmetic.dp.js";
import { type BytesField, type Field, type FieldName, UNTAGGED } from "./tree/field.js";

export interface Addresses {
  readonly source0: u32;
  readonly source1: u32;
  readonly source2: u32;
  readonly source3: u32;
  readonly destination0: u32;
  readonly destination1: u32;
  readonly destination2: u32;
  readonly destination3: u32;
}
/** What a decision tests of one packet. What no rule tests is 0 and leaves no code. */
export interface Facts {
  readonly ethernet: Ethernet;
  readonly network: u16;
  readonly transport: u16;
  readonly etherType: u16;
  readonly protocol: u8;
  readonly fragment: u8;
  readonly dscp: u8;
  readonly mark: u32;
  readonly established: u8;
  readonly addresses: Addresses;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly icmpType: number;
  readonly icmpCode: number;
}

/** What a decision compares. */
export function valueFor(field: Field, pkt: Packet, facts: Facts): number {
  if (field.kind === "named") return namedValue(field.name, pkt, facts);
  if (field.kind === "bytes") return bytesValue(field, pkt, facts);
  const left = compute(field.left, pkt, facts);
  if (left === undefined) return 2;
  const right = compute(field.right, pkt, facts);
  if (right === undefined) return 2;
  return holds(field.operator, left, right) ? 1 : 0;
}

function bytesValue(field: BytesField, pkt: Packet, facts: Facts): number {
  const at = (field.base === "frame" ? 0 : field.base === "network" ? facts.network : facts.transport) + field.offset;
  if (field.size === 1) {
    const value = pkt.read(at, u8);
    return value === undefined ? 256 : field.mask === 255 ? value : value & field.mask;
  }
  if (field.size === 2) {
    const value = pkt.read(at, u16);
    return value === undefined ? 65_536 : field.mask === 65_535 ? value : value & field.mask;
  }
  const value = pkt.read(at, u32);
  return value === undefined ? 4_294_967_296 : field.mask === 4_294_967_295 ? value : (value & field.mask) >>> 0;
}

function namedValue(name: FieldName, pkt: Packet, facts: Facts): number {
  switch (name) {
    case "etherType":
      return facts.etherType;
    case "vlan":
      return pkt.vlan?.id ?? UNTAGGED;
    case "length":
      return pkt.length;
    case "mark":
      return facts.mark;
    case "established":
      return facts.established;
    case "stationSource":
      return facts.ethernet.src;
    case "stationDestination":
      return facts.ethernet.dst;
    case "protocol":
      return facts.protocol;
    case "fragment":
      return facts.fragment;
    case "dscp":
      return facts.dscp;
    case "source0":
      return facts.addresses.source0;
    case "source1":
      return facts.addresses.source1;
    case "source2":
      return facts.addresses.source2;
    case "source3":
      return facts.addresses.source3;
    case "destination0":
      return facts.addresses.destination0;
    case "destination1":
      return facts.addresses.destination1;
    case "destination2":
      return facts.addresses.destination2;
    case "destination3":
      return facts.addresses.destination3;
    case "sourcePort":
      return facts.sourcePort;
    case "destinationPort":
      return facts.destinationPort;
    case "icmpType":
      return facts.icmpType;
    case "icmpCode":
      return facts.icmpCode;
  }
}
