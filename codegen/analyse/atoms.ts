/** The table of atoms: values that do not change once made. Equal operations on equal operands are one atom. */

import type { Facts } from "./facts.js";
import type { Interval } from "./interval.js";
import { type AtomId, keyOf, type Linear, ofAtom } from "./linear.js";
import type { Value } from "./value.js";

/** Operations whose result is not a linear form. All on mathematical integers; the caller has reduced operands. */
export type AtomOperator =
  | "multiply"
  | "divide"
  | "remainder"
  | "minimum"
  | "maximum"
  /** the first operand modulo 2^second, in 0…2^second − 1 */
  | "modulo"
  /** an unsigned 32-bit value read as a signed one */
  | "signed32"
  | "and"
  | "or"
  | "xor"
  | "shiftLeft"
  | "shiftRight";

/** Where several paths became one: what each knew, and what each gave to the values that differ. */
export interface Join {
  readonly incoming: readonly Facts[];
  /** for each phi made here, its value on each path */
  readonly phis: Map<AtomId, readonly Value[]>;
}

export type Definition =
  /** read from memory, or given by the kernel */
  | { readonly kind: "input"; readonly name: string /** other CPUs may write where it was read */; readonly shared: boolean }
  | { readonly kind: "phi"; readonly name: string; readonly join: Join }
  | { readonly kind: "operation"; readonly operator: AtomOperator; readonly operands: readonly Linear[] };

export interface Atom {
  readonly id: AtomId;
  readonly definition: Definition;
  /** holds everywhere, whatever the path */
  readonly base: Interval;
}

export class Atoms {
  private readonly all: Atom[] = [];
  private readonly operations = new Map<string, Atom>();

  at(id: AtomId): Atom {
    const atom = this.all[id];
    if (atom === undefined) throw new RangeError(`there is no atom ${id}`);
    return atom;
  }

  input(name: string, base: Interval, shared = false): Atom {
    return this.add({ kind: "input", name, shared }, base);
  }
  phi(name: string, join: Join, base: Interval): Atom {
    return this.add({ kind: "phi", name, join }, base);
  }
  /** `base` must hold for every value that the operands' atoms may ever take. */
  operation(operator: AtomOperator, operands: readonly Linear[], base: Interval): Linear {
    const key = `${operator} ${operands.map(keyOf).join(" ")}`;
    let atom = this.operations.get(key);
    if (atom === undefined) {
      atom = this.add({ kind: "operation", operator, operands }, base);
      this.operations.set(key, atom);
    }
    return ofAtom(atom.id);
  }

  /** The operation that a form is the bare result of. */
  operationOf(form: Linear): Extract<Definition, { kind: "operation" }> | undefined {
    const term = form.terms[0];
    if (term === undefined || form.terms.length > 1 || term.factor !== 1n || form.constant !== 0n) return undefined;
    const { definition } = this.at(term.atom);
    return definition.kind === "operation" ? definition : undefined;
  }

  /** Whether some atom below the form satisfies the test; looks through operations, not through joins. */
  some(form: Linear, test: (atom: Atom) => boolean): boolean {
    return form.terms.some(({ atom: id }) => {
      const atom = this.at(id);
      return test(atom) || (atom.definition.kind === "operation" && atom.definition.operands.some(operand => this.some(operand, test)));
    });
  }

  private add(definition: Definition, base: Interval): Atom {
    const atom: Atom = { id: this.all.length, definition, base };
    this.all.push(atom);
    return atom;
  }
}
