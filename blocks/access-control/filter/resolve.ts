/** From the syntax tree to conditions: what each qualifier means for each kind of identifier, as libpcap has it. */
import { octetsValue } from "./addresses.js";
import { all, any, type Carrier, type Condition, type Family, not, type Side } from "./condition.js";
import { type Extent, FilterError } from "./error.js";
import type { Arithmetic, Direction, Expression, Identifier, ProtocolWord, Qualifiers } from "./expression.js";
import { EtherTypeNames, ProtocolNames } from "./names.js";

const Ipv4Type = 0x0800;
const ArpType = 0x0806;
const RarpType = 0x8035;
const Ipv6Type = 0x86dd;

const Tcp = 6;
const Udp = 17;
const Icmp6 = 58;
const Sctp = 132;
const all32 = 0xffff_ffffn;
const all48 = 0xffff_ffff_ffffn;
const all128 = (1n << 128n) - 1n;

const nowhere: Extent = { from: 0, to: 0 };
/** ether[0] & 1 != 0 */
const groupBit: Condition = {
  kind: "relation",
  operator: "!=",
  left: {
    kind: "binary",
    operator: "&",
    left: { kind: "load", protocol: "ether", offset: { kind: "number", value: 0, extent: nowhere }, size: 1, extent: nowhere },
    right: { kind: "number", value: 1, extent: nowhere },
    extent: nowhere,
  },
  right: { kind: "number", value: 0, extent: nowhere },
};

type Primitive = Extract<Expression, { kind: "primitive" }>;

/** @throws {FilterError} where qualifiers and identifier do not go together, or a number is out of range */
export function resolve(expression: Expression, text: string): Condition {
  const fail = (reason: string, extent: Extent): never => {
    throw new FilterError(reason, text, extent);
  };

  function condition(node: Expression): Condition {
    switch (node.kind) {
      case "everything":
        return { kind: "constant", value: true };
      case "and":
      case "or":
        return { kind: node.kind, left: condition(node.left), right: condition(node.right) };
      case "not":
        return not(condition(node.operand));
      case "protocol":
        return ofProtocolWord(node.protocol, node.extent);
      case "relation":
        checkArithmetic(node.left);
        checkArithmetic(node.right);
        return { kind: "relation", operator: node.operator, left: node.left, right: node.right };
      case "broadcast":
      case "multicast":
        return cast(node.kind, node.protocol, node.extent);
      case "vlan":
        if (node.id !== undefined && node.id > 4095) fail(`expected a VLAN identifier of 0 to 4095, found ${node.id}`, node.extent);
        return { kind: "vlan", id: node.id };
      case "dscp":
        if (node.value > 63) fail(`expected a DSCP of 0 to 63, found ${node.value}`, node.extent);
        return { kind: "dscp", value: node.value };
      case "mark":
      case "identity":
        return { kind: node.kind, value: node.value };
      case "established":
      case "fragment":
        return { kind: node.kind };
      case "primitive":
        return primitive(node);
    }
  }

  function ofProtocolWord(word: ProtocolWord, extent: Extent): Condition {
    switch (word) {
      case "ether":
        return fail('expected "src", "dst", "host", "proto", "broadcast", "multicast" or [offset] after "ether"', {
          from: extent.to,
          to: extent.to,
        });
      case "ip":
        return { kind: "etherType", value: Ipv4Type };
      case "ip6":
        return { kind: "etherType", value: Ipv6Type };
      case "arp":
        return { kind: "etherType", value: ArpType };
      case "rarp":
        return { kind: "etherType", value: RarpType };
      case "tcp":
      case "udp":
      case "sctp":
      case "ah":
      case "esp":
      case "pim":
        return either(ProtocolNames.get(word) ?? 0);
      case "icmp":
      case "igmp":
      case "vrrp":
        return { kind: "protocol", family: 4, value: ProtocolNames.get(word) ?? 0 };
      case "icmp6":
        return { kind: "protocol", family: 6, value: Icmp6 };
    }
  }

  function either(value: number): Condition {
    return any({ kind: "protocol", family: 4, value }, { kind: "protocol", family: 6, value });
  }

  function cast(kind: "broadcast" | "multicast", word: ProtocolWord | undefined, extent: Extent): Condition {
    if (word === undefined || word === "ether") {
      return kind === "broadcast" ? { kind: "station", side: "destination", value: all48 } : groupBit;
    }
    const to = (carrier: Carrier, value: bigint, mask: bigint): Condition => ({
      kind: "address",
      carrier,
      side: "destination",
      value,
      mask,
    });
    if (word === "ip" && kind === "broadcast") return any(to("ip", 0n, all32), to("ip", all32, all32));
    // 224.0.0.0 and above, class E too
    if (word === "ip") return to("ip", 0xe000_0000n, 0xe000_0000n);
    if (word === "ip6" && kind === "multicast") return to("ip6", 0xffn << 120n, 0xffn << 120n);
    return fail(`expected ${kind === "broadcast" ? "ether or ip" : "ether, ip or ip6"} in front of ${kind}, found "${word}"`, extent);
  }

  function primitive(node: Primitive): Condition {
    switch (node.qualifiers.address) {
      case "proto":
        return proto(node);
      case "port":
      case "portrange":
        return ports(node);
      case "any":
      case "host":
      case "net":
        return node.qualifiers.protocol === "ether" ? station(node) : addresses(node);
    }
  }

  function proto({ qualifiers, identifier, extent }: Primitive): Condition {
    const link = qualifiers.protocol === "ether";
    const number = (): number => {
      if (identifier.kind === "number") return identifier.value;
      const name = identifier.kind === "escaped" ? identifier.name : undefined;
      const known = name === undefined ? undefined : (link ? EtherTypeNames : ProtocolNames).get(name);
      return (
        known ??
        fail(
          `expected a protocol number or one of ${[...(link ? EtherTypeNames : ProtocolNames).keys()].map(key => `\\${key}`).join(", ")}`,
          identifier.extent,
        )
      );
    };
    const value = number();
    if (link) {
      if (value < 1501 || value > 65535) fail(`expected an EtherType of 1501 to 65535, found ${value}`, identifier.extent);
      return { kind: "etherType", value };
    }
    if (value > 255) fail(`expected a protocol number of 0 to 255, found ${value}`, identifier.extent);
    switch (qualifiers.protocol) {
      case undefined:
        return either(value);
      case "ip":
        return { kind: "protocol", family: 4, value };
      case "ip6":
        return { kind: "protocol", family: 6, value };
      default:
        return fail(`"${qualifiers.protocol} proto" says nothing: expected "ether proto", "ip proto", "ip6 proto" or "proto"`, extent);
    }
  }

  function ports({ qualifiers, identifier, extent }: Primitive): Condition {
    const { first, last } = portsOf(qualifiers, identifier);
    const protocols = portProtocols(qualifiers, extent);
    const ofFamily = (family: Family): Condition => {
      const [head = Tcp, ...rest] = protocols;
      const one = (protocol: number): Condition =>
        sides(qualifiers.direction, side => ({ kind: "port", family, protocol, side, first, last }));
      return any(one(head), ...rest.map(one));
    };
    return any(ofFamily(4), ofFamily(6));
  }

  function portsOf(qualifiers: Qualifiers, identifier: Identifier): { first: number; last: number } {
    const checked = (port: number): number =>
      port > 65535 ? fail(`expected a port of 0 to 65535, found ${port}`, identifier.extent) : port;
    if (identifier.kind === "number") return { first: checked(identifier.value), last: checked(identifier.value) };
    if (identifier.kind !== "range") return fail("expected a port number", identifier.extent);
    if (qualifiers.address === "port")
      return fail(`expected one port; a range is written "portrange ${identifier.first}-${identifier.last}"`, identifier.extent);
    const [first, last] = [checked(identifier.first), checked(identifier.last)];
    return { first: Math.min(first, last), last: Math.max(first, last) };
  }

  function portProtocols(qualifiers: Qualifiers, extent: Extent): number[] {
    switch (qualifiers.protocol) {
      case undefined:
        return [Tcp, Udp, Sctp];
      case "tcp":
        return [Tcp];
      case "udp":
        return [Udp];
      case "sctp":
        return [Sctp];
      default:
        return fail(`"${qualifiers.protocol}" has no ports: expected tcp, udp or sctp in front of ${qualifiers.address}`, extent);
    }
  }

  function station({ qualifiers, identifier }: Primitive): Condition {
    if (identifier.kind !== "mac" || qualifiers.address === "net")
      return fail("expected an Ethernet address such as 02:00:00:00:00:01", identifier.extent);
    return sides(qualifiers.direction, side => ({ kind: "station", side, value: identifier.value }));
  }

  function addresses({ qualifiers, identifier, extent }: Primitive): Condition {
    if (identifier.kind === "mac") return fail('expected "ether" in front of an Ethernet address', extent);
    if (identifier.kind === "range" || identifier.kind === "escaped") return fail("expected an IPv4 or IPv6 address", identifier.extent);
    const carriers = carriersOf(qualifiers, identifier, extent);
    const [value, mask] = identifier.kind === "ipv6" ? prefix6(qualifiers, identifier) : prefix4(qualifiers, identifier);
    const [head = "ip", ...rest] = carriers;
    const one = (carrier: Carrier): Condition => sides(qualifiers.direction, side => ({ kind: "address", carrier, side, value, mask }));
    return any(one(head), ...rest.map(one));
  }

  function carriersOf(qualifiers: Qualifiers, identifier: Identifier, extent: Extent): readonly Carrier[] {
    const word = qualifiers.protocol;
    const wide = identifier.kind === "ipv6";
    if (word === undefined) return wide ? ["ip6"] : ["ip", "arp", "rarp"];
    if (wide && word === "ip6") return [word];
    if (!wide && (word === "ip" || word === "arp" || word === "rarp")) return [word];
    return fail(`"${word}" does not go with an ${wide ? "IPv6" : "IPv4"} address`, extent);
  }

  function prefix4(qualifiers: Qualifiers, identifier: Extract<Identifier, { kind: "ipv4" | "number" }>): [value: bigint, mask: bigint] {
    if (identifier.kind === "number") return qualifiers.address === "net" ? shortNet(identifier.value) : [BigInt(identifier.value), all32];
    const { octets, length, mask, extent } = identifier;
    const value = octetsValue(octets);
    if ((length !== undefined || mask !== undefined) && qualifiers.address !== "net") fail('expected "net" in front of a prefix', extent);
    if (length !== undefined && length > 32) fail(`expected a prefix length of 0 to 32, found ${length}`, extent);
    const bits = mask !== undefined ? octetsValue(mask) : lengthMask(length ?? octets.length * 8, 32);
    if ((value & ~bits & all32) !== 0n) fail("the address has bits outside its mask", extent);
    return [value, bits];
  }

  function prefix6(qualifiers: Qualifiers, identifier: Extract<Identifier, { kind: "ipv6" }>): [value: bigint, mask: bigint] {
    const length = identifier.length ?? 128;
    if (length > 128) fail(`expected a prefix length of 0 to 128, found ${length}`, identifier.extent);
    if (length !== 128 && qualifiers.address !== "net") fail('expected "net" in front of a prefix', identifier.extent);
    const mask = lengthMask(length, 128);
    if ((identifier.value & ~mask & all128) !== 0n) fail("the address has bits outside its prefix", identifier.extent);
    return [identifier.value, mask];
  }

  function checkArithmetic(node: Arithmetic): void {
    switch (node.kind) {
      case "number":
      case "length":
        return;
      case "load":
        if (node.protocol === "ah" || node.protocol === "esp") fail(`bytes of "${node.protocol}" cannot be tested`, node.extent);
        checkArithmetic(node.offset);
        return;
      case "negate":
        checkArithmetic(node.operand);
        return;
      case "binary": {
        checkArithmetic(node.left);
        checkArithmetic(node.right);
        const right = node.right.kind === "number" ? node.right.value : undefined;
        if ((node.operator === "/" || node.operator === "%") && right === 0) fail("division by zero", node.right.extent);
        if ((node.operator === "<<" || node.operator === ">>") && right !== undefined && right > 31)
          fail("expected a shift of 0 to 31 bits", node.right.extent);
      }
    }
  }

  return condition(expression);
}

/** `net 10` is 10.0.0.0/8, `net 0x0a01` is 10.1.0.0/16: a short number moves up to the first octet. */
function shortNet(number: number): [value: bigint, mask: bigint] {
  let value = BigInt(number);
  let mask = all32;
  while (value !== 0n && value >> 24n === 0n) {
    value <<= 8n;
    mask = (mask << 8n) & all32;
  }
  return [value, mask];
}

const lengthMask = (length: number, width: number): bigint => ((1n << BigInt(length)) - 1n) << BigInt(width - length);

function sides(direction: Direction | undefined, one: (side: Side) => Condition): Condition {
  switch (direction) {
    case "source":
    case "destination":
      return one(direction);
    case "both":
      return all(one("source"), one("destination"));
    case "either":
    case undefined:
      return any(one("source"), one("destination"));
  }
}
