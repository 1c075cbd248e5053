/**
 * Chains of checks that fail to the same place: one bounds check for the longest, one wide load and compare for fields
 * that lie together. Every check of a chain is pure and every failure does the same, so their order is free.
 */
import type { Expr, Local, Program, Statement } from "../ir/ir.js";
import { bodiesOf, copyExpr, countLocals, endsAway, expressionsOf, mapBodies, mapExpressions, visitExpr } from "../ir/walk.js";
import { type ByteTest, byteTestOf, mergeByteTests } from "./byte-tests.js";
import { Ways } from "./ways.js";

export function mergeChecks(program: Program, freshLocal: (name: string, domain: Local["domain"]) => Local): Program {
  const { reads, writes } = countLocals(program.body);
  const merger = new Merger(reads, writes, freshLocal);
  return { ...program, body: merger.all(program.body, "end") };
}

type If = Extract<Statement, { kind: "if" }>;
type Load = Extract<Statement, { kind: "load" }>;

class Merger {
  private readonly ways = new Ways();
  private readonly reads: ReadonlyMap<number, number>;
  private readonly writes: ReadonlyMap<number, number>;
  private readonly freshLocal: (name: string, domain: Local["domain"]) => Local;

  constructor(
    reads: ReadonlyMap<number, number>,
    writes: ReadonlyMap<number, number>,
    freshLocal: (name: string, domain: Local["domain"]) => Local,
  ) {
    this.reads = reads;
    this.writes = writes;
    this.freshLocal = freshLocal;
  }

  all(body: readonly Statement[], after: string): readonly Statement[] {
    // ways are of the original statements, so chains are found before what is inside is rebuilt
    const result: Statement[] = [];
    for (let start = 0; start < body.length; ) {
      const end = this.chainEnd(body, start, after);
      if (end > start) {
        result.push(...this.chain(body.slice(start, end)).map(statement => this.inside(statement, body, end - 1, after)));
        start = end;
        continue;
      }
      const statement = body[start];
      if (statement) result.push(this.inside(statement, body, start, after));
      start++;
    }
    return result;
  }

  private inside(statement: Statement, body: readonly Statement[], index: number, after: string): Statement {
    if (statement.kind !== "if" && statement.kind !== "block") return statement;
    const behind = this.ways.from(body, index + 1, after);
    if (statement.kind === "block") this.ways.enter(statement.label.id, behind);
    return mapBodies(statement, inner => this.all(inner, behind));
  }

  /** The end of the chain that starts here, behind its last check; `start` where there is none of two checks or more. */
  private chainEnd(body: readonly Statement[], start: number, after: string): number {
    let way: string | undefined;
    let end = start;
    let checks = 0;
    for (let i = start; i < body.length; i++) {
      const statement = body[i];
      if (statement?.kind === "if") {
        if (statement.else.length > 0 || !endsAway(statement.then)) break;
        const own = this.ways.of(statement.then, this.ways.from(body, i + 1, after));
        if (way !== undefined && own !== way) break;
        way = own;
        end = i + 1;
        checks++;
      } else if (!statement || !isPassable(statement)) break;
    }
    return checks > 1 ? end : start;
  }

  private chain(chain: readonly Statement[]): readonly Statement[] {
    return this.mergeFields(hoistBounds(splitOr(chain)));
  }

  /** Fields that are held against constants, several in one load. */
  private mergeFields(chain: readonly Statement[]): readonly Statement[] {
    const loads = new Map<number, { readonly load: Load; readonly at: number }>();
    chain.forEach((statement, at) => {
      if (statement.kind === "load" && this.writes.get(statement.local.id) === 1) loads.set(statement.local.id, { load: statement, at });
    });
    const tests: ByteTest[] = [];
    chain.forEach((statement, at) => {
      if (statement.kind !== "if") return;
      const test = byteTestOf(statement, id => loads.get(id)?.load);
      const found = test && loads.get(test.local.id);
      if (test && found && this.isUnreadBetween(chain, test.local, found.at, at)) tests.push({ ...test, at: found.at, check: at });
    });
    const reach = (pointer: number): number => {
      let end = 0;
      for (const statement of chain) {
        if (
          statement.kind === "load" &&
          statement.place.memory.kind === "packet" &&
          statement.place.memory.pointer.id === pointer &&
          !statement.place.index
        ) {
          end = Math.max(end, statement.place.offset + statement.place.scalar.bytes);
        }
      }
      return end;
    };
    const merged = mergeByteTests(tests, reach, this.freshLocal);
    if (merged.length === 0) return chain;

    const gone = new Set(merged.flatMap(group => group.tests.flatMap(test => [test.at, test.check])));
    const starts = new Map(merged.map(group => [Math.min(...group.tests.map(test => test.at)), group]));
    return chain.flatMap((statement, at) => {
      const group = starts.get(at);
      const own = gone.has(at) ? [] : [statement];
      if (!group) return own;
      const check = chain[group.tests[0]?.check ?? 0];
      if (check?.kind !== "if") return own;
      return [...group.statements(check), ...own];
    });
  }

  /** Whether a local is read by nothing between its load and its check, both in the chain. */
  private isUnreadBetween(chain: readonly Statement[], local: Local, from: number, to: number): boolean {
    if (!this.reads.has(local.id)) return false;
    return chain.slice(from, to).every(statement => !readsLocal(statement, local.id));
  }
}

function readsLocal(statement: Statement, id: number): boolean {
  let found = false;
  for (const expr of expressionsOf(statement)) {
    visitExpr(expr, node => {
      if (node.op === "local" && node.local.id === id) found = true;
    });
  }
  return found;
}

/** What may stand between two checks of a chain, and move against them. */
function isPassable(statement: Statement): boolean {
  switch (statement.kind) {
    case "let":
    case "point":
      return true;
    case "load":
      return !statement.place.index && !(statement.place.memory.kind === "entry" && statement.place.memory.map.shared);
    default:
      return false;
  }
}

/** `a || b` is two checks. */
function splitOr(chain: readonly Statement[]): readonly Statement[] {
  return chain.flatMap((statement): readonly Statement[] => {
    if (statement.kind !== "if" || !statement.then.every(isSimple)) return [statement];
    const [first, ...others] = alternatives(statement.condition);
    if (first === undefined) return [statement];
    return [
      { ...statement, condition: first },
      ...others.map(condition => ({ ...statement, condition, then: statement.then.map(copyStatement) })),
    ];
  });
}
function isSimple(statement: Statement): boolean {
  return bodiesOf(statement).length === 0;
}
function copyStatement(statement: Statement): Statement {
  return mapExpressions(statement, copyExpr);
}
function alternatives(condition: Expr): readonly Expr[] {
  if (condition.op === "or") return [...alternatives(condition.left), ...alternatives(condition.right)];
  if (condition.op === "not" && condition.operand.op === "and") {
    const { left, right } = condition.operand;
    return [...alternatives({ op: "not", operand: left }), ...alternatives({ op: "not", operand: right })];
  }
  if (condition.op === "not" && condition.operand.op === "not") return alternatives(condition.operand.operand);
  return [condition];
}

/** One bounds check a pointer, for all bytes that the chain checks: at the start, or where the pointer is set. */
function hoistBounds(chain: readonly Statement[]): readonly Statement[] {
  const sizes = new Map<number, { readonly check: If; size: number }>();
  const setHere = new Set(chain.flatMap(statement => (statement.kind === "point" ? [statement.pointer.id] : [])));
  for (const statement of chain) {
    const bounds = boundsOf(statement);
    if (!bounds || statement.kind !== "if") continue;
    const known = sizes.get(bounds.pointer.id);
    if (known) known.size = Math.max(known.size, bounds.size);
    else sizes.set(bounds.pointer.id, { check: statement, size: bounds.size });
  }
  const emit = (pointer: number): readonly Statement[] => {
    const found = sizes.get(pointer);
    const bounds = found && boundsOf(found.check);
    sizes.delete(pointer);
    if (!found || !bounds) return [];
    const condition: Expr = { op: "not", operand: { op: "bounds", pointer: bounds.pointer, size: found.size } };
    return [{ ...found.check, condition }];
  };
  const early = [...sizes.keys()].filter(id => !setHere.has(id)).flatMap(emit);
  return [
    ...early,
    ...chain.flatMap(statement => {
      const bounds = boundsOf(statement);
      return bounds ? emit(bounds.pointer.id) : [statement];
    }),
  ];
}
function boundsOf(statement: Statement): Extract<Expr, { op: "bounds" }> | undefined {
  if (statement.kind !== "if" || statement.condition.op !== "not") return undefined;
  const { operand } = statement.condition;
  return operand.op === "bounds" ? operand : undefined;
}
