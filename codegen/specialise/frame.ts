/** One activation of a datapath function: which variables its names stand for. */
import type { ts } from "ts-morph";
import type { Value } from "./values.js";

/** A variable of one activation; an unrolled loop makes its variables anew each round. */
export interface Variable {
  readonly name: string;
  readonly constant: boolean;
}

export interface Loop {
  readonly label: string | undefined;
  readonly isSwitch: boolean;
  readonly onBreak: () => void;
  readonly onContinue: () => void;
}

export interface Frame {
  /** the live function, whose free names are asked of V8; undefined in a local closure, which asks its parent */
  readonly live: object | undefined;
  readonly parent: Frame | undefined;
  readonly self: Value | undefined;
  /** the object whose prototype `super` looks in */
  readonly home: object | undefined;
  /** where the function is, for names and for recursion */
  readonly declaration: ts.Node;
  readonly variables: Map<ts.Node, Variable>;
  /** dotted path of the instance whose code this is, "" for the pipeline's own: it names drops and variables */
  readonly path: string;
  /** where a `return` goes */
  readonly leave: (value: Value, node: ts.Node) => void;
  /** loops around this point, innermost last */
  readonly loops: Loop[];
}

export function variableOf(frame: Frame | undefined, declaration: ts.Node): Variable | undefined {
  for (let at = frame; at; at = at.parent) {
    const found = at.variables.get(declaration);
    if (found) return found;
  }
  return undefined;
}
