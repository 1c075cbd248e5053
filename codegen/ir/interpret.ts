/**
 * Runs IR as JavaScript means it: numbers as exact integers, bigints without end. The reference that analysis and the
 * passes are tested against; it knows the statements that touch values, the packet and buffers, and no helper.
 */
import type { Scalar } from "../../dsl/core/shape.js";
import type { Carried, Expr, Memory, Place, Pointer, Program, Statement } from "./ir.js";
import { framePointer, frontPointer } from "./ir.js";

export interface Run {
  /** the packet's bytes; stores change them */
  readonly packet: Uint8Array;
  /** a map entry's bytes, or undefined for NULL */
  readonly entry?: (statement: Extract<Statement, { kind: "lookup" | "element" }>) => Uint8Array | undefined;
  readonly ambient?: (statement: Extract<Statement, { kind: "ambient" | "variable" }>) => bigint;
  /** of a split program: behind each cut the part goes on with what is carried, and with nothing else */
  readonly parts?: readonly Program[];
  /** sees each expression's value as it is computed; booleans are 0 and 1 */
  readonly observe?: (expr: Expr, value: bigint) => void;
}

/** An operation that JavaScript would refuse: division by zero, a packet access past the end. */
export class Trap extends Error {}

type Outcome =
  | { readonly kind: "next" }
  | { readonly kind: "leave"; readonly label: number }
  | { readonly kind: "return"; readonly verdict: bigint }
  /** another part came to the program's end */
  | { readonly kind: "end" };
const NEXT: Outcome = { kind: "next" };

/** Runs one program; gives its verdict, or undefined where it ends without one. Throws `Trap`. */
export function interpret(program: Program, run: Run): bigint | undefined {
  const outcome = new Interpreter(run).all(program.body);
  return outcome.kind === "return" ? outcome.verdict : undefined;
}

class Interpreter {
  private readonly run: Run;
  private readonly locals = new Map<number, bigint>();
  private readonly pointers = new Map<number, { readonly bytes: Uint8Array; readonly offset: number } | undefined>();
  private readonly buffers = new Map<number, Uint8Array>();

  constructor(run: Run) {
    this.run = run;
    this.pointers.set(frontPointer.id, { bytes: run.packet, offset: 0 });
    this.pointers.set(framePointer.id, { bytes: run.packet, offset: 0 });
  }

  all(statements: readonly Statement[]): Outcome {
    for (const statement of statements) {
      const outcome = this.one(statement);
      if (outcome.kind !== "next") return outcome;
    }
    return NEXT;
  }

  private carrying({ locals, pointers, buffers }: Carried): Interpreter {
    const next = new Interpreter(this.run);
    for (const { local } of locals) {
      const value = this.locals.get(local.id);
      if (value !== undefined) next.locals.set(local.id, value);
    }
    for (const pointer of pointers) next.pointers.set(pointer.id, this.pointer(pointer));
    for (const { id } of buffers) {
      const bytes = this.buffers.get(id);
      if (bytes) next.buffers.set(id, bytes.slice());
    }
    return next;
  }

  private one(statement: Statement): Outcome {
    switch (statement.kind) {
      case "let":
        this.locals.set(statement.local.id, this.value(statement.value));
        return NEXT;
      case "load": {
        const { bytes, at } = this.locate(statement.place);
        this.locals.set(statement.local.id, readScalar(bytes, at, statement.place.scalar));
        return NEXT;
      }
      case "store": {
        const { bytes, at } = this.locate(statement.place);
        writeScalar(bytes, at, statement.place.scalar, this.value(statement.value));
        return NEXT;
      }
      case "fits":
      case "inRange":
        this.value(statement.value);
        return NEXT;
      case "point":
        this.pointers.set(statement.pointer.id, { bytes: this.run.packet, offset: Number(this.value(statement.offset)) });
        return NEXT;
      case "alias":
        this.pointers.set(statement.pointer.id, statement.from === "null" ? undefined : this.pointers.get(statement.from.id));
        return NEXT;
      case "cut": {
        const next = this.run.parts?.[statement.part];
        if (!next) return NEXT;
        const outcome = this.carrying(statement.carried).all(next.body);
        return outcome.kind === "next" ? { kind: "end" } : outcome;
      }
      case "if":
        return this.all(this.value(statement.condition) !== 0n ? statement.then : statement.else);
      case "block": {
        const outcome = this.all(statement.body);
        return outcome.kind === "leave" && outcome.label === statement.label.id ? NEXT : outcome;
      }
      case "leave":
        return { kind: "leave", label: statement.label.id };
      case "return":
        return { kind: "return", verdict: this.value(statement.verdict) };
      case "ambient":
      case "variable":
        this.locals.set(statement.local.id, this.run.ambient?.(statement) ?? 0n);
        return NEXT;
      case "clear":
        this.buffers.set(statement.buffer.id, new Uint8Array(statement.buffer.layout.size));
        return NEXT;
      case "copyPlace": {
        const from = this.memory(statement.from);
        const to = this.memory(statement.to);
        const start = from.at + statement.fromOffset;
        if (start + statement.bytes > from.bytes.length || to.at + statement.toOffset + statement.bytes > to.bytes.length)
          throw new Trap("past the end");
        to.bytes.set(from.bytes.slice(start, start + statement.bytes), to.at + statement.toOffset);
        return NEXT;
      }
      case "lookup":
      case "element": {
        const bytes = this.run.entry?.(statement);
        this.pointers.set(statement.pointer.id, bytes && { bytes, offset: 0 });
        return NEXT;
      }
      default:
        throw new Error(`the interpreter does not know ${statement.kind}`);
    }
  }

  private value(expr: Expr): bigint {
    const value = this.compute(expr);
    this.run.observe?.(expr, value);
    return value;
  }

  private compute(expr: Expr): bigint {
    switch (expr.op) {
      case "const":
        return expr.value;
      case "local": {
        const value = this.locals.get(expr.local.id);
        if (value === undefined) throw new Error(`${expr.local.name} is read before it is assigned`);
        return value;
      }
      case "binary":
        return binary(expr, this.value(expr.left), this.value(expr.right));
      case "unary": {
        const operand = this.value(expr.operand);
        if (expr.operator === "-") return -operand;
        return expr.domain === "number" ? ~BigInt.asIntN(32, operand) : ~operand;
      }
      case "wrap":
        return BigInt.asUintN(expr.bits, this.value(expr.operand));
      case "convert":
        return this.value(expr.operand);
      case "compare":
        return compare(expr.operator, this.value(expr.left), this.value(expr.right)) ? 1n : 0n;
      case "not":
        return this.value(expr.operand) === 0n ? 1n : 0n;
      case "and":
        return this.value(expr.left) !== 0n && this.value(expr.right) !== 0n ? 1n : 0n;
      case "or":
        return this.value(expr.left) !== 0n || this.value(expr.right) !== 0n ? 1n : 0n;
      case "bounds": {
        const pointer = this.pointer(expr.pointer);
        return pointer.offset + expr.size <= pointer.bytes.length ? 1n : 0n;
      }
      case "present":
        return this.pointers.get(expr.pointer.id) === undefined ? 0n : 1n;
    }
  }

  private pointer(pointer: Pointer): { readonly bytes: Uint8Array; readonly offset: number } {
    const at = this.pointers.get(pointer.id);
    if (at === undefined) throw new Trap(`${pointer.name} points nowhere`);
    return at;
  }
  private memory(memory: Memory): { bytes: Uint8Array; at: number } {
    if (memory.kind !== "buffer") {
      const { bytes, offset } = this.pointer(memory.pointer);
      return { bytes, at: offset };
    }
    const bytes = this.buffers.get(memory.buffer.id) ?? new Uint8Array(memory.buffer.layout.size);
    this.buffers.set(memory.buffer.id, bytes);
    return { bytes, at: 0 };
  }
  private locate(place: Place): { bytes: Uint8Array; at: number } {
    const { bytes, at } = this.memory(place.memory);
    const index = place.index ? Number(this.value(place.index.value)) * place.index.stride : 0;
    const start = at + place.offset + index;
    if (start < 0 || start + place.scalar.bytes > bytes.length) throw new Trap(`${place.name} is past the end`);
    return { bytes, at: start };
  }
}

function binary(expr: Extract<Expr, { op: "binary" }>, a: bigint, b: bigint): bigint {
  const number = expr.domain === "number";
  const shift = expr.operator === "<<" || expr.operator === ">>";
  if (shift && !number && (b < 0n || b > 127n)) throw new Trap("shift count");
  switch (expr.operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
    case "%":
      if (b === 0n) throw new Trap("division by zero");
      return expr.operator === "/" ? a / b : a % b;
    case "&":
      return number ? BigInt.asIntN(32, a & b) : a & b;
    case "|":
      return number ? BigInt.asIntN(32, a | b) : a | b;
    case "^":
      return number ? BigInt.asIntN(32, a ^ b) : a ^ b;
    case "<<":
      return number ? BigInt.asIntN(32, a << (b & 31n)) : a << b;
    case ">>":
      return number ? BigInt.asIntN(32, a) >> (b & 31n) : a >> b;
    case ">>>":
      return BigInt.asUintN(32, a) >> (b & 31n);
    case "imul":
      return BigInt.asIntN(32, a * b);
    case "min":
      return a < b ? a : b;
    case "max":
      return a > b ? a : b;
  }
}

function compare(operator: Extract<Expr, { op: "compare" }>["operator"], a: bigint, b: bigint): boolean {
  switch (operator) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
  }
}

export function readScalar(bytes: Uint8Array, at: number, scalar: Scalar): bigint {
  let word = 0n;
  for (let i = 0; i < scalar.bytes; i++) {
    const from = scalar.order === "network" ? at + i : at + scalar.bytes - 1 - i;
    word = (word << 8n) | BigInt(bytes[from] ?? 0);
  }
  return BigInt.asUintN(scalar.width, word >> BigInt(scalar.shift));
}
export function writeScalar(bytes: Uint8Array, at: number, scalar: Scalar, value: bigint): void {
  const mask = ((1n << BigInt(scalar.width)) - 1n) << BigInt(scalar.shift);
  const old = readScalar(bytes, at, { ...scalar, shift: 0, width: scalar.bytes * 8 });
  let word = (old & ~mask) | ((value << BigInt(scalar.shift)) & mask);
  for (let i = 0; i < scalar.bytes; i++) {
    const to = scalar.order === "network" ? at + scalar.bytes - 1 - i : at + i;
    bytes[to] = Number(word & 0xffn);
    word >>= 8n;
  }
}
