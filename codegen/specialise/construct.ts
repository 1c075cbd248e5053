/** `new C(…)` of a class of plain fields: an object that lives while the packet is handled. */
import { ts } from "ts-morph";
import { classOf, shapeOf } from "../../dsl/core/spec.js";
import type { Context } from "./context.js";
import { describeValue } from "./context.js";
import { lowerArguments, lowerExpression } from "./expressions.js";
import type { Frame } from "./frame.js";
import { bindParameters, lowerStatement } from "./statements.js";
import { fitsType } from "./types.js";
import type { Value, View } from "./values.js";
import { poison, undefinedValue } from "./values.js";

export function constructRecord(context: Context, frame: Frame, callee: Value, args: readonly Value[], node: ts.NewExpression): Value {
  if (callee.kind === "poison") return poison;
  if (callee.kind !== "known" || typeof callee.value !== "function")
    return context.error("DP1213", node, `${describeValue(callee)} is no class`);
  const local = localStruct(context, callee.value, args, node);
  if (local) return local;
  const fields = new Map<string, Value>();
  if (!construct(context, frame, callee.value, args, fields, node)) return poison;
  return { kind: "record", fields, of: callee.value };
}

/** `new S()` of a struct: memory of its own on the stack, zero, as long as the packet is handled. */
function localStruct(context: Context, made: object, args: readonly Value[], node: ts.NewExpression): View | undefined {
  const shape = shapeOf(made);
  if (shape?.kind !== "struct" || args.length > 0) return undefined;
  const buffer = context.keptBuffer(shape);
  context.emit({ kind: "clear", buffer, span: context.span(node) });
  return {
    kind: "view",
    shape,
    of: classOf(shape),
    where: { kind: "buffer", buffer },
    offset: 0,
    bit: 0,
    index: undefined,
    name: shape.name,
  };
}

/** Runs initialisers and constructor of one class over the fields; false after a diagnostic. */
function construct(
  context: Context,
  frame: Frame,
  live: object,
  args: readonly Value[],
  fields: Map<string, Value>,
  node: ts.Node,
): boolean {
  const declaration = context.front.declarationOf(live);
  const classNode = declaration && ts.isConstructorDeclaration(declaration) ? declaration.parent : declaration;
  if (!classNode || !(ts.isClassDeclaration(classNode) || ts.isClassExpression(classNode))) {
    context.error(
      "DP1213",
      node,
      "only classes written in TypeScript can be made here",
      "make it in a field or constructor, or use an object literal",
    );
    return false;
  }
  const own = classNode.members.find(member => ts.isConstructorDeclaration(member) && member.body !== undefined);
  const parent: unknown = Object.getPrototypeOf(live);
  const hasParent = typeof parent === "function" && parent !== Function.prototype;
  const inner: Frame = {
    live,
    parent: undefined,
    self: undefined,
    home: undefined,
    declaration: classNode,
    variables: new Map(),
    path: frame.path,
    leave: () => undefined,
    loops: [],
  };
  const initialise = (): void => {
    for (const member of classNode.members) {
      if (!ts.isPropertyDeclaration(member) || member.modifiers?.some(m => m.kind === ts.SyntaxKind.StaticKeyword)) continue;
      if (ts.isPrivateIdentifier(member.name) && !member.initializer) continue;
      if (!ts.isIdentifier(member.name) && !ts.isPrivateIdentifier(member.name)) continue;
      if (!member.initializer && member.modifiers?.some(m => m.kind === ts.SyntaxKind.DeclareKeyword)) continue;
      const value = member.initializer ? lowerExpression(context, inner, member.initializer) : undefinedValue;
      fields.set(member.name.text, context.bind(value, member.name.text, member));
    }
  };
  if (!own || !ts.isConstructorDeclaration(own) || !own.body) {
    if (hasParent && typeof parent === "function" && !construct(context, frame, parent, args, fields, node)) return false;
    initialise();
    return true;
  }
  if (!bindParameters(context, inner, own, { args, node })) return false;
  if (!hasParent) initialise();
  for (const statement of own.body.statements) {
    if (ts.isExpressionStatement(statement) && isSuperCall(statement.expression)) {
      const given = lowerArguments(context, inner, statement.expression.arguments);
      if (typeof parent === "function" && !construct(context, frame, parent, given, fields, node)) return false;
      initialise();
      continue;
    }
    const assigned = ts.isExpressionStatement(statement) ? fieldAssignment(statement.expression) : undefined;
    if (assigned) {
      const value = context.bind(lowerExpression(context, inner, assigned.right), assigned.name, statement);
      const member = classNode.members.find(m => ts.isPropertyDeclaration(m) && m.name.getText() === assigned.name);
      if (member && ts.isPropertyDeclaration(member) && member.type) {
        fitsType(context, value, context.front.checker.getTypeFromTypeNode(member.type), `\`${assigned.name}\``, statement);
      }
      fields.set(assigned.name, value);
      continue;
    }
    lowerStatement(context, inner, statement);
  }
  return true;
}

function isSuperCall(node: ts.Expression): node is ts.CallExpression {
  return ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword;
}

function fieldAssignment(node: ts.Expression): { name: string; right: ts.Expression } | undefined {
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.EqualsToken) return undefined;
  if (!ts.isPropertyAccessExpression(node.left) || node.left.expression.kind !== ts.SyntaxKind.ThisKeyword) return undefined;
  return { name: node.left.name.text, right: node.right };
}
