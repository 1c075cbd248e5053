/** What a rule of the subset works with: the typed program, and a way to say what is wrong. */
import { ts } from "ts-morph";
import type { KnownCode } from "../../diagnostics/codes.js";
import { diagnose } from "../../diagnostics/diagnose.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { CheckedProgram } from "../checked-program.js";
import type { FunctionNode } from "../declaration-at.js";

export class Subset {
  readonly checker: ts.TypeChecker;
  /** the declaration that is checked: what is declared outside it is build-time state */
  readonly declaration: FunctionNode;
  readonly found: Diagnostic[] = [];
  readonly #program: CheckedProgram;

  constructor(program: CheckedProgram, declaration: FunctionNode) {
    this.#program = program;
    this.checker = program.checker;
    this.declaration = declaration;
  }

  refuse(code: KnownCode, node: ts.Node, message: string, hint?: string): void {
    this.found.push(diagnose(code, this.#program.spanOf(node), message, hint === undefined ? {} : { hint }));
  }

  typeOf(node: ts.Node): ts.Type {
    return this.checker.getTypeAtLocation(node);
  }

  /** Where a name comes from, through imports. */
  symbolOf(node: ts.Node): ts.Symbol | undefined {
    const symbol = this.checker.getSymbolAtLocation(node);
    return symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0 ? this.checker.getAliasedSymbol(symbol) : symbol;
  }

  /** Whether a symbol is JavaScript's or the platform's own: declared in TypeScript's libraries, @types/node or with `declare`. */
  isAmbient(symbol: ts.Symbol): boolean {
    const declarations = symbol.declarations ?? [];
    return declarations.length > 0 && declarations.every(declaration => this.isLibrary(declaration) || isDeclaredOnly(declaration));
  }

  isLibrary(declaration: ts.Node): boolean {
    const file = declaration.getSourceFile();
    return this.#program.program.isSourceFileDefaultLibrary(file) || file.fileName.includes("/node_modules/@types/node/");
  }

  /** Whether a declaration stands outside the function that is checked. */
  isOutside(declaration: ts.Node): boolean {
    if (declaration.getSourceFile() !== this.declaration.getSourceFile()) return true;
    return declaration.pos < this.declaration.pos || declaration.end > this.declaration.end;
  }

  /** `any` that TypeScript accepted; in a program with type errors it is a consequence of those. */
  isAny(type: ts.Type): boolean {
    return (type.flags & ts.TypeFlags.Any) !== 0 && !this.#program.diagnostics.some(diagnostic => diagnostic.severity === "error");
  }
}

function isDeclaredOnly(declaration: ts.Declaration): boolean {
  for (let node: ts.Node = declaration; !ts.isSourceFile(node); node = node.parent) {
    if (ts.isVariableStatement(node) || ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) {
      return node.modifiers?.some(modifier => modifier.kind === ts.SyntaxKind.DeclareKeyword) ?? false;
    }
  }
  return false;
}

/** Checks a node and what stands in it. */
export type Visit = (node: ts.Node) => void;

/** What is asked of one kind of syntax. A rule that does not visit its children ends the check there. */
export type Rule = (node: ts.Node, subset: Subset, visit: Visit) => void;

/** A rule for nodes that a guard of TypeScript's knows. */
export function rule<N extends ts.Node>(guard: (node: ts.Node) => node is N, act: (node: N, subset: Subset, visit: Visit) => void): Rule {
  return (node, subset, visit) => {
    if (guard(node)) act(node, subset, visit);
  };
}

/** Fine as it is; its parts are checked. */
export const inside: Rule = (node, _subset, visit) => {
  ts.forEachChild(node, visit);
};

/** Fine, and nothing in it can be wrong. */
export const fine: Rule = () => {};

/** Never datapath code. What stands in it is not looked at: one mistake, one diagnostic. */
export function refused(code: KnownCode, message: string, hint?: string): Rule {
  return (node, subset) => subset.refuse(code, node, message, hint);
}
