/** What moves the packet, by hook. Each is a function of the support code; the packet is found anew behind it. */
import type { Encapsulation, Expr, Statement } from "../ir/ir.js";
import type { StatementPrinter } from "./statements.js";

const roomFlags: { readonly [E in Encapsulation]: string } = {
  none: "0",
  ip4: "BPF_F_ADJ_ROOM_ENCAP_L3_IPV4",
  ip6: "BPF_F_ADJ_ROOM_ENCAP_L3_IPV6",
  udp4: "BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_ENCAP_L4_UDP",
  udp6: "BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 | BPF_F_ADJ_ROOM_ENCAP_L4_UDP",
  gre4: "BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_ENCAP_L4_GRE",
};

export function printMove(printer: StatementPrinter, statement: Extract<Statement, { kind: "move" }>): void {
  const { move, span } = statement;
  const on = printer.onTc ? "skb" : "xdp";
  const ok = printer.local(statement.ok);
  // On tc a program that moves bytes has its tag beside the frame.
  const tag = printer.onTc ? "" : ", tag";
  const start = printer.onTc ? ", mac_length" : tag;
  const beside = printer.onTc ? ", &mac_length" : tag;
  const text = (expr: Expr): string => printer.expr(expr);
  switch (move.kind) {
    case "insert":
      if (printer.onTc)
        printer.put(`${ok} = skb_insert(ctx, ${text(move.offset)}, ${text(move.bytes)}, ${roomFlags[move.encap]}, &mac_length);`, span);
      else {
        printer.put(`${ok} = xdp_insert(ctx, ${text(move.offset)}, ${text(move.bytes)}, tag, &front, &data_end);`, span);
        printer.found(span);
        return;
      }
      break;
    case "remove":
      printer.put(`${ok} = ${on}_remove(ctx, ${text(move.offset)}, ${text(move.bytes)}${start});`, span);
      break;
    case "grow":
      if (!printer.onTc) {
        printer.put(`${ok} = xdp_grow(ctx, ${text(move.bytes)}, tag, &front, &data_end);`, span);
        printer.found(span);
        return;
      }
      printer.put(`${ok} = skb_grow(ctx, ${text(move.bytes)}, &mac_length);`, span);
      break;
    case "shrink":
      printer.put(`${ok} = ${on}_shrink(ctx, ${text(move.bytes)}${start});`, span);
      break;
    case "trim":
      printer.put(`${ok} = ${on}_trim(ctx, ${text(move.length)}, tag);`, span);
      break;
    case "pull":
      printer.put(
        printer.onTc ? `${ok} = skb_pull(ctx, ${text(move.bytes)}, tag);` : `${ok} = frame + ${text(move.bytes)} <= data_end;`,
        span,
      );
      break;
    case "vlanSet": {
      const priority = move.priority ? text(move.priority) : "0";
      printer.put(`${ok} = ${on}_set_tag(ctx, (__u16)(${text(move.id)} | ${priority} << 13)${beside});`, span);
      if (!printer.onTc) printer.put(`if (${ok}) tag = 4;`, span);
      break;
    }
    case "vlanPop":
      printer.put(`${ok} = ${on}_pop_tag(ctx${beside});`, span);
      if (!printer.onTc) printer.put(`if (${ok} && tag) tag = xdp_tag(ctx);`, span);
      break;
  }
  printer.reload(span);
}
