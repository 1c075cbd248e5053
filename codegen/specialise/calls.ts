/** Calls: each is inlined, as a block whose returns leave it. */
import { ts } from "ts-morph";
import type { Label, Statement } from "../ir/ir.js";
import { ifElse, presentCases, splitOn } from "./conditions.js";
import type { Context, Exit } from "./context.js";
import { lowerCall, lowerExpression } from "./expressions.js";
import type { Frame } from "./frame.js";
import type { FunctionNode } from "./front.js";
import { belongs, callsItself, Recursion, recursionOf } from "./recursion.js";
import { bindParameters, lowerStatements } from "./statements.js";
import { fitsType } from "./types.js";
import type { Closure, Value } from "./values.js";
import { isUndefined, known, poison, undefinedValue } from "./values.js";

/** Deeper than any sensible program: it stops a recursion that no build-time value ends. */
const MAX_DEPTH = 96;

export type Leave = (value: Value, node: ts.Node) => void;

export interface Call {
  /** the live function, or the closure that is called */
  readonly callee: object | Closure;
  readonly self: Value | undefined;
  /** the object that holds the method, for `super` */
  readonly home: object | undefined;
  readonly args: readonly Value[];
  readonly path: string;
  readonly node: ts.Node;
}

function isClosure(callee: object): callee is Closure {
  return "kind" in callee && callee.kind === "closure" && "frame" in callee;
}

/** Inlines a call. With `leave` the call stands in tail position: its returns are the caller's. */
export function inlineCall(context: Context, call: Call, leave?: Leave): Value {
  const closure = isClosure(call.callee) ? call.callee : undefined;
  const declaration: FunctionNode | undefined = closure ? closure.node : context.front.declarationOf(call.callee);
  if (!declaration || !("parameters" in declaration) || !declaration.body) {
    return context.error(
      "DP1203",
      call.node,
      `\`${nameOf(call)}\` has no source that can be compiled`,
      "call functions written in TypeScript, or what `datapath` exports",
    );
  }
  if (!closure) context.front.reached(declaration);
  if (context.depth >= MAX_DEPTH) {
    return context.error(
      "DP1204",
      call.node,
      `\`${nameOf(call)}\` calls itself without end`,
      "recursion must end on a build-time value; at run time there is none",
    );
  }
  context.depth++;
  try {
    return leave
      ? inlineTail(context, call, declaration, declaration.body, closure, leave)
      : inlineBlock(context, call, declaration, declaration.body, closure);
  } finally {
    context.depth--;
  }
}

function nameOf(call: Call): string {
  if (isClosure(call.callee)) return "the function";
  return typeof call.callee === "function" && call.callee.name ? call.callee.name : "the function";
}

/** An arrow's `this` is that of where it was made, whatever it is called on; undefined where it cannot be told. */
function selfOf(context: Context, call: Call, declaration: ts.Node, closure: Closure | undefined): Value | undefined {
  if (!ts.isArrowFunction(declaration)) return call.self;
  if (closure) return closure.frame.self;
  const found = isClosure(call.callee) ? undefined : context.front.thisOf(call.callee);
  return found?.found ? known(found.value) : undefined;
}

function makeFrame(context: Context, call: Call, declaration: ts.Node, closure: Closure | undefined, leave: Leave): Frame {
  const arrow = closure && ts.isArrowFunction(closure.node);
  return {
    live: closure ? undefined : call.callee,
    parent: closure?.frame,
    self: selfOf(context, call, declaration, closure),
    home: arrow ? closure.frame.home : call.home,
    declaration,
    variables: new Map(),
    path: call.path,
    leave,
    loops: [],
  };
}

function inlineTail(
  context: Context,
  call: Call,
  declaration: Declared,
  body: ts.ConciseBody,
  closure: Closure | undefined,
  leave: Leave,
): Value {
  const recursion = recursionOf(leave);
  if (recursion?.declaration === declaration && recursion.takes(context, call)) return poison;
  const checked: Leave = (value, node) => leave(returned(context, declaration, value, node), node);
  if (recursion) belongs(checked, recursion);
  lowerBody(context, call, declaration, body, closure, checked);
  return poison;
}

/** The body of one activation; where it calls itself in tail position, those of all its activations. Gives their frames. */
function lowerBody(
  context: Context,
  call: Call,
  declaration: Declared,
  body: ts.ConciseBody,
  closure: Closure | undefined,
  leave: Leave,
): readonly Frame[] {
  const frames: Frame[] = [];
  const lower = (one: Call): void => {
    const frame = makeFrame(context, one, declaration, closure, leave);
    frames.push(frame);
    if (bindParameters(context, frame, declaration, one)) runBody(context, frame, body);
  };
  if (closure || !callsItself(declaration) || recursionOf(leave)?.declaration === declaration) {
    lower(call);
    return frames;
  }
  const recursion = new Recursion(context, declaration, call);
  belongs(leave, recursion);
  recursion.run(context, lower, nameOf(call), call.node);
  return frames;
}

type Declared = Exclude<FunctionNode, ts.ClassDeclaration | ts.ClassExpression>;

function inlineBlock(context: Context, call: Call, declaration: Declared, body: ts.ConciseBody, closure: Closure | undefined): Value {
  const exits: Exit[] = [];
  const outer = context.out;
  const inner: Statement[] = [];
  const kept = context.keptBuffers;
  const leave: Leave = (value, node) => {
    const bound = context.bind(returned(context, declaration, value, node), `${nameOf(call)}_result`, node);
    exits.push(context.exitHere(bound));
  };
  context.out = inner;
  const frames = lowerBody(context, call, declaration, body, closure, leave);
  context.out = outer;
  const result = closeBlock(context, exits, inner, nameOf(call), call.node, frames);
  context.releaseSince(kept, result);
  return result;
}

/** Puts a region's statements into the present ones, and its ways out together behind it. */
export function closeBlock(
  context: Context,
  exits: readonly Exit[],
  inner: Statement[],
  name: string,
  node: ts.Node,
  frames: readonly Frame[] = [],
): Value {
  const only = exits[0];
  const straight = exits.length === 1 && only?.out === inner;
  const value = context.meet(exits, name, node);
  for (const frame of frames) for (const variable of frame.variables.values()) context.state.variables.delete(variable);
  if (straight || exits.length === 0) {
    context.region(inner, name, node);
    return value;
  }
  const label = context.label(`${name}_done`);
  leaveAll(context, exits, inner, label, node);
  context.out.push({ kind: "block", label, body: inner, span: context.span(node) });
  return value;
}

/** Each way out leaves the block, but for one that stands at its end anyway. */
export function leaveAll(context: Context, exits: readonly Exit[], inner: readonly Statement[], label: Label, node: ts.Node): void {
  for (const exit of exits) if (exit.out !== inner) exit.out.push({ kind: "leave", label, span: context.span(node) });
}

function runBody(context: Context, frame: Frame, body: ts.ConciseBody): void {
  if (ts.isBlock(body)) {
    lowerStatements(context, frame, body.statements);
    if (!context.dead) frame.leave(undefinedValue, body);
  } else lowerReturn(context, frame, body);
}

/** What a function gives back, held against its declared type. */
function returned(context: Context, declaration: ts.SignatureDeclaration, value: Value, node: ts.Node): Value {
  if (declaration.type) fitsType(context, value, context.front.checker.getTypeFromTypeNode(declaration.type), "the value returned", node);
  return value;
}

/** `return e`: calls in tail position hand their returns on, so that a verdict goes straight out. */
export function lowerReturn(context: Context, frame: Frame, node: ts.Expression): void {
  if (ts.isParenthesizedExpression(node)) {
    lowerReturn(context, frame, node.expression);
    return;
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) {
    const left = lowerExpression(context, frame, node.left);
    returnUnlessMissing(context, frame, left, node);
    return;
  }
  if (ts.isConditionalExpression(node)) {
    const way = (arm: ts.Expression) => (): Value => {
      lowerReturn(context, frame, arm);
      return poison;
    };
    ifElse(context, frame, node.condition, way(node.whenTrue), way(node.whenFalse), "result", node);
    return;
  }
  if (ts.isCallExpression(node)) {
    const value = lowerCall(context, frame, node, frame.leave);
    if (!context.dead) frame.leave(value, node);
    return;
  }
  const value = lowerExpression(context, frame, node);
  if (!context.dead) frame.leave(value, node);
}

function returnUnlessMissing(context: Context, frame: Frame, left: Value, node: ts.BinaryExpression): void {
  const seen = context.state.see(left);
  if (seen.kind === "poison") {
    lowerReturn(context, frame, node.right);
    return;
  }
  if (seen.kind !== "choice") {
    if (isUndefined(seen)) lowerReturn(context, frame, node.right);
    else frame.leave(seen, node.left);
    return;
  }
  const give = (): Value => {
    frame.leave(context.state.see(seen), node.left);
    return poison;
  };
  const next = (): Value => {
    lowerReturn(context, frame, node.right);
    return poison;
  };
  splitOn(context, seen, presentCases(context, seen), give, next, "result", node);
}
