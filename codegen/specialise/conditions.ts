/** Branches: conditions as control flow, and what each side of them knows. */
import { ts } from "ts-morph";
import type { Expr, Statement } from "../ir/ir.js";
import { closeBlock, leaveAll } from "./calls.js";
import type { Context, Exit } from "./context.js";
import { lowerExpression } from "./expressions.js";
import type { Frame } from "./frame.js";
import { eachCase } from "./members.js";
import { State } from "./state.js";
import type { Choice, Fact, Value } from "./values.js";
import { isUndefined, known, poison, undefinedValue } from "./values.js";

/** A test that is made once: its expression and what its outcome tells. */
export interface Condition {
  readonly make: () => Expr;
  readonly whenTrue: readonly Fact[];
  readonly whenFalse: readonly Fact[];
}

/** The truth of a value: known now, or a test. */
export function conditionOf(context: Context, value: Value, node: ts.Node): boolean | Condition | undefined {
  const seen = context.state.see(value);
  switch (seen.kind) {
    case "poison":
      return undefined;
    case "known":
      return Boolean(seen.value);
    case "scalar":
      if (seen.domain !== "boolean") {
        context.error(
          "DP1205",
          node,
          "a number is neither true nor false here: 0 would be false",
          "compare it: x !== 0, or x !== undefined",
        );
        return undefined;
      }
      return { make: seen.make, whenTrue: seen.whenTrue ?? [], whenFalse: seen.whenFalse ?? [] };
    case "choice":
      if (isMaybeBoolean(context, seen)) {
        // `view?.flag`: undefined is as false as false, and TypeScript lets neither through.
        const truth = eachCase(context, seen, one => (isUndefined(one) ? known(false) : one), "truth", node);
        return conditionOf(context, truth, node);
      }
      return choiceCondition(context, seen, index => truthy(context, seen, index, node));
    default:
      return true;
  }
}

function isMaybeBoolean(context: Context, choice: Choice): boolean {
  const remaining = context.state.casesOf(choice).map(index => choice.cases[index] ?? poison);
  return (
    remaining.some(one => one.kind === "scalar") &&
    remaining.every(
      one =>
        isUndefined(one) || (one.kind === "scalar" && one.domain === "boolean") || (one.kind === "known" && typeof one.value === "boolean"),
    )
  );
}

function truthy(context: Context, choice: Choice, index: number, node: ts.Node): boolean {
  const value = choice.cases[index] ?? poison;
  if (value.kind === "known") return Boolean(value.value);
  if (value.kind === "scalar") context.error("DP1205", node, "0 and false are as false as undefined", "compare with undefined");
  return true;
}

/** A test of which cases of a choice hold. */
export function choiceCondition(context: Context, choice: Choice, holds: (index: number) => boolean): boolean | Condition {
  const remaining = context.state.casesOf(choice);
  const yes = remaining.filter(holds);
  const no = remaining.filter(index => !yes.includes(index));
  if (no.length === 0) return true;
  if (yes.length === 0) return false;
  const { tag } = choice;
  const fact = (cases: readonly number[]): Fact[] => {
    const narrow: Fact = { kind: "narrow", tag, cases };
    const only = cases.length === 1 ? cases[0] : undefined;
    return only === undefined ? [narrow] : [narrow, ...(tag.proves?.(only) ?? [])];
  };
  const anyOf = (cases: readonly number[]): Expr => {
    const [first, ...rest] = cases;
    const start = tag.test(first ?? 0);
    return rest.reduce<Expr>((left, index) => ({ op: "or", left, right: tag.test(index) }), start);
  };
  const make = (): Expr => (yes.length <= no.length ? anyOf(yes) : { op: "not", operand: anyOf(no) });
  return { make, whenTrue: fact(yes), whenFalse: fact(no) };
}

export type Decide = (truth: boolean, exits: Exit[]) => void;

/** Goes on where `value` is `truth`; where it is not, an exit. */
export function assumeValue(context: Context, value: Value, truth: boolean, exits: Exit[], node: ts.Node): void {
  const condition = conditionOf(context, value, node);
  if (condition === undefined) return;
  if (typeof condition === "boolean") {
    if (condition !== truth) exits.push(context.exitHere(undefinedValue));
    return;
  }
  const test = condition.make();
  const then: Statement[] = [];
  const state = new State(context.state);
  state.learn(truth ? condition.whenFalse : condition.whenTrue);
  context.emit({ kind: "if", condition: truth ? not(test) : test, then, else: [], span: context.span(node) });
  exits.push({ state, out: then, value: undefinedValue });
  context.state.learn(truth ? condition.whenTrue : condition.whenFalse);
}

export function not(operand: Expr): Expr {
  return operand.op === "not" ? operand.operand : { op: "not", operand };
}

/** Goes on where the condition is `truth`: `&&` and `||` become jumps, one test each. */
export function assume(context: Context, frame: Frame, node: ts.Expression, truth: boolean, exits: Exit[]): void {
  if (context.dead) return;
  if (ts.isParenthesizedExpression(node)) {
    assume(context, frame, node.expression, truth, exits);
    return;
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    assume(context, frame, node.operand, !truth, exits);
    return;
  }
  const logical = logicalOperator(node);
  if (logical && ts.isBinaryExpression(node)) {
    const both = logical === "and";
    if (both === truth) {
      assume(context, frame, node.left, truth, exits);
      assume(context, frame, node.right, truth, exits);
      return;
    }
    const here: Exit[] = [];
    const outer = context.out;
    const inner: Statement[] = [];
    context.out = inner;
    assume(context, frame, node.left, !truth, here);
    assume(context, frame, node.right, truth, exits);
    if (!context.dead) here.push(context.exitHere(undefinedValue));
    context.out = outer;
    closeBlock(context, here, inner, both ? "not_both" : "either", node);
    return;
  }
  const guard = guardOf(context, node);
  if (!guard) {
    assumeValue(context, lowerExpression(context, frame, node), truth, exits, node);
    return;
  }
  const test = (): void => {
    if (!context.dead) assumeValue(context, lowerExpression(context, frame, node), truth, exits, node);
  };
  if (truth === guard.holds) {
    assume(context, frame, guard.object, true, exits);
    test();
    return;
  }
  const here: Exit[] = [];
  const outer = context.out;
  const inner: Statement[] = [];
  context.out = inner;
  assume(context, frame, guard.object, true, here);
  test();
  if (!context.dead) here.push(context.exitHere(undefinedValue));
  context.out = outer;
  closeBlock(context, here, inner, "not_there", node);
}

interface Guard {
  readonly object: ts.Expression;
  /** the test's truth that tells that the object is there */
  readonly holds: boolean;
}
/** `view?.flag`, `view?.field === 5`: such a test is one of the object first, and tells what TypeScript takes from it. */
function guardOf(context: Context, node: ts.Expression): Guard | undefined {
  if (ts.isPropertyAccessExpression(node) && ts.isOptionalChain(node)) {
    if (!node.questionDotToken) return guardOf(context, node.expression);
    return isPlain(node.expression) ? { object: node.expression, holds: true } : undefined;
  }
  if (!ts.isBinaryExpression(node)) return undefined;
  const { kind } = node.operatorToken;
  if (kind !== ts.SyntaxKind.EqualsEqualsEqualsToken && kind !== ts.SyntaxKind.ExclamationEqualsEqualsToken) return undefined;
  const inner = guardOf(context, node.left);
  if (!inner || mayBeUndefined(context, node.right)) return undefined;
  return { object: inner.object, holds: kind === ts.SyntaxKind.EqualsEqualsEqualsToken };
}
/** What can be read twice. */
function isPlain(node: ts.Expression): boolean {
  if (ts.isPropertyAccessExpression(node)) return !node.questionDotToken && isPlain(node.expression);
  return ts.isIdentifier(node) || node.kind === ts.SyntaxKind.ThisKeyword;
}
function mayBeUndefined(context: Context, node: ts.Expression): boolean {
  const type = context.front.checker.getTypeAtLocation(node);
  const parts = type.isUnion() ? type.types : [type];
  return parts.some(part => (part.flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Any | ts.TypeFlags.Unknown)) !== 0);
}

export function logicalOperator(node: ts.Node): "and" | "or" | undefined {
  if (!ts.isBinaryExpression(node)) return undefined;
  if (node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken) return "and";
  return node.operatorToken.kind === ts.SyntaxKind.BarBarToken ? "or" : undefined;
}

/** Strips what does not change control flow, to see whether a condition is one test. */
function isCompound(context: Context, node: ts.Expression): "and" | "or" | undefined {
  if (ts.isParenthesizedExpression(node)) return isCompound(context, node.expression);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    const inner = isCompound(context, node.operand);
    return inner === "and" ? "or" : inner === "or" ? "and" : undefined;
  }
  const guard = guardOf(context, node);
  if (guard) return guard.holds ? "and" : "or";
  return logicalOperator(node);
}

/** `if (condition) a() else b()`; their values join. */
export function ifElse(
  context: Context,
  frame: Frame,
  condition: ts.Expression,
  a: () => Value,
  b: () => Value,
  name: string,
  node: ts.Node,
): Value {
  const compound = isCompound(context, condition);
  if (compound === undefined) {
    let negated = false;
    let inner = condition;
    for (;;) {
      if (ts.isParenthesizedExpression(inner)) inner = inner.expression;
      else if (ts.isPrefixUnaryExpression(inner) && inner.operator === ts.SyntaxKind.ExclamationToken) {
        inner = inner.operand;
        negated = !negated;
      } else break;
    }
    const value = lowerExpression(context, frame, inner);
    if (context.dead) return poison;
    return negated ? splitValue(context, value, b, a, name, node) : splitValue(context, value, a, b, name, node);
  }
  const first = compound === "and";
  const decide: Decide = (truth, exits) => assume(context, frame, condition, truth, exits);
  return twoWays(context, decide, first, first ? a : b, first ? b : a, name, node);
}

/** Both sides of one value's truth. */
export function splitValue(context: Context, value: Value, a: () => Value, b: () => Value, name: string, node: ts.Node): Value {
  const condition = conditionOf(context, value, node);
  if (condition === undefined) return bothForErrors(context, a, b);
  if (typeof condition === "boolean") return condition ? a() : b();
  return split(context, condition, a, b, name, node);
}

/** After an error the condition's side is unknown: both are looked at, so that all errors of a run are found. */
function bothForErrors(context: Context, a: () => Value, b: () => Value): Value {
  const exits = [context.branch(a), context.branch(b)].filter(exit => exit !== undefined);
  const [first] = exits;
  if (!first) context.dead = true;
  else context.state = first.state;
  return poison;
}

export function split(context: Context, condition: Condition, a: () => Value, b: () => Value, name: string, node: ts.Node): Value {
  const test = condition.make();
  const span = context.span(node);
  const yes = context.branch(() => {
    context.state.learn(condition.whenTrue);
    return a();
  });
  const then = context.branchStatements;
  const no = context.branch(() => {
    context.state.learn(condition.whenFalse);
    return b();
  });
  const otherwise = context.branchStatements;
  if (!yes) {
    context.emit({ kind: "if", condition: test, then, else: [], span });
    if (!no) {
      context.region(otherwise, name, node);
      context.dead = true;
      return poison;
    }
    context.region(otherwise, name, node);
    context.state = no.state;
    return no.value;
  }
  if (!no) {
    context.emit({ kind: "if", condition: not(test), then: otherwise, else: [], span });
    context.region(then, name, node);
    context.state = yes.state;
    return yes.value;
  }
  const value = context.meet([yes, no], name, node);
  if (then.length + otherwise.length > 0) {
    if (then.length === 0) context.emit({ kind: "if", condition: not(test), then: otherwise, else: [], span });
    else context.emit({ kind: "if", condition: test, then, else: otherwise, span });
  }
  return value;
}

/** Goes on where `decide(truth)` holds with `onward`, elsewhere with `otherwise`; both meet behind. */
export function twoWays(
  context: Context,
  decide: Decide,
  truth: boolean,
  onward: () => Value,
  otherwise: () => Value,
  name: string,
  node: ts.Node,
): Value {
  const span = context.span(node);
  const outer = context.out;
  const whole: Statement[] = [];
  const first: Statement[] = [];
  const away: Exit[] = [];
  const ends: Exit[] = [];
  context.out = first;
  decide(truth, away);
  if (!context.dead) {
    const value = onward();
    if (!context.dead) ends.push(context.exitHere(value));
  }
  context.out = whole;
  if (away.length > 0) {
    context.meet(away, name, node);
    const label = context.label(`${name}_else`);
    for (const exit of away) exit.out.push({ kind: "leave", label, span });
    const end = context.label(`${name}_end`);
    const [reached] = ends;
    whole.push({ kind: "block", label, body: first, span });
    const value = otherwise();
    if (!context.dead) ends.push(context.exitHere(value));
    context.out = outer;
    const result = context.meet(ends, name, node);
    if (reached) {
      leaveAll(context, ends, whole, end, node);
      outer.push({ kind: "block", label: end, body: whole, span });
    } else context.region(whole, name, node);
    return result;
  }
  context.out = outer;
  context.region(first, name, node);
  return context.meet(ends, name, node);
}

/** Goes on with `a` where one of `cases` holds, else with `b`. */
export function splitOn(
  context: Context,
  choice: Choice,
  cases: readonly number[],
  a: () => Value,
  b: () => Value,
  name: string,
  node: ts.Node,
): Value {
  const condition = choiceCondition(context, choice, index => cases.includes(index));
  if (typeof condition === "boolean") return condition ? a() : b();
  return split(context, condition, a, b, name, node);
}

/** The cases of a choice that are not undefined. */
export function presentCases(context: Context, choice: Choice): readonly number[] {
  return context.state.casesOf(choice).filter(index => !isUndefined(choice.cases[index] ?? poison));
}
