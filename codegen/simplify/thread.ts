/**
 * Jumps to jumps: an exit that sets a result and leaves a block, behind which the result is tested, goes straight to
 * where the test would send it, most often a `return`.
 */
import type { Expr, Program, Statement } from "../ir/ir.js";
import { copyExpr, endsAway, mapBodies } from "../ir/walk.js";

export function thread(program: Program): Program {
  return { ...program, body: new Threader().all(program.body, undefined) };
}

/** What runs behind a point: the rest of a list, then what follows the list. */
interface Behind {
  readonly body: readonly Statement[];
  readonly from: number;
  readonly then: Behind | undefined;
  /** the label that leads exactly here, where one does */
  readonly label: Extract<Statement, { kind: "leave" }>["label"] | undefined;
}

/** More assignments than this are not worth repeating at each exit. */
const MOST_ASSIGNMENTS = 2;
/** Bounds the walk; a program's blocks are seldom nested deeper. */
const MOST_STEPS = 64;

class Threader {
  private readonly labels = new Map<number, Behind>();

  all(body: readonly Statement[], behind: Behind | undefined): readonly Statement[] {
    const result: Statement[] = [];
    for (const [i, statement] of body.entries()) {
      const next: Behind = { body, from: i + 1, then: behind, label: undefined };
      switch (statement.kind) {
        case "block": {
          const { label } = statement;
          this.labels.set(label.id, { ...next, label });
          const inner = [...this.all(statement.body, { ...next, label })];
          // the end of the body made an exit like the others, so that it can be led on too
          if (!endsAway(inner)) inner.push({ kind: "leave", label, span: statement.span });
          result.push({ ...statement, body: this.ending(inner) });
          break;
        }
        case "if":
          result.push(mapBodies(statement, inner => this.all(inner, next)));
          break;
        default:
          result.push(statement);
      }
    }
    return this.ending(result);
  }

  /** A list that ends with assignments and a `leave`: with the shortest way that does the same. */
  private ending(body: readonly Statement[]): readonly Statement[] {
    const last = body.at(-1);
    if (last?.kind !== "leave") return body;
    let start = body.length - 1;
    const known = new Map<number, Expr>();
    for (; start > 0; start--) {
      const statement = body[start - 1];
      if (statement?.kind !== "let" || !isPlain(statement.value)) break;
      if (!known.has(statement.local.id)) known.set(statement.local.id, statement.value);
    }
    const way = this.follow(last, known);
    return way ? [...body.slice(0, -1), ...way] : body;
  }

  private follow(leave: Extract<Statement, { kind: "leave" }>, known: Map<number, Expr>): readonly Statement[] | undefined {
    let at = this.labels.get(leave.label.id);
    const assignments: Statement[] = [];
    let best: readonly Statement[] | undefined;
    for (let steps = 0; at && steps < MOST_STEPS; steps++) {
      if (at.label && at.label.id !== leave.label.id) best = [...assignments, { ...leave, label: at.label }];
      const statement = at.body[at.from];
      if (!statement) {
        at = at.then;
        continue;
      }
      const next: Behind = { ...at, from: at.from + 1, label: undefined };
      switch (statement.kind) {
        case "let": {
          const value = isPlain(statement.value) ? resolved(statement.value, known) : undefined;
          if (!value || assignments.length === MOST_ASSIGNMENTS) return best;
          known.set(statement.local.id, value);
          assignments.push({ ...statement, value: copyExpr(value) });
          at = next;
          break;
        }
        case "leave":
          at = this.labels.get(statement.label.id);
          break;
        case "return": {
          const verdict = resolved(statement.verdict, known);
          return verdict ? [...assignments, { ...statement, verdict: copyExpr(verdict) }] : best;
        }
        case "if": {
          const truth = truthOf(statement.condition, known);
          if (truth === undefined) return best;
          at = { body: truth ? statement.then : statement.else, from: 0, then: next, label: undefined };
          break;
        }
        default:
          return best;
      }
    }
    return best;
  }
}

function isPlain(expr: Expr): boolean {
  return expr.op === "const" || expr.op === "local";
}
/** A constant or a local; undefined for what would have to be computed. */
function resolved(expr: Expr, known: ReadonlyMap<number, Expr>): Expr | undefined {
  if (expr.op === "const") return expr;
  return expr.op === "local" ? (known.get(expr.local.id) ?? expr) : undefined;
}

function truthOf(expr: Expr, known: ReadonlyMap<number, Expr>): boolean | undefined {
  switch (expr.op) {
    case "const":
      return expr.value !== 0n;
    case "local": {
      const value = known.get(expr.local.id);
      return value?.op === "const" ? value.value !== 0n : undefined;
    }
    case "not": {
      const operand = truthOf(expr.operand, known);
      return operand === undefined ? undefined : !operand;
    }
    case "and":
    case "or": {
      const stop = expr.op === "or";
      const left = truthOf(expr.left, known);
      if (left === stop) return stop;
      const right = truthOf(expr.right, known);
      return right === stop ? stop : left === undefined ? undefined : right;
    }
    case "compare": {
      const left = resolved(expr.left, known);
      const right = resolved(expr.right, known);
      if (left?.op !== "const" || right?.op !== "const") return undefined;
      switch (expr.operator) {
        case "==":
          return left.value === right.value;
        case "!=":
          return left.value !== right.value;
        case "<":
          return left.value < right.value;
        case "<=":
          return left.value <= right.value;
        case ">":
          return left.value > right.value;
        case ">=":
          return left.value >= right.value;
      }
      break;
    }
    default:
      return undefined;
  }
}
