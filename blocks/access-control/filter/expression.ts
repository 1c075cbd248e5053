/** The syntax tree of a filter expression: what was written, with libpcap's carried-over qualifiers filled in. */
import type { Extent } from "./error.js";

/** Protocol words that may qualify, stand alone, or be indexed with `[ ]`. */
export type ProtocolWord =
  | "ether"
  | "ip"
  | "ip6"
  | "arp"
  | "rarp"
  | "tcp"
  | "udp"
  | "sctp"
  | "icmp"
  | "icmp6"
  | "igmp"
  | "pim"
  | "vrrp"
  | "ah"
  | "esp";

export type Direction = "source" | "destination" | "either" | "both";
/** `any` is what is meant where no word says it: `src 10.0.0.1`. */
export type AddressWord = "any" | "host" | "net" | "port" | "portrange" | "proto";

/** What stands before an identifier; the next bare identifier inherits it (`tcp dst port 80 or 443`). */
export interface Qualifiers {
  readonly protocol: ProtocolWord | undefined;
  readonly direction: Direction | undefined;
  readonly address: AddressWord;
}

/** What a qualifier applies to. Values are not judged yet: `port 70000` and `host 80-90` parse. */
export type Identifier =
  | { readonly kind: "number"; readonly value: number; readonly extent: Extent }
  | { readonly kind: "range"; readonly first: number; readonly last: number; readonly extent: Extent }
  /** `10.0`, `10.1.2.3`: as many octets as were written */
  | {
      readonly kind: "ipv4";
      readonly octets: readonly number[];
      readonly length: number | undefined;
      readonly mask: readonly number[] | undefined;
      readonly extent: Extent;
    }
  | { readonly kind: "ipv6"; readonly value: bigint; readonly length: number | undefined; readonly extent: Extent }
  | { readonly kind: "mac"; readonly value: bigint; readonly extent: Extent }
  /** `\tcp` */
  | { readonly kind: "escaped"; readonly name: string; readonly extent: Extent };

/** In the order of how tight they bind, loosest first; `^` and `%` take all that follows, as in libpcap. */
export type ArithmeticOperator = "|" | "&" | "<<" | ">>" | "+" | "-" | "*" | "/" | "%" | "^";
export type RelationalOperator = ">" | "<" | ">=" | "<=" | "==" | "!=";

/** 32-bit unsigned arithmetic over the packet's bytes. */
export type Arithmetic =
  | { readonly kind: "number"; readonly value: number; readonly extent: Extent }
  | { readonly kind: "length"; readonly extent: Extent }
  | {
      readonly kind: "load";
      readonly protocol: ProtocolWord;
      readonly offset: Arithmetic;
      readonly size: 1 | 2 | 4;
      readonly extent: Extent;
    }
  | { readonly kind: "negate"; readonly operand: Arithmetic; readonly extent: Extent }
  | {
      readonly kind: "binary";
      readonly operator: ArithmeticOperator;
      readonly left: Arithmetic;
      readonly right: Arithmetic;
      readonly extent: Extent;
    };

export type Expression =
  /** an empty expression: every packet */
  | { readonly kind: "everything"; readonly extent: Extent }
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression; readonly extent: Extent }
  | { readonly kind: "not"; readonly operand: Expression; readonly extent: Extent }
  | { readonly kind: "primitive"; readonly qualifiers: Qualifiers; readonly identifier: Identifier; readonly extent: Extent }
  | { readonly kind: "protocol"; readonly protocol: ProtocolWord; readonly extent: Extent }
  | {
      readonly kind: "relation";
      readonly operator: RelationalOperator;
      readonly left: Arithmetic;
      readonly right: Arithmetic;
      readonly extent: Extent;
    }
  | { readonly kind: "broadcast" | "multicast"; readonly protocol: ProtocolWord | undefined; readonly extent: Extent }
  | { readonly kind: "vlan"; readonly id: number | undefined; readonly extent: Extent }
  /** beyond libpcap */
  | { readonly kind: "dscp" | "mark" | "identity"; readonly value: number; readonly extent: Extent }
  | { readonly kind: "established" | "fragment"; readonly extent: Extent };
