/** What a program must prove, operator by operator, for C to mean what JavaScript means (docs/language.md, Integers). */
import type { Domain, Expr, Fit, Interval, Span } from "../ir/ir.js";
import type { Atom, Atoms } from "./atoms.js";
import { domainOf } from "./domains.js";
import type { Findings } from "./evaluate.js";
import { contains, interval, TWO_53, unsigned, within } from "./interval.js";
import { isConstant, type Linear } from "./linear.js";
import {
  divisorMayBeZero,
  doesNotConvert,
  doesNotFit,
  inexact,
  mayHaveWrapped,
  neverEqual,
  notForWide,
  notProvedIndex,
  operandTooWide,
  shiftCount,
  signedAgainstUnsigned,
} from "./problems.js";
import type { State } from "./state.js";

type Binary = Extract<Expr, { op: "binary" }>;
type Unary = Extract<Expr, { op: "unary" }>;

const EXACT = interval(-TWO_53, TWO_53);
/** what JavaScript's bit operators take as it is */
const BITS_32 = interval(-(1n << 31n), (1n << 32n) - 1n);

export function checkBinary(findings: Findings, state: State, expr: Binary, left: Linear, right: Linear, result: Linear): void {
  const a = state.facts.rangeOf(left);
  const b = state.facts.rangeOf(right);
  const width = widthOf(expr.domain);
  switch (expr.operator) {
    case "+":
    case "-":
    case "*": {
      if (expr.domain === "wide" && expr.operator === "*") findings.report(notForWide(expr.span, expr.operator));
      const value = state.facts.rangeOf(result);
      if (expr.domain === "number" && !within(value, EXACT)) findings.report(inexact(expr.span, expr.operator, value));
      return;
    }
    case "/":
    case "%":
      if (expr.domain === "wide") findings.report(notForWide(expr.span, expr.operator));
      if (width) {
        checkUnwrapped(findings, expr.span, expr.operator, a, width);
        checkUnwrapped(findings, expr.span, expr.operator, b, width);
      }
      if (contains(b, 0n)) findings.report(divisorMayBeZero(expr.span, expr.operator, b, isShared(findings.atoms, right)));
      return;
    case "min":
    case "max":
      if (expr.domain === "wide") findings.report(notForWide(expr.span, expr.operator));
      if (width) {
        checkUnwrapped(findings, expr.span, expr.operator, a, width);
        checkUnwrapped(findings, expr.span, expr.operator, b, width);
      }
      return;
    case "&":
    case "|":
    case "^":
    case "imul":
      if (width) return;
      checkBits(findings, expr, a);
      checkBits(findings, expr, b);
      return;
    case "<<":
    case ">>":
    case ">>>":
      if (width === undefined) {
        checkBits(findings, expr, a);
        checkBits(findings, expr, b);
        return;
      }
      if (expr.operator !== "<<") checkUnwrapped(findings, expr.span, ">>", a, width);
      if (expr.domain === "wide" && !isConstant(right)) findings.report(notForWide(expr.span, expr.operator));
      else if (!within(b, interval(0n, BigInt(width - 1)))) findings.report(shiftCount(expr.span, expr.operator, b, width - 1));
      return;
  }
}

export function checkNegate(findings: Findings, state: State, expr: Unary, result: Linear): void {
  const value = state.facts.rangeOf(result);
  if (expr.domain === "number" && !within(value, EXACT)) findings.report(inexact(expr.span, "-", value));
}

export function checkComplement(findings: Findings, state: State, expr: Unary, operand: Linear): void {
  const value = state.facts.rangeOf(operand);
  if (expr.domain === "number" && !within(value, BITS_32)) findings.report(operandTooWide(expr.span, "~", value));
}

/** A word may be cut however it wrapped; it can't be made wider. */
export function checkWrap(findings: Findings, state: State, expr: Extract<Expr, { op: "wrap" }>, operand: Linear): void {
  const from = widthOf(domainOf(expr.operand));
  const value = state.facts.rangeOf(operand);
  if (from === 64 && expr.bits > 64) checkUnwrapped(findings, expr.span, `u${expr.bits}(…)`, value, from);
  else if (from === undefined && expr.bits > 64 && value.min < 0n) findings.report(doesNotConvert(expr.span, value, "u128"));
}

export function checkConvert(findings: Findings, state: State, expr: Extract<Expr, { op: "convert" }>, operand: Linear): void {
  const from = widthOf(domainOf(expr.operand));
  const value = state.facts.rangeOf(operand);
  if (from !== undefined && expr.domain !== domainOf(expr.operand)) {
    checkUnwrapped(findings, expr.span, expr.domain === "number" ? "Number(…)" : "the conversion", value, from);
  }
  if (expr.domain === "number" && from !== undefined && value.min >= 0n && value.max > TWO_53 && value.max < 1n << BigInt(from)) {
    findings.report(doesNotConvert(expr.span, value, "a number, which is exact only up to 2^53"));
  }
  if (expr.domain === "wide" && from === undefined && value.min < 0n) findings.report(doesNotConvert(expr.span, value, "u128"));
}

export function checkCompare(findings: Findings, state: State, expr: Extract<Expr, { op: "compare" }>, left: Linear, right: Linear): void {
  const a = state.facts.rangeOf(left);
  const b = state.facts.rangeOf(right);
  const width = widthOf(domainOf(expr.left));
  if (width === undefined) {
    checkSigns(findings, expr, left, right, a, b);
    return;
  }
  const word = unsigned(width);
  if (within(a, word) && within(b, word)) return;
  if (width === 64 && isExactDifference(findings, expr, a, b)) {
    findings.exactDifference.add(expr);
    return;
  }
  const wrapped = within(a, word) ? b : a;
  findings.report(mayHaveWrapped(expr.span, `the comparison ${expr.operator}`, wrapped, width));
}

/** `a - b OP c` over words: true to JavaScript as `a >= b && a - b OP c`, or `a < b || a - b OP c`. */
function isExactDifference(findings: Findings, expr: Extract<Expr, { op: "compare" }>, a: Interval, b: Interval): boolean {
  const word = unsigned(64);
  const exact = (side: Expr, other: Interval): boolean => {
    if (side.op !== "binary" || side.operator !== "-" || side.domain !== "bigint" || !within(other, word)) return false;
    const parts = [findings.ranges.get(side.left), findings.ranges.get(side.right)];
    return parts.every(part => part !== undefined && within(part, word));
  };
  return exact(expr.left, b) || exact(expr.right, a);
}

function checkSigns(
  findings: Findings,
  expr: Extract<Expr, { op: "compare" }>,
  left: Linear,
  right: Linear,
  a: Interval,
  b: Interval,
): void {
  const most = (1n << 31n) - 1n;
  const { atoms } = findings;
  if (a.min < 0n && b.max > most && isBitResult(atoms, expr.left, left)) {
    findings.report(signedAgainstUnsigned(expr.span, expr.operator, a, b));
  } else if (b.min < 0n && a.max > most && isBitResult(atoms, expr.right, right)) {
    findings.report(signedAgainstUnsigned(expr.span, expr.operator, b, a));
  } else if (expr.operator === "==" || expr.operator === "!=") {
    checkMask(findings, expr, expr.left, expr.right);
    checkMask(findings, expr, expr.right, expr.left);
  }
}

function checkMask(findings: Findings, expr: Extract<Expr, { op: "compare" }>, masked: Expr, other: Expr): void {
  if (masked.op !== "binary" || masked.operator !== "&" || other.op !== "const") return;
  const mask = masked.left.op === "const" ? masked.left : masked.right.op === "const" ? masked.right : undefined;
  if (!mask || (masked.left.op === "const" && masked.right.op === "const")) return;
  const bits = masked.domain === "number" ? 32 : 128;
  if (BigInt.asUintN(bits, other.value & ~mask.value) !== 0n)
    findings.report(neverEqual(expr.span, BigInt.asUintN(bits, mask.value), other.value));
}

/** Whether an expression is what a signed 32-bit operator gave, here or where its local was assigned. */
function isBitResult(atoms: Atoms, expr: Expr, form: Linear): boolean {
  if (expr.op === "binary") return ["&", "|", "^", "<<", ">>", "imul"].includes(expr.operator);
  if (expr.op === "unary") return expr.operator === "~";
  return atoms.operationOf(form)?.operator === "signed32";
}

export function checkFit(findings: Findings, state: State, value: Linear, fit: Fit, span: Span): void {
  const range = state.facts.rangeOf(value);
  if (!within(range, unsigned(fit.bits))) findings.report(doesNotFit(span, fit, range, hintForFit(findings.atoms, value, range, fit.bits)));
}

export function checkIndex(findings: Findings, state: State, value: Linear, length: number, what: string, span: Span): void {
  const range = state.facts.rangeOf(value);
  if (range.min >= 0n && range.max < BigInt(length)) return;
  const hint =
    isSigned(findings.atoms, value) && range.min < 0n
      ? "the bit operators and Math.imul give signed results: write (…) >>> 0 before %"
      : `test the index first, or take it % ${length}`;
  findings.report(notProvedIndex(span, what, range, length, hint));
}

function hintForFit(atoms: Atoms, value: Linear, range: Interval, bits: number): string {
  const wrap = [8, 16, 32, 48, 64, 128].includes(bits) ? `u${bits}(…)` : `& ${(1n << BigInt(bits)) - 1n}`;
  if (isFold(atoms, value)) return "fold16() folds a checksum until nothing is carried";
  if (range.min < 0n && isSigned(atoms, value)) {
    return bits >= 32
      ? "write (…) >>> 0 to read the result as unsigned"
      : `the bit operators give signed results: mask the value, or wrap it with ${wrap}`;
  }
  if (range.min < 0n && value.terms.length > 1) return `test first that what is subtracted is not greater, or wrap with ${wrap}`;
  return `test the value first, or wrap it with ${wrap}`;
}

/** `(s & 0xffff) + (s >>> 16)`: stays 0…65536 however often it is done. */
function isFold(atoms: Atoms, value: Linear): boolean {
  const operators = value.terms.flatMap(({ atom, factor }) => {
    const { definition } = atoms.at(atom);
    return factor === 1n && definition.kind === "operation" ? [definition.operator] : [];
  });
  return value.terms.length === 2 && operators.includes("modulo") && operators.includes("shiftRight");
}

function isSigned(atoms: Atoms, value: Linear): boolean {
  return atoms.some(value, ({ definition }: Atom) => definition.kind === "operation" && definition.operator === "signed32");
}
function isShared(atoms: Atoms, value: Linear): boolean {
  return value.terms.some(({ atom }) => {
    const { definition } = atoms.at(atom);
    return definition.kind === "input" && definition.shared;
  });
}

function checkUnwrapped(findings: Findings, span: Span, use: string, value: Interval, bits: 64 | 128): void {
  if (!within(value, unsigned(bits))) findings.report(mayHaveWrapped(span, use, value, bits));
}
function checkBits(findings: Findings, expr: Binary, value: Interval): void {
  if (!within(value, BITS_32)) findings.report(operandTooWide(expr.span, expr.operator, value));
}
function widthOf(domain: Domain): 64 | 128 | undefined {
  return domain === "bigint" ? 64 : domain === "wide" ? 128 : undefined;
}
