/** The source lines of instructions, from `.BTF.ext` (kernel documentation: bpf/btf, "BTF.ext section"). */
import { MalformedObject, type ObjectFile, sectionNamed, text, viewOf } from "./elf.js";

export interface LineInfo {
  /** byte offset in the section */
  readonly offset: number;
  readonly file: string;
  /** from 1 */
  readonly line: number;
  readonly column: number;
}

const MAGIC = 0xeb9f;
const RECORD = 16;

/** Line records by section, in the order of offsets; empty for an object without BTF. */
export function readLineInfo(object: ObjectFile): ReadonlyMap<string, readonly LineInfo[]> {
  const sections = new Map<string, LineInfo[]>();
  const btf = sectionNamed(object, ".BTF")?.data;
  const ext = sectionNamed(object, ".BTF.ext")?.data;
  if (!btf || !ext) return sections;
  const strings = stringsOf(btf);
  const view = viewOf(ext);
  if (ext.length < 24 || view.getUint16(0, true) !== MAGIC) throw new MalformedObject(".BTF.ext has no header");
  const header = view.getUint32(4, true);
  const start = header + view.getUint32(16, true);
  const end = start + view.getUint32(20, true);
  if (start < header || end > ext.length) throw new MalformedObject("line information lies outside .BTF.ext");
  if (start === end) return sections;
  const size = view.getUint32(start, true);
  if (size < RECORD) throw new MalformedObject("line records are too short");
  for (let at = start + 4; at + 8 <= end; ) {
    const name = text(strings, view.getUint32(at, true));
    const count = view.getUint32(at + 4, true);
    at += 8;
    if (at + count * size > end) throw new MalformedObject("line records lie outside .BTF.ext");
    const lines: LineInfo[] = [];
    for (let i = 0; i < count; i++, at += size) {
      const place = view.getUint32(at + 12, true);
      lines.push({
        offset: view.getUint32(at, true),
        file: text(strings, view.getUint32(at + 4, true)),
        line: place >>> 10,
        column: place & 0x3ff,
      });
    }
    sections.set(
      name,
      lines.sort((a, b) => a.offset - b.offset),
    );
  }
  return sections;
}

function stringsOf(btf: Uint8Array): Uint8Array {
  const view = viewOf(btf);
  if (btf.length < 24 || view.getUint16(0, true) !== MAGIC) throw new MalformedObject(".BTF has no header");
  const start = view.getUint32(4, true) + view.getUint32(16, true);
  const end = start + view.getUint32(20, true);
  if (end > btf.length) throw new MalformedObject("the strings lie outside .BTF");
  return btf.subarray(start, end);
}
