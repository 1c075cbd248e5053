import { AssertionError } from "node:assert";
import { after, test } from "node:test";
import type { Pipeline, Verdict } from "../dsl/index.js";
import { compareRun } from "./both.js";
import { differingBytes } from "./hex.js";
import type { Built } from "./hook.js";
import { type KernelSession, kernelRunner } from "./kernel.js";
import { type Result, simulate } from "./simulate.js";
import type { World } from "./world.js";

/** A packet and what must become of it. */
export interface Row {
  /** the frame */
  in: Uint8Array;
  verdict: Verdict;
  /** the frame afterwards; not looked at where left out */
  out?: Uint8Array;
  /** seconds since the row before: the clock goes on by so much */
  after?: number;
  /** what is around this packet; `clock` here sets the clock anew */
  world?: World;
}

const NANOSECONDS = 1e9;

/**
 * A table of cases: each row is a test of `node:test`, in Node and in the kernel. The rows of one table share their
 * maps and their clock (which starts at 0), in order. Without the privileges of attaching, rows run in Node alone and
 * say so; with `DATAPATH_KERNEL=required` in the environment they fail.
 * @example
 * rows(() => new Edge(), "ingress", {
 *   "DNS passes": { in: packet(Ethernet.of(), Ipv4.of(), Udp.of({ dstPort: 53 })), verdict: Verdict.Pass },
 * });
 */
export function rows<P extends Pipeline>(make: () => P, hook: Built<P>, table: { readonly [what: string]: Row }): void {
  const kernel = new SharedKernel(make, hook);
  let pipeline: P | undefined;
  let clock = 0n;
  for (const [what, row] of Object.entries(table)) {
    test(what, async context => {
      pipeline ??= make();
      clock = row.world?.clock ?? clock + BigInt(Math.round((row.after ?? 0) * NANOSECONDS));
      const world = { ...row.world, clock };
      const session = await kernel.session();
      if (typeof session === "string") context.diagnostic(`in Node alone: ${session}`);
      expectRow(
        row,
        typeof session === "string" ? simulate(pipeline, hook, row.in, world) : await compareRun(session, pipeline, hook, row.in, world),
      );
    });
  }
  after(() => kernel.close());
}

function expectRow(row: Row, result: Result<Pipeline>): void {
  if (result.verdict !== row.verdict) {
    throw new AssertionError({
      message: `verdict: expected ${String(row.verdict)}, got ${String(result.verdict)}`,
      actual: String(result.verdict),
      expected: String(row.verdict),
    });
  }
  const lines = row.out ? differingBytes("bytes", "expected", row.out, "got", result.bytes) : [];
  if (lines.length > 0)
    throw new AssertionError({
      message: lines.join("\n"),
      actual: Buffer.from(result.bytes).toString("hex"),
      expected: Buffer.from(row.out ?? []).toString("hex"),
    });
}

/** One loaded program for all rows of a table, opened by the first of them. */
class SharedKernel<P extends Pipeline> {
  readonly #make: () => P;
  readonly #hook: Built<P>;
  #opening: Promise<KernelSession | string> | undefined;

  constructor(make: () => P, hook: Built<P>) {
    this.#make = make;
    this.#hook = hook;
  }
  /** The session, or why there is none. */
  session(): Promise<KernelSession | string> {
    this.#opening ??= this.#open();
    return this.#opening;
  }
  async #open(): Promise<KernelSession | string> {
    const runner = await kernelRunner();
    const why = runner.unavailable();
    if (why === undefined) return runner.open(this.#make, this.#hook);
    if (process.env.DATAPATH_KERNEL === "required") throw new Error(`rows(…) needs the kernel: ${why}`);
    return why;
  }
  async close(): Promise<void> {
    const session = await this.#opening?.catch(() => undefined);
    if (session && typeof session !== "string") await session.close();
  }
}
