/** Structs of keys, values, events and variables, each layout asserted. */
import { alignOf, bitsOf, type Field, isBitSized, type Shape, type StructShape, sizeOf } from "../../dsl/core/shape.js";
import { cName } from "../specialise/context.js";

const keywords = new Set(
  "auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while bool asm typeof".split(
    " ",
  ),
);

/** A field's name in C. */
export function fieldName(name: string): string {
  const c = cName(name);
  return keywords.has(c) ? `${c}_` : c;
}

/** The structs that a program needs, each declared once, inner ones first. */
export class Layouts {
  readonly #names = new Map<StructShape, string>();
  readonly #taken = new Set<string>();
  readonly #declarations: string[] = [];

  get text(): string {
    return this.#declarations.join("\n");
  }

  /** `struct flow` for a layout. */
  typeOf(shape: StructShape): string {
    const known = this.#names.get(shape) ?? this.#same(shape);
    if (known) return `struct ${known}`;
    const base = fieldName(shape.name);
    let name = base;
    for (let i = 2; this.#taken.has(name); i++) name = `${base}_${i}`;
    this.#taken.add(name);
    this.#names.set(shape, name);
    this.#declare(shape, name);
    return `struct ${name}`;
  }

  /** A struct of the same fields, declared for another of its values. */
  #same(shape: StructShape): string | undefined {
    const text = JSON.stringify(shape);
    for (const [other, name] of this.#names) {
      if (JSON.stringify(other) !== text) continue;
      this.#names.set(shape, name);
      return name;
    }
    return undefined;
  }

  /** The C type of any shape as a map's key or value. */
  typeOfShape(shape: Shape): string {
    switch (shape.kind) {
      case "struct":
        return this.typeOf(shape);
      case "int":
        return shape.bits === 48 || shape.bits === 128 ? this.typeOf(wrapped(shape)) : `__u${shape.bits}`;
      case "bool":
        return "__u8";
      case "atomic":
        return `__u${shape.bits}`;
      default:
        return this.typeOf(wrapped(shape));
    }
  }

  #declare(shape: StructShape, name: string): void {
    const lines = this.#members(shape.fields, shape.size, "\t");
    const asserts = [`_Static_assert(sizeof(struct ${name}) == ${shape.size}, "size of ${shape.name}");`];
    for (const field of shape.fields) {
      if (isBitSized(field.shape)) continue;
      asserts.push(`_Static_assert(offsetof(struct ${name}, ${fieldName(field.name)}) == ${field.offset}, "${shape.name}.${field.name}");`);
    }
    // Keys of tries are packed: an address of 128 bits stands at 4.
    const packed = shape.fields.some(field => field.offset % alignOf(field.shape) !== 0 || alignOf(field.shape) > shape.align)
      ? "packed, "
      : "";
    const aligned = packed !== "" || shape.align > 1 ? ` __attribute__((${packed}aligned(${shape.align})))` : "";
    this.#declarations.push(`struct ${name} {\n${lines.join("\n")}\n}${aligned};\n${asserts.join("\n")}\n`);
  }

  #members(fields: readonly Field[], size: number, indent: string): string[] {
    const lines: string[] = [];
    let at = 0;
    let pads = 0;
    const pad = (to: number): void => {
      if (to > at) lines.push(`${indent}__u8 pad_${pads++}[${to - at}];`);
      at = Math.max(at, to);
    };
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i];
      if (!field) continue;
      pad(field.offset);
      if (isBitSized(field.shape)) {
        let end = field.offset;
        const names: string[] = [];
        for (; i < fields.length; i++) {
          const next = fields[i];
          if (!next || !isBitSized(next.shape)) break;
          end = next.offset + Math.ceil((next.bit + bitsOf(next.shape)) / 8);
          names.push(next.name);
        }
        i--;
        lines.push(`${indent}__u8 bits_${field.offset}[${end - field.offset}]; /* ${names.join(", ")} */`);
        at = end;
        continue;
      }
      lines.push(`${indent}${this.#member(field.shape, fieldName(field.name), indent)};`);
      at = field.offset + sizeOf(field.shape);
    }
    pad(size);
    return lines;
  }

  #member(shape: Shape, name: string, indent: string): string {
    switch (shape.kind) {
      case "int":
        if (shape.bits === 48) return `__u16 ${name}[3]`;
        if (shape.bits === 128) return `__u64 ${name}[2]${shape.order === "network" ? " /* network order */" : ""}`;
        return `__u${shape.bits} ${name}${shape.order === "network" && shape.bits > 8 ? " /* network order */" : ""}`;
      case "bool":
        return `__u8 ${name}`;
      case "atomic":
        return `__u${shape.bits} ${name}`;
      case "array":
        return arrayMember(this.#member(shape.of, name, indent), name, shape.length);
      case "struct":
        return `${this.typeOf(shape)} ${name}`;
      case "overlay": {
        const inner = shape.views.map(view => `${indent}\t${this.#member(view.shape, fieldName(view.name), `${indent}\t`)};`);
        return `union {\n${inner.join("\n")}\n${indent}} ${name}`;
      }
      case "header":
      case "bits":
      case "flag":
      case "flags":
        return `__u8 ${name}[${sizeOf(shape)}]`;
    }
  }
}

/** `__u16 mac[3]` of length 4 is `__u16 mac[4][3]`. */
function arrayMember(member: string, name: string, length: number): string {
  const at = member.lastIndexOf(name);
  return `${member.slice(0, at)}${name}[${length}]${member.slice(at + name.length)}`;
}

function wrapped(shape: Shape): StructShape {
  const size = sizeOf(shape);
  return {
    kind: "struct",
    name: "value",
    fields: [{ name: "value", shape, offset: 0, bit: 0 }],
    size,
    align: shape.kind === "int" ? (shape.bits === 48 ? 2 : 8) : 1,
  };
}
