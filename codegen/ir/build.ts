/** Short ways to write IR by hand: for tests, and for passes that make nodes. */
import type { Scalar } from "../../dsl/core/shape.js";
import type {
  Buffer,
  CompareOperator,
  Domain,
  Expr,
  Fit,
  Interval,
  Label,
  Local,
  MapDecl,
  Memory,
  NumberOperator,
  Place,
  Pointer,
  Program,
  Span,
  Statement,
} from "./ir.js";

let next = 1000;

export function span(line: number): Span {
  return { file: "test.dp.ts", line, column: 1, length: 1 };
}
/** A place of its own for each node, so that no two problems look alike. */
function here(): Span {
  return span(next++);
}

export function local(name: string, domain: Domain = "number", range?: Interval): Local {
  return range ? { id: next++, name, domain, range } : { id: next++, name, domain };
}
export function pointer(name: string, to: Pointer["to"] = "packet"): Pointer {
  return { id: next++, name, to };
}
export function label(name: string): Label {
  return { id: next++, name };
}
export function map(symbol: string, shared: boolean): MapDecl {
  const spec = {
    what: "map",
    kind: shared ? "hash" : "perCpuHash",
    key: undefined,
    value: undefined,
    maxEntries: 1,
    scope: "pipeline",
    shared: undefined,
    expires: undefined,
    capture: 0,
    entries: () => [],
  } as const;
  return { symbol, path: symbol, spec, shared };
}

export function num(value: number | bigint): Expr {
  return { op: "const", domain: "number", value: BigInt(value) };
}
export function big(value: bigint): Expr {
  return { op: "const", domain: "bigint", value };
}
export function bool(value: boolean): Expr {
  return { op: "const", domain: "boolean", value: value ? 1n : 0n };
}
export function get(of: Local): Expr {
  return { op: "local", local: of };
}
export function binary(operator: NumberOperator, left: Expr, right: Expr, domain: Domain = "number"): Expr {
  return { op: "binary", operator, domain, left, right, span: here() };
}
export function unary(operator: "~" | "-", operand: Expr, domain: Domain = "number"): Expr {
  return { op: "unary", operator, domain, operand, span: here() };
}
export function wrap(bits: 8 | 16 | 32 | 48 | 64 | 128, operand: Expr): Expr {
  return { op: "wrap", bits, operand, span: here() };
}
export function convert(domain: Domain, operand: Expr): Expr {
  return { op: "convert", domain, operand, span: here() };
}
export function compare(operator: CompareOperator, left: Expr, right: Expr): Expr {
  return { op: "compare", operator, left, right, span: here() };
}
export function not(operand: Expr): Expr {
  return { op: "not", operand };
}
export function and(left: Expr, right: Expr): Expr {
  return { op: "and", left, right };
}
export function or(left: Expr, right: Expr): Expr {
  return { op: "or", left, right };
}
export function bounds(of: Pointer, size: number): Expr {
  return { op: "bounds", pointer: of, size };
}

export function scalar(bits: 8 | 16 | 32 | 48 | 64 | 128, order: Scalar["order"] = "network"): Scalar {
  switch (bits) {
    case 8:
      return { bytes: 1, order, shift: 0, width: bits };
    case 16:
      return { bytes: 2, order, shift: 0, width: bits };
    case 32:
      return { bytes: 4, order, shift: 0, width: bits };
    case 48:
      return { bytes: 6, order, shift: 0, width: bits };
    case 64:
      return { bytes: 8, order, shift: 0, width: bits };
    case 128:
      return { bytes: 16, order, shift: 0, width: bits };
  }
}
export function packetPlace(of: Pointer, offset: number, bits: 8 | 16 | 32 | 48 | 64 | 128, name = `packet[${offset}]`): Place {
  return { memory: { kind: "packet", pointer: of }, offset, scalar: scalar(bits), name };
}
export function entryPlace(of: Pointer, map: MapDecl, offset: number, bits: 8 | 16 | 32 | 48 | 64 | 128): Place {
  const memory: Memory = { kind: "entry", pointer: of, map };
  return { memory, offset, scalar: scalar(bits, "host"), name: `${map.symbol}[${offset}]` };
}
export function bufferPlace(buffer: Buffer, offset: number, bits: 8 | 16 | 32 | 48 | 64 | 128): Place {
  return { memory: { kind: "buffer", buffer }, offset, scalar: scalar(bits, "host"), name: `${buffer.name}[${offset}]` };
}
export function fit(bits: number, what = `a u${bits}`): Fit {
  return { bits, what };
}

export function set(to: Local, value: Expr): Statement {
  return { kind: "let", local: to, value, span: here() };
}
export function load(to: Local, place: Place): Statement {
  return { kind: "load", local: to, place, span: here() };
}
export function store(place: Place, value: Expr): Statement {
  return { kind: "store", place, value, fit: fit(place.scalar.width, place.name), span: here() };
}
export function fits(value: Expr, bits: number): Statement {
  return { kind: "fits", value, fit: fit(bits), span: here() };
}
export function inRange(value: Expr, length: number): Statement {
  return { kind: "inRange", value, length, what: "the table", span: here() };
}
export function point(to: Pointer, offset: Expr): Statement {
  return { kind: "point", pointer: to, offset, span: here() };
}
export function when(condition: Expr, then: readonly Statement[], otherwise: readonly Statement[] = []): Statement {
  return { kind: "if", condition, then, else: otherwise, span: here() };
}
export function block(of: Label, body: readonly Statement[]): Statement {
  return { kind: "block", label: of, body, span: here() };
}
export function leave(of: Label): Statement {
  return { kind: "leave", label: of, span: here() };
}
export function ret(verdict: Expr = num(0)): Statement {
  return { kind: "return", verdict, span: here() };
}
export function program(...body: readonly Statement[]): Program {
  return { hook: "ingress", name: "test_ingress", body };
}
