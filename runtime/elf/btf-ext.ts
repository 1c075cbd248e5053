/** .BTF.ext: which instruction came from which function and line. */
import type { Btf } from "./btf.js";
import type { Reader } from "./reader.js";
import type { Section } from "./sections.js";
import { isCode } from "./symbols.js";

const MAGIC = 0xeb9f;
const SHORT_HEADER = 24;
const LONG_HEADER = 32;
const INSTRUCTION_SIZE = 8;
const FUNCTION_RECORD = 8;
const LINE_RECORD = 16;

/** @throws {MalformedError} */
export function checkBtfExt(ext: Reader, btf: Btf, sections: readonly Section[]): void {
  if (ext.u16(0) !== MAGIC || ext.u8(2) !== 1 || ext.u8(3) !== 0) throw ext.error("is not of version 1");
  const header = ext.u32(4);
  if (header !== SHORT_HEADER && header !== LONG_HEADER) throw ext.error(`has a header of ${header} bytes`);
  const body = ext.part(header, ext.size - header, "the body of .BTF.ext");
  const code = new Map(sections.filter(isCode).map(section => [section.name, section.size]));
  checkRecords(body.part(ext.u32(8), ext.u32(12), "the functions of .BTF.ext"), FUNCTION_RECORD, btf, code, (records, at) => {
    if (records.u32(at + 4) >= btf.types) throw records.error(`refer to type ${records.u32(at + 4)} of ${btf.types}`);
  });
  checkRecords(body.part(ext.u32(16), ext.u32(20), "the lines of .BTF.ext"), LINE_RECORD, btf, code, (records, at) => {
    btf.strings.text(records.u32(at + 4));
    btf.strings.text(records.u32(at + 8));
  });
  // Relocations against the running kernel's types: the compiler makes none.
  if (header === LONG_HEADER && ext.u32(28) !== 0) throw ext.error("asks for relocations against the kernel's types");
}

function checkRecords(
  part: Reader,
  size: number,
  btf: Btf,
  code: ReadonlyMap<string, number>,
  check: (records: Reader, at: number) => void,
): void {
  if (part.size === 0) return;
  if (part.u32(0) !== size) throw part.error(`have records of ${part.u32(0)} bytes`);
  for (let at = 4; at < part.size; ) {
    const name = btf.strings.text(part.u32(at));
    const count = part.u32(at + 4);
    const room = code.get(name);
    if (room === undefined) throw part.error(`speak of section ${name}, which is no code`);
    if (count === 0) throw part.error(`have nothing for section ${name}`);
    const records = part.part(at + 8, count * size, part.what);
    for (let i = 0; i < records.size; i += size) {
      const instruction = records.u32(i);
      if (instruction % INSTRUCTION_SIZE !== 0 || instruction >= room) throw part.error(`speak of byte ${instruction} of section ${name}`);
      check(records, i);
    }
    at += 8 + count * size;
  }
}
