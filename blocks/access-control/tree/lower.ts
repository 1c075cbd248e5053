/** From conditions to predicates: what a condition asks of the packets of one family. */
import { compare, protocolsOf } from "../filter/arithmetic.js";
import type { Carrier, Condition, Side } from "../filter/condition.js";
import { typeOf } from "../filter/evaluate.js";
import type { ProtocolWord } from "../filter/expression.js";
import { ProtocolNames } from "../filter/names.js";
import { CUT_PORT, type Family, type Field, type FieldName, NO_ADDRESS, UNTAGGED } from "./field.js";
import { always, and, cutShort, negated, never, or, type Predicate, within } from "./predicate.js";
import { fold, lowerRelation } from "./relation.js";

export const named = (name: FieldName): Field => ({ kind: "named", name });

export function lower(condition: Condition, family: Family): Predicate {
  switch (condition.kind) {
    case "constant":
      return condition.value ? always : never;
    case "and":
      return and(lower(condition.left, family), lower(condition.right, family));
    case "or":
      return or(lower(condition.left, family), lower(condition.right, family));
    case "not":
      return negated(lower(condition.operand, family));
    case "etherType":
      return etherType(condition.value, family);
    case "protocol":
      return protocol(condition.family, condition.value, family);
    case "address":
      return address(condition.carrier, condition.side, condition.value, condition.mask, family);
    case "station":
      return equals(condition.side === "source" ? "stationSource" : "stationDestination", Number(condition.value));
    case "port": {
      const field = named(condition.side === "source" ? "sourcePort" : "destinationPort");
      return and(protocol(condition.family, condition.protocol, family), within(field, condition.first, condition.last, CUT_PORT));
    }
    case "vlan":
      return condition.id === undefined ? within(named("vlan"), 0, UNTAGGED - 1) : equals("vlan", condition.id);
    case "relation": {
      const left = fold(condition.left);
      const right = fold(condition.right);
      if (left.kind === "number" && right.kind === "number") return compare(condition.operator, left.value, right.value) ? always : never;
      const words = [...new Set([...protocolsOf(left), ...protocolsOf(right)])];
      const there = words.reduce((so, word) => and(so, present(word, family)), always);
      return and(there, lowerRelation(condition.operator, left, right, family));
    }
    case "dscp":
      return family === 0 ? never : equals("dscp", condition.value);
    case "mark":
    case "identity":
      return equals("mark", condition.value);
    case "fragment":
      return family === 0 ? never : within(named("fragment"), 1, 2);
    case "established":
      return family === 0 ? never : equals("established", 1);
  }
}

const equals = (name: FieldName, value: number): Predicate => within(named(name), value, value);

function etherType(value: number, family: Family): Predicate {
  if (family === 0) return equals("etherType", value);
  return value === (family === 4 ? 0x0800 : 0x86dd) ? always : never;
}

function protocol(of: 4 | 6, value: number, family: Family): Predicate {
  if (family === of) return equals("protocol", value);
  if (family !== 0) return never;
  // an IP header that cannot be parsed: the expression ends there
  return and(etherType(of === 4 ? 0x0800 : 0x86dd, 0), cutShort);
}

/** That a protocol is there whose bytes a comparison reads; transport bytes are those of the first fragment alone. */
function present(word: ProtocolWord, family: Family): Predicate {
  switch (word) {
    case "ether":
      return always;
    case "ip":
    case "ip6":
    case "arp":
    case "rarp":
      return etherType(typeOf(word), family);
    case "icmp6":
      return protocol(6, 58, family);
    default:
      return protocol(4, ProtocolNames.get(word) ?? 0, family);
  }
}

function address(carrier: Carrier, side: Side, value: bigint, mask: bigint, family: Family): Predicate {
  const there = etherType(typeOf(carrier), family);
  if (family !== 0) return there.kind === "constant" && there.value === true ? ipAddress(carrier, side, value, mask) : never;
  if (carrier === "ip" || carrier === "ip6") return and(there, cutShort);
  const field: Field = maskedWord(named(side === "source" ? "source0" : "destination0"), side === "source" ? 14 : 24, mask);
  return and(there, word(field, value, mask, NO_ADDRESS));
}

function ipAddress(carrier: Carrier, side: Side, value: bigint, mask: bigint): Predicate {
  const source = side === "source";
  if (carrier === "ip")
    return word(maskedWord(named(source ? "source0" : "destination0"), source ? 12 : 16, mask), value, mask, NO_ADDRESS);
  const names = source ? sourceWords : destinationWords;
  return names.reduce((so, name, i) => {
    const shift = BigInt(32 * (3 - i));
    const part = (mask >> shift) & 0xffff_ffffn;
    return and(so, part === 0n ? always : word(named(name), (value >> shift) & 0xffff_ffffn, part, NO_ADDRESS));
  }, always);
}
const sourceWords: readonly FieldName[] = ["source0", "source1", "source2", "source3"];
const destinationWords: readonly FieldName[] = ["destination0", "destination1", "destination2", "destination3"];

/** A mask that is no prefix (`mask 255.0.255.0`) has no range: its bits are tested as bytes. */
function maskedWord(field: Field, offset: number, mask: bigint): Field {
  return isPrefix(mask) ? field : { kind: "bytes", base: "network", offset, size: 4, mask: Number(mask) };
}
function isPrefix(mask: bigint): boolean {
  const rest = ~mask & 0xffff_ffffn;
  return (rest & (rest + 1n)) === 0n;
}
function word(field: Field, value: bigint, mask: bigint, cutFrom: number): Predicate {
  const first = Number(value & mask);
  return within(field, first, field.kind === "bytes" ? first : first + Number(~mask & 0xffff_ffffn), cutFrom);
}
