/** Programs that are still too much work for the verifier after all that the compiler can do: asked of the verifier where this process may. */
import type { BundleParts } from "../../codegen/bundle/write-bundle.js";
import type { Diagnostic } from "../../codegen/diagnostics/diagnostic.js";
import { tooMuchWork } from "../../codegen/too-much-work.js";
import { missingCapabilities } from "../machine/capabilities.js";
import { loadForTest } from "../test-run/load.js";
import { type HookCost, hookCosts, isOverLimit } from "./cost-view.js";

export interface Judged {
  readonly costs: readonly HookCost[];
  /** an error for each hook that may be over the limit */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * What a bundle costs, and what is too much of it.
 *
 * @param file where the pipeline is, as diagnostics name it
 * @param ask the verifier in any case
 * @throws {DatapathError} 6xxx where the verifier is asked and refuses
 */
export function judge(parts: BundleParts, file: string, ask = false): Judged {
  const bounds = ask ? [] : hookCosts(parts);
  // a bound over the limit decides nothing: where this process may ask, it asks
  if (ask || (bounds.some(isOverLimit) && missingCapabilities().length === 0)) {
    return { costs: hookCosts(parts, verifierCounts(parts)), diagnostics: [] };
  }
  return { costs: bounds, diagnostics: overLimit(bounds, file) };
}

/** An error for each hook whose estimate is over the verifier's limit. */
export function overLimit(costs: readonly HookCost[], file: string): Diagnostic[] {
  return costs.filter(isOverLimit).map(({ hook, dominated }) => {
    const span = { file: dominated?.file ?? file, line: dominated?.line ?? 0, column: dominated ? 1 : 0, length: 0 };
    return tooMuchWork(hook, span);
  });
}

/** Loads the programs, with maps of their own that go with this process. */
function verifierCounts({ manifest, object }: BundleParts): ReadonlyMap<string, number> {
  using program = loadForTest(object, manifest);
  return new Map(
    manifest.hooks.flatMap(({ hook, program: first, parts }) => {
      const infos = [program.info(hook), ...program.parts(hook)];
      return [first, ...(parts?.programs ?? [])].map((name, i): [string, number] => [name, infos[i]?.verifiedInstructions ?? 0]);
    }),
  );
}
