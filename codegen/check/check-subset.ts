/**
 * Holds a function that a hook reaches to the language: one rule a kind of syntax, so that what is not listed is refused by
 * construction. What needs live values (recursion, unknown callees, bounds of loops) is the specialiser's to refuse.
 */
import { ts } from "ts-morph";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { CheckedProgram } from "./checked-program.js";
import type { FunctionNode } from "./declaration-at.js";
import { expressionRules } from "./subset/expressions.js";
import { checkFunction, functionRules } from "./subset/functions.js";
import { operatorRules } from "./subset/operators.js";
import { statementRules } from "./subset/statements.js";
import { type Rule, Subset } from "./subset/subset.js";

const rules: Partial<Record<ts.SyntaxKind, Rule>> = { ...statementRules, ...expressionRules, ...operatorRules, ...functionRules };

/** All that is wrong with one declaration, in the order of the text. */
export function checkSubset(declaration: FunctionNode, program: CheckedProgram): readonly Diagnostic[] {
  const subset = new Subset(program, declaration);
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node)) {
      refuseAnyIn(node, subset);
      return;
    }
    const rule = rules[node.kind];
    if (rule !== undefined) rule(node, subset, visit);
    else if (!ts.isToken(node)) subset.refuse("DP1150", node, `${spoken(node.kind)} is not part of the language`);
  };
  if (ts.isClassLike(declaration)) visitFields(declaration, visit);
  else {
    if (ts.isConstructorDeclaration(declaration)) visitFields(declaration.parent, visit);
    checkFunction(declaration, subset, visit);
  }
  return subset.found;
}

/** `new C()` runs the initialisers of C's fields. */
function visitFields(owner: ts.ClassLikeDeclaration, visit: (node: ts.Node) => void): void {
  for (const member of owner.members) {
    const isStatic =
      ts.canHaveModifiers(member) && ts.getModifiers(member)?.some(modifier => modifier.kind === ts.SyntaxKind.StaticKeyword);
    if (ts.isPropertyDeclaration(member) && !isStatic && member.initializer !== undefined) visit(member.initializer);
  }
}

function refuseAnyIn(node: ts.Node, subset: Subset): void {
  if (node.kind === ts.SyntaxKind.AnyKeyword) subset.refuse("DP1108", node, "`any` has no width and no meaning in the kernel");
  else ts.forEachChild(node, child => refuseAnyIn(child, subset));
}

/** `ForInStatement` as "for in statement" */
function spoken(kind: ts.SyntaxKind): string {
  return (ts.SyntaxKind[kind] ?? "this").replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}
