/** The pure middle of the compiler: a live pipeline and its checked source in, C and the facts of a manifest out. */
import { isDeepStrictEqual } from "node:util";
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
  | { readonly ok: true; readonly translation: Translated; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** A translation that may be had in another form without what comes before it being done anew. */
export interface Translated extends Translation {
  /** @param hooks whose programs are too much work for the verifier as they are: there it is made to forget by which path it came */
  readonly forgetting: (hooks: ReadonlySet<HookName>) => Translation;
}
/** @param name the pipeline's, which begins the programs' names */
export function translate(evaluation: Evaluation, checked: CheckedProgram, name: string, options: PrintOptions): TranslateResult {
  const diagnostics: Diagnostic[] = [];
  const front = createFront(evaluation, checked, diagnostic => diagnostics.push(diagnostic));
  const { programs, registry, diagnostics: found } = specialise(evaluation.pipeline, name, front);
  diagnostics.push(...found);
  const groups = groupAlike(programs).map(members => ({ members, analysis: analyse(members[0]) }));
  for (const { members, analysis } of groups) {
    for (const problem of analysis.problems) for (const _ of members) diagnostics.push(problem);
  }
  if (diagnostics.some(diagnostic => diagnostic.severity === "error")) return { ok: false, diagnostics };
  const forgetting = (hooks: ReadonlySet<HookName>): Translation => {
    const simplified = groups.flatMap(({ members, analysis }) => {
      const one = simplify(members[0], analysis, { forgetsPaths: hooks.has(members[0].hook) });
      return members.map(({ hook, name }) => ({ ...one, program: { ...one.program, hook, name } }));
    });
    return { programs, registry, printed: printProgram(simplified, registry, options) };
  };
  return { ok: true, translation: { ...forgetting(new Set()), forgetting }, diagnostics };
}

/** Programs that are one but for their hook, as where both directions of tc call the same method: the work is done once. */
function groupAlike(programs: readonly Program[]): readonly (readonly [Program, ...Program[]])[] {
  const groups: [Program, ...Program[]][] = [];
  for (const program of programs) {
    const alike = groups.find(([{ hook, body }]) => hook !== "xdp" && program.hook !== "xdp" && isDeepStrictEqual(body, program.body));
    if (alike) alike.push(program);
    else groups.push([program]);
  }
  return groups;
}
