/**
 * A translation in the shape that the kernel takes: plain where that will do, else so that the verifier forgets paths, else
 * in parts.
 */
import { costOf, isMuchWork, VERIFIER_LIMIT } from "./analyse/cost.js";
import type { CompileResult } from "./clang/compile-c.js";
import type { HookName } from "./ir/ir.js";
import { readObject } from "./object/elf.js";
import { programsOf } from "./object/programs.js";
import type { Step } from "./split/split.js";
import type { Shape, Translated, Translation } from "./translate.js";

export interface FitOptions {
  /** programs as they are, also where they are too much work for the verifier */
  readonly keepsPaths?: boolean;
  /** the work for the verifier beyond which a program is cut */
  readonly limit?: bigint;
  /** cut as these say whether they must be or not, each hook alike */
  readonly cuts?: readonly Step[];
}
export interface Fitted {
  readonly translation: Translation;
  readonly compiled: CompileResult;
}

/** Smaller ones are never much work. */
const LEAST_INSTRUCTIONS = 500;
/** Each takes a run of clang. */
const MOST_ROUNDS = 12;

export async function fit(
  translated: Translated,
  compile: (code: string) => Promise<CompileResult>,
  { keepsPaths = false, limit, cuts }: FitOptions,
): Promise<Fitted> {
  const attempt = async (translation: Translation): Promise<Fitted> => ({ translation, compiled: await compile(translation.printed.code) });
  let shape: Shape = {
    forgetsPaths: new Set(),
    cuts: new Map(cuts ? translated.programs.map(({ hook }) => [hook, cuts]) : []),
  };
  let now = await attempt(cuts ? translated.inShape(shape) : translated);
  // the last that clang took: better too much work than nothing, as the verifier may find less to walk
  let taken = now;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const next = nextShape(now, shape, keepsPaths, limit);
    if (!next) break;
    const translation = translated.inShape(next);
    // no place was found to cut it at
    if (next.cuts !== shape.cuts && partsIn(translation) === partsIn(now.translation)) break;
    shape = next;
    now = await attempt(translation);
    if (now.compiled.ok || !taken.compiled.ok) taken = now;
  }
  return taken;
}

function partsIn(translation: Translation): number {
  return translation.programs.reduce((sum, { parts }) => sum + parts.length, 0);
}

/** What to do with what is too much; undefined where nothing is. */
function nextShape({ translation, compiled }: Fitted, shape: Shape, keepsPaths: boolean, limit: bigint | undefined): Shape | undefined {
  if (!compiled.ok) return withCuts(translation, shape, compiled.overStack);
  const programs = programsOf(readObject(compiled.object)).filter(({ section }) => section !== ".text");
  const heavy = programs.filter(program => program.instructions.length >= LEAST_INSTRUCTIONS && isMuchWork(program));
  const forgetful = heavy.flatMap(({ name }) => hookOf(translation, name)?.hook ?? []).filter(hook => !shape.forgetsPaths.has(hook));
  if (forgetful.length > 0 && !keepsPaths) return { ...shape, forgetsPaths: new Set([...shape.forgetsPaths, ...forgetful]) };
  if (keepsPaths && limit === undefined) return undefined;
  const suspects = limit === undefined ? heavy : programs;
  const over = suspects.filter(program => costOf(program).verified >= (limit ?? VERIFIER_LIMIT));
  return withCuts(
    translation,
    shape,
    over.map(({ name }) => name),
  );
}

function withCuts(translation: Translation, shape: Shape, names: readonly string[]): Shape | undefined {
  const cuts = new Map<HookName, readonly Step[]>(shape.cuts);
  for (const name of names) {
    const found = hookOf(translation, name);
    if (found) cuts.set(found.hook, [...(cuts.get(found.hook) ?? []), { part: found.part }]);
  }
  return names.length > 0 ? { ...shape, cuts } : undefined;
}

/** The hook and the part that a function of the object is. */
function hookOf({ programs }: Translation, name: string): { readonly hook: HookName; readonly part: number } | undefined {
  for (const { hook, name: first, parts } of programs) {
    const part = [first, ...parts].indexOf(name);
    if (part >= 0) return { hook, part };
  }
  return undefined;
}
