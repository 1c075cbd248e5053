/**
 * Integer-valued linear forms over atoms: `c0 + c1·a1 + c2·a2 …`. An atom is a value that never changes (a number read
 * once, the result of an operation that is not linear), so whatever was learned of a form stays true.
 */

/** Index into the table of atoms. */
export type AtomId = number;

export interface Term {
  readonly atom: AtomId;
  /** never 0 */
  readonly factor: bigint;
}

export interface Linear {
  /** sorted by atom */
  readonly terms: readonly Term[];
  readonly constant: bigint;
}

export const ZERO: Linear = { terms: [], constant: 0n };

export function constant(value: bigint): Linear {
  return { terms: [], constant: value };
}
export function ofAtom(atom: AtomId): Linear {
  return { terms: [{ atom, factor: 1n }], constant: 0n };
}
export function isConstant(form: Linear): boolean {
  return form.terms.length === 0;
}

export function addScaled(a: Linear, b: Linear, factor: bigint): Linear {
  if (factor === 0n) return a;
  if (b.terms.length === 0) return { terms: a.terms, constant: a.constant + b.constant * factor };
  const terms: Term[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const x = a.terms[i];
    const y = b.terms[j];
    if (x === undefined && y === undefined) break;
    if (y === undefined || (x !== undefined && x.atom < y.atom)) {
      if (x !== undefined) terms.push(x);
      i++;
    } else if (x === undefined || y.atom < x.atom) {
      terms.push({ atom: y.atom, factor: y.factor * factor });
      j++;
    } else {
      const sum = x.factor + y.factor * factor;
      if (sum !== 0n) terms.push({ atom: x.atom, factor: sum });
      i++;
      j++;
    }
  }
  return { terms, constant: a.constant + b.constant * factor };
}
export function sum(a: Linear, b: Linear): Linear {
  return addScaled(a, b, 1n);
}
export function difference(a: Linear, b: Linear): Linear {
  return addScaled(a, b, -1n);
}
export function scaled(a: Linear, factor: bigint): Linear {
  return addScaled(ZERO, a, factor);
}
export function shifted(a: Linear, by: bigint): Linear {
  return by === 0n ? a : { terms: a.terms, constant: a.constant + by };
}

export function factorOf(form: Linear, atom: AtomId): bigint {
  for (const term of form.terms) if (term.atom === atom) return term.factor;
  return 0n;
}
/** `form` with `atom` replaced by `value`. */
export function substitute(form: Linear, atom: AtomId, value: Linear): Linear {
  const factor = factorOf(form, atom);
  return factor === 0n ? form : addScaled(addScaled(form, ofAtom(atom), -factor), value, factor);
}

/** Whether every factor and the constant are multiples of `divisor`. */
export function divisible(form: Linear, divisor: bigint): boolean {
  return form.constant % divisor === 0n && form.terms.every(term => term.factor % divisor === 0n);
}
export function quotient(form: Linear, divisor: bigint): Linear {
  return {
    terms: form.terms.map(term => ({ atom: term.atom, factor: term.factor / divisor })),
    constant: form.constant / divisor,
  };
}

/**
 * The terms without the constant, brought to one shape for a form and its multiples: no common factor, first factor
 * positive. `form = factor · shape + constant`.
 */
export function shapeOf(form: Linear): { readonly shape: Linear; readonly factor: bigint } {
  const first = form.terms[0];
  if (first === undefined) return { shape: ZERO, factor: 1n };
  let common = 0n;
  for (const term of form.terms) common = greatestCommonDivisor(common, term.factor);
  const factor = first.factor < 0n ? -common : common;
  return { shape: quotient({ terms: form.terms, constant: 0n }, factor), factor };
}

export function keyOf(form: Linear): string {
  let key = "";
  for (const term of form.terms) key += `${term.factor}*${term.atom}+`;
  return key + form.constant;
}
export function equal(a: Linear, b: Linear): boolean {
  return (
    a === b ||
    (a.constant === b.constant &&
      a.terms.length === b.terms.length &&
      a.terms.every((term, i) => term.atom === b.terms[i]?.atom && term.factor === b.terms[i]?.factor))
  );
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a;
  let y = b < 0n ? -b : b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
