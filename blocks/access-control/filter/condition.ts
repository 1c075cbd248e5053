/**
 * What a filter expression asks of a packet: qualifiers resolved into tests of one thing each, combined with and, or
 * and not. The operands are tested in order, left first: a test that needs bytes which are not there ends the whole
 * expression without a match (as a BPF program does), unless an operand before it has decided.
 */
import type { Arithmetic, RelationalOperator } from "./expression.js";

export type Side = "source" | "destination";
/** Whose addresses: those of an IP header, or the protocol addresses of an ARP or RARP packet. */
export type Carrier = "ip" | "ip6" | "arp" | "rarp";
export type Family = 4 | 6;

export type Condition =
  | { readonly kind: "constant"; readonly value: boolean }
  | { readonly kind: "and" | "or"; readonly left: Condition; readonly right: Condition }
  | { readonly kind: "not"; readonly operand: Condition }
  | { readonly kind: "etherType"; readonly value: number }
  /** the IP protocol number (or that of the header after IPv6's extension headers) */
  | { readonly kind: "protocol"; readonly family: Family; readonly value: number }
  /** masked bits equal: `mask` has the width of the carrier's addresses */
  | { readonly kind: "address"; readonly carrier: Carrier; readonly side: Side; readonly value: bigint; readonly mask: bigint }
  /** an Ethernet address */
  | { readonly kind: "station"; readonly side: Side; readonly value: bigint }
  /** a port of TCP, UDP or SCTP, both ends included; false in later fragments */
  | {
      readonly kind: "port";
      readonly family: Family;
      readonly protocol: number;
      readonly side: Side;
      readonly first: number;
      readonly last: number;
    }
  | { readonly kind: "vlan"; readonly id: number | undefined }
  | { readonly kind: "relation"; readonly operator: RelationalOperator; readonly left: Arithmetic; readonly right: Arithmetic }
  | { readonly kind: "dscp" | "mark" | "identity"; readonly value: number }
  | { readonly kind: "established" }
  | { readonly kind: "fragment" };

export const all = (first: Condition, ...rest: readonly Condition[]): Condition =>
  rest.reduce((left, right): Condition => ({ kind: "and", left, right }), first);
export const any = (first: Condition, ...rest: readonly Condition[]): Condition =>
  rest.reduce((left, right): Condition => ({ kind: "or", left, right }), first);
export const not = (operand: Condition): Condition => ({ kind: "not", operand });
