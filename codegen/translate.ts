/** The pure middle of the compiler: a live pipeline and its checked source in, C and the facts of a manifest out. */
import { isDeepStrictEqual } from "node:util";
import { type Analysis, analyse } from "./analyse/analyse.js";
import type { CheckedProgram } from "./check/checked-program.js";
import { createFront } from "./check/create-front.js";
import type { Diagnostic } from "./diagnostics/diagnostic.js";
import type { Evaluation } from "./evaluate/evaluation.js";
import type { HookName, Program } from "./ir/ir.js";
import { type Printed, type PrintOptions, printProgram } from "./print/program.js";
import { type Simplified, simplify } from "./simplify/simplify.js";
import type { Registry } from "./specialise/registry.js";
import { specialise } from "./specialise/specialise.js";
import { type Step, split } from "./split/split.js";

export interface HookProgram {
  readonly hook: HookName;
  readonly name: string;
  /** the names of the programs that go on behind it, where it is split */
  readonly parts: readonly string[];
}
export interface Translation {
  readonly programs: readonly HookProgram[];
  readonly registry: Registry;
  readonly printed: Printed;
}
export type TranslateResult =
  | { readonly ok: true; readonly translation: Translated; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** How programs are other than the plain ones that they are as a rule. */
export interface Shape {
  /** hooks whose programs are too much work for the verifier as they are: there it is made to forget by which path it came */
  readonly forgetsPaths: ReadonlySet<HookName>;
  /** hooks whose programs are too much for one, and where they are cut */
  readonly cuts: ReadonlyMap<HookName, readonly Step[]>;
}

/** A translation that may be had in another form without what comes before it being done anew. */
export interface Translated extends Translation {
  readonly inShape: (shape: Shape) => Translation;
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
  const known = new Map<Program, Simplified>();
  const simplified = (program: Program, analysis: Analysis, forgetsPaths: boolean): Simplified => {
    if (forgetsPaths) return simplify(program, analysis, { forgetsPaths });
    const one = known.get(program) ?? simplify(program, analysis);
    known.set(program, one);
    return one;
  };
  const inShape = ({ forgetsPaths, cuts }: Shape): Translation => {
    const printable = groups.flatMap(({ members: [first, ...others], analysis }) => {
      const one = simplified(first, analysis, forgetsPaths.has(first.hook));
      return [first, ...others].map(({ hook, name }) => {
        const program = { ...one.program, hook, name };
        return { program, ...split({ program, analysis: one.analysis }, cuts.get(hook) ?? []) };
      });
    });
    const hooks = printable.map(({ program: { hook, name }, parts: [, ...parts] }) => ({
      hook,
      name,
      parts: parts.map(part => part.name),
    }));
    return { programs: hooks, registry, printed: printProgram(printable, registry, options) };
  };
  return { ok: true, translation: { ...inShape({ forgetsPaths: new Set(), cuts: new Map() }), inShape }, diagnostics };
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
