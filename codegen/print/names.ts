/** The names that a hook's local variables must not have: what the file around them declares, and what the function itself uses. */
import type { Registry } from "../specialise/registry.js";
import { flowNames } from "./flow-table.js";
import { prelude } from "./prelude.js";
import { supportText } from "./support.js";

const own =
  "front frame data_end ctx mac_length tci tagged site verdict_ action slot finish aborted dropped counted drops hooks params settings target world first_ carried_";

export function takenNames(registry: Registry): ReadonlySet<string> {
  const taken = new Set([...own.split(" "), ...declaredIn(prelude), ...supportText.flatMap(declaredIn)]);
  for (const map of registry.maps.values()) {
    taken.add(map.symbol);
    if (map.spec.flow) for (const name of flowNames) taken.add(`${map.symbol}_${name}`);
  }
  return taken;
}

/** Macros, functions and constants that a text declares at the file's level. */
function declaredIn(text: string): string[] {
  return [...text.matchAll(/#define (\w+)|\b(\w+)\([^()]*\)\s*\{|\b([A-Z][A-Z0-9_]+)\b/g)].flatMap(match =>
    match.slice(1).filter(name => name !== undefined),
  );
}

/** Functions of the support code that is only printed where it is called. */
export function isSupportName(name: string): boolean {
  return /^(_|bpf_|skb_|xdp_|packet_)/.test(name);
}
