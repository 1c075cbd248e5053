/**
 * Which numbers the verifier bounds by itself: a byte or some bits of one that were loaded, constants, and what is made of
 * them by `+` and by `*` with a constant. Such an offset needs no mask.
 */
import type { Expr, Program } from "../ir/ir.js";
import { assigned, visitStatements } from "../ir/walk.js";

export function boundedLocals(program: Program): ReadonlySet<number> {
  // what another part hands over is masked to its own bits
  const others = new Set<number>(program.resumes?.carried.locals.map(({ local }) => local.id));
  // What is made of a local that turns out not to be bounded (a later statement forgets it, say) is not bounded either.
  for (;;) {
    const known = others.size;
    const bounded = withoutOthers(program, others);
    if (others.size === known) return bounded;
  }
}

/** Those that are bounded as far as the others are known; adds to the others. */
function withoutOthers(program: Program, others: Set<number>): ReadonlySet<number> {
  const bounded = new Set<number>();
  // in order, so that what a local is made of has been seen
  visitStatements(program.body, statement => {
    const local = assigned(statement);
    if (statement.kind === "forget") others.add(statement.local.id);
    if (!local || others.has(local.id)) return;
    const first = !bounded.has(local.id);
    if (statement.kind === "load" && first && statement.place.scalar.width <= 8) bounded.add(local.id);
    else if (statement.kind === "let" && isBounded(statement.value, bounded) && (first || statement.value.op === "const"))
      bounded.add(local.id);
    else others.add(local.id);
  });
  for (const id of others) bounded.delete(id);
  return bounded;
}

export function isBounded(expr: Expr, bounded: ReadonlySet<number>): boolean {
  switch (expr.op) {
    case "const":
      return expr.value >= 0n && expr.value < 0x8000n;
    case "local":
      return bounded.has(expr.local.id);
    case "binary":
      if (expr.operator === "+") return isBounded(expr.left, bounded) && isBounded(expr.right, bounded);
      return expr.operator === "*" && isBounded(expr.left, bounded) && expr.right.op === "const" && isBounded(expr.right, bounded);
    default:
      return false;
  }
}

/** `rest + constant`, where the constant is what stands at the top of a sum; 0 where nothing would be left. */
export function splitConstant(expr: Expr): { readonly rest: Expr; readonly constant: bigint } {
  if (expr.op !== "binary" || expr.operator !== "+" || expr.domain !== "number") return { rest: expr, constant: 0n };
  const [left, right] = [expr.left, expr.right];
  if (left.op === "const" && left.value >= 0n && right.op !== "const") {
    const inner = splitConstant(right);
    return { rest: inner.rest, constant: inner.constant + left.value };
  }
  if (right.op === "const" && right.value >= 0n && left.op !== "const") {
    const inner = splitConstant(left);
    return { rest: inner.rest, constant: inner.constant + right.value };
  }
  return { rest: expr, constant: 0n };
}
