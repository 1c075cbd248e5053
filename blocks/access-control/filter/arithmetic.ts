/** The arithmetic of pcap-filter: 32 bits, unsigned, wrapping. `undefined` ends the expression without a match. */
import type { Arithmetic, ArithmeticOperator, ProtocolWord, RelationalOperator } from "./expression.js";

export interface Loads {
  readonly length: number;
  /** `size` bytes at `offset` of the protocol's header, or undefined where the packet ends before */
  load(protocol: ProtocolWord, offset: number, size: 1 | 2 | 4): number | undefined;
}

export function compute(node: Arithmetic, packet: Loads): number | undefined {
  switch (node.kind) {
    case "number":
      return node.value;
    case "length":
      return packet.length >>> 0;
    case "load": {
      const offset = compute(node.offset, packet);
      return offset === undefined ? undefined : packet.load(node.protocol, offset, node.size);
    }
    case "negate": {
      const value = compute(node.operand, packet);
      return value === undefined ? undefined : -value >>> 0;
    }
    case "binary": {
      const left = compute(node.left, packet);
      if (left === undefined) return undefined;
      const right = compute(node.right, packet);
      return right === undefined ? undefined : binary(node.operator, left, right);
    }
  }
}

function binary(operator: ArithmeticOperator, left: number, right: number): number | undefined {
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
      return (left + right) >>> 0;
    case "-":
      return (left - right) >>> 0;
    case "*":
      return Math.imul(left, right) >>> 0;
    case "/":
      return right === 0 ? undefined : Math.trunc(left / right);
    case "%":
      return right === 0 ? undefined : left % right;
  }
}

export function compare(operator: RelationalOperator, left: number, right: number): boolean {
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

/** The protocols whose bytes a calculation reads, in the order of reading. */
export function protocolsOf(node: Arithmetic): ReadonlySet<ProtocolWord> {
  const found = new Set<ProtocolWord>();
  const visit = (at: Arithmetic): void => {
    switch (at.kind) {
      case "number":
      case "length":
        return;
      case "load":
        visit(at.offset);
        found.add(at.protocol);
        return;
      case "negate":
        visit(at.operand);
        return;
      case "binary":
        visit(at.left);
        visit(at.right);
    }
  };
  visit(node);
  return found;
}
