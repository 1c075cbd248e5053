/** Comparisons of bytes: a range of one field where it can be one, else a field of its own. */
import { compute } from "../filter/arithmetic.js";
import type { Arithmetic, ProtocolWord, RelationalOperator } from "../filter/expression.js";
import { CUT_PORT, CUT_TYPE, type Family, type Field, type FieldName, greatest, NO_ADDRESS, NO_PORT, NO_TYPE } from "./field.js";
import { and, cutShort, or, type Predicate, within } from "./predicate.js";

const nothing = { length: 0, load: () => undefined };
const nowhere = { from: 0, to: 0 };
/** Farther than any byte that a view can reach. */
const farthest = 60_000;

/** Constants computed. A division by zero is left for run time, where it ends the expression. */
export function fold(node: Arithmetic): Arithmetic {
  switch (node.kind) {
    case "number":
    case "length":
      return node;
    case "load":
      return { ...node, offset: fold(node.offset) };
    case "negate": {
      const operand = fold(node.operand);
      return operand.kind === "number" ? { kind: "number", value: -operand.value >>> 0, extent: node.extent } : { ...node, operand };
    }
    case "binary": {
      const folded = { ...node, left: fold(node.left), right: fold(node.right) };
      const value = folded.left.kind === "number" && folded.right.kind === "number" ? compute(folded, nothing) : undefined;
      return value === undefined ? folded : { kind: "number", value, extent: nowhere };
    }
  }
}

/** Both sides folded, not both constant; that the protocols are there is tested before. */
export function lowerRelation(operator: RelationalOperator, left: Arithmetic, right: Arithmetic, family: Family): Predicate {
  if (left.kind === "number") return lowerRelation(mirrored(operator), right, left, family);
  if (right.kind === "number") {
    const known = single(left, family);
    if (known === "cut") return cutShort;
    if (known) return ranges(known, operator, right.value);
  }
  const test: Predicate = within({ kind: "relation", operator, left, right }, 1, 1, 2);
  return readsTransport(left) || readsTransport(right) ? inFirstFragment(test) : test;
}

function mirrored(operator: RelationalOperator): RelationalOperator {
  switch (operator) {
    case "<":
      return ">";
    case ">":
      return "<";
    case "<=":
      return ">=";
    case ">=":
      return "<=";
    case "==":
    case "!=":
      return operator;
  }
}

/** A field, up to which value it holds bytes, from which on they were not there; and whether later fragments must be told apart. */
interface Single {
  readonly field: Field;
  readonly last: number;
  readonly cutFrom: number;
  readonly transport: boolean;
}

function single(node: Arithmetic, family: Family): Single | "cut" | undefined {
  if (node.kind === "length") return named("length", 0xffff_ffff, 2 ** 32);
  if (node.kind === "load") return loaded(node, undefined, family);
  if (node.kind !== "binary" || node.operator !== "&") return undefined;
  const { left, right } = node;
  if (left.kind === "load" && right.kind === "number") return loaded(left, right.value, family);
  if (right.kind === "load" && left.kind === "number") return loaded(right, left.value, family);
  return undefined;
}

const named = (name: FieldName, last: number, cutFrom: number): Single => ({
  field: { kind: "named", name },
  last,
  cutFrom,
  transport: false,
});

function loaded(node: Extract<Arithmetic, { kind: "load" }>, mask: number | undefined, family: Family): Single | "cut" | undefined {
  if (node.offset.kind !== "number") return undefined;
  const { protocol, size } = node;
  // `tcp[-1]` is the byte in front
  const offset = node.offset.value >= 2 ** 32 - 14 ? node.offset.value - 2 ** 32 : node.offset.value;
  const all = 256 ** size - 1;
  if (mask === undefined || (mask & all) >>> 0 === all) {
    const known = knownField(protocol, offset, size, family);
    if (known) return known;
  }
  const base = baseOf(protocol);
  if (offset > farthest || (base === "frame" && offset < 0)) return "cut";
  const field: Field = { kind: "bytes", base, offset, size, mask: mask === undefined ? all : (mask & all) >>> 0 };
  return { field, last: all, cutFrom: all + 1, transport: base === "transport" };
}

function knownField(protocol: ProtocolWord, offset: number, size: number, family: Family): Single | undefined {
  const at = `${protocol}[${offset}:${size}]`;
  if (family === 4) {
    switch (at) {
      case "ip[9:1]":
        return named("protocol", 255, 256);
      case "ip[12:4]":
        return named("source0", 0xffff_ffff, NO_ADDRESS);
      case "ip[16:4]":
        return named("destination0", 0xffff_ffff, NO_ADDRESS);
      case "tcp[0:2]":
      case "udp[0:2]":
      case "sctp[0:2]":
        return named("sourcePort", NO_PORT - 1, CUT_PORT);
      case "tcp[2:2]":
      case "udp[2:2]":
      case "sctp[2:2]":
        return named("destinationPort", NO_PORT - 1, CUT_PORT);
    }
  }
  switch (at) {
    case "icmp[0:1]":
    case "icmp6[0:1]":
      return named("icmpType", NO_TYPE - 1, CUT_TYPE);
    case "icmp[1:1]":
    case "icmp6[1:1]":
      return named("icmpCode", NO_TYPE - 1, CUT_TYPE);
    default:
      return undefined;
  }
}

export function baseOf(protocol: ProtocolWord): "frame" | "network" | "transport" {
  switch (protocol) {
    case "ether":
      return "frame";
    case "ip":
    case "ip6":
    case "arp":
    case "rarp":
      return "network";
    default:
      return "transport";
  }
}

function readsTransport(node: Arithmetic): boolean {
  switch (node.kind) {
    case "number":
    case "length":
      return false;
    case "load":
      return baseOf(node.protocol) === "transport" || readsTransport(node.offset);
    case "negate":
      return readsTransport(node.operand);
    case "binary":
      return readsTransport(node.left) || readsTransport(node.right);
  }
}

/** Later fragments have no transport header: false, as in libpcap. */
function inFirstFragment(test: Predicate): Predicate {
  return and(within({ kind: "named", name: "fragment" }, 0, 1), test);
}

/** Only values that are bytes of the packet count, so `!=` is two ranges and no `not`. */
function ranges({ field, last, cutFrom, transport }: Single, operator: RelationalOperator, value: number): Predicate {
  const cut = Math.min(cutFrom, greatest(field) + 1);
  const range = (first: number, to: number): Predicate => within(field, first, Math.min(to, last), cut);
  const test = ((): Predicate => {
    switch (operator) {
      case "==":
        return range(value, value);
      case "!=":
        return value === 0 ? range(1, last) : value > last ? range(0, last) : or(range(0, value - 1), range(value + 1, last));
      case "<":
        return range(0, value - 1);
      case "<=":
        return range(0, value);
      case ">":
        return range(value + 1, last);
      case ">=":
        return range(value, last);
    }
  })();
  return transport ? inFirstFragment(test) : test;
}
