/** Values that are fixed after the build: at attach (`param`, `fromTarget`) or while running (`setting`). */
import { shapeOfSchema } from "./core/fields.js";
import { u16, u32, u48, u128 } from "./core/integers.js";
import type { Schema } from "./core/schema.js";
import type { Shape } from "./core/shape.js";
import { describe, type VariableSpec } from "./core/spec.js";
import { DEFAULT_HZ, type TargetValues, targetValue } from "./core/world.js";

/** A value that datapath code reads as `.value`. */
export interface Param<T> {
  readonly value: T;
}
/** The values that may be set, both ends included. */
export interface Range {
  min?: number | bigint;
  max?: number | bigint;
}

type Scalar = number | bigint | boolean;

class Variable {
  readonly #spec: VariableSpec;
  #stored: bigint;

  constructor(spec: VariableSpec) {
    this.#spec = spec;
    this.#stored = spec.initial;
  }
  get value(): Scalar {
    return decoded(this.#spec.shape, this.#stored);
  }
  assign(value: Scalar, name: string): void {
    this.#stored = within(this.#spec, stored(this.#spec.shape, value, name), name);
  }
}

function widthOf(shape: Shape): number {
  if (shape.kind === "int") return shape.bits;
  if (shape.kind === "bool") return 1;
  throw new TypeError("a param or setting is one integer or bool");
}
function decoded(shape: Shape, value: bigint): Scalar {
  if (shape.kind === "bool") return value !== 0n;
  return shape.kind === "int" && shape.bits > 48 ? value : Number(value);
}
function stored(shape: Shape, value: unknown, name: string): bigint {
  if (typeof value === "boolean" && shape.kind === "bool") return value ? 1n : 0n;
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  throw new RangeError(`${name}: ${String(value)} is no ${shape.kind === "bool" ? "true or false" : "integer"}`);
}
function within(spec: VariableSpec, value: bigint, name: string): bigint {
  if (value < spec.min || value > spec.max) throw new RangeError(`${name}: ${value} is outside ${spec.min} … ${spec.max}`);
  return value;
}

function variable(what: "param" | "setting", schema: object, initial: unknown, range: Range): Variable {
  const shape = shapeOfSchema(schema, `the schema of ${what}(…)`);
  const top = (1n << BigInt(widthOf(shape))) - 1n;
  const min = BigInt(range.min ?? 0);
  const max = BigInt(range.max ?? top);
  if (min < 0n || max > top || min > max) throw new RangeError(`${what}(…): the range ${min} … ${max} is not inside 0 … ${top}`);
  const spec: VariableSpec = { what, shape, initial: stored(shape, initial, `${what}(…)`), min, max };
  within(spec, spec.initial, `${what}(…)`);
  return describe(new Variable(spec), spec);
}

/**
 * A value set at attach (`--set`), then frozen: it costs what a constant costs.
 * @param range what may be set; the whole width where left out
 * @throws RangeError where the initial value is outside the range.
 * @example readonly limit = param(u16, 1500, { min: 68, max: 9000 });
 */
export function param<T>(schema: Schema<T>, initial: NoInfer<T>, range?: Range): Param<T>;
export function param(schema: object, initial: unknown, range: Range = {}): unknown {
  return variable("param", schema, initial, range);
}

/**
 * A value that changes while running: `dp set`, `d.set(p => p.rate, 5)`. Clamped to its range when read.
 * @param range what may be set; the whole width where left out
 * @throws RangeError where the initial value is outside the range.
 * @example readonly rate = setting(u32, 1000, { min: 1, max: 10_000_000 });
 */
export function setting<T>(schema: Schema<T>, initial: NoInfer<T>, range?: Range): Param<T>;
export function setting(schema: object, initial: unknown, range: Range = {}): unknown {
  return variable("setting", schema, initial, range);
}

/** Gives a live param or setting another value, as attach or `dp set` would. */
export function assignVariable(live: object, value: Scalar, name: string): void {
  if (!(live instanceof Variable)) throw new TypeError(`${name} is neither param nor setting`);
  live.assign(value, name);
}

const targetSchemas = { address: u32, address6: u128, gateway: u32, mac: u48, ifindex: u32, mtu: u16, ticksPerSecond: u32 } as const;

/**
 * A value of the target that the pipeline is attached to; another for each target, at no cost of a load of its own.
 * @example readonly address = fromTarget("address");
 */
export function fromTarget<K extends keyof TargetValues>(name: K): Param<TargetValues[K]> {
  const live = {
    get value(): TargetValues[K] {
      return targetValue(name);
    },
  };
  const bounds = name === "ticksPerSecond" ? { range: { min: 100n, max: 1000n }, initial: BigInt(DEFAULT_HZ) } : {};
  return describe(live, { what: "target", name, shape: shapeOfSchema(targetSchemas[name], name), ...bounds });
}

/**
 * Timer ticks a second (the kernel's HZ), 100 … 1000: known at load and frozen, so that it costs what a constant costs.
 * 250 in Node.
 * @example const age = (ticks() - BigInt(flow.seen)) / BigInt(TICKS_PER_SECOND.value);
 */
export const TICKS_PER_SECOND: Param<u32> = fromTarget("ticksPerSecond");
