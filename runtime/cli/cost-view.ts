/** What a program costs: its instructions, and the verifier's work. */
import { costOf, VERIFIER_LIMIT } from "../../codegen/analyse/cost.js";
import type { HookName } from "../../codegen/bundle/manifest.js";
import type { BundleParts } from "../../codegen/bundle/write-bundle.js";
import { readObject } from "../../codegen/object/elf.js";
import { programsOf } from "../../codegen/object/programs.js";
import { table } from "./terminal.js";

export interface HookCost {
  readonly hook: HookName;
  /** of a hook that is split: which of its programs, from 1 */
  readonly part?: number;
  readonly instructions: number;
  /** instructions that the verifier walks: its own count where the program was loaded, else a bound that it does not pass */
  readonly verified: number;
  readonly counted: boolean;
  /** the line with the largest share of it, where that is more than half */
  readonly dominated: { readonly file: string; readonly line: number } | undefined;
}

/** @param counts the verifier's own counts, by the program's name */
export function hookCosts({ manifest, object }: BundleParts, counts?: ReadonlyMap<string, number>): HookCost[] {
  const programs = programsOf(readObject(object));
  const functions = programs.filter(program => program.section === ".text");
  return manifest.hooks.flatMap(({ hook, program: first, parts }) =>
    [first, ...(parts?.programs ?? [])].flatMap((name, i): HookCost[] => {
      const program = programs.find(candidate => candidate.name === name);
      if (!program) return [];
      const { instructions, verified, lines } = costOf(program, functions);
      const counted = counts?.get(name);
      const [most] = lines;
      return [
        {
          hook,
          ...(parts && { part: i + 1 }),
          instructions,
          verified: counted ?? Number(verified),
          counted: counted !== undefined,
          dominated: most && most.verified * 2n > verified && lines.length > 1 ? { file: most.file, line: most.line } : undefined,
        },
      ];
    }),
  );
}

export function costLines(costs: readonly HookCost[]): string[] {
  return table(
    costs.map(({ hook, part, instructions, verified, counted, dominated }) => [
      part === undefined ? `  ${hook}` : `  ${hook}, part ${part}`,
      `${instructions} instructions`,
      verifiedText(verified, counted),
      dominated && !counted ? `most of it at ${dominated.file}:${dominated.line}` : "",
    ]),
  );
}

/** Whether the verifier may give up on a program, as far as the bound tells. */
export function isOverLimit({ verified, counted }: HookCost): boolean {
  return !counted && verified >= Number(VERIFIER_LIMIT);
}

/** A bound over the verifier's limit says that it may be too much: the verifier may find less to walk. */
function verifiedText(verified: number, counted: boolean): string {
  if (counted) return `${verified} verified`;
  return verified < Number(VERIFIER_LIMIT) ? `at most ${verified} verified` : "maybe more verified than the kernel's limit of a million";
}
