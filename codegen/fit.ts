/**
 * A translation in the shape that the kernel takes: plain where that will do, else so that the verifier forgets paths, else
 * in parts.
 */
import { costOf, isMuchWork, VERIFIER_LIMIT } from "./analyse/cost.js";
import type { CompileResult } from "./clang/compile-c.js";
import type { HookName } from "./ir/ir.js";
import { readObject } from "./object/elf.js";
import { type ObjectProgram, programsOf } from "./object/programs.js";
import type { Step } from "./split/split.js";
import type { Shape, Translated, Translation } from "./translate.js";

export interface FitOptions {
  /** programs as they are, also where they are too much work for the verifier */
  readonly keepsPaths?: boolean;
  /** the work for the verifier beyond which a program is cut; what the verifier allows where left out */
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
const MOST_ROUNDS = 8;
const MOST_FOR_WORK = 3;

interface Next {
  readonly shape: Shape;
  readonly why: "stack" | "paths" | "work";
}

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
  // the last that clang took
  let taken = now;
  // a bound is no count: where cutting does not bring it below the limit, the verifier may still find less to walk
  let uncut: Fitted | undefined;
  for (let round = 0, cutsForWork = 0; round < MOST_ROUNDS; round++) {
    const next = nextShape(now, shape, keepsPaths, limit);
    if (!next) return now.compiled.ok ? now : taken;
    if (next.why === "work") {
      uncut ??= now;
      if (++cutsForWork > MOST_FOR_WORK) break;
    }
    const translation = translated.inShape(next.shape);
    if (next.why === "paths" || partsIn(translation) > partsIn(now.translation)) {
      shape = next.shape;
      now = await attempt(translation);
    } else {
      // no place was found to cut it at; where paths are forgotten, less is alive at a time
      const others = next.why === "stack" && !now.compiled.ok ? hooksOf(now.translation, now.compiled.overStack) : [];
      if (keepsPaths || others.every(hook => shape.forgetsPaths.has(hook))) break;
      shape = { ...shape, forgetsPaths: new Set([...shape.forgetsPaths, ...others]) };
      now = await attempt(translated.inShape(shape));
    }
    if (now.compiled.ok || !taken.compiled.ok) taken = now;
  }
  return uncut ?? taken;
}

function partsIn(translation: Translation): number {
  return translation.programs.reduce((sum, { parts }) => sum + parts.length, 0);
}

/** What to do with what is too much; undefined where nothing is. */
function nextShape({ translation, compiled }: Fitted, shape: Shape, keepsPaths: boolean, limit: bigint | undefined): Next | undefined {
  if (!compiled.ok) return withCuts(translation, shape, compiled.overStack, "stack");
  const programs = programsOf(readObject(compiled.object)).filter(({ section }) => section !== ".text");
  const isForgetful = ({ name }: ObjectProgram): boolean => hooksOf(translation, [name]).some(hook => shape.forgetsPaths.has(hook));
  const isMuch = onceForEach(isMuchWork);
  const heavy = keepsPaths
    ? []
    : programs.filter(program => !isForgetful(program) && program.instructions.length >= LEAST_INSTRUCTIONS && isMuch(program));
  const forgetful = hooksOf(
    translation,
    heavy.map(({ name }) => name),
  );
  if (forgetful.length > 0) return { shape: { ...shape, forgetsPaths: new Set([...shape.forgetsPaths, ...forgetful]) }, why: "paths" };
  // what was not too much to walk needs no estimate
  const large = limit === undefined ? programs.filter(isForgetful) : programs;
  const isOver = onceForEach(program => costOf(program).verified >= (limit ?? VERIFIER_LIMIT));
  const over = large.filter(isOver);
  return withCuts(
    translation,
    shape,
    over.map(({ name }) => name),
    "work",
  );
}

function withCuts(translation: Translation, shape: Shape, names: readonly string[], why: Next["why"]): Next | undefined {
  const cuts = new Map<HookName, readonly Step[]>(shape.cuts);
  for (const name of names) {
    const found = hookOf(translation, name);
    if (found) cuts.set(found.hook, [...(cuts.get(found.hook) ?? []), { part: found.part }]);
  }
  return names.length > 0 ? { shape: { ...shape, cuts }, why } : undefined;
}

/** Both directions of tc are often one program: what is found of one is not looked for again in the other. */
function onceForEach(judge: (program: ObjectProgram) => boolean): (program: ObjectProgram) => boolean {
  const judged = new Map<string, boolean>();
  return program => {
    const code = codeOf(program);
    const found = judged.get(code) ?? judge(program);
    judged.set(code, found);
    return found;
  };
}
/** Equal for programs that are the same but for their names and lines. */
function codeOf({ section, instructions }: ObjectProgram): string {
  const words = instructions.map(({ opcode, destination, source, offset, immediate, upper, addresses, calls }) => [
    ...[opcode, destination, source, offset, immediate, upper],
    ...[addresses?.section, addresses?.offset, calls],
  ]);
  return `${section.split("/")[0]} ${words.join(" ")}`;
}
function hooksOf(translation: Translation, names: readonly string[]): readonly HookName[] {
  return names.flatMap(name => hookOf(translation, name)?.hook ?? []);
}
/** The hook and the part that a function of the object is. */
function hookOf({ programs }: Translation, name: string): { readonly hook: HookName; readonly part: number } | undefined {
  for (const { hook, name: first, parts } of programs) {
    const part = [first, ...parts].indexOf(name);
    if (part >= 0) return { hook, part };
  }
  return undefined;
}
