/**
 * Tells whether a condition holds for a frame, over the frame's bytes: the reference that the decision tree, the block
 * and libpcap are compared with.
 */
import { compare, compute, protocolsOf } from "./arithmetic.js";
import type { Carrier, Condition, Family, Side } from "./condition.js";
import type { Arithmetic, ProtocolWord, RelationalOperator } from "./expression.js";
import { ProtocolNames } from "./names.js";

/** What one reading of a frame can tell. `undefined` always means: the bytes are not there. */
export interface Reading {
  readonly length: number;
  etherType(): number | undefined;
  /** undefined: untagged */
  vlan(): number | undefined;
  protocolIs(family: Family, value: number): boolean | undefined;
  /** for later fragments of IPv4 */
  hasTransport(family: Family): boolean | undefined;
  port(family: Family, side: Side): number | undefined;
  addressIs(carrier: Carrier, side: Side, value: bigint, mask: bigint): boolean | undefined;
  station(side: Side): bigint | undefined;
  /** where the header of a protocol that may be indexed begins; it has been seen to be there */
  base(protocol: ProtocolWord): number | undefined;
  read(offset: number, size: 1 | 2 | 4): number | undefined;
  dscp(): number | undefined;
  fragment(): boolean | undefined;
  readonly mark: number;
  readonly established: boolean;
}

const Ipv4Type = 0x0800;
const Ipv6Type = 0x86dd;
const Ipv4Only: ReadonlySet<ProtocolWord> = new Set<ProtocolWord>(["tcp", "udp", "sctp", "icmp", "igmp", "pim", "vrrp"]);

/** True or false; undefined where the packet ended before it was decided, which counts as no match. */
export function evaluate(condition: Condition, reading: Reading): boolean | undefined {
  switch (condition.kind) {
    case "constant":
      return condition.value;
    case "and": {
      const left = evaluate(condition.left, reading);
      return left === true ? evaluate(condition.right, reading) : left;
    }
    case "or": {
      const left = evaluate(condition.left, reading);
      return left === false ? evaluate(condition.right, reading) : left;
    }
    case "not": {
      const operand = evaluate(condition.operand, reading);
      return operand === undefined ? undefined : !operand;
    }
    case "etherType":
      return map(reading.etherType(), type => type === condition.value);
    case "protocol":
      return protocol(reading, condition.family, condition.value);
    case "address": {
      if (reading.etherType() !== typeOf(condition.carrier)) return reading.etherType() === undefined ? undefined : false;
      return reading.addressIs(condition.carrier, condition.side, condition.value, condition.mask);
    }
    case "station":
      return map(reading.station(condition.side), station => station === condition.value);
    case "port": {
      const carries = protocol(reading, condition.family, condition.protocol);
      if (carries !== true) return carries;
      const has = reading.hasTransport(condition.family);
      if (has !== true) return has;
      return map(reading.port(condition.family, condition.side), port => port >= condition.first && port <= condition.last);
    }
    case "vlan": {
      const id = reading.vlan();
      return id !== undefined && (condition.id === undefined || id === condition.id);
    }
    case "relation":
      return relation(condition.operator, condition.left, condition.right, reading);
    case "dscp":
      return map(reading.dscp(), dscp => dscp === condition.value);
    case "mark":
    case "identity":
      return reading.mark === condition.value;
    case "established":
      return reading.established;
    case "fragment":
      return reading.fragment();
  }
}

const map = <T, U>(value: T | undefined, then: (value: T) => U): U | undefined => (value === undefined ? undefined : then(value));

export function typeOf(carrier: Carrier): number {
  switch (carrier) {
    case "ip":
      return Ipv4Type;
    case "ip6":
      return Ipv6Type;
    case "arp":
      return 0x0806;
    case "rarp":
      return 0x8035;
  }
}

function protocol(reading: Reading, family: Family, value: number): boolean | undefined {
  const type = reading.etherType();
  if (type === undefined) return undefined;
  return type === (family === 4 ? Ipv4Type : Ipv6Type) ? reading.protocolIs(family, value) : false;
}

/** A comparison is false, not cut short, where a protocol that it reads is not there. */
function relation(operator: RelationalOperator, left: Arithmetic, right: Arithmetic, reading: Reading): boolean | undefined {
  for (const word of new Set([...protocolsOf(left), ...protocolsOf(right)])) {
    const there = present(word, reading);
    if (there !== true) return there;
  }
  const loads = {
    length: reading.length,
    load: (word: ProtocolWord, offset: number, size: 1 | 2 | 4): number | undefined =>
      map(reading.base(word), base => reading.read((base + offset) >>> 0, size)),
  };
  return map(compute(left, loads), a => map(compute(right, loads), b => compare(operator, a, b)));
}

function present(word: ProtocolWord, reading: Reading): boolean | undefined {
  if (word === "ether") return true;
  if (word === "icmp6") {
    const carries = protocol(reading, 6, 58);
    return carries === true ? reading.hasTransport(6) : carries;
  }
  if (!Ipv4Only.has(word))
    return map(reading.etherType(), type => type === typeOf(word === "ip" || word === "ip6" || word === "arp" ? word : "rarp"));
  // transport bytes are those of IPv4 alone, in the first fragment
  const carries = protocol(reading, 4, ProtocolNames.get(word) ?? 0);
  return carries === true ? reading.hasTransport(4) : carries;
}
