/** The programs of an object: each function of an executable section, decoded, with the source line of every instruction. */
import { type ObjectFile, type Section, viewOf } from "./elf.js";
import { decode, flowOf, type Instruction } from "./instruction.js";
import { type LineInfo, readLineInfo } from "./line-info.js";

export interface ObjectProgram {
  /** the C function: `edge_ingress` */
  readonly name: string;
  readonly section: string;
  readonly instructions: readonly ProgramInstruction[];
}
export interface ProgramInstruction extends Instruction {
  /** undefined where the compiler gave none */
  readonly place: LineInfo | undefined;
  /** what it loads the address of: a map, or data in a section; beside the instruction's own offset */
  readonly addresses: Address | undefined;
  /** the function of the same object that it calls */
  readonly calls: string | undefined;
}

export interface Address {
  /** `.maps`, `.rodata.params` */
  readonly section: string;
  readonly offset: number;
}

const SHF_EXECINSTR = 4n;
const SHT_REL = 9;

/** The functions of all executable sections, in order. */
export function programsOf(object: ObjectFile): ObjectProgram[] {
  const lines = readLineInfo(object);
  return object.symbols
    .filter(symbol => symbol.type === "function")
    .flatMap(symbol => {
      const section = object.sections[symbol.section];
      if (!section || (section.flags & SHF_EXECINSTR) === 0n) return [];
      const code = section.data.subarray(symbol.value, symbol.value + symbol.size);
      const own = lines.get(section.name) ?? [];
      const addressed = addressesIn(object, section);
      const instructions = decode(code).map(instruction => {
        const target = addressed.get(symbol.value + instruction.slot * 8);
        return {
          ...instruction,
          place: lineAt(own, symbol.value, symbol.value + instruction.slot * 8),
          addresses: target && { section: target.section, offset: target.offset },
          calls: flowOf(instruction).kind === "call" ? target?.symbol : undefined,
        };
      });
      return [{ name: symbol.name, section: section.name, instructions }];
    });
}

interface Target extends Address {
  readonly symbol: string;
}
/** What instructions load addresses of or call, by where in their own section they are. */
function addressesIn(object: ObjectFile, code: Section): ReadonlyMap<number, Target> {
  const found = new Map<number, Target>();
  for (const { type, info, data } of object.sections) {
    if (type !== SHT_REL || info !== code.index) continue;
    const view = viewOf(data);
    for (let at = 0; at + 16 <= data.length; at += 16) {
      const symbol = object.symbols[view.getUint32(at + 12, true)];
      const section = symbol && object.sections[symbol.section];
      if (symbol && section) {
        found.set(Number(view.getBigUint64(at, true)), { section: section.name, offset: symbol.value, symbol: symbol.name });
      }
    }
  }
  return found;
}

/** Jumps to earlier instructions: none in what the compiler makes. */
export function backwardJumps(program: ObjectProgram): readonly ProgramInstruction[] {
  return program.instructions.filter(instruction => {
    const flow = flowOf(instruction);
    return (flow.kind === "jump" || flow.kind === "branch") && flow.to <= instruction.slot;
  });
}

export interface LineCount {
  readonly file: string;
  readonly line: number;
  readonly instructions: number;
}
/** How many instructions each source line became, the most first. */
export function instructionsByLine(program: ObjectProgram): LineCount[] {
  const counts = new Map<string, { file: string; line: number; instructions: number }>();
  for (const { place, slots } of program.instructions) {
    if (!place) continue;
    const key = `${place.file}:${place.line}`;
    const count = counts.get(key) ?? { file: place.file, line: place.line, instructions: 0 };
    count.instructions += slots;
    counts.set(key, count);
  }
  return [...counts.values()].sort((a, b) => b.instructions - a.instructions || a.line - b.line);
}
/** The length as the kernel counts it: a 64-bit immediate load is two. */
export function lengthOf(program: ObjectProgram): number {
  return program.instructions.reduce((sum, { slots }) => sum + slots, 0);
}

/** The last record at or before an offset, of the same function. */
function lineAt(lines: readonly LineInfo[], start: number, offset: number): LineInfo | undefined {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lines[middle]?.offset ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  const found = lines[low - 1];
  return found && found.offset >= start ? found : undefined;
}
