/**
 * eBPF instructions as text, in the notation of the kernel's verifier and of llvm-objdump. Only what clang makes with
 * `-mcpu=v3`, and `v4`'s sign-extending moves and loads (RFC 9669 is the instruction set).
 */

/** One instruction. `address` counts 8-byte slots from the start of the program; a 64-bit constant takes two. */
export interface Disassembled {
  readonly address: number;
  readonly text: string;
}

const sizes = ["u32", "u16", "u8", "u64"] as const;
const signedSizes = ["s32", "s16", "s8", "s64"] as const;
const arithmetic = ["+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>="] as const;
const conditions = ["", "==", ">", ">=", "&", "!=", "s>", "s>=", "", "", "<", "<=", "s<", "s<="] as const;

/** The instructions of one program, given the bytes of its function. `helper` names a helper by its number, for calls. */
export function disassemble(code: Uint8Array, helper: (id: number) => string | undefined = () => undefined): Disassembled[] {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const found: Disassembled[] = [];
  for (let at = 0; at + 8 <= code.byteLength; at += 8) {
    const address = at / 8;
    const opcode = view.getUint8(at);
    const registers = view.getUint8(at + 1);
    const instruction: Instruction = {
      opcode,
      destination: registers & 15,
      source: registers >> 4,
      offset: view.getInt16(at + 2, true),
      immediate: view.getInt32(at + 4, true),
    };
    if (opcode === 0x18 && at + 16 <= code.byteLength) {
      const high = view.getUint32(at + 12, true);
      found.push({ address, text: wideConstant(instruction, high) });
      at += 8;
    } else {
      found.push({ address, text: textOf(instruction, helper) });
    }
  }
  return found;
}

interface Instruction {
  readonly opcode: number;
  readonly destination: number;
  readonly source: number;
  readonly offset: number;
  readonly immediate: number;
}

function textOf(instruction: Instruction, helper: (id: number) => string | undefined): string {
  const { opcode, destination, source, offset, immediate } = instruction;
  switch (opcode & 7) {
    case 0:
      return legacyLoad(instruction);
    case 1:
      return `r${destination} = ${memory(mode(opcode) === 4 ? signedSizes : sizes, opcode, source, offset)}`;
    case 2:
      return `${memory(sizes, opcode, destination, offset)} = ${immediate}`;
    case 3:
      return mode(opcode) === 6 ? atomic(instruction) : `${memory(sizes, opcode, destination, offset)} = r${source}`;
    case 4:
      return arithmeticText(instruction, "w");
    case 7:
      return arithmeticText(instruction, "r");
    case 5:
      return jump(instruction, "r", helper);
    default:
      return jump(instruction, "w", helper);
  }
}

const mode = (opcode: number): number => opcode >> 5;

function memory(names: readonly string[], opcode: number, base: number, offset: number): string {
  return `*(${names[(opcode >> 3) & 3]} *)(r${base} ${signed(offset)})`;
}

function signed(offset: number): string {
  return offset < 0 ? `- ${-offset}` : `+ ${offset}`;
}

function arithmeticText({ opcode, destination, source, offset, immediate }: Instruction, register: "r" | "w"): string {
  const operation = opcode >> 4;
  const fromRegister = (opcode & 8) !== 0;
  const target = `${register}${destination}`;
  if (operation === 13) {
    // Byte order: the 32-bit class converts to little- or big-endian, the 64-bit class swaps.
    const name = register === "r" ? "bswap" : fromRegister ? "be" : "le";
    return `r${destination} = ${name}${immediate} r${destination}`;
  }
  if (operation === 8) return `${target} = -${target}`;
  const operator = arithmetic[operation];
  if (operator === undefined) return unknown(opcode);
  if (operation === 11 && fromRegister && offset !== 0) return `${target} = (s${offset})${register}${source}`;
  const isSigned = (operation === 3 || operation === 9) && offset === 1 ? "s" : "";
  return `${target} ${isSigned}${operator} ${fromRegister ? `${register}${source}` : immediate}`;
}

function jump(
  { opcode, destination, source, offset, immediate }: Instruction,
  register: "r" | "w",
  helper: (id: number) => string | undefined,
): string {
  const operation = opcode >> 4;
  if (operation === 0) return `goto ${relative(register === "w" ? immediate : offset)}`;
  if (operation === 8) {
    if (source === 1) return `call pc${relative(immediate)}`;
    const name = helper(immediate);
    return name === undefined ? `call ${immediate}` : `call ${name}#${immediate}`;
  }
  if (operation === 9) return "exit";
  const condition = conditions[operation];
  if (!condition) return unknown(opcode);
  const right = (opcode & 8) !== 0 ? `${register}${source}` : `${immediate}`;
  return `if ${register}${destination} ${condition} ${right} goto ${relative(offset)}`;
}

function relative(offset: number): string {
  return offset < 0 ? `${offset}` : `+${offset}`;
}

function atomic({ opcode, destination, source, offset, immediate }: Instruction): string {
  const wide = ((opcode >> 3) & 3) === 3;
  const place = `*(${wide ? "u64" : "u32"} *)(r${destination} ${signed(offset)})`;
  const register = `${wide ? "r" : "w"}${source}`;
  switch (immediate) {
    case 0x00:
      return `lock ${place} += ${register}`;
    case 0x40:
      return `lock ${place} |= ${register}`;
    case 0x50:
      return `lock ${place} &= ${register}`;
    case 0xa0:
      return `lock ${place} ^= ${register}`;
    case 0xe1:
      return `${register} = ${wide ? "xchg_64" : "xchg32_32"}(r${destination} ${signed(offset)}, ${register})`;
    case 0xf1:
      return `${wide ? "r0 = cmpxchg_64" : "w0 = cmpxchg32_32"}(r${destination} ${signed(offset)}, ${wide ? "r0" : "w0"}, ${register})`;
    default: {
      const name = { 1: "add", 65: "or", 81: "and", 161: "xor" }[immediate];
      return name === undefined ? unknown(opcode) : `${register} = atomic_fetch_${name}(${place.slice(1)}, ${register})`;
    }
  }
}

function legacyLoad({ opcode, source, immediate }: Instruction): string {
  const size = sizes[(opcode >> 3) & 3];
  return mode(opcode) === 2 ? `r0 = *(${size} *)skb[r${source}]` : `r0 = *(${size} *)skb[${immediate}]`;
}

function wideConstant({ destination, source, immediate }: Instruction, high: number): string {
  const value = (BigInt(high) << 32n) | BigInt(immediate >>> 0);
  const what = { 1: "map", 2: "map value", 3: "variable", 4: "function" }[source];
  return `r${destination} = ${what === undefined ? "" : `${what} `}${BigInt.asIntN(64, value)} ll`;
}

function unknown(opcode: number): string {
  return `unknown opcode 0x${opcode.toString(16).padStart(2, "0")}`;
}
