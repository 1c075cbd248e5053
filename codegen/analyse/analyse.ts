/**
 * One forward pass over a program: what every value can be, what the program has failed to prove, what never runs.
 *
 * The program has no loops, so each statement is met once, with all that is known on the paths to it.
 */
import type { Expr, Interval, Local, Program } from "../ir/ir.js";
import { Atoms } from "./atoms.js";
import { type CType, operandTypeOf, typeOfExpr, typeOfInterval } from "./ctype.js";
import { rangeOfDomain } from "./domains.js";
import { lifetimesOf } from "./lifetimes.js";
import type { Problem } from "./problems.js";
import { State } from "./state.js";
import { type Pass, runStatements } from "./statements.js";

export type { CType, Problem };

export interface Analysis {
  /** each once, however often an unrolled loop repeats its line; in program order */
  readonly problems: readonly Problem[];
  /** the interval of an integer at its place; of a boolean 0…1. What never runs has its domain's */
  rangeOf(expr: Expr): Interval;
  /** the hull of all that is ever assigned */
  localRange(local: Local): Interval;
  /** the truth of a boolean expression at its place, where it is the same for every packet that comes there */
  decided(expr: Expr): boolean | undefined;
  /** comparisons `a - b OP c` of words that must be compiled without the wrapped difference, see `ctype.ts` */
  readonly exactDifference: ReadonlySet<Expr>;
  /** statements that no packet reaches: the printer may leave them out */
  readonly dead: ReadonlySet<object>;
  /** packet pointers that point where another one does, which is set before and stays good: use that one */
  readonly samePointer: ReadonlyMap<number, number>;
  /** loads of what a local holds already: right where both locals are assigned once */
  readonly reloads: ReadonlyMap<object, Local>;
  /** with `forgetful`: accesses to memory that nothing proves as far as the verifier remembers, to be proved by a check of their own */
  readonly unproved: ReadonlySet<object>;
  /** the C type of a local, or of what an expression prints as */
  cType(of: Expr | Local): CType;
  /** the C type that both operands of a binary operator or comparison are brought to first */
  operandType(expr: Expr): CType;
}

export interface AnalyseOptions {
  /** what a `forget` makes the verifier forget is forgotten here too: to be asked of programs without problems alone */
  readonly forgetful?: boolean;
}

/**
 * Analyses one hook's program.
 *
 * @example
 * const { problems } = analyse(program);
 * if (problems.length === 0) print(program, analysis);
 */
export function analyse(program: Program, options: AnalyseOptions = {}): Analysis {
  const atoms = new Atoms();
  const problems = new Map<string, Problem>();
  const pass: Pass = {
    atoms,
    ranges: new Map(),
    decided: new Map(),
    exactDifference: new Set(),
    locals: new Map(),
    dead: new Set(),
    samePointer: new Map(),
    reloads: new Map(),
    lifetimes: lifetimesOf(program.body),
    forgetful: options.forgetful === true,
    unproved: new Set(),
    labels: new Map(),
    report(problem) {
      const { file, line, column } = problem.span;
      const key = `${problem.code} ${file}:${line}:${column}`;
      if (!problems.has(key)) problems.set(key, problem);
    },
  };
  runStatements(pass, program.body, new State(atoms));

  const rangeOf = (expr: Expr): Interval => {
    if (expr.op === "const") return { min: expr.value, max: expr.value };
    return pass.ranges.get(expr) ?? rangeOfDomain("boolean");
  };
  const localRange = (local: Local): Interval => pass.locals.get(local.id) ?? rangeOfDomain(local.domain);
  const cType = (of: Expr | Local): CType => ("op" in of ? typeOfExpr(of, rangeOf, localRange) : typeOfInterval(of.domain, localRange(of)));
  return {
    problems: [...problems.values()],
    rangeOf,
    localRange,
    decided: expr => pass.decided.get(expr),
    exactDifference: pass.exactDifference,
    dead: pass.dead,
    samePointer: pass.samePointer,
    reloads: pass.reloads,
    unproved: pass.unproved,
    cType,
    operandType: expr => operandTypeOf(expr, rangeOf, cType),
  };
}
