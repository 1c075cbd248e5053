/** What `import … from "datapath"` gives: the language, and the way into a running kernel. */
import type { Pipeline } from "./dsl/index.js";
import type { AttachOptions, Deployment, Target } from "./runtime/index.js";

export * from "./dsl/index.js";
export type { AttachOptions, Deployment, LiveMap, Target } from "./runtime/index.js";

/**
 * Attaches a bundle to a target, or updates what is attached there; nothing of the pipeline's own code runs. The
 * runtime is loaded by the first call: building and simulating need none.
 * @param bundle the folder that `dp build` made
 * @throws where the bundle, the machine or the kernel refuses; the error's `exitCode` says which
 * @example
 * import type Edge from "./edge.dp.js";
 * await using edge = await attach<Edge>("edge.dpo", { dev: "eth0" });
 * edge.set(p => p.limit.rate, 200);
 */
export async function attach<P extends Pipeline>(bundle: string, target: Target, options?: AttachOptions): Promise<Deployment<P>> {
  const runtime = await import("./runtime/index.js");
  return runtime.attach<P>(bundle, target, options);
}
