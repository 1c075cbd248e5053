/**
 * Who may import whom. Dependencies run one way:
 *
 *     dsl ◄─ blocks ◄─ examples          codegen ─► dsl          runtime ─► the bundle's manifest type alone
 */
import type { Import } from "./read-imports.js";

/** The part of the project that a path or a specifier belongs to. */
type Part =
  | "package root"
  | "dsl"
  | "blocks"
  | "codegen"
  | "runtime"
  | "command"
  | "testing"
  | "examples"
  | "tests"
  | "node"
  | "library"
  | "outside";

export function partOf(path: string): Part {
  if (path === "index.ts") return "package root";
  if (/\.(test|fixture)\.ts$|\/fixtures\//.test(path) || path.startsWith("test/")) return "tests";
  if (path.startsWith("dsl/")) return "dsl";
  if (path.startsWith("blocks/")) return "blocks";
  if (path.startsWith("codegen/")) return "codegen";
  if (path.startsWith("runtime/cli/")) return "command";
  if (path.startsWith("runtime/")) return "runtime";
  if (path.startsWith("testing/")) return "testing";
  if (path.startsWith("examples/")) return "examples";
  return "outside";
}

/** The part that an import leads to. The package's own name leads to what its export map says. */
export function targetOf(edge: Import): Part {
  if (edge.relative) return partOf(edge.to);
  switch (edge.to) {
    case "datapath":
      return "package root";
    case "datapath/headers":
      return "dsl";
    case "datapath/blocks":
      return "blocks";
    case "datapath/testing":
      return "testing";
    default:
      return edge.to.startsWith("node:") ? "node" : "library";
  }
}

const typeScriptCompiler = /^codegen\/(evaluate|check|specialise)\//;

/** The tests' side of the kernel: loaded as a whole when a test asks for the kernel, so it may import what it needs. */
const kernelSide = /^testing\/(kernel-runner|session|recording)\.ts$/;

/** How tables lie in memory: said once, to Node and to user space. */
const inMemory = /^dsl\/core\/(direct-prefixes|flow-slots)\.ts$/;

/** What is wrong with an import, or undefined. */
export function violation(edge: Import): string | undefined {
  const from = partOf(edge.from);
  const to = targetOf(edge);
  if (edge.to === "typescript") return "nothing imports `typescript`: version 7 has no compiler API; use ts-morph's `ts`";
  if (to === "outside") return "leads out of the project's folders";
  if (from !== "tests" && to === "tests") return "only tests import tests";
  if (edge.to === "ts-morph" && from !== "tests" && !typeScriptCompiler.test(edge.from)) {
    return "ts-morph is known to codegen/evaluate, codegen/check and codegen/specialise alone";
  }
  switch (from) {
    case "package root":
      return to === "dsl" || (to === "runtime" && edge.how !== "value") ? undefined : "the package's root exports dsl, and runtime lazily";
    case "dsl":
      return to === "dsl" && edge.relative ? undefined : "dsl imports dsl alone";
    case "blocks":
      if (to === "library") return edge.to === "chevrotain" ? undefined : "the only library of the blocks is chevrotain";
      if (to === "blocks" && edge.relative) return undefined;
      return !edge.relative && (to === "package root" || to === "dsl") ? undefined : "blocks import blocks, and the language as `datapath`";
    case "codegen":
      return ["dsl", "codegen", "node", "library"].includes(to) ? undefined : "codegen imports codegen and dsl";
    case "runtime":
      if (to === "runtime" || to === "node") return undefined;
      if (edge.to === "codegen/bundle/manifest.ts" || edge.to.startsWith("dsl/core/")) {
        return edge.how === "type" || inMemory.test(edge.to) ? undefined : "of the compiler and the language, the runtime knows types only";
      }
      return "runtime imports runtime, and the types of the bundle's manifest";
    case "testing":
      if (kernelSide.test(edge.from)) return to === "library" ? "testing uses no library" : undefined;
      if (kernelSide.test(edge.to) && edge.how === "value") return "the kernel's side is loaded when a test asks for it: import()";
      if (to === "testing" || to === "dsl" || to === "node") return undefined;
      if (to === "codegen" || to === "runtime")
        return edge.how === "value" ? "testing loads compiler and runtime when a test needs them: import()" : undefined;
      return "testing imports testing and dsl";
    case "examples":
      return !edge.relative && ["package root", "dsl", "blocks", "testing"].includes(to)
        ? undefined
        : "an example imports `datapath` alone, as a user would";
    case "command":
    case "tests":
      return undefined;
    case "node":
    case "library":
    case "outside":
      return "is not a part of the project";
  }
}
