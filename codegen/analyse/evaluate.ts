/**
 * Expressions to values, left to right, each checked as it is met. What is found of a node is recorded beside it:
 * its interval, or its truth where that is decided.
 */
import type { Expr, Interval, Span } from "../ir/ir.js";
import type { Atoms, Join } from "./atoms.js";
import { domainOf } from "./domains.js";
import { interval, meet } from "./interval.js";
import { constant, type Linear, ofAtom, scaled } from "./linear.js";
import { checkBinary, checkCompare, checkComplement, checkConvert, checkNegate, checkWrap } from "./obligations.js";
import { binary, complement, modulo } from "./operations.js";
import type { Problem } from "./problems.js";
import { offsetOutside, viewEndsOutside } from "./problems.js";
import type { State } from "./state.js";
import { both, type Condition, either, equals, FALSE, integer, isOne, less, lessOrEqual, not, TRUE, truth, type Value } from "./value.js";

/** What the pass gathers. */
export interface Findings {
  readonly atoms: Atoms;
  readonly ranges: Map<Expr, Interval>;
  readonly decided: Map<Expr, boolean>;
  readonly exactDifference: Set<Expr>;
  report(problem: Problem): void;
}

export function evaluate(findings: Findings, state: State, expr: Expr, span: Span): Value {
  return domainOf(expr) === "boolean"
    ? truth(evaluateTruth(findings, state, expr, span))
    : integer(evaluateInteger(findings, state, expr, span));
}

/** `span` is the statement's, for nodes that have none of their own. */
export function evaluateInteger(findings: Findings, state: State, expr: Expr, span: Span): Linear {
  const form = integerOf(findings, state, expr, span);
  findings.ranges.set(expr, state.facts.rangeOf(form));
  return form;
}

function integerOf(findings: Findings, state: State, expr: Expr, span: Span): Linear {
  const scene = { atoms: findings.atoms, facts: state.facts };
  switch (expr.op) {
    case "const":
      return constant(expr.value);
    case "local": {
      const value = state.read(expr.local);
      return value.kind === "integer" ? value.form : integerOfTruth(findings, state, value.condition);
    }
    case "binary": {
      const left = evaluateInteger(findings, state, expr.left, expr.span);
      const right = evaluateInteger(findings, state, expr.right, expr.span);
      const result = binary(scene, expr.operator, expr.domain, left, right);
      checkBinary(findings, state, expr, left, right, result);
      return result;
    }
    case "unary": {
      const operand = evaluateInteger(findings, state, expr.operand, expr.span);
      if (expr.operator === "-") {
        const negated = scaled(operand, -1n);
        checkNegate(findings, state, expr, negated);
        return negated;
      }
      checkComplement(findings, state, expr, operand);
      return complement(scene, expr.domain, operand);
    }
    case "wrap": {
      const operand = evaluateInteger(findings, state, expr.operand, expr.span);
      checkWrap(findings, state, expr, operand);
      return modulo(scene, operand, expr.bits);
    }
    case "convert": {
      const operand = evaluateInteger(findings, state, expr.operand, expr.span);
      checkConvert(findings, state, expr, operand);
      return operand;
    }
    case "compare":
    case "not":
    case "and":
    case "or":
    case "bounds":
    case "present":
      return integerOfTruth(findings, state, evaluateTruth(findings, state, expr, span));
  }
}

export function evaluateTruth(findings: Findings, state: State, expr: Expr, span: Span): Condition {
  const condition = truthOf(findings, state, expr, span);
  const decided = state.facts.decide(condition);
  if (decided === undefined) return condition;
  findings.decided.set(expr, decided);
  return decided ? TRUE : FALSE;
}

function truthOf(findings: Findings, state: State, expr: Expr, span: Span): Condition {
  switch (expr.op) {
    case "const":
      return expr.value !== 0n ? TRUE : FALSE;
    case "local": {
      const value = state.read(expr.local);
      return value.kind === "truth" ? value.condition : isOne(value.form);
    }
    case "compare": {
      if (domainOf(expr.left) === "boolean") return compareTruths(findings, state, expr);
      const left = evaluateInteger(findings, state, expr.left, expr.span);
      const right = evaluateInteger(findings, state, expr.right, expr.span);
      checkCompare(findings, state, expr, left, right);
      switch (expr.operator) {
        case "==":
          return equals(left, right);
        case "!=":
          return not(equals(left, right));
        case "<":
          return less(left, right);
        case "<=":
          return lessOrEqual(left, right);
        case ">":
          return less(right, left);
        case ">=":
          return lessOrEqual(right, left);
      }
      break;
    }
    case "not":
      return not(evaluateTruth(findings, state, expr.operand, span));
    case "and":
    case "or": {
      const left = evaluateTruth(findings, state, expr.left, span);
      // the right side runs only where the left one did not settle it
      const facts = state.facts.copy();
      facts.assume(left, expr.op === "and");
      if (facts.impossible) return left;
      const right = evaluateTruth(findings, state.under(facts), expr.right, span);
      return expr.op === "and" ? both(left, right) : either(left, right);
    }
    case "bounds": {
      const pointed = state.pointed(expr.pointer);
      if (pointed.offset) {
        const offset = state.facts.rangeOf(pointed.offset);
        if (offset.max <= 65535n && offset.max + BigInt(expr.size) > 65535n) findings.report(viewEndsOutside(span, offset, expr.size));
      }
      return lessOrEqual(constant(BigInt(expr.size)), pointed.room);
    }
    case "present":
      return isOne(state.pointed(expr.pointer).present);
    case "binary":
    case "unary":
    case "wrap":
    case "convert":
      return isOne(evaluateInteger(findings, state, expr, span));
  }
}

function compareTruths(findings: Findings, state: State, expr: Extract<Expr, { op: "compare" }>): Condition {
  const left = evaluateTruth(findings, state, expr.left, expr.span);
  const right = evaluateTruth(findings, state, expr.right, expr.span);
  const alike = either(both(left, right), both(not(left), not(right)));
  return expr.operator === "!=" ? not(alike) : alike;
}

/** A truth as 0 or 1: the join of the path where it holds and the one where it does not. */
function integerOfTruth(findings: Findings, state: State, condition: Condition): Linear {
  const decided = state.facts.decide(condition);
  if (decided !== undefined) return constant(decided ? 1n : 0n);
  const incoming = [false, true].map(holds => {
    const facts = state.facts.copy();
    facts.assume(condition, holds);
    return facts;
  });
  const join: Join = { incoming, phis: new Map() };
  const { id } = findings.atoms.phi("truth", join, interval(0n, 1n));
  join.phis.set(id, [integer(constant(0n)), integer(constant(1n))]);
  return ofAtom(id);
}

/** A packet pointer's offset; what lies outside is reported and then taken as cut off. */
export function evaluateOffset(findings: Findings, state: State, expr: Expr, span: Span): Linear {
  const offset = evaluateInteger(findings, state, expr, span);
  const range = state.facts.rangeOf(offset);
  const allowed = meet(range, interval(0n, 65535n));
  if (range.min < 0n || range.max > 65535n) {
    findings.report(offsetOutside(span, range));
    if (allowed) state.facts.assumeRange(offset, allowed);
  }
  return offset;
}
