/** The fields of a value that programs change by atomic instructions, at any time and on any processor. */
import type { Shape } from "../../codegen/bundle/manifest.js";
import { sizeOf } from "./codec.js";

export interface AtomicField {
  /** in bytes, from the value's start */
  readonly offset: number;
  readonly bits: 32 | 64;
}

export function atomicFields(shape: Shape | undefined, offset = 0): AtomicField[] {
  switch (shape?.kind) {
    case "atomic":
      return [{ offset, bits: shape.bits }];
    case "struct":
      return shape.fields.flatMap(field => atomicFields(field.shape, offset + field.offset));
    case "overlay":
      return shape.views.flatMap(view => atomicFields(view.shape, offset + view.offset));
    case "array": {
      const size = sizeOf(shape.of);
      return Array.from({ length: shape.length }, (_, i) => atomicFields(shape.of, offset + i * size)).flat();
    }
    default:
      return [];
  }
}
