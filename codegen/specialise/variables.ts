/** Params, settings and target values: scalars of the object's data. */
import type { ts } from "ts-morph";
import type { TargetSpec, VariableSpec } from "../../dsl/core/spec.js";
import type { Expr } from "../ir/ir.js";
import type { Context } from "./context.js";
import type { Value } from "./values.js";
import { localValue } from "./values.js";

export function readVariable(context: Context, live: object, spec: VariableSpec | TargetSpec, node: ts.Node): Value {
  const span = context.span(node);
  const variable = context.registry.variable(live, spec, span);
  const domain = variable.bits === 128 ? "wide" : variable.bits === 64 ? "bigint" : "number";
  const local = context.local(variable.symbol, domain, variable.range);
  context.emit({ kind: "variable", local, variable, span });
  if (!variable.boolean) return localValue(local);
  const make = (): Expr => ({
    op: "compare",
    operator: "!=",
    left: { op: "local", local },
    right: { op: "const", domain: "number", value: 0n },
    span,
  });
  return { kind: "scalar", domain: "boolean", make };
}
