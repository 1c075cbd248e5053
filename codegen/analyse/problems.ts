/** Every diagnostic of this stage: one factory each, named for what is wrong. */
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { CompareOperator, Fit, Interval, NumberOperator, Span } from "../ir/ir.js";
import { showInteger, showInterval, unsigned } from "./interval.js";

export type Problem = Diagnostic;

type Code = Diagnostic["code"];

function problem(code: Code, span: Span, message: string, hint?: string): Problem {
  return { code, severity: "error", message, span, ...(hint === undefined ? {} : { hint }) };
}

export function doesNotFit(span: Span, fit: Fit, value: Interval, hint: string): Problem {
  return problem("DP2001", span, `${fit.what} holds ${showInterval(unsigned(fit.bits))}, but this value is ${showInterval(value)}`, hint);
}

export function inexact(span: Span, operator: string, value: Interval): Problem {
  return problem(
    "DP2002",
    span,
    `the result of ${operator} is ${showInterval(value)}, and a number is exact only within ±2^53`,
    operator === "*" ? "use Math.imul for a product that wraps at 32 bits, or bigint" : "wrap an operand, or compute with bigint",
  );
}

export function operandTooWide(span: Span, operator: NumberOperator | "~", value: Interval): Problem {
  return problem(
    "DP2003",
    span,
    `an operand of ${operator} is ${showInterval(value)}, and JavaScript cuts it to 32 bits`,
    "cut it with u32(…) first, or compute with bigint",
  );
}

export function shiftCount(span: Span, operator: NumberOperator, count: Interval, most: number): Problem {
  return problem(
    "DP2004",
    span,
    `the count of ${operator} is ${showInterval(count)}, and must be 0…${most}`,
    `test the count first, or mask it with & ${most}n`,
  );
}

export function divisorMayBeZero(span: Span, operator: "/" | "%", divisor: Interval, reread: boolean): Problem {
  return problem(
    "DP2005",
    span,
    `the divisor of ${operator} is ${showInterval(divisor)}, and may be zero`,
    reread
      ? "another CPU may write this field between the test and the division: read it into a const, and test that"
      : "return before where it is zero, or use Math.max(1, …)",
  );
}

export function mayHaveWrapped(span: Span, use: string, value: Interval, bits: 64 | 128): Problem {
  return problem(
    "DP2006",
    span,
    `${use} sees a value of ${showInterval(value)}, which ${bits} bits cannot hold: it may have wrapped, where JavaScript's has not`,
    value.min < 0n
      ? `test that the difference is not negative first, or wrap it with u${bits}(…)`
      : `limit the operands first, or wrap the value with u${bits}(…)`,
  );
}

export function signedAgainstUnsigned(span: Span, operator: CompareOperator, signed: Interval, other: Interval): Problem {
  return problem(
    "DP2007",
    span,
    `JavaScript's bit operators give signed 32-bit results: ${showInterval(signed)} is compared by ${spoken(operator)} with ${showInterval(other)}`,
    "write (…) >>> 0 to read the result as unsigned",
  );
}

export function neverEqual(span: Span, mask: bigint, value: bigint): Problem {
  return problem(
    "DP2008",
    span,
    `a value under the mask ${hexadecimal(mask)} is never ${hexadecimal(value)}`,
    `${hexadecimal(value & ~mask)} lies outside the mask: correct one of the two`,
  );
}

export function doesNotConvert(span: Span, value: Interval, to: string): Problem {
  return problem("DP2009", span, `${showInterval(value)} does not fit ${to}`, "wrap the value with u32(…) or u48(…), or test it first");
}

export function notProvedIndex(span: Span, what: string, index: Interval, length: number, hint: string): Problem {
  return problem("DP2010", span, `the index of ${what} is ${showInterval(index)}, and must be 0…${length - 1}`, hint);
}

export function notForWide(span: Span, operator: NumberOperator): Problem {
  return problem("DP2011", span, `u128 has no ${operator}`, "cut to 64 bits with u64(…), or use & | ^ ~ === and shifts by a constant");
}

export function offsetOutside(span: Span, offset: Interval): Problem {
  return offset.min < 0n
    ? problem("DP3001", span, `the packet offset is ${showInterval(offset)}, and may be negative`, "test that it is not negative first")
    : problem(
        "DP3002",
        span,
        `the packet offset is ${showInterval(offset)}, and a view ends within the first 65535 bytes`,
        "test the offset against a limit first",
      );
}

export function offsetBeforeTag(span: Span, offset: Interval): Problem {
  return problem(
    "DP3103",
    span,
    `the run-time offset is ${showInterval(offset)}, and below 12 a VLAN tag may stand between it and the rest`,
    "Math.max(offset, 14), or test it first; constant offsets may be lower",
  );
}

export function viewEndsOutside(span: Span, offset: Interval, size: number): Problem {
  return problem(
    "DP3003",
    span,
    `${size} bytes at offset ${showInterval(offset)} end at up to ${showInteger(offset.max + BigInt(size))}, and a view ends within the first 65535 bytes`,
    "test the offset against a limit first",
  );
}

export function lengthOutside(span: Span, what: string, value: Interval, most: bigint): Problem {
  return problem(
    "DP3004",
    span,
    `${what} is ${showInterval(value)}, and must be 0…${showInteger(most)}`,
    "test it first, or limit it with Math.min and Math.max",
  );
}

export function neverSoFew(span: Span, what: string, value: Interval, max: number): Problem {
  return problem(
    "DP3108",
    span,
    `${what} is ${showInterval(value)}, and its limit is ${max}: it is never done`,
    "correct the limit or the number",
  );
}

function spoken(operator: CompareOperator): string {
  return operator === "==" ? "===" : operator === "!=" ? "!==" : operator;
}
function hexadecimal(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
