/**
 * IR to IR: the program that a careful programmer would have written. Each pass is a function of the program alone, or of
 * the program and its analysis; none changes what the program does.
 */
import { type Analysis, analyse } from "../analyse/analyse.js";
import type { Local, Program } from "../ir/ir.js";
import { assigned, visitStatements } from "../ir/walk.js";
import { keepByteOrder } from "./byte-order.js";
import { mergeChecks } from "./checks.js";
import { converge } from "./converge.js";
import { fold } from "./fold.js";
import { forgetPaths } from "./forget-paths.js";
import { propagate } from "./propagate.js";
import { prune } from "./prune.js";
import { mergeStores } from "./stores.js";
import { substitute } from "./substitute.js";
import { setTagsApart } from "./tags-apart.js";
import { thread } from "./thread.js";
import { leaveTags } from "./untagged.js";

export interface Simplified {
  readonly program: Program;
  /** of the simplified program: what the printer asks for intervals and types */
  readonly analysis: Analysis;
}

export interface SimplifyOptions {
  /** for programs that are too much work for the verifier: where paths meet, it forgets by which it came */
  readonly forgetsPaths?: boolean;
}

/**
 * Simplifies a program that analysis found no problem in.
 *
 * @example
 * const analysis = analyse(program);
 * if (analysis.problems.length === 0) {
 *   const { program: better, analysis: types } = simplify(program, analysis);
 * }
 */
export function simplify(program: Program, analysis: Analysis, options: SimplifyOptions = {}): Simplified {
  const freshLocal = localsAbove(program);
  const settle = (at: Program): Program => prune(converge(propagate(at)));
  const forgetful = options.forgetsPaths === true;
  let at = settle(thread(settle(fold(program, analysis, { keepsChecks: forgetful }))));
  if (forgetful) at = forgetPaths(at);
  // where jumps went straight, less joins, and more is known
  at = settle(fold(at, analyse(at, { forgetful })));
  at = settle(setTagsApart(leaveTags(at), freshLocal));
  at = keepByteOrder(at, freshLocal);
  at = settle(mergeChecks(at, freshLocal));
  at = settle(mergeStores(at, freshLocal));
  at = prune(substitute(at));
  return { program: at, analysis: analyse(at, { forgetful: forgetful || forgets(at) }) };
}

/** Behind a loop's rounds the verifier forgets in short programs too: what only the path proved has to be proved again. */
function forgets(program: Program): boolean {
  let found = false;
  visitStatements(program.body, ({ kind }) => {
    found ||= kind === "forget";
  });
  return found;
}

/** Makes locals whose ids nothing in the program has. */
function localsAbove(program: Program): (name: string, domain: Local["domain"]) => Local {
  let next = 0;
  visitStatements(program.body, statement => {
    next = Math.max(next, assigned(statement)?.id ?? 0);
    if (statement.kind === "block") next = Math.max(next, statement.label.id);
    if (statement.kind === "point" || statement.kind === "alias" || statement.kind === "lookup" || statement.kind === "element") {
      next = Math.max(next, statement.pointer.id);
    }
    if (statement.kind === "flowFind" || statement.kind === "flowAdd") next = Math.max(next, statement.copy.id);
    if (statement.kind === "clear") next = Math.max(next, statement.buffer.id);
  });
  return (name, domain) => ({ id: ++next, name, domain });
}
