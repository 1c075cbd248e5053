/** The arithmetic of filter expressions as datapath code: 32 bits, unsigned, wrapping; undefined ends an expression. */
import { type Packet, u8, u16, u32 } from "datapath";
import type { Arithmetic, ArithmeticOperator, RelationalOperator } from "./filter/expression.js";
import { baseOf } from "./tree/relation.js";
import type { Facts } from "./values.dp.js";

/** No view reaches farther. */
const FARTHEST = 60_000;

/** The value of an expression that is known when the program is built, over bytes that are not. */
export function compute(node: Arithmetic, pkt: Packet, facts: Facts): u32 | undefined {
  if (node.kind === "number") return node.value;
  if (node.kind === "length") return pkt.length;
  if (node.kind === "load") {
    const offset = compute(node.offset, pkt, facts);
    if (offset === undefined) return undefined;
    const base = baseOf(node.protocol);
    const start = base === "frame" ? 0 : base === "network" ? facts.network : facts.transport;
    const at = u32(start + offset);
    if (at > FARTHEST) return undefined;
    return node.size === 1 ? pkt.read(at, u8) : node.size === 2 ? pkt.read(at, u16) : pkt.read(at, u32);
  }
  if (node.kind === "negate") {
    const operand = compute(node.operand, pkt, facts);
    return operand === undefined ? undefined : u32(-operand);
  }
  const left = compute(node.left, pkt, facts);
  if (left === undefined) return undefined;
  const right = compute(node.right, pkt, facts);
  if (right === undefined) return undefined;
  return operate(node.operator, left, right);
}

function operate(operator: ArithmeticOperator, left: u32, right: u32): u32 | undefined {
  switch (operator) {
    case "|":
      return (left | right) >>> 0;
    case "&":
      return (left & right) >>> 0;
    case "^":
      return (left ^ right) >>> 0;
    case "<<":
      return right > 31 ? 0 : (left << right) >>> 0;
    case ">>":
      return right > 31 ? 0 : left >>> right;
    case "+":
      return u32(left + right);
    case "-":
      return u32(left - right);
    case "*":
      return Math.imul(left, right) >>> 0;
    case "/":
      return right === 0 ? undefined : Math.trunc(left / right);
    case "%":
      return right === 0 ? undefined : left % right;
  }
}

export function holds(operator: RelationalOperator, left: u32, right: u32): boolean {
  switch (operator) {
    case ">":
      return left > right;
    case "<":
      return left < right;
    case ">=":
      return left >= right;
    case "<=":
      return left <= right;
    case "==":
      return left === right;
    case "!=":
      return left !== right;
  }
}
