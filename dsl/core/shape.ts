/**
 * How values lie in memory. Every schema carries one `Shape`; Node's views and the compiler's C both read it,
 * so the two cannot disagree about a layout.
 */

/** Byte order of a stored integer. `host` is little-endian: every supported target is. */
export type Order = "host" | "network";

export interface IntShape {
  readonly kind: "int";
  readonly bits: 8 | 16 | 32 | 48 | 64 | 128;
  readonly order: Order;
}
export interface BoolShape {
  readonly kind: "bool";
}
/** An unsigned run of bits, most significant first, inside a header or struct. */
export interface BitsShape {
  readonly kind: "bits";
  readonly width: number;
}
export interface FlagShape {
  readonly kind: "flag";
}
export interface FlagsShape {
  readonly kind: "flags";
  readonly names: readonly string[];
}
export interface ArrayShape {
  readonly kind: "array";
  readonly of: Shape;
  readonly length: number;
}
export interface OverlayShape {
  readonly kind: "overlay";
  readonly views: readonly Field[];
  readonly size: number;
  readonly align: number;
}
export interface AtomicShape {
  readonly kind: "atomic";
  readonly bits: 32 | 64;
}
export interface StructShape {
  readonly kind: "struct";
  readonly name: string;
  readonly fields: readonly Field[];
  readonly size: number;
  readonly align: number;
}
/** A protocol header: packed, network order. `size` is the fixed part, in bytes. */
export interface HeaderShape {
  readonly kind: "header";
  readonly name: string;
  readonly fields: readonly Field[];
  readonly size: number;
  readonly align: 1;
  /** the run-time length in bytes of a header that has options: datapath code on the header's view */
  readonly length: ((view: never) => number) | undefined;
}
export type Shape =
  | IntShape
  | BoolShape
  | BitsShape
  | FlagShape
  | FlagsShape
  | ArrayShape
  | OverlayShape
  | AtomicShape
  | StructShape
  | HeaderShape;

/** A named place. `bit` counts from the most significant bit of the byte at `offset`; only bit-sized shapes use it. */
export interface Field {
  readonly name: string;
  readonly shape: Shape;
  readonly offset: number;
  readonly bit: number;
}

/** Where a scalar sits: `bytes` at `offset`, of which `width` bits above `shift` are the value. */
export interface Scalar {
  readonly bytes: 1 | 2 | 4 | 6 | 8 | 16;
  readonly order: Order;
  readonly shift: number;
  readonly width: number;
}

/** Size in bytes; for bit-sized shapes the size in bits is what counts, see `bitsOf`. */
export function sizeOf(shape: Shape): number {
  switch (shape.kind) {
    case "int":
      return shape.bits / 8;
    case "bool":
      return 1;
    case "atomic":
      return shape.bits / 8;
    case "array":
      return sizeOf(shape.of) * shape.length;
    case "overlay":
    case "struct":
    case "header":
      return shape.size;
    case "bits":
    case "flag":
    case "flags":
      return Math.ceil(bitsOf(shape) / 8);
  }
}

/** Alignment in bytes inside a struct. u48 is three halves; u128 is two words. */
export function alignOf(shape: Shape): number {
  switch (shape.kind) {
    case "int":
      return shape.bits === 48 ? 2 : shape.bits === 128 ? 8 : shape.bits / 8;
    case "bool":
      return 1;
    case "atomic":
      return shape.bits / 8;
    case "array":
      return alignOf(shape.of);
    case "overlay":
    case "struct":
    case "header":
      return shape.align;
    case "bits":
    case "flag":
    case "flags":
      return 1;
  }
}

/** Width in bits of a bit-sized shape. */
export function bitsOf(shape: BitsShape | FlagShape | FlagsShape): number {
  return shape.kind === "bits" ? shape.width : shape.kind === "flag" ? 1 : shape.names.length;
}

export function isBitSized(shape: Shape): shape is BitsShape | FlagShape | FlagsShape {
  return shape.kind === "bits" || shape.kind === "flag" || shape.kind === "flags";
}

/** Lays fields out one after another; `packed` (headers) leaves no padding. Bit-sized neighbours share bytes. */
export function layOut(
  entries: readonly (readonly [name: string, shape: Shape])[],
  packed: boolean,
): { fields: Field[]; size: number; align: number } {
  const fields: Field[] = [];
  let offset = 0;
  let bit = 0;
  let align = 1;
  for (const [name, shape] of entries) {
    if (isBitSized(shape)) {
      fields.push({ name, shape, offset: offset + (bit >> 3), bit: bit & 7 });
      bit += bitsOf(shape);
      continue;
    }
    if (bit % 8 !== 0) throw new RangeError(`the bits in front of "${name}" end inside a byte; add bits(${8 - (bit % 8)})`);
    offset += bit / 8;
    bit = 0;
    const own = packed ? 1 : alignOf(shape);
    align = Math.max(align, own);
    offset = Math.ceil(offset / own) * own;
    fields.push({ name, shape, offset, bit: 0 });
    offset += sizeOf(shape);
  }
  if (bit % 8 !== 0) throw new RangeError(`the last bits end inside a byte; add bits(${8 - (bit % 8)})`);
  offset += bit / 8;
  return { fields, size: Math.ceil(offset / align) * align, align };
}

/** The bytes and bits of a bit-sized field that begins at `bit` of the byte at its offset. */
export function bitScalar(bit: number, width: number): Scalar {
  const need = Math.ceil((bit + width) / 8);
  const bytes = need <= 1 ? 1 : need <= 2 ? 2 : need <= 4 ? 4 : 8;
  // A container wider than what is needed would reach past the header: 3 bytes are read as 4 only by the caller's bounds.
  return { bytes, order: "network", shift: bytes * 8 - bit - width, width };
}
