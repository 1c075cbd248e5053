import type { Pipeline } from "../dsl/index.js";
import { DifferenceError, differences } from "./compare.js";
import type { Built } from "./hook.js";
import { type KernelSession, kernelRunner } from "./kernel.js";
import { type Result, simulate } from "./simulate.js";
import type { World } from "./world.js";

/** Runs one packet in Node and in the kernel, where both have seen the same packets before. */
export async function compareRun<P extends Pipeline>(
  session: KernelSession,
  pipeline: P,
  hook: Built<P>,
  bytes: Uint8Array,
  world: World,
): Promise<Result<P>> {
  const node = simulate(pipeline, hook, bytes, world);
  const found = differences(node, await session.run(bytes, world));
  if (found.length > 0) throw new DifferenceError(found);
  return node;
}

/**
 * Runs a packet in Node and, through BPF_PROG_TEST_RUN, in the kernel, and compares verdict, bytes and maps field by
 * field. Needs the privileges of attaching.
 * @param make makes the pipeline; called once for each side, so it must not depend on what changes
 * @throws DifferenceError where they differ; an Error that says why where the kernel cannot be had.
 * @example await both(() => new Edge(), "ingress", packet(Ethernet.of(), Ipv4.of()), { clock: 5n });
 */
export async function both<P extends Pipeline>(make: () => P, hook: Built<P>, bytes: Uint8Array, world: World = {}): Promise<Result<P>> {
  const runner = await kernelRunner();
  const why = runner.unavailable();
  if (why !== undefined) throw new Error(`both(…) needs the kernel: ${why}`);
  const session = await runner.open(make, hook);
  try {
    return await compareRun(session, make(), hook, bytes, world);
  } finally {
    await session.close();
  }
}
