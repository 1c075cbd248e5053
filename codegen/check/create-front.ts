/** Puts evaluation and type-check together into what the specialiser asks of them. */
import { ts } from "ts-morph";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Evaluation, Resolved } from "../evaluate/evaluation.js";
import type { Front } from "../specialise/front.js";
import { checkSubset } from "./check-subset.js";
import type { CheckedProgram } from "./checked-program.js";
import type { FunctionNode } from "./declaration-at.js";
import { lexicalThis } from "./lexical-this.js";

/** @param report takes the subset's diagnostics of each declaration that is reached, once */
export function createFront(evaluation: Evaluation, program: CheckedProgram, report: (diagnostic: Diagnostic) => void): Front {
  const declarations = new WeakMap<object, FunctionNode | undefined>();
  const checked = new Set<FunctionNode>();
  const lexical = new WeakMap<object, Resolved>();
  const declarationOf = (fn: object): FunctionNode | undefined => {
    if (declarations.has(fn)) return declarations.get(fn);
    const at = evaluation.locate(fn);
    const declaration = at === undefined ? undefined : program.declarationAt(at.file, at.line, at.column);
    declarations.set(fn, declaration);
    return declaration;
  };
  return {
    checker: program.checker,
    declarationOf,
    resolve: (fn, name) => evaluation.resolve(fn, name),
    thisOf(arrow) {
      const known = lexical.get(arrow);
      if (known !== undefined) return known;
      const declaration = declarationOf(arrow);
      const found: Resolved =
        declaration !== undefined && ts.isArrowFunction(declaration) && /\bthis\b/.test(declaration.getText())
          ? lexicalThis(arrow, declaration, { pipeline: evaluation.pipeline, declarationOf })
          : { found: false };
      lexical.set(arrow, found);
      return found;
    },
    privateField: (object, name) => evaluation.privateField(object, name),
    spanOf: node => program.spanOf(node),
    reached(declaration) {
      if (checked.has(declaration)) return;
      checked.add(declaration);
      for (const diagnostic of checkSubset(declaration, program)) report(diagnostic);
    },
  };
}
