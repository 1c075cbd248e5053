/** Hostile packets through one pipeline, in Node and in the kernel: the same answers, none malformed, all counted. */
import { type Pipeline, Verdict } from "../../dsl/index.js";
import { differences } from "../../testing/compare.js";
import { hex } from "../../testing/hex.js";
import type { Built } from "../../testing/hook.js";
import { faultsOf } from "../../testing/hostile/faults.js";
import { hostilePackets } from "../../testing/hostile/hostile.js";
import type { Stations } from "../../testing/hostile/sound.js";
import { type KernelSession, kernelRunner } from "../../testing/kernel.js";
import { type Result, simulate } from "../../testing/simulate.js";

/** A block in a pipeline, as an example of its use has it. */
export interface Victim<P extends Pipeline = Pipeline> {
  /** the block's name, and what is special about this use of it */
  readonly name: string;
  readonly hook: Built<P>;
  make(): P;
  /** whom the pipeline knows */
  readonly stations?: Partial<Stations>;
}

export interface Findings {
  readonly packets: number;
  /** lines, the first few of them */
  readonly failures: readonly string[];
  readonly failed: number;
  /** packets by verdict */
  readonly verdicts: ReadonlyMap<string, number>;
}

/** Maps are compared after so many packets: they take longer than hundreds of packets do. */
const MAPS_EVERY = 1000;
const TOLD = 5;
const MILLISECOND = 1_000_000n;

/** @param seed decides the packets */
export async function harm<P extends Pipeline>({ make, hook, stations }: Victim<P>, count: number, seed: number): Promise<Findings> {
  const runner = await kernelRunner();
  const why = runner.unavailable();
  if (why !== undefined) throw new Error(`needs the kernel: ${why}`);
  const pipeline = make();
  const session = await runner.open(make, hook);
  const failures: string[] = [];
  const verdicts = new Map<string, number>();
  const drops = new Map<string, bigint>();
  let packets = 0;
  let failed = 0;
  const fail = (what: string, bytes: Uint8Array, lines: readonly string[]): void => {
    failed += 1;
    if (failures.length < TOLD)
      failures.push(`packet ${packets}, ${what} (${hex(bytes)}):\n${lines.map(line => `    ${line}`).join("\n")}`);
  };
  try {
    for (const { what, bytes } of hostilePackets({ seed, count, ...(stations && { stations }) })) {
      if (hook !== "xdp" && !isTakenOnTc(bytes)) continue;
      packets += 1;
      const node = simulate(pipeline, hook, bytes, { clock: BigInt(packets) * MILLISECOND });
      const { kind } = Verdict.detailOf(node.verdict);
      verdicts.set(kind, (verdicts.get(kind) ?? 0) + 1);
      if (node.reason !== undefined) drops.set(node.reason, (drops.get(node.reason) ?? 0n) + 1n);
      const maps = packets % MAPS_EVERY === 0;
      const kernel = await session.run(bytes, { clock: BigInt(packets) * MILLISECOND }, { maps });
      const lines = [...differences(node, kernel), ...malformed(kind, bytes, node)];
      if (lines.length > 0) fail(what, bytes, lines);
      // Two states that differ go on to differ.
      if (failed > 100) break;
    }
    failed += await uncounted(session, drops, failures);
  } finally {
    await session.close();
  }
  return { packets, failures, failed, verdicts };
}

/** Faults that an answer has and what it answers had not; what is dropped goes nowhere. */
function malformed(kind: string, bytes: Uint8Array, { bytes: answer }: Result<Pipeline>): string[] {
  if (kind === "drop" || hex(answer) === hex(bytes)) return [];
  const before = new Set(faultsOf(bytes));
  return faultsOf(answer)
    .filter(fault => !before.has(fault))
    .map(fault => `the answer is malformed: ${fault} (${hex(answer)})`);
}

async function uncounted(session: KernelSession, drops: ReadonlyMap<string, bigint>, failures: string[]): Promise<number> {
  const counted = session.drops();
  let failed = 0;
  for (const reason of new Set([...drops.keys(), ...counted.keys()])) {
    const [ours, theirs] = [drops.get(reason) ?? 0n, counted.get(reason) ?? 0n];
    if (ours === theirs) continue;
    failed += 1;
    failures.push(`"${reason}": ${ours} packets were dropped, the kernel counted ${theirs}`);
  }
  return failed;
}

/** A test run on tc refuses frames that announce IP and have no whole header, and a tag in the frame whose next one is cut. */
function isTakenOnTc(bytes: Uint8Array): boolean {
  const typeAt = (at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  const isTag = (at: number): boolean => typeAt(at) === 0x8100 || typeAt(at) === 0x88a8;
  if (isTag(12) && isTag(16) && bytes.length < 22) return false;
  const type = typeAt(12);
  return bytes.length >= (type === 0x0800 ? 34 : type === 0x86dd ? 54 : 14);
}
