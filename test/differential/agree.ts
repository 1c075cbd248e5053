/** One pipeline, many packets, in Node and in the kernel. */
import { EtherType } from "../../dsl/headers/index.js";
import type { Pipeline } from "../../dsl/index.js";
import { compareRun } from "../../testing/both.js";
import { hex } from "../../testing/hex.js";
import type { Built } from "../../testing/hook.js";
import { kernelRunner, type OpenOptions } from "../../testing/kernel.js";
import type { World } from "../../testing/world.js";

export interface Case {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly world?: World;
}

/** Runs all packets through one loaded program; throws the first difference, with the packet that made it. */
export async function agree<P extends Pipeline>(
  make: () => P,
  hooks: readonly Built<P>[],
  cases: readonly Case[],
  options: OpenOptions = {},
): Promise<void> {
  const runner = await kernelRunner();
  const why = runner.unavailable();
  if (why !== undefined) throw new Error(`needs the kernel: ${why}`);
  for (const hook of hooks) {
    const session = await runner.open(make, hook, options);
    const pipeline = make();
    try {
      for (const { what, bytes, world = {} } of cases) {
        if (hook !== "xdp" && !isTakenOnTc(bytes)) continue;
        try {
          await compareRun(session, pipeline, hook, bytes, world);
        } catch (error) {
          throw new Error(`${hook}, ${what} (${hex(bytes)}): ${error instanceof Error ? error.message : String(error)}`, { cause: error });
        }
      }
    } finally {
      await session.close();
    }
  }
}

/** A test run on tc refuses frames that announce IP and have no whole IP header; XDP takes them. */
function isTakenOnTc(bytes: Uint8Array): boolean {
  const type = ((bytes[12] ?? 0) << 8) | (bytes[13] ?? 0);
  const header = type === EtherType.Ipv4 ? 20 : type === EtherType.Ipv6 ? 40 : 0;
  return bytes.length >= 14 + header;
}
