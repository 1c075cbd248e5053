/** The symbol table, relocations and code: every index and offset in them must lead somewhere. */
import type { Reader } from "./reader.js";
import { MalformedError } from "./reader.js";
import { type Section, SectionType, SHF_EXECINSTR } from "./sections.js";

const SYMBOL_SIZE = 24;
const RELOCATION_SIZE = 16;
const INSTRUCTION_SIZE = 8;
/** the first of the numbers that are no section's (SHN_LORESERVE) */
const RESERVED = 0xff00;
const SHN_ABS = 0xfff1;
const STT_SECTION = 3;
const STT_FILE = 4;
const STT_FUNC = 2;
/** a 64-bit constant takes two slots */
const LOAD_IMMEDIATE_64 = 0x18;
/** llvm's R_BPF_64_64, ABS64, ABS32, NODYLD32, 64_32 */
const RELOCATIONS: ReadonlySet<number> = new Set([1, 2, 3, 4, 10]);

export function isCode(section: Section): boolean {
  return section.type === SectionType.progbits && (section.flags & SHF_EXECINSTR) !== 0;
}

/** @throws {MalformedError} */
export function checkSymbols(sections: readonly Section[]): void {
  const tables = sections.filter(section => section.type === SectionType.symtab);
  const [table] = tables;
  if (!table || tables.length > 1) throw new MalformedError("the file must have one symbol table");
  const names = sections[table.link];
  if (!names || names.type !== SectionType.strtab) throw table.data.error("has no names");
  if (table.entrySize !== SYMBOL_SIZE || table.size % SYMBOL_SIZE !== 0) throw table.data.error("has entries of unknown size");
  const count = table.size / SYMBOL_SIZE;
  if (table.info > count) throw table.data.error("has more local symbols than symbols");
  for (let i = 0; i < count; i++) checkSymbol(table.data, i * SYMBOL_SIZE, names.data, sections);
  for (const section of sections) {
    if (section.type === SectionType.rela) throw section.data.error("has relocations with addends, which BPF does not use");
    if (section.type === SectionType.rel) checkRelocations(section, sections, table.index, count);
    if (isCode(section)) checkCode(section.data);
  }
}

function checkSymbol(table: Reader, at: number, names: Reader, sections: readonly Section[]): void {
  const name = names.text(table.u32(at));
  const type = table.u8(at + 4) & 0xf;
  const home = table.u16(at + 6);
  const value = table.offset(at + 8);
  const size = table.offset(at + 16);
  if (home === 0 || (home === SHN_ABS && type === STT_FILE)) return;
  const section = home < RESERVED ? sections[home] : undefined;
  if (!section) throw table.error(`places ${name} in section ${home}, which is not there`);
  if (type === STT_SECTION) return;
  if (value > section.size || size > section.size - value) throw table.error(`places ${name} outside of section ${section.name}`);
  if (type === STT_FUNC && (!isCode(section) || value % INSTRUCTION_SIZE !== 0 || size % INSTRUCTION_SIZE !== 0)) {
    throw table.error(`has ${name} as a function that is not code`);
  }
}

function checkRelocations(section: Section, sections: readonly Section[], symbols: number, count: number): void {
  const target = sections[section.info];
  if (!target || section.info === 0 || target.type === SectionType.rel) throw section.data.error("relocates no section");
  if (section.link !== symbols) throw section.data.error("does not use the symbol table");
  if (section.entrySize !== RELOCATION_SIZE || section.size % RELOCATION_SIZE !== 0)
    throw section.data.error("has entries of unknown size");
  for (let at = 0; at < section.size; at += RELOCATION_SIZE) {
    const place = section.data.offset(at);
    const info = section.data.u64(at + 8);
    const symbol = Number(info >> 32n);
    if (!RELOCATIONS.has(Number(info & 0xffff_ffffn))) throw section.data.error(`has a relocation of unknown type at ${at}`);
    if (symbol >= count) throw section.data.error(`names symbol ${symbol} of ${count}`);
    if (place >= target.size || (isCode(target) && place % INSTRUCTION_SIZE !== 0))
      throw section.data.error(`relocates byte ${place} of ${target.size}`);
  }
}

function checkCode(code: Reader): void {
  if (code.size % INSTRUCTION_SIZE !== 0) throw code.error("ends inside an instruction");
  for (let at = 0; at < code.size; at += INSTRUCTION_SIZE) {
    if (code.u8(at) !== LOAD_IMMEDIATE_64) continue;
    at += INSTRUCTION_SIZE;
    if (at >= code.size || code.u8(at) !== 0) throw code.error("ends inside a 64-bit constant");
  }
}
