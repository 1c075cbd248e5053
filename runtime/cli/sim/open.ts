/** Makes ready what judges packets: a source in Node, a source or a bundle in the kernel. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { HookName } from "../../../codegen/bundle/manifest.js";
import { loadBundle } from "../../bundle/bundle.js";
import { isSource } from "../bundle-path.js";
import { CommandError, UsageError } from "../command-error.js";
import { requireNoErrors } from "../diagnostics-view.js";
import { ExitCode } from "../exit-code.js";
import type { Terminal } from "../terminal.js";
import type { Judge } from "./judge.js";

type Params = Readonly<Record<string, bigint>>;

/** The pipeline's class, evaluated. */
export async function openNode(file: string, hook: HookName | undefined, params: Params, terminal: Terminal): Promise<Judge> {
  const [{ evaluate }, { SourceRoot }, { hooksOf, NodeJudge }] = await Promise.all([
    import("../../../codegen/evaluate/evaluate.js"),
    import("../../../codegen/source/source-root.js"),
    import("./node-judge.js"),
  ]);
  const result = await evaluate(file);
  if (!result.ok) {
    const root = existsSync(file) ? SourceRoot.of(file) : new SourceRoot(process.cwd());
    requireNoErrors(file, result.diagnostics, root, terminal);
    throw new CommandError(ExitCode.WrongInput, `${file} gives no pipeline`);
  }
  const { pipeline } = result.evaluation;
  return new NodeJudge(pipeline, chooseHook(hook, hooksOf(pipeline), basename(file)), params);
}

/** A bundle's program. */
export async function openKernel(given: string, hook: HookName | undefined, params: Params, terminal: Terminal): Promise<Judge> {
  const { KernelJudge } = await import("./kernel-judge.js");
  const { manifest, object } = isSource(given)
    ? await (await import("../compile.js")).compileSource(given, terminal, { testing: true })
    : loadBundle(given);
  const hooks = manifest.hooks.map(entry => entry.hook);
  return new KernelJudge(object, manifest, chooseHook(hook, hooks, manifest.name), params);
}

/** The hook to run: the one that was asked for, or the only one. */
function chooseHook(wanted: HookName | undefined, hooks: readonly HookName[], name: string): HookName {
  if (wanted !== undefined && !hooks.includes(wanted)) throw new UsageError(`${name} has no hook ${wanted}`, `it has ${hooks.join(", ")}`);
  const [only, ...others] = hooks;
  if (only === undefined) throw new CommandError(ExitCode.WrongInput, `${name} has no hook`);
  if (wanted === undefined && others.length > 0)
    throw new UsageError(`${name} has several hooks: ${hooks.join(", ")}`, "choose one with --hook");
  return wanted ?? only;
}
