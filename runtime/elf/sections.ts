/** The ELF header and its section table (System V ABI, "Object Files"; ELF-64, little-endian, for BPF). */
import { MalformedError, Reader } from "./reader.js";

const HEADER_SIZE = 64;
const SECTION_SIZE = 64;
const MOST_SECTIONS = 4096;
const LARGEST_ZEROED = 16 << 20;
/** A flow table is a section of its own: 4 million flows, twice as many slots, of 256 bytes at most, and what tells where they are. */
const LARGEST_TABLE = 2 ** 31 + 2 ** 26;
const LARGEST_ALIGNMENT = 4096;
const ET_REL = 1;
const EM_BPF = 247;
const SHF_COMPRESSED = 0x800;
export const SHF_EXECINSTR = 0x4;

export const SectionType = { null: 0, progbits: 1, symtab: 2, strtab: 3, rela: 4, nobits: 8, rel: 9 } as const;

export interface Section {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly entrySize: number;
  /** empty for sections that the file holds nothing of */
  readonly data: Reader;
}

/**
 * What a datapath program is made of. libbpf reads more kinds (struct_ops, kernel configuration, legacy maps); none is
 * ever needed here, so none is let through to it.
 */
const KNOWN =
  /^(|\.(strtab|shstrtab|symtab|text|maps|BTF|BTF\.ext|llvm_addrsig|comment)|\.(rodata|data|bss|debug_|note)[\w.$-]*|license|version|(xdp|tc)[\w./-]*)$/;

/** @throws {MalformedError} */
export function readSections(bytes: Uint8Array): Section[] {
  const file = new Reader(bytes, "the file");
  if (file.size < HEADER_SIZE || file.u32(0) !== 0x464c457f) throw new MalformedError("it is not an ELF file");
  if (file.u8(4) !== 2 || file.u8(5) !== 1 || file.u8(6) !== 1) throw file.error("is not 64-bit little-endian ELF");
  if (file.u16(16) !== ET_REL || file.u16(18) !== EM_BPF || file.u32(20) !== 1) throw file.error("is not a relocatable object for BPF");
  if (file.u16(52) !== HEADER_SIZE || file.u16(58) !== SECTION_SIZE) throw file.error("has headers of unknown size");
  if (file.u16(56) !== 0 || file.offset(32) !== 0) throw file.error("has program headers");
  const start = file.offset(40);
  const count = file.u16(60);
  const names = file.u16(62);
  if (count < 2 || count > MOST_SECTIONS || names === 0 || names >= count || start % 8 !== 0)
    throw file.error("has an unlikely section table");
  const table = file.part(start, count * SECTION_SIZE, "the section table");

  const nameTable = contents(file, table, names, "the section names");
  const sections: Section[] = [];
  for (let index = 0; index < count; index++) {
    const at = index * SECTION_SIZE;
    const name = nameTable.text(table.u32(at));
    sections.push({
      index,
      name,
      type: table.u32(at + 4),
      flags: table.offset(at + 8),
      size: table.offset(at + 32),
      link: table.u32(at + 40),
      info: table.u32(at + 44),
      entrySize: table.offset(at + 56),
      data: contents(file, table, index, `section ${name || index}`),
    });
    checkHeader(table, at, sections[index]);
  }
  return sections;
}

function contents(file: Reader, table: Reader, index: number, what: string): Reader {
  const at = index * SECTION_SIZE;
  const type = table.u32(at + 4);
  if (type === SectionType.nobits || type === SectionType.null) return new Reader(new Uint8Array(), what);
  return file.part(table.offset(at + 24), table.offset(at + 32), what);
}

function checkHeader(table: Reader, at: number, section: Section | undefined): void {
  if (!section) return;
  const { name, type, flags, size, data, index } = section;
  const base = name.replace(/^\.rela?(?=[.\w])/, "");
  const isRelocation = type === SectionType.rel || type === SectionType.rela;
  if (!KNOWN.test(isRelocation ? base : name)) throw data.error("is of a kind that no datapath program has");
  if (index === 0 ? type !== SectionType.null : type === SectionType.null)
    throw data.error("is where the empty section must be, or empty itself");
  if (flags & SHF_COMPRESSED) throw data.error("is compressed");
  if (type === SectionType.nobits && size > (name.startsWith(".bss.") ? LARGEST_TABLE : LARGEST_ZEROED))
    throw data.error(`asks for ${size} zero bytes`);
  const alignment = table.offset(at + 48);
  if (alignment > LARGEST_ALIGNMENT || (alignment & (alignment - 1)) !== 0) throw data.error(`has alignment ${alignment}`);
  if (type !== SectionType.nobits && alignment > 1 && table.offset(at + 24) % alignment !== 0) throw data.error("is not aligned");
}
