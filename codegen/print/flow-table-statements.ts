/** What programs do with flow tables, as calls of the tables' functions. */
import type { Pointer, Statement } from "../ir/ir.js";
import { copyType } from "./flow-table.js";
import type { StatementPrinter } from "./statements.js";

type FlowStatement = Extract<Statement, { kind: "flowFind" | "flowAdd" | "flowUpdate" | "flowMark" | "flowTouch" }>;

export function printFlow(printer: StatementPrinter, statement: FlowStatement): void {
  const { span, map } = statement;
  const pointer = statement.kind === "flowAdd" && !printer.looksAt(statement.pointer) ? "" : printer.pointer(statement.pointer);
  const copy = (of: Pointer): string => `(${copyType(map)} *)${printer.pointer(of)}`;
  switch (statement.kind) {
    case "flowFind": {
      const memory = printer.copyName(statement.copy, copyType(map));
      printer.put(`${pointer} = ${map.symbol}_find(&${printer.bufferName(statement.key)}, &${memory});`, span);
      printer.put(`${printer.pointer(statement.copy)} = &${memory}.value;`, span);
      return;
    }
    case "flowAdd": {
      const memory = printer.looksAt(statement.pointer) ? printer.copyName(statement.copy, copyType(map)) : "";
      const [key, value] = [printer.bufferName(statement.key), printer.bufferName(statement.value)];
      const flags = statement.established ? "FLOW_ESTABLISHED" : "0";
      const looked = printer.looksAt(statement.pointer);
      printer.put(
        `${printer.local(statement.outcome)} = ${map.symbol}_add(&${key}, &${value}, ${flags}, FLOW_NOW, ${looked ? `&${memory}, &${pointer}` : "0, 0"});`,
        span,
      );
      if (!looked) return;
      printer.put(`${printer.pointer(statement.copy)} = &${memory}.value;`, span);
      return;
    }
    case "flowUpdate": {
      const ok = printer.local(statement.ok);
      const value = printer.bufferName(statement.value);
      const { established, ranges } = statement;
      const [keep, flags] = [established === false ? "~FLOW_ESTABLISHED" : "~0ULL", established === true ? "FLOW_ESTABLISHED" : "0"];
      printer.put(`${ok} = ${map.symbol}_open(${pointer}, ${copy(statement.copy)});`, span);
      printer.put(`if (${ok}) {`, span);
      printer.nested(() => {
        for (const to of [pointer, printer.pointer(statement.copy)])
          for (const { offset, bytes } of ranges) {
            for (const { at, bits } of pieces(offset, bytes))
              printer.put(`PUT${bits}((void *)${to} + ${at}, GET${bits}((void *)&${value} + ${at}));`, span);
          }
        printer.put(`${map.symbol}_close(${pointer}, ${copy(statement.copy)}, ${keep}, ${flags});`, span);
      });
      printer.put("}", span);
      return;
    }
    case "flowMark": {
      const call =
        statement.mark === "deleted"
          ? `${map.symbol}_delete(${pointer}, ${copy(statement.copy)})`
          : `${map.symbol}_mark(${pointer}, ${copy(statement.copy)}, ${statement.mark === "fresh" ? "~FLOW_ESTABLISHED, 0" : "~0ULL, FLOW_ESTABLISHED"})`;
      printer.put(`${printer.local(statement.ok)} = ${call};`, span);
      return;
    }
    case "flowTouch":
      printer.put(`${map.symbol}_touch(${pointer}, ${copy(statement.copy)});`, span);
      return;
  }
}

/** A run of bytes in naturally aligned pieces. */
function pieces(offset: number, bytes: number): readonly { readonly at: number; readonly bits: number }[] {
  const all: { readonly at: number; readonly bits: number }[] = [];
  for (let at = offset; at < offset + bytes; ) {
    const size = [8, 4, 2, 1].find(each => at % each === 0 && at + each <= offset + bytes) ?? 1;
    all.push({ at, bits: size * 8 });
    at += size;
  }
  return all;
}
