/**
 * Which C types make C's arithmetic equal JavaScript's, from the intervals.
 *
 * A number is held in the smallest of u32, s32, u64 (up to 2^53), s64 that holds its interval; a bigint in u64, modulo
 * 2^64; a wide in u128 (two u64); a boolean in bool. An expression's type holds its value exactly, where its domain is
 * `number`.
 *
 * How to print an operator, with T its operand type (`operandType`) and R its own (`cType`). Converting to T is a cast
 * where the operand's type differs; it never changes an operand's value, but for + − * << & | ^ imul, where it may cut
 * it and only the low bits matter.
 *
 * | operator | C |
 * |---|---|
 * | `+ - *` | `(T)a + (T)b`; T is R: the result is right modulo its width, and it fits |
 * | `/ %` | `(T)a / (T)b`; T unsigned where both are not negative, else s64: build it from unsigned |
 * | `min max` | `(T)a < (T)b ? …`; T holds both |
 * | `& \| ^` of numbers | `(R)((u32)a & (u32)b)` |
 * | `<<`, `imul` of numbers | `(R)((u32)a << (b & 31))`, `(R)((u32)a * (u32)b)` |
 * | `>>` of numbers | `(s32)a >> (b & 31)`; where the left is not negative in 32 bits, u32 |
 * | `>>>` | `(u32)a >> (b & 31)` |
 * | `~` of numbers | `(s32)~(u32)a`; unary `-`: `-(R)a` |
 * | bigint, wide: all | in u64, u128; the analysis has proved operands unwrapped where it shows |
 * | `wrap(bits)` | `(u8)a`, `(u16)a`, `(u32)a`, `a & 0xffffffffffff`, `(u64)a`: a negative number is sign-extended first |
 * | `convert` | `(R)a`: a negative number is sign-extended |
 * | compare | `(T)a < (T)b`; T holds both |
 *
 * A comparison in `exactDifference` is `(a − b) OP c` or `c OP (a − b)` of bigints whose difference may be negative, c
 * not: with the difference on the left, `> >= ==` is `a >= b && a - b OP c`; `< <= !=` is `a < b || a - b OP c`.
 */
import type { Domain, Expr, Interval, Local } from "../ir/ir.js";
import { domainOf } from "./domains.js";
import { hull, signed, unsigned, within } from "./interval.js";

export type CType = "bool" | "u32" | "s32" | "u64" | "s64" | "u128";

export function typeOfInterval(domain: Domain, range: Interval): CType {
  switch (domain) {
    case "boolean":
      return "bool";
    case "bigint":
      return "u64";
    case "wide":
      return "u128";
    case "number":
      if (within(range, unsigned(32))) return "u32";
      if (within(range, signed(32))) return "s32";
      return range.min >= 0n ? "u64" : "s64";
  }
}

export function typeOfExpr(expr: Expr, rangeOf: (expr: Expr) => Interval, localRange: (local: Local) => Interval): CType {
  if (expr.op === "local") return typeOfInterval(expr.local.domain, localRange(expr.local));
  return typeOfInterval(domainOf(expr), rangeOf(expr));
}

export function operandTypeOf(expr: Expr, rangeOf: (expr: Expr) => Interval, cType: (expr: Expr) => CType): CType {
  switch (expr.op) {
    case "binary": {
      if (expr.domain !== "number") return cType(expr);
      const both = hull(rangeOf(expr.left), rangeOf(expr.right));
      switch (expr.operator) {
        case "+":
        case "-":
        case "*":
          return cType(expr);
        case "/":
        case "%":
          return both.min >= 0n ? typeOfInterval("number", both) : "s64";
        case "min":
        case "max":
          return typeOfInterval("number", both);
        case "&":
        case "|":
        case "^":
        case "<<":
        case "imul":
        case ">>>":
          return "u32";
        case ">>":
          return within(rangeOf(expr.left), signed(32)) && rangeOf(expr.left).min >= 0n ? "u32" : "s32";
      }
      break;
    }
    case "compare":
      return typeOfInterval(domainOf(expr.left), hull(rangeOf(expr.left), rangeOf(expr.right)));
    case "unary":
      return expr.domain === "number" && expr.operator === "~" ? "u32" : cType(expr);
    case "wrap":
    case "convert":
      return cType(expr.operand);
    case "const":
    case "local":
    case "not":
    case "and":
    case "or":
    case "bounds":
    case "present":
      return cType(expr);
  }
}
