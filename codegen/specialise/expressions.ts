/** Expressions: one rule a syntax kind; a kind that is not listed is outside the language. */
import { ts } from "ts-morph";
import { Verdict as verdictClass } from "../../dsl/verdict.js";
import type { Expr } from "../ir/ir.js";
import { readElement } from "./access.js";
import { binary, compareValues, unary } from "./arithmetic.js";
import { assignTo } from "./assign.js";
import { sharedField } from "./atomics.js";
import { type Call, inlineCall, type Leave } from "./calls.js";
import { choiceCondition, conditionOf, ifElse, presentCases, split as splitCondition, splitOn, splitValue } from "./conditions.js";
import { constructRecord } from "./construct.js";
import type { Context } from "./context.js";
import { describeValue } from "./context.js";
import { type Frame, variableOf } from "./frame.js";
import { callKnown } from "./known-calls.js";
import { callMember, eachCase, lift, member } from "./members.js";
import type { Choice, Value } from "./values.js";
import { isUndefined, known, poison, undefinedValue } from "./values.js";

type Rule = (context: Context, frame: Frame, node: never) => Value;

const { SyntaxKind } = ts;

const rules: { readonly [kind: number]: Rule | undefined } = {
  [SyntaxKind.NumericLiteral]: (_c, _f, node: ts.NumericLiteral) => known(Number(node.text)),
  [SyntaxKind.BigIntLiteral]: (_c, _f, node: ts.BigIntLiteral) => known(BigInt(node.text.replace(/n$/, "").replace(/_/g, ""))),
  [SyntaxKind.StringLiteral]: (_c, _f, node: ts.StringLiteral) => known(node.text),
  [SyntaxKind.NoSubstitutionTemplateLiteral]: (_c, _f, node: ts.NoSubstitutionTemplateLiteral) => known(node.text),
  [SyntaxKind.TrueKeyword]: () => known(true),
  [SyntaxKind.FalseKeyword]: () => known(false),
  [SyntaxKind.NullKeyword]: () => known(null),
  [SyntaxKind.ThisKeyword]: (context, frame, node: ts.Node) => frame.self ?? context.error("DP1206", node, "`this` has no meaning here"),
  [SyntaxKind.Identifier]: (context, frame, node: ts.Identifier) => identifier(context, frame, node),
  [SyntaxKind.ParenthesizedExpression]: (context, frame, node: ts.ParenthesizedExpression) =>
    lowerExpression(context, frame, node.expression),
  [SyntaxKind.AsExpression]: (context, frame, node: ts.AsExpression) => lowerExpression(context, frame, node.expression),
  [SyntaxKind.SatisfiesExpression]: (context, frame, node: ts.SatisfiesExpression) => lowerExpression(context, frame, node.expression),
  [SyntaxKind.VoidExpression]: (context, frame, node: ts.VoidExpression) => {
    lowerExpression(context, frame, node.expression);
    return undefinedValue;
  },
  [SyntaxKind.PropertyAccessExpression]: (context, frame, node: ts.PropertyAccessExpression) => propertyAccess(context, frame, node),
  [SyntaxKind.ElementAccessExpression]: (context, frame, node: ts.ElementAccessExpression) => elementAccess(context, frame, node),
  [SyntaxKind.CallExpression]: (context, frame, node: ts.CallExpression) => lowerCall(context, frame, node),
  [SyntaxKind.NewExpression]: (context, frame, node: ts.NewExpression) => {
    const callee = lowerExpression(context, frame, node.expression);
    const args = lowerArguments(context, frame, node.arguments ?? []);
    return constructRecord(context, frame, callee, args, node);
  },
  [SyntaxKind.ConditionalExpression]: (context, frame, node: ts.ConditionalExpression) => conditional(context, frame, node),
  [SyntaxKind.BinaryExpression]: (context, frame, node: ts.BinaryExpression) => binaryExpression(context, frame, node),
  [SyntaxKind.PrefixUnaryExpression]: (context, frame, node: ts.PrefixUnaryExpression) => prefix(context, frame, node),
  [SyntaxKind.PostfixUnaryExpression]: (context, frame, node: ts.PostfixUnaryExpression) => {
    const operator = node.operator === SyntaxKind.PlusPlusToken ? "+" : "-";
    const before = context.bind(lowerExpression(context, frame, node.operand), "before", node);
    assignTo(context, frame, node.operand, step(context, before, operator, node), node);
    return before;
  },
  [SyntaxKind.ObjectLiteralExpression]: (context, frame, node: ts.ObjectLiteralExpression) => objectLiteral(context, frame, node),
  [SyntaxKind.ArrayLiteralExpression]: (context, frame, node: ts.ArrayLiteralExpression) => arrayLiteral(context, frame, node),
  [SyntaxKind.ArrowFunction]: (_c, frame, node: ts.ArrowFunction) => ({ kind: "closure", node, frame }),
  [SyntaxKind.FunctionExpression]: (_c, frame, node: ts.FunctionExpression) => ({ kind: "closure", node, frame }),
};

/** The value of an expression; what it does on the way has been emitted. */
export function lowerExpression(context: Context, frame: Frame, node: ts.Expression): Value {
  if (context.dead) return poison;
  const rule = rules[node.kind];
  if (!rule)
    return context.error(
      "DP1200",
      node,
      `${SyntaxKind[node.kind]} has no meaning in datapath code`,
      "move it to the constructor or a field, where TypeScript is unrestricted",
    );
  return context.state.see((rule as (c: Context, f: Frame, n: ts.Node) => Value)(context, frame, node));
}

function identifier(context: Context, frame: Frame, node: ts.Identifier): Value {
  if (node.text === "undefined") return undefinedValue;
  const declaration = declarationOf(context, node);
  if (declaration) {
    const variable = variableOf(frame, declaration);
    if (variable)
      return context.state.variables.get(variable) ?? context.error("DP1207", node, `\`${node.text}\` has no value on every path to here`);
  }
  for (let at: Frame | undefined = frame; at; at = at.parent) {
    if (!at.live) continue;
    const found = context.front.resolve(at.live, node.text);
    if (found.found) return lift(found.value);
  }
  if (node.text in globalThis) return known(Reflect.get(globalThis, node.text));
  return context.error("DP1207", node, `the value of \`${node.text}\` is not known when the program is built`);
}

/** The variable's declaration that a name stands for. */
export function declarationOf(context: Context, node: ts.Identifier): ts.Node | undefined {
  const { checker } = context.front;
  const symbol = ts.isShorthandPropertyAssignment(node.parent)
    ? checker.getShorthandAssignmentValueSymbol(node.parent)
    : checker.getSymbolAtLocation(node);
  return symbol?.valueDeclaration;
}

/** `a?.b`: undefined where `a` is; else what follows, of `a` as it then is. */
function optional(context: Context, object: Value, node: ts.Node, follow: (value: Value) => Value): Value {
  const seen = context.state.see(object);
  if (isUndefined(seen)) return undefinedValue;
  if (seen.kind !== "choice") return follow(seen);
  const present = presentCases(context, seen);
  return splitOn(
    context,
    seen,
    present,
    () => follow(context.state.see(seen)),
    () => undefinedValue,
    "optional",
    node,
  );
}

function propertyAccess(context: Context, frame: Frame, node: ts.PropertyAccessExpression): Value {
  if (node.expression.kind === SyntaxKind.SuperKeyword) return context.error("DP1200", node, "`super` is for calls", "call super.method()");
  const object = lowerExpression(context, frame, node.expression);
  const read = (value: Value): Value => member(context, frame, value, node.name.text, node);
  return ts.isOptionalChain(node) ? optional(context, object, node, read) : read(object);
}

function elementAccess(context: Context, frame: Frame, node: ts.ElementAccessExpression): Value {
  const object = lowerExpression(context, frame, node.expression);
  const read = (value: Value): Value => {
    const index = lowerExpression(context, frame, node.argumentExpression);
    if (value.kind === "view") return readElement(context, value, index, node);
    const seen = context.state.see(index);
    if (value.kind === "known" && typeof value.value === "object" && value.value !== null) {
      if (seen.kind === "known") return lift(Reflect.get(value.value, String(seen.value)));
      return context.error(
        "DP1208",
        node,
        "a build-time list cannot be indexed by a run-time number",
        "put it into an arrayMap, or loop over it and compare",
      );
    }
    if (seen.kind === "known" && typeof seen.value === "string") return member(context, frame, value, seen.value, node);
    if (seen.kind === "known" && value.kind === "record") return value.fields.get(String(seen.value)) ?? undefinedValue;
    return value.kind === "poison" ? poison : context.error("DP1208", node, `${describeValue(value)} has no elements`);
  };
  return ts.isOptionalChain(node) ? optional(context, object, node, read) : read(object);
}

export function lowerArguments(context: Context, frame: Frame, nodes: readonly ts.Expression[]): Value[] {
  const values: Value[] = [];
  for (const node of nodes) {
    if (ts.isSpreadElement(node)) {
      const list = lowerExpression(context, frame, node.expression);
      if (list.kind === "known" && Array.isArray(list.value)) for (const item of list.value) values.push(lift(item));
      else context.error("DP1209", node, "only a build-time list can be spread");
    } else values.push(context.bind(lowerExpression(context, frame, node), "argument", node));
  }
  return values;
}

/** A call; with `leave` it stands in tail position and may hand its returns on. */
export function lowerCall(context: Context, frame: Frame, node: ts.CallExpression, leave?: Leave): Value {
  const callee = node.expression;
  if (ts.isPropertyAccessExpression(callee)) {
    if (callee.expression.kind === SyntaxKind.SuperKeyword) return superCall(context, frame, callee.name.text, node, leave);
    const object = lowerExpression(context, frame, callee.expression);
    const call = (value: Value): Value => {
      const divided =
        callee.name.text === "trunc" || callee.name.text === "floor"
          ? integerDivision(context, frame, value, callee.name.text, node)
          : undefined;
      if (divided) return divided;
      const args = lowerArguments(context, frame, node.arguments);
      return context.dead ? poison : callMember(context, frame, value, callee.name.text, args, node, leave);
    };
    if (ts.isOptionalChain(node)) return optional(context, object, node, call);
    return call(object);
  }
  const value = lowerExpression(context, frame, callee);
  const args = lowerArguments(context, frame, node.arguments);
  if (context.dead) return poison;
  // `(a.b)(x)` and `a["b"](x)` keep their object; a method that was put into a variable has lost it.
  const seen = context.state.see(value);
  if (seen.kind === "method" && (ts.isParenthesizedExpression(callee) || ts.isElementAccessExpression(callee))) {
    return callMember(context, frame, seen.self, seen.name, args, node, leave);
  }
  return callValue(context, frame, value, args, node, leave);
}

/** Calls a function that is a value. */
export function callValue(context: Context, frame: Frame, callee: Value, args: readonly Value[], node: ts.Node, leave?: Leave): Value {
  const seen = context.state.see(callee);
  if (seen.kind === "poison") return poison;
  if (seen.kind === "closure")
    return inlineCall(context, { callee: seen, self: undefined, home: undefined, args, path: frame.path, node }, leave);
  if (seen.kind === "method") {
    if (needsThis(seen.self, seen.name)) {
      return context.error(
        "DP1206",
        node,
        `\`${seen.name}\` was taken from its object, and has lost its \`this\``,
        "call it on the object, or put an arrow function around the call",
      );
    }
    return callMember(context, frame, seen.self, seen.name, args, node, leave);
  }
  if (seen.kind === "known" && typeof seen.value === "function") {
    const intrinsic = callKnown(context, frame, seen.value, args, node);
    if (intrinsic) return intrinsic;
    const call: Call = { callee: seen.value, self: undefined, home: undefined, args, path: frame.path, node };
    return inlineCall(context, call, leave);
  }
  return context.error("DP1203", node, `${describeValue(seen)} cannot be called`);
}

/** Whether a method's own text asks for its object; what is not plain TypeScript (packets, views) always does. */
function needsThis(self: Value, name: string): boolean {
  if (self.kind !== "known" || (typeof self.value !== "object" && typeof self.value !== "function") || self.value === null) return true;
  const method: unknown = Reflect.get(self.value, name);
  const text = typeof method === "function" ? Function.prototype.toString.call(method) : "this";
  return /\b(this|super)\b/.test(text);
}

function superCall(context: Context, frame: Frame, name: string, node: ts.CallExpression, leave?: Leave): Value {
  let method = frame;
  while (method.parent && !method.home) method = method.parent;
  const parent: unknown = method.home ? Object.getPrototypeOf(method.home) : undefined;
  for (let home = parent; typeof home === "object" && home !== null; home = Object.getPrototypeOf(home)) {
    const found: unknown = Object.getOwnPropertyDescriptor(home, name)?.value;
    if (typeof found !== "function") continue;
    const args = lowerArguments(context, frame, node.arguments);
    return inlineCall(context, { callee: found, self: frame.self, home, args, path: frame.path, node }, leave);
  }
  return context.error("DP1203", node, `no class above has \`${name}\``);
}

/** Math.trunc(a / b) and Math.floor(a / b): the one way to divide numbers. */
function integerDivision(context: Context, frame: Frame, math: Value, name: string, node: ts.CallExpression): Value | undefined {
  if (math.kind !== "known" || math.value !== Math) return undefined;
  let argument = node.arguments[0];
  while (argument && ts.isParenthesizedExpression(argument)) argument = argument.expression;
  if (!argument || !ts.isBinaryExpression(argument) || argument.operatorToken.kind !== SyntaxKind.SlashToken) return undefined;
  const left = context.bind(lowerExpression(context, frame, argument.left), "dividend", argument.left);
  const right = context.bind(lowerExpression(context, frame, argument.right), "divisor", argument.right);
  if (left.kind === "known" && right.kind === "known") return undefined;
  const quotient = binary(context, "/", left, right, argument, true);
  if (name === "trunc" || quotient.kind !== "scalar") return quotient;
  // Where the signs differ and something is left over, the floor is one below; analysis drops this where nothing is negative.
  const q = context.bind(quotient, "quotient", node);
  const rest = context.bind(binary(context, "%", left, right, argument), "rest", node);
  const isNegative = (value: Value): Value => compareValues(context, "<", value, known(0), node);
  const lower = (): Value => context.bind(binary(context, "-", q, known(1), node), "quotient", node);
  const same = (): Value => q;
  return splitValue(
    context,
    compareValues(context, "!=", rest, known(0), node),
    () =>
      splitValue(
        context,
        isNegative(rest),
        () => splitValue(context, isNegative(right), same, lower, "floor", node),
        () => splitValue(context, isNegative(right), lower, same, "floor", node),
        "floor",
        node,
      ),
    same,
    "floor",
    node,
  );
}

function conditional(context: Context, frame: Frame, node: ts.ConditionalExpression): Value {
  const deferred = deferredOption(context, frame, node);
  if (deferred) return deferred;
  const arm = (expression: ts.Expression) => (): Value => lowerExpression(context, frame, expression);
  return ifElse(context, frame, node.condition, arm(node.whenTrue), arm(node.whenFalse), "either", node);
}

/**
 * `test ? pkt.at(offset, H) : undefined` where nothing has to be computed for it: the test and the bounds check wait
 * until the program asks whether it is there.
 */
function deferredOption(context: Context, frame: Frame, node: ts.ConditionalExpression): Value | undefined {
  if (!isUndefinedLiteral(node.whenFalse) || !ts.isCallExpression(node.whenTrue)) return undefined;
  const test = pureBoolean(context, frame, node.condition);
  if (!test) return undefined;
  const condition = conditionOf(context, test, node);
  if (condition === undefined) return poison;
  if (condition === false) return undefinedValue;
  if (condition === true) return lowerExpression(context, frame, node.whenTrue);
  const before = context.out.length;
  const value = lowerExpression(context, frame, node.whenTrue);
  // What the call emitted (a pointer being set) is harmless where the test fails: it only makes an address.
  if (context.out.slice(before).some(s => s.kind !== "point" && s.kind !== "let" && s.kind !== "fits")) {
    return ifElse(
      context,
      frame,
      node.condition,
      () => value,
      () => undefinedValue,
      "either",
      node,
    );
  }
  if (value.kind === "poison" || isUndefined(value)) return value;
  const choice: Choice =
    value.kind === "choice"
      ? value
      : { kind: "choice", tag: context.tag(() => ({ op: "const", domain: "boolean", value: 1n })), cases: [undefinedValue, value] };
  const [, present] = choice.cases;
  if (!present || choice.cases.length !== 2 || !isUndefined(choice.cases[0] ?? poison)) return undefined;
  const yes = (): Expr => ({ op: "and", left: condition.make(), right: choice.tag.test(1) });
  const tag = context.tag(
    index => (index === 1 ? yes() : { op: "not", operand: yes() }),
    index => (index === 1 ? [...condition.whenTrue, ...(choice.tag.proves?.(1) ?? [])] : []),
  );
  return { kind: "choice", tag, cases: [undefinedValue, present] };
}

function isUndefinedLiteral(node: ts.Expression): boolean {
  return ts.isIdentifier(node) && node.text === "undefined";
}

/** A boolean whose computing emits nothing, or undefined (then nothing has been emitted). */
function pureBoolean(context: Context, frame: Frame, node: ts.Expression): Value | undefined {
  let value: Value = poison;
  const problems = context.diagnostics.length;
  const exit = context.branch(() => {
    value = lowerExpression(context, frame, node);
    return value;
  });
  if (exit && context.branchStatements.length === 0 && context.diagnostics.length === problems) return value;
  context.diagnostics.length = problems;
  return undefined;
}

function binaryExpression(context: Context, frame: Frame, node: ts.BinaryExpression): Value {
  const operator = node.operatorToken.kind;
  switch (operator) {
    case SyntaxKind.AmpersandAmpersandToken:
    case SyntaxKind.BarBarToken:
      return logical(context, frame, node, operator === SyntaxKind.AmpersandAmpersandToken);
    case SyntaxKind.QuestionQuestionToken:
      return nullish(context, frame, node);
    case SyntaxKind.EqualsToken: {
      const value = context.bind(lowerExpression(context, frame, node.right), "value", node.right);
      if (!context.dead) assignTo(context, frame, node.left, value, node);
      return value;
    }
    case SyntaxKind.InstanceOfKeyword:
      return instanceOf(context, frame, node);
    case SyntaxKind.CommaToken:
      lowerExpression(context, frame, node.left);
      return lowerExpression(context, frame, node.right);
  }
  const compound = compoundOperators[operator];
  if (compound) return compoundAssignment(context, frame, node, compound);
  const left = lowerExpression(context, frame, node.left);
  const right = lowerExpression(context, frame, node.right);
  if (context.dead) return poison;
  const text = ts.tokenToString(operator) ?? "?";
  if (text in comparisons) return compareValues(context, comparisons[text] ?? "==", left, right, node);
  return binary(context, text, left, right, node);
}

const comparisons: { readonly [text: string]: "==" | "!=" | "<" | "<=" | ">" | ">=" | undefined } = {
  "===": "==",
  "!==": "!=",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
};
const compoundOperators: { readonly [kind: number]: string | undefined } = {
  [SyntaxKind.PlusEqualsToken]: "+",
  [SyntaxKind.MinusEqualsToken]: "-",
  [SyntaxKind.AsteriskEqualsToken]: "*",
  [SyntaxKind.PercentEqualsToken]: "%",
  [SyntaxKind.AmpersandEqualsToken]: "&",
  [SyntaxKind.BarEqualsToken]: "|",
  [SyntaxKind.CaretEqualsToken]: "^",
  [SyntaxKind.LessThanLessThanEqualsToken]: "<<",
  [SyntaxKind.GreaterThanGreaterThanEqualsToken]: ">>",
  [SyntaxKind.GreaterThanGreaterThanGreaterThanEqualsToken]: ">>>",
  [SyntaxKind.SlashEqualsToken]: "/",
};

function compoundAssignment(context: Context, frame: Frame, node: ts.BinaryExpression, operator: string): Value {
  const shared = sharedAdd(context, frame, node, operator);
  if (shared) return shared;
  const left = lowerExpression(context, frame, node.left);
  const right = lowerExpression(context, frame, node.right);
  if (context.dead) return poison;
  const value = context.bind(binary(context, operator, left, right, node), "value", node);
  assignTo(context, frame, node.left, value, node);
  return value;
}

/** `entry.hits += 1n` on a map that CPUs share is one atomic add. */
function sharedAdd(context: Context, frame: Frame, node: ts.BinaryExpression, operator: string): Value | undefined {
  if ((operator !== "+" && operator !== "-") || !ts.isPropertyAccessExpression(node.left)) return undefined;
  const { text: name } = node.left.name;
  const object = lowerExpression(context, frame, node.left.expression);
  const places = object.kind === "choice" ? context.state.casesOf(object).map(index => object.cases[index] ?? poison) : [object];
  if (!places.every(isShared)) return undefined;
  const right = context.bind(lowerExpression(context, frame, node.right), "amount", node.right);
  const addTo = (one: Value): Value => {
    const add = one.kind === "view" ? sharedField(context, one, name, node) : undefined;
    if (!add) return poison;
    add(right, operator, node);
    return undefinedValue;
  };
  return object.kind === "choice" ? eachCase(context, object, addTo, name, node) : addTo(object);
}

/** Memory of a map that CPUs write at once. */
function isShared(value: Value): boolean {
  return value.kind === "view" && value.where.kind === "entry" && value.where.map.shared;
}

function step(context: Context, value: Value, operator: "+" | "-", node: ts.Node): Value {
  const one =
    value.kind === "known" && typeof value.value === "bigint" ? 1n : value.kind === "scalar" && value.domain !== "number" ? 1n : 1;
  return context.bind(binary(context, operator, value, known(one), node), "next", node);
}

function prefix(context: Context, frame: Frame, node: ts.PrefixUnaryExpression): Value {
  switch (node.operator) {
    case SyntaxKind.PlusPlusToken:
    case SyntaxKind.MinusMinusToken: {
      const before = lowerExpression(context, frame, node.operand);
      const after = step(context, before, node.operator === SyntaxKind.PlusPlusToken ? "+" : "-", node);
      assignTo(context, frame, node.operand, after, node);
      return after;
    }
    case SyntaxKind.ExclamationToken:
      return negate(context, lowerExpression(context, frame, node.operand), node);
    case SyntaxKind.TildeToken:
      return unary(context, "~", lowerExpression(context, frame, node.operand), node);
    case SyntaxKind.MinusToken:
      return unary(context, "-", lowerExpression(context, frame, node.operand), node);
    case SyntaxKind.PlusToken:
      return lowerExpression(context, frame, node.operand);
  }
}

function negate(context: Context, value: Value, node: ts.Node): Value {
  const condition = conditionOf(context, value, node);
  if (condition === undefined) return poison;
  if (typeof condition === "boolean") return known(!condition);
  return {
    kind: "scalar",
    domain: "boolean",
    make: () => ({ op: "not", operand: condition.make() }),
    whenTrue: condition.whenFalse,
    whenFalse: condition.whenTrue,
  };
}

/** Statements that may run although the program would not have come to them: reads of what is proved, and sums. */
function harmless(kind: string): boolean {
  return kind === "load" || kind === "let" || kind === "variable" || kind === "point";
}

function logical(context: Context, frame: Frame, node: ts.BinaryExpression, and: boolean): Value {
  const left = lowerExpression(context, frame, node.left);
  const condition = conditionOf(context, left, node.left);
  if (condition === undefined) {
    lowerExpression(context, frame, node.right);
    return poison;
  }
  if (typeof condition === "boolean") return condition === and ? lowerExpression(context, frame, node.right) : left;
  const problems = context.diagnostics.length;
  const exit = context.branch(() => {
    context.state.learn(and ? condition.whenTrue : condition.whenFalse);
    return lowerExpression(context, frame, node.right);
  });
  const statements = context.branchStatements;
  const right = exit?.value;
  const rightTest = right && exit && isBooleanLike(right) ? conditionOf(context, right, node.right) : undefined;
  if (exit && rightTest !== undefined && left.kind !== "choice" && statements.every(s => harmless(s.kind))) {
    context.out.push(...statements);
    if (typeof rightTest === "boolean") return rightTest === and ? left : known(rightTest);
    return {
      kind: "scalar",
      domain: "boolean",
      make: () => ({ op: and ? "and" : "or", left: condition.make(), right: rightTest.make() }),
      whenTrue: and ? [...condition.whenTrue, ...rightTest.whenTrue] : [],
      whenFalse: and ? [] : [...condition.whenFalse, ...rightTest.whenFalse],
    };
  }
  context.diagnostics.length = problems;
  const other = (): Value => lowerExpression(context, frame, node.right);
  const short = (): Value => (left.kind === "choice" ? context.state.see(left) : known(!and));
  const name = and ? "both" : "either";
  const test = conditionOf(context, left, node.left);
  if (test === undefined || typeof test === "boolean") return poison;
  return splitCondition(context, test, and ? other : short, and ? short : other, name, node);
}

function isBooleanLike(value: Value): boolean {
  return (value.kind === "known" && typeof value.value === "boolean") || (value.kind === "scalar" && value.domain === "boolean");
}

function nullish(context: Context, frame: Frame, node: ts.BinaryExpression): Value {
  const left = lowerExpression(context, frame, node.left);
  if (left.kind === "known") return left.value === undefined || left.value === null ? lowerExpression(context, frame, node.right) : left;
  if (left.kind !== "choice") return left;
  return splitOn(
    context,
    left,
    presentCases(context, left),
    () => context.state.see(left),
    () => lowerExpression(context, frame, node.right),
    "either",
    node,
  );
}

function instanceOf(context: Context, frame: Frame, node: ts.BinaryExpression): Value {
  const left = lowerExpression(context, frame, node.left);
  const right = lowerExpression(context, frame, node.right);
  if (right.kind === "poison" || left.kind === "poison") return poison;
  if (right.kind !== "known" || typeof right.value !== "function") return context.error("DP1203", node, "`instanceof` needs a class");
  const wanted = right.value;
  const holds = (value: Value): boolean => isInstance(value, wanted);
  if (left.kind !== "choice") return known(holds(left));
  const condition = choiceCondition(context, left, index => holds(left.cases[index] ?? poison));
  if (typeof condition === "boolean") return known(condition);
  return { kind: "scalar", domain: "boolean", ...condition };
}

function isInstance(value: Value, wanted: object): boolean {
  if (value.kind === "verdict") return wanted === verdictClass;
  const of: unknown =
    value.kind === "record" || value.kind === "view"
      ? value.of
      : value.kind === "known" && typeof value.value === "object"
        ? value.value?.constructor
        : undefined;
  for (let at = of; typeof at === "function"; at = Object.getPrototypeOf(at)) if (at === wanted) return true;
  return false;
}

function objectLiteral(context: Context, frame: Frame, node: ts.ObjectLiteralExpression): Value {
  const fields = new Map<string, Value>();
  for (const property of node.properties) {
    if (ts.isPropertyAssignment(property) && !ts.isComputedPropertyName(property.name)) {
      const name = property.name.text;
      fields.set(name, context.bind(lowerExpression(context, frame, property.initializer), name, property));
    } else if (ts.isShorthandPropertyAssignment(property)) {
      fields.set(property.name.text, context.bind(identifier(context, frame, property.name), property.name.text, property));
    } else if (ts.isSpreadAssignment(property)) {
      const from = lowerExpression(context, frame, property.expression);
      if (from.kind === "record") for (const [key, value] of from.fields) fields.set(key, value);
      else if (from.kind === "known" && typeof from.value === "object" && from.value !== null) {
        for (const [key, value] of Object.entries(from.value)) fields.set(key, lift(value));
      } else context.error("DP1209", property, "only a literal or a build-time object can be spread");
    } else context.error("DP1200", property, "only plain properties have a meaning in a datapath literal");
    if (context.dead) return poison;
  }
  if ([...fields.values()].every(value => value.kind === "known")) {
    return known(Object.fromEntries([...fields].map(([key, value]) => [key, value.kind === "known" ? value.value : undefined])));
  }
  return { kind: "record", fields, of: undefined };
}

function arrayLiteral(context: Context, frame: Frame, node: ts.ArrayLiteralExpression): Value {
  const values = lowerArguments(context, frame, node.elements);
  if (values.every(value => value.kind === "known")) return known(values.map(value => (value.kind === "known" ? value.value : undefined)));
  const fields = new Map(values.map((value, i) => [String(i), value] as const));
  fields.set("length", known(values.length));
  return { kind: "record", fields, of: Array };
}
