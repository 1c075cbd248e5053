/** Which line an instruction came from, by the object's own .BTF.ext: older kernels' logs do not say. */
import type { Reader } from "./reader.js";
import { readSections, type Section, SectionType } from "./sections.js";

const SYMBOL_SIZE = 24;
const LINE_RECORD = 16;
const INSTRUCTION_SIZE = 8;

export interface SourceLine {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * The line of an instruction of a program, counted in slots of 8 bytes from the program's start as the verifier does.
 * @param object an object that `checkElf` accepted
 */
export function sourceLine(object: Uint8Array, program: string, instruction: number): SourceLine | undefined {
  const sections = readSections(object);
  const place = programPlace(sections, program);
  const btf = sections.find(section => section.name === ".BTF")?.data;
  const ext = sections.find(section => section.name === ".BTF.ext")?.data;
  if (!place || !btf || !ext) return undefined;
  const strings = btf.part(btf.u32(4) + btf.u32(16), btf.u32(20), "the strings of .BTF");
  const lines = ext.part(ext.u32(4) + ext.u32(16), ext.u32(20), "the lines of .BTF.ext");
  return lineAt(lines, strings, place.section, place.offset + instruction * INSTRUCTION_SIZE);
}

function programPlace(sections: readonly Section[], program: string): { section: string; offset: number } | undefined {
  const table = sections.find(section => section.type === SectionType.symtab);
  const names = table && sections[table.link]?.data;
  if (!table || !names) return undefined;
  for (let at = 0; at < table.size; at += SYMBOL_SIZE) {
    if (names.text(table.data.u32(at)) !== program) continue;
    const section = sections[table.data.u16(at + 6)];
    return section && { section: section.name, offset: table.data.offset(at + 8) };
  }
  return undefined;
}

/** The last record at or in front of the byte. */
function lineAt(lines: Reader, strings: Reader, section: string, byte: number): SourceLine | undefined {
  for (let at = 4; at < lines.size; ) {
    const count = lines.u32(at + 4);
    const start = at + 8;
    at = start + count * LINE_RECORD;
    if (strings.text(lines.u32(start - 8)) !== section) continue;
    let found: SourceLine | undefined;
    for (let record = start; record < at && lines.u32(record) <= byte; record += LINE_RECORD) {
      const position = lines.u32(record + 12);
      found = { file: strings.text(lines.u32(record + 4)).replace(/^\.\//, ""), line: position >>> 10, column: position & 0x3ff };
    }
    return found;
  }
  return undefined;
}
