/** The live pipeline and its checked source become one IR program a hook. */
import { pathsOf } from "../../dsl/core/paths.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { HookName, Program } from "../ir/ir.js";
import { inlineCall } from "./calls.js";
import { Context, cName } from "./context.js";
import type { Front } from "./front.js";
import { findProperty } from "./members.js";
import { Registry } from "./registry.js";
import type { Value } from "./values.js";
import { known, packetValue } from "./values.js";
import { Action, decodeVerdict, encodeVerdict } from "./verdict.js";

export interface Specialised {
  readonly programs: readonly Program[];
  readonly registry: Registry;
  readonly diagnostics: readonly Diagnostic[];
}

export const hookNames: readonly HookName[] = ["xdp", "ingress", "egress"];

/** Every hook that the pipeline's class has, as a program. `name` begins the programs' names. */
export function specialise(pipeline: object, name: string, front: Front): Specialised {
  const registry = new Registry(pathsOf(pipeline));
  const programs: Program[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const hook of hookNames) {
    const found = findProperty(pipeline, hook);
    const method: unknown = found?.descriptor.value;
    if (!found || typeof method !== "function") continue;
    const context = new Context(front, registry, hook);
    const leave = (value: Value, node: Parameters<Front["spanOf"]>[0]): void => {
      const seen = context.state.see(value);
      if (seen.kind === "verdict" && seen.constant !== undefined) registry.actions.add(decodeVerdict(seen.constant).action);
      if (seen.kind === "verdict") context.emit({ kind: "return", verdict: seen.make(), span: context.span(node) });
      else if (seen.kind !== "poison") {
        context.error("DP1215", node, `\`${hook}\` must return a verdict on every path`, "?? Verdict.Pass");
      } else
        context.emit({
          kind: "return",
          verdict: { op: "const", domain: "number", value: BigInt(encodeVerdict(Action.Abort)) },
          span: context.span(node),
        });
      context.dead = true;
    };
    const declaration = front.declarationOf(method);
    if (!declaration) continue;
    inlineCall(
      context,
      { callee: method, self: known(pipeline), home: found.home, args: [packetValue], path: "", node: declaration },
      leave,
    );
    programs.push({ hook, name: `${cName(name).slice(0, 14 - hook.length)}_${hook}`, body: context.out });
    diagnostics.push(...context.diagnostics);
  }
  return { programs, registry, diagnostics };
}
