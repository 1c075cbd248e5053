/** What is said of a program whose estimate is over the verifier's limit after all that the compiler can do. */
import { VERIFIER_LIMIT } from "./analyse/cost.js";
import { diagnose } from "./diagnostics/diagnose.js";
import type { Diagnostic } from "./diagnostics/diagnostic.js";
import type { HookName, Span } from "./ir/ir.js";

export function tooMuchWork(hook: HookName, span: Span): Diagnostic {
  return diagnose("DP5006", span, `${hook} may be more for the verifier than the ${VERIFIER_LIMIT} instructions that it allows`);
}
