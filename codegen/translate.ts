/** The pure middle of the compiler: a live pipeline and its checked source in, C and the facts of a manifest out. */
import { analyse } from "./analyse/analyse.js";
import type { CheckedProgram } from "./check/checked-program.js";
import { createFront } from "./check/create-front.js";
import type { Diagnostic } from "./diagnostics/diagnostic.js";
import type { Evaluation } from "./evaluate/evaluation.js";
import type { HookName, Program } from "./ir/ir.js";
import { type Printed, type PrintOptions, printProgram } from "./print/program.js";
import { simplify } from "./simplify/simplify.js";
import type { Registry } from "./specialise/registry.js";
import { specialise } from "./specialise/specialise.js";

export interface Translation {
  readonly programs: readonly Program[];
  readonly registry: Registry;
  readonly printed: Printed;
}
export type TranslateResult =
  | { readonly ok: true; readonly translation: Translation; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

export interface TranslateOptions extends PrintOptions {
  /** hooks whose programs are too much work for the verifier as they are: there it is made to forget by which path it came */
  readonly forgetsPaths?: ReadonlySet<HookName>;
}

/** @param name the pipeline's, which begins the programs' names */
export function translate(evaluation: Evaluation, checked: CheckedProgram, name: string, options: TranslateOptions): TranslateResult {
  const diagnostics: Diagnostic[] = [];
  const front = createFront(evaluation, checked, diagnostic => diagnostics.push(diagnostic));
  const { programs, registry, diagnostics: found } = specialise(evaluation.pipeline, name, front);
  diagnostics.push(...found);
  const analysed = programs.map(program => ({ program, analysis: analyse(program) }));
  for (const { analysis } of analysed) {
    for (const problem of analysis.problems) diagnostics.push(problem);
  }
  if (diagnostics.some(diagnostic => diagnostic.severity === "error")) return { ok: false, diagnostics };
  const simplified = analysed.map(({ program, analysis }) =>
    simplify(program, analysis, { forgetsPaths: options.forgetsPaths?.has(program.hook) === true }),
  );
  return { ok: true, translation: { programs, registry, printed: printProgram(simplified, registry, options) }, diagnostics };
}
