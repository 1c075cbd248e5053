/** What the generator knows of a value: its kind and an interval that is never narrower than the truth. */
import type { Fragment } from "./tree.js";

export type Kind = "number" | "bigint" | "wide" | "boolean";

export interface Value {
  readonly kind: Kind;
  readonly min: bigint;
  readonly max: bigint;
  /** may be negative because bit operators made it: not to be compared with more than 31 bits */
  readonly signed: boolean;
  /** the integer type that TypeScript gives it, by its width; undefined for a plain number or bigint */
  readonly flavour?: number;
}

/** An expression with what is known of its value. */
export interface Expression extends Fragment {
  readonly value: Value;
}

/** The integer types of the language. */
export const widths = [8, 16, 32, 48, 64, 128] as const;
export type Width = (typeof widths)[number];

export function topOf(bits: number): bigint {
  return (1n << BigInt(bits)) - 1n;
}

export function kindOf(bits: number): Kind {
  return bits <= 48 ? "number" : bits <= 64 ? "bigint" : "wide";
}

export function value(kind: Kind, min: bigint, max: bigint, signed = false): Value {
  return { kind, min, max, signed };
}

/** Everything that fits the width. */
export function whole(bits: number): Value {
  return flavoured(value(kindOf(bits), 0n, topOf(bits)), bits);
}

/** The same value under an integer type. */
export function flavoured(of: Value, bits: number): Value {
  return of.kind === "number" ? { ...of, flavour: bits } : of;
}

export const truth = value("boolean", 0n, 1n);

export function inside(inner: Value, outer: Value): boolean {
  return inner.kind === outer.kind && inner.min >= outer.min && inner.max <= outer.max && assignable(inner, outer);
}

/** Whether TypeScript lets the one go where the other is expected: a `u16` is no `u8`, whatever it holds. */
function assignable({ flavour, kind }: Value, { min, max }: Value): boolean {
  return kind !== "number" || flavour === undefined || min < 0n || flavour <= widthFor(max, "number");
}

export function hull(values: readonly bigint[]): { min: bigint; max: bigint } {
  let [min = 0n, ...rest] = values;
  let max = min;
  for (const each of rest) {
    if (each < min) min = each;
    if (each > max) max = each;
  }
  return { min, max };
}

/** As TypeScript writes it. */
export function literal(kind: Kind, number: bigint): string {
  if (kind === "boolean") return number === 0n ? "false" : "true";
  const text = number > 4096n ? `0x${number.toString(16)}` : `${number}`;
  return kind === "number" ? text : `${text}n`;
}

/** The narrowest integer type that holds a value which is not negative. */
export function widthFor(max: bigint, kind: Kind): Width {
  if (kind === "wide") return 128;
  if (kind === "bigint") return 64;
  for (const bits of widths) if (max <= topOf(bits)) return bits;
  return 128;
}
