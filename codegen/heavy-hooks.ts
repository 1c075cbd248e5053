/** Which of an object's programs are more work for the verifier than they should be. */
import { isMuchWork } from "./analyse/cost.js";
import type { HookName } from "./ir/ir.js";
import { readObject } from "./object/elf.js";
import { programsOf } from "./object/programs.js";

/** Smaller ones never are. */
const LEAST_INSTRUCTIONS = 500;

/** @param hooks the hooks' programs, by the names that the object has for them */
export function heavyHooks(
  object: Uint8Array,
  hooks: readonly { readonly hook: HookName; readonly name: string }[],
): ReadonlySet<HookName> {
  const heavy = new Set<HookName>();
  for (const program of programsOf(readObject(object))) {
    const hook = hooks.find(({ name }) => name === program.name)?.hook;
    if (hook && program.instructions.length >= LEAST_INSTRUCTIONS && isMuchWork(program)) heavy.add(hook);
  }
  return heavy;
}
