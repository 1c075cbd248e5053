/**
 * A program that is too much for one of the kernel's is several, each of which ends in a tail call of the next. The whole is
 * analysed with its cuts in it: behind one, nothing is proved that another program proved.
 */
import { type Analysis, analyse } from "../analyse/analyse.js";
import type { Program, Statement } from "../ir/ir.js";
import { mapBodies } from "../ir/walk.js";
import type { Simplified } from "../simplify/simplify.js";
import { type Choice, choosePlace } from "./choose.js";
import { partsOf, sizeOf } from "./parts.js";

/** The kernel follows 33 tail calls, older ones 32 (`MAX_TAIL_CALL_CNT`). */
export const MOST_PARTS = 32;

export interface Split {
  readonly parts: readonly Program[];
  /** of the whole program, cuts included */
  readonly analysis: Analysis;
  /** the steps that found a place: later ones than the first that did not are left out */
  readonly steps: number;
}

export interface Step {
  /** the part to cut; the largest where left out */
  readonly part?: number;
  readonly choice?: Choice;
}

/** @param steps the cuts, each in one of the parts that those before it made */
export function split({ program, analysis }: Simplified, steps: readonly Step[]): Split {
  let whole = program;
  let parts = partsOf(whole);
  let done = 0;
  for (const { part, choice } of steps) {
    if (parts.parts.length >= MOST_PARTS) break;
    const place = choosePlace(whole, parts, part ?? largest(parts.parts), analysis, choice);
    if (!place) break;
    const cut: Statement = { kind: "cut", part: parts.parts.length, carried: place.carried, span: place.before.span };
    whole = { ...whole, body: insert(whole.body, cut, place.before) };
    parts = partsOf(whole);
    done++;
  }
  return { parts: parts.parts, analysis: done > 0 ? analyse(whole, { forgetful: true }) : analysis, steps: done };
}

function largest(parts: readonly Program[]): number {
  const sizes = parts.map(({ body }) => sizeOf(body));
  return sizes.indexOf(Math.max(...sizes));
}

function insert(body: readonly Statement[], cut: Statement, before: Statement): readonly Statement[] {
  let changed = false;
  const out = body.flatMap(statement => {
    if (statement === before) {
      changed = true;
      return [cut, statement];
    }
    const inside = mapBodies(statement, inner => insert(inner, cut, before));
    if (inside === statement) return [statement];
    const same = statement.kind === "if" && inside.kind === "if" ? inside.then === statement.then && inside.else === statement.else : false;
    const sameBlock = statement.kind === "block" && inside.kind === "block" && inside.body === statement.body;
    if (same || sameBlock) return [statement];
    changed = true;
    return [inside];
  });
  return changed ? out : body;
}
