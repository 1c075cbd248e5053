/** What this process may do (capabilities(7)). */
import { readFileSync } from "node:fs";

/** linux/capability.h */
const NUMBERS = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21, CAP_PERFMON: 38, CAP_BPF: 39 } as const;

export type Capability = keyof typeof NUMBERS;

/** The effective capabilities among those that matter here. */
export function capabilities(status: string = readFileSync("/proc/self/status", "utf8")): Set<Capability> {
  const held = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  const found = new Set<Capability>();
  for (const name of ["CAP_NET_ADMIN", "CAP_SYS_ADMIN", "CAP_PERFMON", "CAP_BPF"] as const) {
    if ((held >> BigInt(NUMBERS[name])) & 1n) found.add(name);
  }
  return found;
}

/** What attaching needs and this process lacks. CAP_SYS_ADMIN stands for the two newer ones. */
export function missingCapabilities(held: ReadonlySet<Capability> = capabilities()): Capability[] {
  const needed: Capability[] = held.has("CAP_SYS_ADMIN") ? ["CAP_NET_ADMIN"] : ["CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON"];
  return needed.filter(capability => !held.has(capability));
}
