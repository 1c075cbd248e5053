/** One case: both programs built and loaded, seen to do the same as Node, then timed in turns. */
import { Pipeline, Verdict } from "datapath";
import { simulate } from "datapath/testing";
import { compile } from "../../codegen/compile.js";
import { type Case, type FullCase, lists, twinPath } from "./cases.js";
import { Harness, type Outcome } from "./harness.js";
import { compileC, loadHook, loadRaw } from "./object.js";

export interface Row {
  readonly name: string;
  readonly instructions: number;
  readonly twinInstructions: number;
  readonly verified: number;
  readonly jitedBytes: number;
  /** nanoseconds above the empty program */
  readonly netNs: number;
  readonly twinNetNs: number;
}

export interface Effort {
  readonly rounds: number;
  readonly repeat: number;
}

export async function runCase(of: Case, effort: Effort): Promise<Row> {
  const { bundle, diagnostics } = await compile(of.pipeline);
  if (!bundle) throw new Error(diagnostics.map(({ code, message, span }) => `${span.file}:${span.line} ${code} ${message}`).join("\n"));
  using harness = await Harness.create(of.traffic);
  using ours = loadHook(bundle.object, bundle.manifest, of.traffic.tc ? "ingress" : "xdp");
  using twin = loadRaw(await compileC(twinPath, { source: of.twin.source, ...(of.traffic.tc && { tc: true }) }), of.twin.program);
  of.fill?.(ours, twin);
  for (const program of [ours, twin]) harness.prime(program);
  const theirs = harness.once(twin);
  same("the twin", theirs, "the block", harness.once(ours));
  // what came before Node has not seen
  if (!of.fill && !of.traffic.before) same("Node", await inNode(of, harness.frame), "the block", harness.once(ours));
  const [netNs = 0, twinNetNs = 0] = harness.compare([ours, twin], effort);
  const { instructions, verifiedInstructions, jitedBytes } = ours.info;
  return {
    name: of.name,
    instructions,
    twinInstructions: twin.info.instructions,
    verified: verifiedInstructions,
    jitedBytes,
    netNs,
    twinNetNs,
  };
}

export type FullRow = Omit<Row, "twinInstructions" | "twinNetNs">;

/** A case without a twin: seen to take its packet as Node does where nothing came before it, then timed. */
export async function runFull(of: FullCase, effort: Effort): Promise<FullRow> {
  const { bundle, diagnostics } = await compile(of.pipeline);
  if (!bundle) throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n"));
  using harness = await Harness.create(of.traffic);
  using ours = loadHook(bundle.object, bundle.manifest, "xdp");
  harness.prime(ours);
  if (!of.traffic.before) same("Node", await inNode(of, harness.frame), "the block", harness.once(ours));
  const [netNs = 0] = harness.compare([ours], effort);
  const { instructions, verifiedInstructions: verified, jitedBytes } = ours.info;
  return { name: of.name, instructions, verified, jitedBytes, netNs };
}

/** What a pipeline is in the kernel, not timed. */
export async function sizeOf(of: FullCase): Promise<{ readonly instructions: number; readonly verified: number }> {
  const { bundle } = await compile(of.pipeline);
  if (!bundle) throw new Error(`${of.name} is not built`);
  using ours = loadHook(bundle.object, bundle.manifest, of.traffic.tc ? "ingress" : "xdp");
  return { instructions: ours.info.instructions, verified: ours.info.verifiedInstructions };
}

/** XDP_*, and TC_ACT_* as unsigned words */
const verdictCodes: Readonly<Record<string, { readonly xdp: number; readonly tc: number }>> = {
  drop: { xdp: 1, tc: 2 },
  pass: { xdp: 2, tc: 2 ** 32 - 1 },
  reflect: { xdp: 3, tc: 7 },
};

async function inNode(of: FullCase, frame: Uint8Array): Promise<Outcome> {
  const module: { readonly default: new () => Pipeline } = await import(of.pipeline);
  const live = new module.default();
  if (!(live instanceof Pipeline)) throw new TypeError(`${of.pipeline} is no pipeline`);
  const { verdict, bytes } = simulate<Pipeline>(live, (of.traffic.tc ? "ingress" : "xdp") as never, frame);
  return { verdict: verdictCodes[Verdict.detailOf(verdict).kind]?.[of.traffic.tc ? "tc" : "xdp"] ?? -1, bytes };
}

function same(what: string, a: Outcome, other: string, b: Outcome): void {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  if (a.verdict === b.verdict && hex(a.bytes) === hex(b.bytes)) return;
  throw new Error(`not the same work:\n  ${what}: ${a.verdict} ${hex(a.bytes)}\n  ${other}: ${b.verdict} ${hex(b.bytes)}`);
}

export interface ListRow {
  readonly rules: number;
  /** undefined where the verifier refuses it: too complex */
  readonly figures: { readonly instructions: number; readonly verified: number; readonly netNs: number } | undefined;
}

/** The first-match lists that access control is to be seen against. */
export async function runLists(effort: Effort): Promise<readonly ListRow[]> {
  const rows: ListRow[] = [];
  for (const { rules, source, traffic } of lists) {
    const object = await compileC(twinPath, { source });
    try {
      using harness = await Harness.create(traffic);
      using list = loadRaw(object, "acl");
      const [netNs = 0] = harness.compare([list], effort);
      rows.push({ rules, figures: { instructions: list.info.instructions, verified: list.info.verifiedInstructions, netNs } });
    } catch {
      rows.push({ rules, figures: undefined });
    }
  }
  return rows;
}
