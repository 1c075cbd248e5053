import { shapeOfSchema } from "../core/fields.js";
import { type Memory, readScalar, writeScalar } from "../core/memory.js";
import type { Storable } from "../core/schema.js";
import { type Scalar, type Shape, sizeOf } from "../core/shape.js";
import { describe } from "../core/spec.js";
import { load } from "../core/view.js";
import { packetEpoch } from "../core/world.js";

/** A byte that is unlikely to be taken for a value. */
const POISON = 0xa5;

class ScratchMemory implements Memory {
  /** allocated when it is used: a struct may grow as long as the pipeline is built */
  #bytes = new Uint8Array(0);
  readonly #shape: Shape;
  #epoch = -1;

  constructor(shape: Shape) {
    this.#shape = shape;
  }
  read(offset: number, scalar: Scalar): bigint {
    this.#begin();
    return readScalar(this.#bytes, offset, scalar);
  }
  write(offset: number, scalar: Scalar, value: bigint): void {
    this.#begin();
    writeScalar(this.#bytes, offset, scalar, value);
  }
  #begin(): void {
    if (this.#epoch === packetEpoch()) return;
    this.#epoch = packetEpoch();
    if (this.#bytes.length !== sizeOf(this.#shape)) this.#bytes = new Uint8Array(sizeOf(this.#shape));
    this.#bytes.fill(POISON);
  }
}

/**
 * Memory of one packet's processing, for what does not fit on the stack. What it holds at the start of a packet is
 * undefined: Node poisons it.
 * @param value a struct
 * @example readonly work = scratch(Work);
 */
export function scratch<V>(value: Storable<V>): V;
export function scratch(value: Storable<object>): object {
  const shape = shapeOfSchema(value, "the memory of scratch(…)");
  if (shape.kind !== "struct") throw new TypeError("scratch(…) takes a class made by struct(…)");
  const memory = new ScratchMemory(shape);
  return describe(load(value, memory, 0), {
    what: "map",
    kind: "scratch",
    key: { kind: "int", bits: 32, order: "host" },
    value: shape,
    maxEntries: 1,
    scope: "pipeline",
    shared: undefined,
    expires: undefined,
    capture: 0,
    entries: () => [],
  });
}
