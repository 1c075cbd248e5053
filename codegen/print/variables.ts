/** Where params, settings and target values lie in their sections. */
import type { VariableDecl } from "../ir/ir.js";

export interface PlacedVariable {
  readonly variable: VariableDecl;
  /** bytes from the start of the section */
  readonly offset: number;
  /** u48 takes 8 bytes */
  readonly size: number;
}
export interface VariableLayout {
  readonly params: readonly PlacedVariable[];
  readonly settings: readonly PlacedVariable[];
  readonly target: readonly PlacedVariable[];
}

export function layOutVariables(variables: readonly VariableDecl[]): VariableLayout {
  const place = (what: VariableDecl["what"]): PlacedVariable[] => {
    let offset = 0;
    return variables
      .filter(variable => variable.what === what)
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map(variable => {
        const size = variable.bits === 48 ? 8 : variable.bits / 8;
        const align = Math.min(8, size);
        offset = Math.ceil(offset / align) * align;
        const placed = { variable, offset, size };
        offset += size;
        return placed;
      });
  };
  return { params: place("param"), settings: place("setting"), target: place("target") };
}
