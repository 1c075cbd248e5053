/** Names of JavaScript's own world: a few have a meaning in the kernel. */
import { ts } from "ts-morph";
import type { Subset } from "./subset.js";

/** `Math` and the like are compiled by what is called on them. */
const known = new Set(["undefined", "Math", "Number", "BigInt", "Boolean", "Infinity", "NaN"]);

export function useOfGlobal(node: ts.Identifier, subset: Subset): void {
  if (known.has(node.text)) return;
  const symbol = subset.symbolOf(node);
  if (node.text === "arguments" && (symbol === undefined || symbol.declarations === undefined)) {
    subset.refuse("DP1132", node, "`arguments` is a list that is made for each call", "name the parameters");
    return;
  }
  if (symbol === undefined || (symbol.flags & ts.SymbolFlags.Value) === 0 || isNewName(node, symbol) || !subset.isAmbient(symbol)) return;
  switch (node.text) {
    case "Date":
    case "performance":
      subset.refuse("DP1113", node, "the kernel's program has no calendar");
      return;
    case "eval":
    case "Function":
      subset.refuse("DP1124", node, `\`${node.text}\` makes code at run time`);
      return;
    case "console":
      subset.refuse("DP1130", node, "there is no console in the kernel", "emit an event: `events(…)` and `dp monitor`");
      return;
    case "process":
      subset.refuse(
        "DP1130",
        node,
        "`process` is the build's own",
        "read it in a field initialiser: `readonly limit = Number(process.env.LIMIT)`",
      );
      return;
    default:
      subset.refuse("DP1130", node, `\`${node.text}\` is JavaScript's, and the kernel has none`);
  }
}

/** The name in a declaration, not a use. */
function isNewName(node: ts.Identifier, symbol: ts.Symbol): boolean {
  return symbol.declarations?.some(declaration => ts.getNameOfDeclaration(declaration) === node) ?? false;
}
