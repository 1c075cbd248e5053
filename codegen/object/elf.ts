/** Reads the eBPF objects that clang writes: 64-bit little-endian relocatable ELF (System V ABI, chapter 4). */

export interface Section {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  readonly link: number;
  /** of a relocation section: the section that it applies to */
  readonly info: number;
  /** empty where the section has no bytes in the file */
  readonly data: Uint8Array;
}

export interface ObjectSymbol {
  readonly name: string;
  readonly type: "none" | "object" | "function" | "section" | "file" | "other";
  readonly global: boolean;
  /** index of its section; 0 where undefined, 0xfff1 for absolute ones */
  readonly section: number;
  /** byte offset in its section */
  readonly value: number;
  readonly size: number;
}

export interface ObjectFile {
  readonly sections: readonly Section[];
  readonly symbols: readonly ObjectSymbol[];
}

/** The bytes are no eBPF object, or its tables point outside of it. */
export class MalformedObject extends Error {}

const EM_BPF = 247;
const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SYMBOL_TYPES = ["none", "object", "function", "section", "file"] as const;

/**
 * Sections and symbols of an object file.
 *
 * @throws {MalformedObject} for anything but a well-formed 64-bit little-endian eBPF object
 */
export function readObject(bytes: Uint8Array): ObjectFile {
  const view = viewOf(bytes);
  if (bytes.length < 64 || view.getUint32(0) !== 0x7f454c46) throw new MalformedObject("not an ELF file");
  if (bytes[4] !== 2 || bytes[5] !== 1) throw new MalformedObject("not a 64-bit little-endian ELF file");
  if (view.getUint16(18, true) !== EM_BPF) throw new MalformedObject("not an eBPF object");
  const table = offsetOf(view, 40);
  const entrySize = view.getUint16(58, true);
  const count = view.getUint16(60, true);
  if (entrySize < 64 || table + entrySize * count > bytes.length) throw new MalformedObject("the section table lies outside the file");

  const headers = Array.from({ length: count }, (_, index) => {
    const at = table + index * entrySize;
    const type = view.getUint32(at + 4, true);
    const data = type === SHT_NOBITS || type === 0 ? new Uint8Array() : slice(bytes, offsetOf(view, at + 24), offsetOf(view, at + 32));
    return {
      index,
      nameOffset: view.getUint32(at, true),
      type,
      flags: view.getBigUint64(at + 8, true),
      link: view.getUint32(at + 40, true),
      info: view.getUint32(at + 44, true),
      data,
    };
  });
  const names = headers[view.getUint16(62, true)]?.data ?? new Uint8Array();
  const sections = headers.map(({ nameOffset, ...header }) => ({ ...header, name: text(names, nameOffset) }));
  return { sections, symbols: readSymbols(sections) };
}

export function sectionNamed(object: ObjectFile, name: string): Section | undefined {
  return object.sections.find(section => section.name === name);
}

function readSymbols(sections: readonly Section[]): ObjectSymbol[] {
  const table = sections.find(section => section.type === SHT_SYMTAB);
  const names = table && sections[table.link]?.data;
  if (!table || !names) return [];
  const view = viewOf(table.data);
  return Array.from({ length: Math.floor(table.data.length / 24) }, (_, index) => {
    const at = index * 24;
    const info = view.getUint8(at + 4);
    return {
      name: text(names, view.getUint32(at, true)),
      type: SYMBOL_TYPES[info & 15] ?? "other",
      global: info >> 4 !== 0,
      section: view.getUint16(at + 6, true),
      value: offsetOf(view, at + 8),
      size: offsetOf(view, at + 16),
    };
  });
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
/** A text that ends with a zero byte. */
export function text(table: Uint8Array, offset: number): string {
  const end = table.indexOf(0, offset);
  if (offset > table.length || end < 0) throw new MalformedObject("a name lies outside its table");
  return new TextDecoder().decode(table.subarray(offset, end));
}
function slice(bytes: Uint8Array, offset: number, size: number): Uint8Array {
  if (offset + size > bytes.length) throw new MalformedObject("a section lies outside the file");
  return bytes.subarray(offset, offset + size);
}
function offsetOf(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > 0xffff_ffffn) throw new MalformedObject("an offset lies outside the file");
  return Number(value);
}
