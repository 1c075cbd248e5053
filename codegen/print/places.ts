/** Memory in C: how a scalar is read and written where it lies. */
import { type Field, type Shape, type StructShape, sizeOf } from "../../dsl/core/shape.js";
import type { Buffer, Place, Pointer } from "../ir/ir.js";
import { fieldName } from "./layouts.js";

export interface PlaceNames {
  pointer(pointer: Pointer): string;
  bufferName(buffer: Buffer): string;
}

/** The address of a place as a `void *` expression, without a run-time index. */
export function addressOf(place: Place, names: PlaceNames): string {
  const { memory, offset } = place;
  switch (memory.kind) {
    case "packet":
      return offset === 0 ? names.pointer(memory.pointer) : `${names.pointer(memory.pointer)} + ${offset}`;
    case "entry": {
      const path = pathOf(memory.map.spec.value, offset, place.scalar.bytes);
      if (path && !place.index) return path === "." ? names.pointer(memory.pointer) : `&${names.pointer(memory.pointer)}->${path}`;
      return offset === 0 ? `(void *)${names.pointer(memory.pointer)}` : `(void *)${names.pointer(memory.pointer)} + ${offset}`;
    }
    case "buffer": {
      const path = pathOf(memory.buffer.layout, offset, place.scalar.bytes);
      if (path && path !== "." && !place.index) return `&${names.bufferName(memory.buffer)}.${path}`;
      return offset === 0 ? `(void *)&${names.bufferName(memory.buffer)}` : `(void *)&${names.bufferName(memory.buffer)} + ${offset}`;
    }
  }
}

/** `source.port`: the member of a struct that lies at an offset; "." where the value is one scalar. */
function pathOf(shape: Shape | undefined, offset: number, bytes: number): string | undefined {
  if (!shape) return undefined;
  if (shape.kind === "int" || shape.kind === "bool" || shape.kind === "atomic")
    return offset === 0 && sizeOf(shape) === bytes ? "." : undefined;
  if (shape.kind !== "struct") return undefined;
  return memberPath(shape, offset, bytes);
}
function memberPath(shape: StructShape, offset: number, bytes: number): string | undefined {
  const field = shape.fields.find((f: Field) => offset >= f.offset && offset < f.offset + sizeOf(f.shape));
  if (!field) return undefined;
  const name = fieldName(field.name);
  const inside = offset - field.offset;
  switch (field.shape.kind) {
    case "int":
    case "bool":
    case "atomic":
      return inside === 0 && sizeOf(field.shape) === bytes ? name : undefined;
    case "array": {
      const stride = sizeOf(field.shape.of);
      if (field.shape.of.kind !== "int" || stride !== bytes || inside % stride !== 0) return undefined;
      return `${name}[${inside / stride}]`;
    }
    case "struct": {
      const inner = memberPath(field.shape, inside, bytes);
      return inner ? `${name}.${inner}` : undefined;
    }
    default:
      return undefined;
  }
}

/** The address with its run-time element; `index` is the checked index's text, in a packet the element's address. */
function elementAddress(place: Place, names: PlaceNames, index: string | undefined): string {
  const base = addressOf(place, names);
  if (!place.index || index === undefined) return base;
  if (place.memory.kind === "packet") return index;
  return place.index.stride === 1 ? `${base} + ${index}` : `${base} + ${index} * ${place.index.stride}`;
}

/** An expression for the value that lies there. */
export function readPlace(place: Place, names: PlaceNames, index: string | undefined): string {
  const { scalar } = place;
  const address = elementAddress(place, names, index);
  const shared = place.memory.kind === "entry" && place.memory.map.shared;
  const whole = isHalves(place)
    ? `be48_halves(${address})`
    : isOdd(place)
      ? readBytes(scalar.bytes, address)
      : readWhole(scalar.bytes, scalar.order, address, shared);
  if (scalar.width === scalar.bytes * 8) return whole;
  const shifted = scalar.shift === 0 ? whole : `(${whole} >> ${scalar.shift})`;
  const mask = (1n << BigInt(scalar.width)) - 1n;
  return scalar.shift + scalar.width === scalar.bytes * 8 ? shifted : `(${shifted} & 0x${mask.toString(16)})`;
}

function readWhole(bytes: number, order: "network" | "host", address: string, shared: boolean): string {
  const bits = bytes * 8;
  if (bytes === 1) return shared ? `READ_ONCE8(${address})` : `GET8(${address})`;
  if (order === "host") {
    if (bytes === 6 || bytes === 16) return `${shared ? "once_" : ""}le${bits}(${address})`;
    return shared ? `READ_ONCE${bits}(${address})` : `GET${bits}(${address})`;
  }
  if (!shared || bytes === 6 || bytes === 16) return `be${bits}(${address})`;
  return `__builtin_bswap${bits}(READ_ONCE${bits}(${address}))`;
}

/** Whether 48 bits may stand at an address of the stack that is no multiple of 4. */
function isHalves({ memory, scalar, offset, index }: Place): boolean {
  return memory.kind === "buffer" && scalar.bytes === 6 && scalar.order === "network" && (offset % 4 !== 0 || index !== undefined);
}

/** Whether fields of bits stand on the stack where their container is not aligned: it is read and written at natural alignment alone. */
function isOdd({ memory, scalar, offset }: Place): boolean {
  return memory.kind === "buffer" && scalar.bytes < 8 && scalar.bytes !== 6 && scalar.order === "network" && offset % scalar.bytes !== 0;
}
function readBytes(bytes: number, address: string): string {
  const parts = Array.from({ length: bytes }, (_, i) => `(__u32)GET8(${address} + ${i}) << ${8 * (bytes - 1 - i)}`);
  return `(${parts.join(" | ")})`;
}

/** A statement that stores a value. */
export function writePlace(place: Place, value: string, names: PlaceNames, index: string | undefined): string {
  const { scalar } = place;
  const address = elementAddress(place, names, index);
  // A trie's key holds its address at 4, a struct its 48 bits at any even offset: the stack is written at natural alignment alone.
  if (isHalves(place)) return `put_be48_halves(${address}, ${value});`;
  if (place.memory.kind === "buffer" && scalar.bytes >= 8 && place.offset % 8 !== 0) {
    return `put_${scalar.order === "network" ? "be" : "le"}${scalar.bytes * 8}_words(${address}, ${value});`;
  }
  const mask = ((1n << BigInt(scalar.width)) - 1n) << BigInt(scalar.shift);
  const keep = ((1n << BigInt(scalar.bytes * 8)) - 1n) ^ mask;
  if (isOdd(place)) return writeBytes(scalar, keep, address, value);
  if (scalar.width === scalar.bytes * 8) return writeWhole(scalar.bytes, scalar.order, address, value);
  const old = readWhole(scalar.bytes, scalar.order, address, false);
  const type = scalar.bytes === 8 ? "__u64" : "__u32";
  const moved = scalar.shift === 0 ? `(${type})(${value})` : `(${type})(${value}) << ${scalar.shift}`;
  const suffix = scalar.bytes === 8 ? "ULL" : "";
  return writeWhole(scalar.bytes, scalar.order, address, `(${old} & 0x${keep.toString(16)}${suffix}) | (${moved})`);
}

/** Bits of a container that the stack does not hold at its natural alignment: byte by byte. */
function writeBytes(scalar: Place["scalar"], keep: bigint, address: string, value: string): string {
  const parts = [`__u64 packed = (__u64)(${value}) << ${scalar.shift};`];
  for (let i = 0; i < scalar.bytes; i++) {
    const shift = (scalar.bytes - 1 - i) * 8;
    const kept = (keep >> BigInt(shift)) & 0xffn;
    if (kept === 0xffn) continue;
    const old = kept === 0n ? "" : `(GET8(${address} + ${i}) & 0x${kept.toString(16)}) | `;
    parts.push(`PUT8(${address} + ${i}, ${old}(__u8)(packed >> ${shift}));`);
  }
  return `{ ${parts.join(" ")} }`;
}

function writeWhole(bytes: number, order: "network" | "host", address: string, value: string): string {
  const bits = bytes * 8;
  if (bytes === 1) return `PUT8(${address}, ${value});`;
  if (order === "network") return `put_be${bits}(${address}, ${value});`;
  if (bytes === 6 || bytes === 16) return `put_le${bits}(${address}, ${value});`;
  return `PUT${bits}(${address}, ${value});`;
}
