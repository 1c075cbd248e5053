/** What a program needs of the kernel, by the release that brought it. */
import type { Translation } from "../translate.js";
import type { Feature } from "./manifest.js";

const features: readonly { readonly feature: Feature; readonly needed: (translation: Translation) => boolean }[] = [
  { feature: { name: "bounded run-time type information (BTF)", since: "5.2" }, needed: () => true },
  { feature: { name: "ring buffer", since: "5.8" }, needed: t => t.printed.maps.some(map => map.spec.kind === "ring") },
  { feature: { name: "jiffies in programs", since: "5.5" }, needed: t => t.printed.code.includes("bpf_jiffies64()") },
  { feature: { name: "coarse clock in programs", since: "5.11" }, needed: t => t.printed.code.includes("bpf_ktime_get_coarse_ns()") },
  { feature: { name: "atomic operations with a result", since: "5.12" }, needed: t => t.printed.code.includes("__sync_") },
  { feature: { name: "SYN cookies in programs", since: "6.0" }, needed: t => t.printed.code.includes("kernel_cookie") },
  { feature: { name: "broadcast over device maps", since: "5.13" }, needed: t => t.printed.code.includes("BPF_F_BROADCAST |") },
];

export function featuresOf(translation: Translation): Feature[] {
  return features.filter(({ needed }) => needed(translation)).map(({ feature }) => feature);
}
