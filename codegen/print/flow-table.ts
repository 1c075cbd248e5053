/** Flow tables in C. */
import type { MapDecl } from "../ir/ir.js";

/** The section of a flow table, which is its map's name too: libbpf makes an array that can be mapped of each such section. */
export function flowSection(map: MapDecl): string {
  return `.bss.${map.symbol}`;
}
