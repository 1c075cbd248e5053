/** A decision: compares of one field with one constant, ending in a leaf. Plain data; equal parts are one object. */
import type { Field } from "./field.js";

export type Decision<R> =
  | { readonly kind: "leaf"; readonly result: R }
  /** a rule holds that does not end the search */
  | { readonly kind: "note"; readonly result: R; readonly then: Decision<R> }
  | Compare<R>;

/** One field against one constant. */
export type Compare<R> =
  /** field < cut */
  | { readonly kind: "below"; readonly field: Field; readonly cut: number; readonly then: Decision<R>; readonly otherwise: Decision<R> }
  /** field === value */
  | { readonly kind: "equal"; readonly field: Field; readonly value: number; readonly then: Decision<R>; readonly otherwise: Decision<R> };

/** The result that the fields' values lead to; `note` is called for each rule that is noted on the way. */
export function decide<R>(decision: Decision<R>, valueFor: (field: Field) => number, note: (result: R) => void = () => {}): R {
  switch (decision.kind) {
    case "leaf":
      return decision.result;
    case "note":
      note(decision.result);
      return decide(decision.then, valueFor, note);
    case "below":
      return decide(valueFor(decision.field) < decision.cut ? decision.then : decision.otherwise, valueFor, note);
    case "equal":
      return decide(valueFor(decision.field) === decision.value ? decision.then : decision.otherwise, valueFor, note);
  }
}

/** Every node once. */
export function nodesOf<R>(decision: Decision<R>): ReadonlySet<Decision<R>> {
  const seen = new Set<Decision<R>>();
  const visit = (at: Decision<R>): void => {
    if (seen.has(at)) return;
    seen.add(at);
    if (at.kind === "leaf") return;
    visit(at.then);
    if (at.kind !== "note") visit(at.otherwise);
  };
  visit(decision);
  return seen;
}

export interface Cost {
  /** compares in all: what the program's size grows with */
  readonly compares: number;
  /** the most compares that one packet meets */
  readonly deepest: number;
}
export function costOf<R>(decision: Decision<R>): Cost {
  const depths = new Map<Decision<R>, number>();
  const depth = (at: Decision<R>): number => {
    if (at.kind === "leaf") return 0;
    if (at.kind === "note") return depth(at.then);
    const known = depths.get(at);
    if (known !== undefined) return known;
    const found = 1 + Math.max(depth(at.then), depth(at.otherwise));
    depths.set(at, found);
    return found;
  };
  const deepest = depth(decision);
  return { compares: depths.size, deepest };
}
