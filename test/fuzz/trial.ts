/** One program through everything: compiled, loaded, and run on the same packets in Node and in the kernel. */
import type { Pipeline } from "datapath";
import { simulate } from "datapath/testing";
import type { BundleParts } from "../../codegen/bundle/write-bundle.js";
import { type Compilation, compileLive } from "../../codegen/compile.js";
import { hookCosts } from "../../runtime/cli/cost-view.js";
import { loadForTest } from "../../runtime/test-run/load.js";
import { differences } from "../../testing/compare.js";
import { cutsAsked } from "../../testing/kernel-runner.js";
import { Session } from "../../testing/session.js";
import { isRunnable, type RandomPacket, randomPacket } from "./packets.js";
import type { Hook, Program } from "./program.js";
import { Random } from "./random.js";

/** What became of a program. */
export type Outcome =
  | { readonly kind: "agrees"; readonly packets: number }
  /** by `dp check`: rare, since programs are made to pass it */
  | { readonly kind: "rejected"; readonly text: string }
  /** the compiler or Node threw, or clang refused the C */
  | { readonly kind: "crashed"; readonly text: string }
  /** by the verifier */
  | { readonly kind: "refused"; readonly text: string }
  | { readonly kind: "differs"; readonly text: string }
  /** the compiler's estimate of the verifier's work is below its count */
  | { readonly kind: "bound"; readonly text: string };

export interface TrialOptions {
  readonly packets: number;
  /** whether the verifier's counts are held against the compiler's estimate, which takes about as long as the rest */
  readonly bounds?: boolean;
}

/** Codes of what is the compiler's own fault: clang refused its C, or it lost its way. */
const ownFault = /^DP5/;

/** The pipeline's maker, and what compiles it. */
export interface Subject {
  readonly make: () => Pipeline;
  readonly compile: () => Promise<Compilation>;
}

/** A pipeline of this process, with the type-check of its file shared among all programs in it. */
export function liveSubject(program: Program, make: () => Pipeline): Subject {
  const cuts = cutsAsked();
  const options = { testing: true, name: `fuzz-${program.seed}`, ...(cuts.length > 0 && { cuts }) };
  return { make, compile: () => compileLive(make(), options) };
}

export async function tryProgram(program: Program, { make, compile }: Subject, options: TrialOptions): Promise<Outcome> {
  const compiled = await attempt(compile);
  if (!compiled.ok) return { kind: "crashed", text: compiled.text };
  const { bundle, diagnostics } = compiled.value;
  if (!bundle) {
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    const text = errors.map(({ code, message, span }) => `${code} ${message} (${span.file}:${span.line}:${span.column})`).join("\n");
    return { kind: errors.some(({ code }) => ownFault.test(code)) ? "crashed" : "rejected", text };
  }
  if (options.bounds) {
    const below = await boundBelow(bundle);
    if (below) return below;
  }
  const random = new Random(program.seed);
  let packets = 0;
  for (const hook of program.hooks) {
    const node = make();
    if (!node[hook]) continue; // taken out by the shrinker
    const session = new Session(bundle.manifest, bundle.object, hook);
    try {
      for (let i = 0; i < options.packets; i++) {
        const packet = randomPacket(random);
        if (!isRunnable(hook, packet.bytes)) continue;
        const outcome = await onePacket(session, node, hook, packet);
        if (outcome) return { ...outcome, text: `${hook}, packet ${i} (${packet.sort}) ${hex(packet.bytes)}:\n${outcome.text}` };
        packets += 1;
      }
    } finally {
      await session.close();
    }
  }
  return { kind: "agrees", packets };
}

/** Where the estimate is below the verifier's own count. What the verifier refuses, the packets will tell. */
async function boundBelow(bundle: BundleParts): Promise<{ kind: "bound"; text: string } | undefined> {
  const loaded = await attempt(() => loadForTest(bundle.object, bundle.manifest));
  if (!loaded.ok) return undefined;
  try {
    for (const { hook, verified } of hookCosts(bundle)) {
      const counted = loaded.value.info(hook).verifiedInstructions;
      if (verified < counted) return { kind: "bound", text: `${hook}: at most ${verified} verified\nthe verifier counts ${counted}` };
    }
    return undefined;
  } finally {
    loaded.value.close();
  }
}

async function onePacket(
  session: Session,
  pipeline: Pipeline,
  hook: Hook,
  { bytes, world }: RandomPacket,
): Promise<{ kind: "crashed" | "refused" | "differs"; text: string } | undefined> {
  // a pipeline has the hooks that its program says it has
  const node = await attempt(() => simulate<Pipeline>(pipeline, hook as never, bytes, world));
  if (!node.ok) return { kind: "crashed", text: node.text };
  const kernel = await attempt(() => session.run(bytes, world));
  if (!kernel.ok) return { kind: "refused", text: kernel.text };
  const found = differences(node.value, kernel.value);
  return found.length > 0 ? { kind: "differs", text: found.join("\n") } : undefined;
}

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly text: string };

async function attempt<T>(run: () => T | Promise<T>): Promise<Attempt<T>> {
  try {
    return { ok: true, value: await run() };
  } catch (error) {
    return { ok: false, text: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
