/**
 * The intermediate representation: structured, loop-free, scalar. Plain data in closed unions; nothing of ts-morph
 * and nothing of C appears in it. `specialise` makes it, `analyse` proves it, `print` turns it into C.
 *
 * Control flow is WebAssembly's: `if`, and a labelled `block` that an inner `leave` goes to the end of. A function
 * that was inlined is a block; its `return` is assignments and a `leave`.
 *
 * Rules that the stages rely on
 *  - An expression node stands at one place only: a value that is used twice is bound to a local first, so that
 *    a range can be attached to a node.
 *  - Memory is read by `load` and `bounds` alone, never inside an expression, so that expressions are pure and the
 *    order of statements is the order of effects.
 *  - A local may be assigned several times, but only on branches that join (it is what SSA calls a phi).
 */
import type { Scalar, StructShape } from "../../dsl/core/shape.js";
import type { MapSpec } from "../../dsl/core/spec.js";

/** Where in the TypeScript a node comes from. `file` is relative to the source root; line and column count from 1. */
export interface Span {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** characters covered, for the underline */
  readonly length: number;
}

/**
 * `number`: an exact integer within ±2^53. `bigint`: a 64-bit word, arithmetic modulo 2^64 (analysis tells where that
 * shows). `wide`: 128 bits. `boolean`.
 */
export type Domain = "number" | "bigint" | "wide" | "boolean";

export interface Local {
  readonly id: number;
  readonly name: string;
  readonly domain: Domain;
  /** what is known from the declaration, before analysis: the static interval of a parameter or setting */
  readonly range?: Interval;
}
/** Both ends included. For `number`, `bigint` and `wide` alike; booleans are 0…1. */
export interface Interval {
  readonly min: bigint;
  readonly max: bigint;
}

/** A C pointer. Packet pointers die when the packet moves; the specialiser has checked that none is used after. */
export interface Pointer {
  readonly id: number;
  readonly name: string;
  readonly to: "packet" | "entry";
  /** the map whose entries it points at, for the C type */
  readonly map?: MapDecl;
}
/**
 * Two pointers that every program has: the frame's first byte, for what lies in front of offset 12, and the same
 * behind a tag that is in the frame, so that offsets from 12 on do not count it.
 */
export const frontPointer: Pointer = { id: 0, name: "front", to: "packet" };
export const framePointer: Pointer = { id: 1, name: "frame", to: "packet" };

export type NumberOperator = "+" | "-" | "*" | "/" | "%" | "&" | "|" | "^" | "<<" | ">>" | ">>>" | "imul" | "min" | "max";
export type CompareOperator = "==" | "!=" | "<" | "<=" | ">" | ">=";

export type Expr =
  | { readonly op: "const"; readonly domain: Domain; readonly value: bigint }
  | { readonly op: "local"; readonly local: Local }
  /** Both operands are of `domain`. `/` is truncating division. `>>>` is for numbers only; `imul` is Math.imul. */
  | {
      readonly op: "binary";
      readonly operator: NumberOperator;
      readonly domain: Domain;
      readonly left: Expr;
      readonly right: Expr;
      readonly span: Span;
    }
  /** `~` (32 bits signed for numbers, whole width else) and arithmetic `-` */
  | { readonly op: "unary"; readonly operator: "~" | "-"; readonly domain: Domain; readonly operand: Expr; readonly span: Span }
  /** modulo 2^bits, unsigned: u8(x) … u128(x); also `x >>> 0` as bits 32. Result's domain by width: number to 48, bigint 64, wide 128 */
  | { readonly op: "wrap"; readonly bits: 8 | 16 | 32 | 48 | 64 | 128; readonly operand: Expr; readonly span: Span }
  /** BigInt(n), Number(b): the same integer in the other domain; analysis proves that it fits. boolean → number is 0 or 1 */
  | { readonly op: "convert"; readonly domain: Domain; readonly operand: Expr; readonly span: Span }
  | { readonly op: "compare"; readonly operator: CompareOperator; readonly left: Expr; readonly right: Expr; readonly span: Span }
  | { readonly op: "not"; readonly operand: Expr }
  | { readonly op: "and" | "or"; readonly left: Expr; readonly right: Expr }
  /** `pointer + size <= data_end`: the bounds check itself */
  | { readonly op: "bounds"; readonly pointer: Pointer; readonly size: number }
  /** a map entry's pointer is not NULL */
  | { readonly op: "present"; readonly pointer: Pointer };

/** A map, ring or counter table of the program, named by the path of the instance that owns it. */
export interface MapDecl {
  /** C identifier, from the path: `bridge_stations` */
  readonly symbol: string;
  /** dotted path from the pipeline: `bridge.stations` */
  readonly path: string;
  /** the live object's spec: kind, key, value */
  readonly spec: MapSpec;
  /** several CPUs may write an entry at once: a value read twice may differ */
  readonly shared: boolean;
}

/** Memory that a key or value is built in before a helper sees it; zeroed, then assigned. On the stack unless it overflows. */
export interface Buffer {
  readonly id: number;
  readonly name: string;
  readonly layout: StructShape;
}

export type Memory =
  | { readonly kind: "packet"; readonly pointer: Pointer }
  | { readonly kind: "entry"; readonly pointer: Pointer; readonly map: MapDecl }
  | { readonly kind: "buffer"; readonly buffer: Buffer };

/** One scalar in memory. */
export interface Place {
  readonly memory: Memory;
  /** bytes from the pointer */
  readonly offset: number;
  /** a run-time element of an array: proved to be in 0…length-1 by analysis unless `guarded` (then it aborts, counted) */
  readonly index?: { readonly value: Expr; readonly stride: number; readonly length: number; readonly guarded: boolean };
  readonly scalar: Scalar;
  /** `arp.targetIp`: what a reader of the C should see */
  readonly name: string;
}

export interface ByteRange {
  readonly offset: number;
  readonly bytes: number;
}

/** A param, setting or target value of the program, in the read-only or live data of the object. */
export interface VariableDecl {
  readonly symbol: string;
  readonly path: string;
  readonly what: "param" | "setting" | "target";
  readonly bits: 8 | 16 | 32 | 48 | 64 | 128;
  readonly boolean: boolean;
  readonly range: Interval;
  readonly initial: bigint;
  readonly target: string | undefined;
  readonly span: Span | undefined;
}

/** What a value that is stored, passed or returned must fit into; analysis turns a miss into a diagnostic. */
export interface Fit {
  readonly bits: number;
  /** "arp.ttl", "the argument `port` of learn()" */
  readonly what: string;
}

/** The kernel's packet-moving operations; each ends all packet pointers. `ok` is whether the helper succeeded. */
export type Move =
  | { readonly kind: "insert"; readonly offset: Expr; readonly bytes: Expr; readonly encap: Encapsulation }
  | { readonly kind: "remove"; readonly offset: Expr; readonly bytes: Expr }
  | { readonly kind: "grow"; readonly bytes: Expr }
  | { readonly kind: "shrink"; readonly bytes: Expr }
  | { readonly kind: "trim"; readonly length: Expr }
  | { readonly kind: "pull"; readonly bytes: Expr }
  /** push, or change where there is one */
  | { readonly kind: "vlanSet"; readonly id: Expr; readonly priority: Expr | undefined }
  | { readonly kind: "vlanPop" };
export type Encapsulation = "none" | "ip4" | "ip6" | "udp4" | "udp6" | "gre4";

/** Scalars that the context or the kernel gives; some writable. */
export type Ambient =
  | "length"
  | "wireLength"
  | "hash"
  | "device"
  | "mark"
  | "priority"
  | "departure"
  | "vlanPresent"
  | "vlanId"
  | "vlanPriority"
  | "now"
  | "nowCoarse"
  | "ticks"
  | "random";

/** What a part of a split program hands on to the one that goes on for it; the packet is found anew. */
export interface Carried {
  /** with what may be known of each behind the cut: not less than a mask of its bits tells the verifier */
  readonly locals: readonly { readonly local: Local; readonly range: Interval }[];
  /** into the packet, each as its offset */
  readonly pointers: readonly Pointer[];
  readonly buffers: readonly Buffer[];
}

export type VerdictCode = "pass" | "reflect" | "drop" | "redirect" | "route" | "flood" | "abort";

export type Statement =
  | { readonly kind: "let"; readonly local: Local; readonly value: Expr; readonly span: Span }
  | { readonly kind: "load"; readonly local: Local; readonly place: Place; readonly span: Span }
  | { readonly kind: "store"; readonly place: Place; readonly value: Expr; readonly fit: Fit; readonly span: Span }
  /** an obligation without an effect: a value passed or returned where a width is declared */
  | { readonly kind: "fits"; readonly value: Expr; readonly fit: Fit; readonly span: Span }
  /** an index that must be proved to be in 0…length-1 */
  | { readonly kind: "inRange"; readonly value: Expr; readonly length: number; readonly what: string; readonly span: Span }
  /** pointer = frame + offset, at least 12. Run-time offsets are at most 65,535 by analysis */
  | { readonly kind: "point"; readonly pointer: Pointer; readonly offset: Expr; readonly span: Span }
  /** the same address under another name, where branches with different entries join */
  | { readonly kind: "alias"; readonly pointer: Pointer; readonly from: Pointer | "null"; readonly span: Span }
  /**
   * An unrolled round joined different offsets here: the verifier may forget which path it took, so that it need not walk
   * the rest once for each. The value stays the same.
   */
  | { readonly kind: "forget"; readonly local: Local; readonly span: Span }
  /** a program that is split, see split/: what follows may be another program, which knows what is carried and no more */
  | { readonly kind: "cut"; readonly part: number; readonly carried: Carried; readonly span: Span }
  | {
      readonly kind: "if";
      readonly condition: Expr;
      readonly then: readonly Statement[];
      readonly else: readonly Statement[];
      readonly span: Span;
    }
  | { readonly kind: "block"; readonly label: Label; readonly body: readonly Statement[]; readonly span: Span }
  | { readonly kind: "leave"; readonly label: Label; readonly span: Span }
  /** reads a param, setting (clamped to its range) or target value */
  | { readonly kind: "variable"; readonly local: Local; readonly variable: VariableDecl; readonly span: Span }
  /** the hook's verdict, encoded as in specialise/verdict.ts */
  | { readonly kind: "return"; readonly verdict: Expr; readonly span: Span }
  | { readonly kind: "ambient"; readonly local: Local; readonly what: Ambient; readonly span: Span }
  | {
      readonly kind: "setAmbient";
      readonly what: "mark" | "priority" | "departure";
      readonly value: Expr;
      readonly fit: Fit;
      readonly span: Span;
    }
  | { readonly kind: "move"; readonly ok: Local; readonly move: Move; readonly span: Span }
  /** zeroes a buffer */
  | { readonly kind: "clear"; readonly buffer: Buffer; readonly span: Span }
  | {
      readonly kind: "copyPlace";
      readonly to: Memory;
      readonly toOffset: number;
      readonly from: Memory;
      readonly fromOffset: number;
      readonly bytes: number;
      readonly span: Span;
    }
  | { readonly kind: "lookup"; readonly pointer: Pointer; readonly map: MapDecl; readonly key: Buffer; readonly span: Span }
  /** array element by run-time index; the pointer may be NULL where the index was not proved */
  | { readonly kind: "element"; readonly pointer: Pointer; readonly map: MapDecl; readonly index: Expr; readonly span: Span }
  | {
      readonly kind: "update";
      readonly ok: Local;
      readonly map: MapDecl;
      readonly key: Buffer;
      readonly value: Buffer;
      readonly only: "any" | "absent";
      readonly span: Span;
    }
  | { readonly kind: "delete"; readonly ok: Local; readonly map: MapDecl; readonly key: Buffer; readonly span: Span }
  | { readonly kind: "atomicAdd"; readonly place: Place; readonly value: Expr; readonly old: Local | undefined; readonly span: Span }
  | {
      readonly kind: "compareExchange";
      readonly ok: Local;
      readonly place: Place;
      readonly expected: Expr;
      readonly desired: Expr;
      readonly span: Span;
    }
  | {
      readonly kind: "emit";
      readonly ok: Local;
      readonly map: MapDecl;
      readonly value: Buffer;
      readonly capture: number;
      readonly span: Span;
    }
  /** the slot's value and a copy of it, as it was at one moment; the pointer is NULL where there is no such flow */
  | {
      readonly kind: "flowFind";
      readonly pointer: Pointer;
      readonly copy: Pointer;
      readonly map: MapDecl;
      readonly key: Buffer;
      readonly span: Span;
    }
  /** `outcome` is one of `FlowTable`'s; the pointer is good for New and Hit */
  | {
      readonly kind: "flowAdd";
      readonly outcome: Local;
      readonly pointer: Pointer;
      readonly copy: Pointer;
      readonly map: MapDecl;
      readonly key: Buffer;
      readonly value: Buffer;
      readonly established: boolean;
      readonly span: Span;
    }
  /** stores these bytes of `value` in slot and copy, where the slot still is as the copy */
  | {
      readonly kind: "flowUpdate";
      readonly ok: Local;
      readonly pointer: Pointer;
      readonly copy: Pointer;
      readonly map: MapDecl;
      readonly value: Buffer;
      readonly ranges: readonly ByteRange[];
      readonly established: boolean | undefined;
      readonly span: Span;
    }
  | {
      readonly kind: "flowMark";
      readonly ok: Local;
      readonly pointer: Pointer;
      readonly copy: Pointer;
      readonly map: MapDecl;
      readonly mark: "established" | "fresh" | "deleted";
      readonly span: Span;
    }
  | { readonly kind: "flowTouch"; readonly pointer: Pointer; readonly copy: Pointer; readonly map: MapDecl; readonly span: Span }
  | { readonly kind: "count"; readonly map: MapDecl; readonly span: Span }
  | { readonly kind: "mirror"; readonly ok: Local; readonly device: Expr; readonly span: Span }
  | { readonly kind: "device"; readonly local: Local; readonly map: MapDecl; readonly key: Expr; readonly span: Span }
  | {
      readonly kind: "packetCopy";
      readonly ok: Local;
      readonly to: Expr;
      readonly from: Expr;
      readonly count: Expr;
      readonly max: number;
      readonly span: Span;
    }
  | {
      readonly kind: "packetSum";
      readonly local: Local;
      readonly offset: Expr;
      readonly length: Expr;
      readonly max: number;
      readonly initial: Expr;
      readonly span: Span;
    }
  /** tc: the packet's checksum state after a rewrite of addresses and ports; on XDP it is ordinary code */
  | {
      readonly kind: "checksumReplace";
      /** of the checksum, from the packet's start */
      readonly offset: Expr;
      /** ones' complement difference of what the pseudo-header covers, 0 … 2^48 − 1 */
      readonly addresses: Expr;
      /** of what the segment itself holds */
      readonly others: Expr;
      /** a checksum of zero says that there is none (RFC 768) */
      readonly udp: boolean;
      readonly span: Span;
    }
  | { readonly kind: "checksumUpdate"; readonly difference: Expr; readonly span: Span }
  /** `make`: the cookie for a SYN; `check`: whether an ACK has one */
  | {
      readonly kind: "synCookie";
      readonly local: Local;
      readonly does: "make" | "check";
      readonly family: 4 | 6;
      /** addresses, ports, sequence number; then the segment size to keep, or the acknowledgement number */
      readonly operands: readonly Expr[];
      readonly span: Span;
    };

export interface Label {
  readonly id: number;
  readonly name: string;
  /** what stands behind it is shared by many ways, and must not be repeated in each */
  readonly shared?: true;
}

export type HookName = "xdp" | "ingress" | "egress";

/** One hook's program. */
export interface Program {
  readonly hook: HookName;
  readonly name: string;
  readonly body: readonly Statement[];
  /** no tag is looked for in the frame: what is tagged is left alone, see simplify/untagged.ts */
  readonly untagged?: true;
  /** a tag is looked for where the program asks, first of all, and what has one ends there, see simplify/tags-apart.ts */
  readonly tagsApart?: true;
  /** a part that goes on behind a cut, with what it finds */
  readonly resumes?: { readonly part: number; readonly carried: Carried };
}
