/** What a decision looks at: one number of the packet at a time. */
import type { Arithmetic, RelationalOperator } from "../filter/expression.js";

/** Which layers a packet has: each family has a decision of its own. 0 is what is not IP, and IP that cannot be parsed. */
export type Family = 4 | 6 | 0;

/** Numbers that the block has at hand, in host order. */
export type FieldName =
  | "etherType"
  /** the outermost tag's identifier; `UNTAGGED` where there is none */
  | "vlan"
  | "length"
  | "mark"
  /** 1 where packets of the flow went both ways */
  | "established"
  | "stationSource"
  | "stationDestination"
  | "protocol"
  /** 0 none, 1 first, 2 later */
  | "fragment"
  | "dscp"
  /** the words of IPv6's addresses, first word first; IPv4's and ARP's are the first. `NO_ADDRESS` where the packet ends before */
  | "source0"
  | "source1"
  | "source2"
  | "source3"
  | "destination0"
  | "destination1"
  | "destination2"
  | "destination3"
  /** the first four bytes behind the IP header, whatever the protocol; `NO_PORT` in later fragments, `CUT_PORT` where they are not there */
  | "sourcePort"
  | "destinationPort"
  /** the first two bytes behind the IP header; `NO_TYPE` in later fragments, `CUT_TYPE` where they are not there */
  | "icmpType"
  | "icmpCode";

export const UNTAGGED = 4096;
export const NO_PORT = 65_536;
export const CUT_PORT = 65_537;
export const NO_TYPE = 256;
export const CUT_TYPE = 257;
export const NO_ADDRESS = 2 ** 32;

export interface NamedField {
  readonly kind: "named";
  readonly name: FieldName;
}
/** `size` bytes at an offset from the beginning of a header, masked; 256^size where the packet ends before. */
export interface BytesField {
  readonly kind: "bytes";
  readonly base: "frame" | "network" | "transport";
  readonly offset: number;
  readonly size: 1 | 2 | 4;
  readonly mask: number;
}
/** A comparison that is no test of one field: 1 where it holds, 0 where not, 2 where it reads past the packet's end or divides by zero. */
export interface RelationField {
  readonly kind: "relation";
  readonly operator: RelationalOperator;
  readonly left: Arithmetic;
  readonly right: Arithmetic;
}
export type Field = NamedField | BytesField | RelationField;

/** The greatest value that a field can have. */
export function greatest(field: Field): number {
  switch (field.kind) {
    case "bytes":
      return 256 ** field.size;
    case "relation":
      return 2;
    case "named":
      return greatestNamed(field.name);
  }
}

function greatestNamed(name: FieldName): number {
  switch (name) {
    case "etherType":
      return 0xffff;
    case "vlan":
      return UNTAGGED;
    case "stationSource":
    case "stationDestination":
      return 2 ** 48 - 1;
    case "protocol":
      return 255;
    case "fragment":
      return 2;
    case "dscp":
      return 63;
    case "established":
      return 1;
    case "source0":
    case "destination0":
      return NO_ADDRESS;
    case "sourcePort":
    case "destinationPort":
      return CUT_PORT;
    case "icmpType":
    case "icmpCode":
      return CUT_TYPE;
    default:
      return 0xffff_ffff;
  }
}

/** Equal for equal fields. */
export function fieldKey(field: Field): string {
  switch (field.kind) {
    case "named":
      return field.name;
    case "bytes":
      return `${field.base}[${field.offset}:${field.size}]&${field.mask}`;
    case "relation":
      return `${arithmeticKey(field.left)} ${field.operator} ${arithmeticKey(field.right)}`;
  }
}

function arithmeticKey(node: Arithmetic): string {
  switch (node.kind) {
    case "number":
      return String(node.value);
    case "length":
      return "len";
    case "load":
      return `${node.protocol}[${arithmeticKey(node.offset)}:${node.size}]`;
    case "negate":
      return `-(${arithmeticKey(node.operand)})`;
    case "binary":
      return `(${arithmeticKey(node.left)} ${node.operator} ${arithmeticKey(node.right)})`;
  }
}
