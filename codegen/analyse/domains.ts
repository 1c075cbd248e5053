/** The domain of an expression, and the interval of all that a domain can hold. */
import type { Domain, Expr, Local } from "../ir/ir.js";
import { type Interval, interval, meet, TWO_53, unsigned } from "./interval.js";

export function domainOf(expr: Expr): Domain {
  switch (expr.op) {
    case "const":
    case "binary":
    case "unary":
    case "convert":
      return expr.domain;
    case "local":
      return expr.local.domain;
    case "wrap":
      return expr.bits === 128 ? "wide" : expr.bits === 64 ? "bigint" : "number";
    case "compare":
    case "not":
    case "and":
    case "or":
    case "bounds":
    case "present":
      return "boolean";
  }
}

export function rangeOfDomain(domain: Domain): Interval {
  switch (domain) {
    case "number":
      return interval(-TWO_53, TWO_53);
    case "bigint":
      return unsigned(64);
    case "wide":
      return unsigned(128);
    case "boolean":
      return unsigned(1);
  }
}

/** An interval, cut to what the local's declaration says of it. */
export function domainOfLocal(local: Local, range: Interval): Interval {
  return local.range ? (meet(range, local.range) ?? range) : range;
}
