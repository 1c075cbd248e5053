/** The types of schemas: what a field may be, and what a program sees of it. */
import type { u32, u64 } from "./integers.js";

declare const type: unique symbol;
/** What every schema has in common: the type of its values, and their size in bytes. */
export interface Schema<T> {
  readonly [type]?: T;
  /** bytes in memory; fields of less than a byte round up */
  readonly size: number;
}
/** An integer's schema; called, it wraps a value into the width. */
export interface IntSchema<T> extends Schema<T> {
  (value: number | bigint): T;
}

/** Named single bits, and the `value` of all of them together. */
export type Flags<N extends string> = { [K in N]: boolean } & { value: u32 };

/** A live fixed-size array inside a struct, a header or a packet. */
export interface FixedArray<T, N extends number> extends Iterable<T> {
  readonly length: N;
  /** The index must provably be in 0…N−1; Node throws a RangeError otherwise. */
  [index: number]: T;
  /** Whether both hold the same elements. */
  equals(other: FixedArray<T, N>): boolean;
  /** Copies all elements of `other` here. */
  set(other: FixedArray<T, N>): void;
  /** Gives every element this value. */
  fill(value: T): void;
}

/** A field that several CPUs write at once. */
export interface Atomic<T> {
  load(): T;
  store(value: T): void;
  /** Adds, wrapping; gives the value from before. */
  add(value: T): T;
  /** Stores `desired` where the value is `expected`; whether it did. */
  compareExchange(expected: T, desired: T): boolean;
}
export type AtomicInteger = u32 | u64;

/** What the values of a schema look like to a program. */
export type Infer<S> = S extends new () => infer V ? V : S extends Schema<infer T> ? T : never;
export type Fields = { readonly [name: string]: Schema<unknown> };
type ScalarKeys<F extends Fields> = { [K in keyof F]: Infer<F[K]> extends number | bigint | boolean ? K : never }[keyof F];
/** Scalars are assignable; arrays, atomics and nested structs are changed through their own methods. */
export type Of<F extends Fields> = { -readonly [K in ScalarKeys<F>]: Infer<F[K]> } & {
  readonly [K in Exclude<keyof F, ScalarKeys<F>>]: Infer<F[K]>;
};

type Scalar = number | bigint | boolean;
type Same<A, B> = (<U>() => U extends A ? 1 : 2) extends <U>() => U extends B ? 1 : 2 ? true : false;
/** The keys that may be assigned: a subclass's getters are not part of a literal. */
type Writable<T> = { [K in keyof T]-?: Same<{ [P in K]: T[P] }, { -readonly [P in K]: T[P] }> extends true ? K : never }[keyof T];
type Plain<T> = { [K in Writable<T> as T[K] extends Scalar ? K : never]: T[K] };
type Zeroable<T> = { [K in keyof T as T[K] extends Scalar ? never : T[K] extends (...a: never[]) => unknown ? never : K]?: unknown };
/** What a literal for a struct must give. Arrays, atomics and nested structs may be left out (zero). */
export type Init<T> = T extends Scalar ? T : Plain<T> & Zeroable<T>;

/**
 * A class made by {@link struct}: schema, type and live view at once. It is a schema of whatever it constructs, so that
 * a subclass is one of its own instances, getters and all.
 */
export interface StructClass<F extends Fields> {
  new (): Of<F>;
  /** bytes in memory, padding included */
  readonly size: number;
}
declare const wire: unique symbol;
export type HeaderView<F extends Fields = Fields> = Of<F> & {
  readonly [wire]?: true /** run-time length of this header */;
  readonly "~header"?: true;
};
/** One layer of a test packet, made by a header's `of`. */
export interface Layer {
  readonly "~layer": true;
}
type LayerField<V> =
  | V
  | (V extends Flags<infer N> ? Partial<Record<N, boolean>> : never)
  | (V extends FixedArray<infer T, number> ? readonly T[] : never);
/** What `of` takes: any of the fields, flags by name, arrays as lists. */
export type LayerFields<F extends Fields> = Partial<{ [K in keyof F]: LayerField<Infer<F[K]>> }>;
/** A class made by {@link header}: a protocol header's layout, type and live view at once. */
export interface HeaderClass<F extends Fields> {
  new (): HeaderView<F>;
  /** the fixed part, in bytes */
  readonly size: number;
  /** the protocol's name, as given to `header` */
  readonly title: string;
  /** Bytes for a test packet; what is left out is computed (lengths, checksums, next protocol). */
  of(fields?: LayerFields<F>): Layer;
}
/** A class made by `struct` or `header`, or extending one. */
export type ViewClass<V> = { new (): V; readonly size: number };
export type View<C> = C extends new () => infer V ? V : never;
/** What a map's key or value may be. */
export type Storable<T> = Schema<T> | ViewClass<T>;
