/** Statements: loops unroll, branches join, declarations name values. */
import { ts } from "ts-morph";
import type { Statement } from "../ir/ir.js";
import { compareValues } from "./arithmetic.js";
import { elementsOf } from "./array-calls.js";
import { closeBlock, lowerReturn } from "./calls.js";
import { ifElse, splitValue } from "./conditions.js";
import type { Context, Exit } from "./context.js";
import { describeValue } from "./context.js";
import { lowerExpression } from "./expressions.js";
import { checkHandled } from "./flow-table-calls.js";
import type { Frame, Loop, Variable } from "./frame.js";
import { member } from "./members.js";
import { fitsType } from "./types.js";
import type { Value } from "./values.js";
import { isUndefined, poison, undefinedValue } from "./values.js";

/** More rounds than any header has parts; beyond it a program would not load. */
const MAX_ROUNDS = 4096;

export function lowerStatements(context: Context, frame: Frame, statements: readonly ts.Statement[]): void {
  for (const statement of statements) {
    if (context.dead) return;
    lowerStatement(context, frame, statement);
  }
}

export function lowerStatement(context: Context, frame: Frame, node: ts.Statement): void {
  if (ts.isBlock(node)) lowerStatements(context, frame, node.statements);
  else if (ts.isVariableStatement(node)) declare(context, frame, node.declarationList);
  else if (ts.isExpressionStatement(node)) expressionStatement(context, frame, node.expression);
  else if (ts.isIfStatement(node)) ifStatement(context, frame, node);
  else if (ts.isReturnStatement(node)) {
    if (node.expression) lowerReturn(context, frame, node.expression);
    else frame.leave(undefinedValue, node);
  } else if (ts.isForStatement(node)) forStatement(context, frame, node);
  else if (ts.isForOfStatement(node)) forOfStatement(context, frame, node);
  else if (ts.isSwitchStatement(node)) switchStatement(context, frame, node);
  else if (ts.isBreakStatement(node)) jump(context, frame, node, loop => loop.onBreak());
  else if (ts.isContinueStatement(node)) jump(context, frame, node, loop => loop.onContinue());
  else if (!ts.isEmptyStatement(node) && !ts.isTypeAliasDeclaration(node) && !ts.isInterfaceDeclaration(node)) {
    context.error("DP1200", node, `${ts.SyntaxKind[node.kind]} has no meaning in datapath code`);
  }
}

function expressionStatement(context: Context, frame: Frame, node: ts.Expression): void {
  const value = lowerExpression(context, frame, node);
  const seen = context.state.see(value);
  checkHandled(context, seen, node);
  const verdict = seen.kind === "verdict" || (seen.kind === "choice" && seen.cases.some(c => c.kind === "verdict"));
  if (verdict && !context.dead && !ts.isBinaryExpression(node)) {
    context.error("DP1211", node, "this verdict is made and not returned", "return it, or test it: if (verdict) return verdict");
  }
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && moves.has(node.expression.name.text)) {
    const object = context.front.checker.getTypeAtLocation(node.expression.expression);
    if (object.getProperty("wireLength")) {
      context.error(
        "DP3107",
        node,
        `whether \`${node.expression.name.text}\` could is not looked at`,
        "if (!pkt.…) return Verdict.drop(…)",
      );
    }
  }
}
const moves: ReadonlySet<string> = new Set(["insert", "remove", "grow", "shrink", "trim"]);

function ifStatement(context: Context, frame: Frame, node: ts.IfStatement): void {
  const then = (): Value => {
    lowerStatement(context, frame, node.thenStatement);
    return undefinedValue;
  };
  const otherwise = (): Value => {
    if (node.elseStatement) lowerStatement(context, frame, node.elseStatement);
    return undefinedValue;
  };
  ifElse(context, frame, node.expression, then, otherwise, "if", node);
}

export function declare(context: Context, frame: Frame, list: ts.VariableDeclarationList): void {
  const constant = (list.flags & ts.NodeFlags.Const) !== 0;
  for (const declaration of list.declarations) {
    if (context.dead) return;
    const value = declaration.initializer ? lowerExpression(context, frame, declaration.initializer) : undefinedValue;
    if (context.dead) return;
    if (declaration.type) {
      fitsType(
        context,
        value,
        context.front.checker.getTypeFromTypeNode(declaration.type),
        `\`${declaration.name.getText()}\``,
        declaration,
      );
    }
    bindName(context, frame, declaration.name, declaration, value, constant);
  }
}

/** Gives a name, or the names of a pattern, their values. */
export function bindName(
  context: Context,
  frame: Frame,
  name: ts.BindingName,
  declaration: ts.Node,
  value: Value,
  constant: boolean,
): void {
  if (ts.isIdentifier(name)) {
    const variable: Variable = { name: name.text, constant };
    frame.variables.set(declaration, variable);
    context.state.variables.set(variable, context.bind(value, name.text, declaration));
    return;
  }
  const elements = ts.isArrayBindingPattern(name) ? elementsOf(context, value, name) : undefined;
  if (ts.isArrayBindingPattern(name) && !elements) {
    if (value.kind !== "poison") context.error("DP1201", name, `${describeValue(value)} is no list`);
  }
  name.elements.forEach((element, i) => {
    if (!ts.isBindingElement(element) || context.dead) return;
    let part: Value;
    if (elements) part = elements[i] ?? undefinedValue;
    else {
      const key = element.propertyName ?? element.name;
      part = ts.isIdentifier(key) || ts.isStringLiteral(key) ? member(context, frame, value, key.text, element) : poison;
    }
    if (element.initializer && isUndefined(part)) part = lowerExpression(context, frame, element.initializer);
    bindName(context, frame, element.name, element, part, constant);
  });
}

/** Gives parameters their arguments, held against the declared types. */
export function bindParameters(
  context: Context,
  frame: Frame,
  declaration: ts.SignatureDeclaration,
  call: { readonly args: readonly Value[]; readonly node: ts.Node },
): boolean {
  declaration.parameters.forEach((parameter, i) => {
    if (ts.isIdentifier(parameter.name) && parameter.name.text === "this") return;
    let value = call.args[i] ?? undefinedValue;
    if (parameter.initializer && isUndefined(value)) value = lowerExpression(context, frame, parameter.initializer);
    if (parameter.type) {
      const type = context.front.checker.getTypeFromTypeNode(parameter.type);
      fitsType(context, value, type, `the argument \`${parameter.name.getText()}\``, call.node);
    }
    bindName(context, frame, parameter.name, parameter, value, false);
  });
  return !context.dead;
}

function jump(context: Context, frame: Frame, node: ts.BreakStatement | ts.ContinueStatement, act: (loop: Loop) => void): void {
  const loops = frame.loops.filter(loop => !node.label || loop.label === node.label.text);
  const loop = node.kind === ts.SyntaxKind.ContinueStatement ? loops.filter(l => !l.isSwitch).at(-1) : loops.at(-1);
  if (loop) act(loop);
  else context.error("DP1200", node, "there is nothing to leave here");
}

/** Unrolls: `round` does one iteration and says whether there is another. */
function unroll(context: Context, frame: Frame, node: ts.Statement, round: (body: (run: () => void) => void) => boolean): void {
  const breaks: Exit[] = [];
  const outer = context.out;
  const whole: Statement[] = [];
  context.out = whole;
  let rounds = 0;
  for (;;) {
    if (context.dead) break;
    if (rounds++ > MAX_ROUNDS) {
      context.error(
        "DP1214",
        node,
        `this loop has more than ${MAX_ROUNDS} rounds`,
        "bound it by a build-time number that a packet can need",
      );
      break;
    }
    const more = round(run => {
      const continues: Exit[] = [];
      const at = context.out;
      const inner: Statement[] = [];
      context.out = inner;
      frame.loops.push({
        label: undefined,
        isSwitch: false,
        onBreak: () => breaks.push(context.exitHere(undefinedValue)),
        onContinue: () => continues.push(context.exitHere(undefinedValue)),
      });
      run();
      frame.loops.pop();
      if (!context.dead) continues.push(context.exitHere(undefinedValue));
      context.out = at;
      const before = new Map(context.state.variables);
      closeBlock(context, continues, inner, "round", node);
      forgetJoined(context, before, node);
    });
    if (!more) break;
  }
  if (!context.dead) breaks.push(context.exitHere(undefinedValue));
  context.out = outer;
  const before = new Map(context.state.variables);
  closeBlock(context, breaks, whole, "loop", node);
  forgetJoined(context, before, node);
}

/** Marks the numbers that the ends of a round joined: where they become offsets, each path would be verified on its own. */
function forgetJoined(context: Context, before: ReadonlyMap<Variable, Value>, node: ts.Node): void {
  if (context.dead) return;
  for (const [variable, value] of context.state.variables) {
    if (value.kind !== "scalar" || value.domain !== "number" || !value.local || before.get(variable) === value) continue;
    context.emit({ kind: "forget", local: value.local, span: context.span(node) });
  }
}

function forStatement(context: Context, frame: Frame, node: ts.ForStatement): void {
  if (node.initializer) {
    if (ts.isVariableDeclarationList(node.initializer)) declare(context, frame, node.initializer);
    else lowerExpression(context, frame, node.initializer);
  }
  unroll(context, frame, node, body => {
    if (node.condition) {
      const value = context.state.see(lowerExpression(context, frame, node.condition));
      if (value.kind !== "known") {
        if (value.kind !== "poison") {
          context.error(
            "DP1214",
            node.condition,
            "how often this loop runs is not known when the program is built",
            "for (let i = 0; i < N; i++) with a build-time N, and break inside",
          );
        }
        return false;
      }
      if (!value.value) return false;
    }
    body(() => lowerStatement(context, frame, node.statement));
    if (!context.dead && node.incrementor) lowerExpression(context, frame, node.incrementor);
    return !context.dead;
  });
}

function forOfStatement(context: Context, frame: Frame, node: ts.ForOfStatement): void {
  const list = lowerExpression(context, frame, node.expression);
  const elements = elementsOf(context, list, node.expression);
  if (!elements) {
    if (list.kind !== "poison")
      context.error("DP1214", node.expression, "only a list that is known when the program is built can be looped over");
    return;
  }
  let next = 0;
  unroll(context, frame, node, body => {
    const element = elements[next++];
    if (!element) return false;
    body(() => {
      if (ts.isVariableDeclarationList(node.initializer)) {
        const [declaration] = node.initializer.declarations;
        if (declaration) bindName(context, frame, declaration.name, declaration, element, true);
      }
      lowerStatement(context, frame, node.statement);
    });
    return !context.dead;
  });
}

/** Each clause is a test in turn; a clause that falls through goes on into the next one's statements. */
function switchStatement(context: Context, frame: Frame, node: ts.SwitchStatement): void {
  const subject = context.bind(lowerExpression(context, frame, node.expression), "subject", node.expression);
  const { clauses } = node.caseBlock;
  const breaks: Exit[] = [];
  const outer = context.out;
  const whole: Statement[] = [];
  context.out = whole;
  const bodyFrom = (at: number): void => {
    frame.loops.push({
      label: undefined,
      isSwitch: true,
      onBreak: () => breaks.push(context.exitHere(undefinedValue)),
      onContinue: () => undefined,
    });
    for (const clause of clauses.slice(at)) lowerStatements(context, frame, clause.statements);
    frame.loops.pop();
    if (!context.dead) breaks.push(context.exitHere(undefinedValue));
  };
  const step = (at: number): Value => {
    const clause = clauses[at];
    if (!clause) {
      const fallback = clauses.findIndex(ts.isDefaultClause);
      if (fallback >= 0) bodyFrom(fallback);
      else breaks.push(context.exitHere(undefinedValue));
      return poison;
    }
    if (ts.isDefaultClause(clause)) return step(at + 1);
    // Clauses without statements share the next one's: their tests come one after the other.
    const outcome = compareValues(context, "==", subject, lowerExpression(context, frame, clause.expression), clause);
    const run = (): Value => {
      bodyFrom(at);
      return poison;
    };
    return splitValue(context, outcome, run, () => step(at + 1), "case", clause);
  };
  step(0);
  context.out = outer;
  closeBlock(context, breaks, whole, "switch", node);
}
