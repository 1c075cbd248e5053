/** Expressions in C, by the types that analysis gave. */
import type { Analysis, CType } from "../analyse/analyse.js";
import type { CompareOperator, Expr, Local, Pointer } from "../ir/ir.js";

export interface Names {
  local(local: Local): string;
  pointer(pointer: Pointer): string;
}

const typeNames: { readonly [T in CType]: string } = {
  bool: "bool",
  u32: "__u32",
  s32: "__s32",
  u64: "__u64",
  s64: "__s64",
  u128: "__u128",
};
export function typeName(type: CType): string {
  return typeNames[type];
}

/** Prints expressions of one analysed program. Everything that is not a name or a number stands in parentheses. */
export class ExpressionPrinter {
  readonly #analysis: Analysis;
  readonly #names: Names;

  constructor(analysis: Analysis, names: Names) {
    this.#analysis = analysis;
    this.#names = names;
  }

  print(expr: Expr): string {
    switch (expr.op) {
      case "const":
        return this.#constant(expr.value, this.#analysis.cType(expr));
      case "local":
        return this.#names.local(expr.local);
      case "binary":
        return this.#binary(expr);
      case "unary": {
        const inner = this.print(expr.operand);
        const type = this.#analysis.cType(expr);
        if (expr.operator === "-") return `(-${this.#as(expr.operand, type)})`;
        if (expr.domain === "number") return `((__s32)~(__u32)${inner})`;
        return `(~${this.#as(expr.operand, type)})`;
      }
      case "wrap":
        return this.#wrap(expr.bits, expr.operand);
      case "convert":
        return this.#as(expr.operand, this.#analysis.cType(expr));
      case "compare":
        return this.#compare(expr);
      case "not":
        return this.#not(expr.operand);
      case "and":
        return `(${this.print(expr.left)} && ${this.print(expr.right)})`;
      case "or":
        return `(${this.print(expr.left)} || ${this.print(expr.right)})`;
      case "bounds":
        return `(${this.#names.pointer(expr.pointer)} + ${expr.size} <= data_end)`;
      case "present":
        return `(${this.#names.pointer(expr.pointer)} != 0)`;
    }
  }

  /** A condition without the outer parentheses. */
  condition(expr: Expr): string {
    const text = this.print(expr);
    return text.startsWith("(") && closesAtEnd(text) ? text.slice(1, -1) : text;
  }

  #not(operand: Expr): string {
    if (operand.op === "bounds") return `(${this.#names.pointer(operand.pointer)} + ${operand.size} > data_end)`;
    if (operand.op === "present") return `(!${this.#names.pointer(operand.pointer)})`;
    if (operand.op === "not") return this.print(operand.operand);
    if (operand.op === "compare" && !this.#analysis.exactDifference.has(operand)) return this.#compare(operand, opposite[operand.operator]);
    return `(!${this.print(operand)})`;
  }

  #constant(value: bigint, type: CType): string {
    if (type === "u128" && value >> 64n !== 0n) return wideConstant(value);
    const magnitude = value < 0n ? -value : value;
    const text = magnitude < 4096n ? magnitude.toString() : `0x${magnitude.toString(16)}`;
    const suffix = magnitude >= 1n << 63n ? "ULL" : magnitude >= 1n << 32n ? "LL" : magnitude >= 1n << 31n ? "U" : "";
    if (value < 0n) return suffix === "U" ? `(-${text}LL)` : `(-${text}${suffix})`;
    return `${text}${suffix}`;
  }

  /** An operand brought to a type; constants and what has the type stay as they are. */
  #as(expr: Expr, type: CType): string {
    const own = this.#analysis.cType(expr);
    const text = this.print(expr);
    if (own === type) return text;
    if (expr.op === "const" && expr.value >= 0n && expr.value < 1n << 31n) return text;
    return `(${typeNames[type]})${text}`;
  }

  #binary(expr: Extract<Expr, { op: "binary" }>): string {
    const type = this.#analysis.operandType(expr);
    const result = this.#analysis.cType(expr);
    const cast = (text: string): string => (result === type ? text : `((${typeNames[result]})${text})`);
    const left = this.#as(expr.left, type);
    const right = this.#as(expr.right, type);
    switch (expr.operator) {
      case "+":
      case "-":
      case "*":
        // Typed operands, or C would compute constants beside narrow types as int.
        return `(${forced(left, type, expr.left)} ${expr.operator} ${right})`;
      case "/":
      case "%":
        if (type === "s64" || type === "s32") return this.#signedDivision(expr, left, right);
        return cast(`(${forced(left, type, expr.left)} ${expr.operator} ${right})`);
      case "min":
      case "max": {
        const test = expr.operator === "min" ? "<" : ">";
        return cast(`(${left} ${test} ${right} ? ${left} : ${right})`);
      }
      case "&":
      case "|":
      case "^":
        if (expr.domain === "number") return this.#bits(`(${this.#word(expr.left)} ${expr.operator} ${this.#word(expr.right)})`, result);
        return `(${left} ${expr.operator} ${right})`;
      case "<<":
        if (expr.domain === "number") return this.#bits(`(${this.#word(expr.left)} << ${this.#shift(expr.right)})`, result);
        if (expr.domain === "wide") return `shifted_up(${left}, ${this.#count(expr.right)})`;
        return `(${forced(left, type, expr.left)} << ${this.#count(expr.right)})`;
      case ">>":
        if (expr.domain === "number") return cast(`((${typeNames[type]})${this.print(expr.left)} >> ${this.#shift(expr.right)})`);
        if (expr.domain === "wide") return `shifted_down(${left}, ${this.#count(expr.right)})`;
        return `(${forced(left, type, expr.left)} >> ${this.#count(expr.right)})`;
      case ">>>":
        return cast(`(${this.#word(expr.left)} >> ${this.#shift(expr.right)})`);
      case "imul":
        return this.#bits(`(${this.#word(expr.left)} * ${this.#word(expr.right)})`, result);
    }
  }

  /** The low 32 bits of a number, as JavaScript's bit operators take them. */
  #word(expr: Expr): string {
    const text = this.print(expr);
    if (expr.op === "const") return `${BigInt.asUintN(32, expr.value)}U`;
    return this.#analysis.cType(expr) === "u32" ? text : `(__u32)${text}`;
  }
  /** 32 bits as the result's type: signed where the result may be negative. */
  #bits(text: string, result: CType): string {
    if (result === "u32") return text;
    return result === "s32" ? `((__s32)${text})` : `((${typeNames[result]})(__s32)${text})`;
  }
  #shift(count: Expr): string {
    if (count.op === "const") return (count.value & 31n).toString();
    return `(${this.#word(count)} & 31)`;
  }
  #count(count: Expr): string {
    return count.op === "const" ? count.value.toString() : `(__u32)${this.print(count)}`;
  }

  /** eBPF before -mcpu=v4 (Linux 6.6) divides unsigned alone. */
  #signedDivision(expr: Extract<Expr, { op: "binary" }>, left: string, right: string): string {
    const magnitude = (text: string): string => `(__u64)(${text} < 0 ? -(__s64)${text} : (__s64)${text})`;
    const whole = `(__s64)(${magnitude(left)} ${expr.operator} ${magnitude(right)})`;
    const negative = expr.operator === "/" ? `(${left} < 0) != (${right} < 0)` : `${left} < 0`;
    const type = this.#analysis.cType(expr);
    return `((${typeNames[type]})(${negative} ? -${whole} : ${whole}))`;
  }

  #wrap(bits: number, operand: Expr): string {
    const own = this.#analysis.cType(operand);
    const text = this.print(operand);
    switch (bits) {
      case 8:
      case 16:
        return `(__u32)(__u${bits})${text}`;
      case 32:
        return own === "u32" ? text : `(__u32)${text}`;
      case 48:
        return `((__u64)${text} & 0xffffffffffffULL)`;
      case 64:
        return own === "u64" ? text : `(__u64)${text}`;
      default:
        return own === "u128" ? text : `(__u128)${text}`;
    }
  }

  #compare(expr: Extract<Expr, { op: "compare" }>, operator: CompareOperator = expr.operator): string {
    if (this.#analysis.exactDifference.has(expr)) return this.#exactDifference(expr);
    const type = this.#analysis.operandType(expr);
    return `(${this.#as(expr.left, type)} ${operator} ${this.#as(expr.right, type)})`;
  }

  /** `a - b OP c` of words where the difference may be negative, and c is not. */
  #exactDifference(expr: Extract<Expr, { op: "compare" }>): string {
    const swapped = !(expr.left.op === "binary" && expr.left.operator === "-");
    const difference = swapped ? expr.right : expr.left;
    const other = swapped ? expr.left : expr.right;
    const operator = swapped ? mirrored[expr.operator] : expr.operator;
    if (difference.op !== "binary") return this.print(expr);
    const a = this.#as(difference.left, "u64");
    const b = this.#as(difference.right, "u64");
    const c = this.#as(other, "u64");
    const test = `(${a} - ${b} ${operator} ${c})`;
    if (operator === ">" || operator === ">=" || operator === "==") return `(${a} >= ${b} && ${test})`;
    return `(${a} < ${b} || ${test})`;
  }
}

function forced(text: string, type: CType, expr: Expr): string {
  return expr.op === "const" && type !== "s32" && type !== "bool" ? `(${typeNames[type]})${text}` : text;
}

const opposite: { readonly [O in CompareOperator]: CompareOperator } = {
  "==": "!=",
  "!=": "==",
  "<": ">=",
  "<=": ">",
  ">": "<=",
  ">=": "<",
};
const mirrored: { readonly [O in CompareOperator]: CompareOperator } = {
  "==": "==",
  "!=": "!=",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

function closesAtEnd(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth === 0) return i === text.length - 1;
  }
  return false;
}

/** A u128 as C writes it, which has no constants of that width. */
export function wideConstant(value: bigint): string {
  return `((__u128)0x${(value >> 64n).toString(16)}ULL << 64 | 0x${(value & ((1n << 64n) - 1n)).toString(16)}ULL)`;
}
