/** `dp explain`: TypeScript beside C beside eBPF. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { SourceRoot } from "../../../codegen/source/source-root.js";
import { loadBundle } from "../../bundle/bundle.js";
import { isSource } from "../bundle-path.js";
import { defineCommand } from "../command.js";
import { UsageError } from "../command-error.js";
import { compileSource } from "../compile.js";
import { ExitCode } from "../exit-code.js";
import { type BundleContents, explain, ownC } from "../explain/explain.js";
import { renderProgram } from "../explain/render.js";
import { oneOf } from "../pipeline.js";
import type { Terminal } from "../terminal.js";

export const command = defineCommand({
  name: "explain",
  summary: "TypeScript beside the C and the eBPF that it became",
  usage: ["FILE|BUNDLE [--hook HOOK]"],
  options: {
    hook: { type: "string", value: "xdp|ingress|egress", about: "this hook only" },
  },
  examples: ["dp explain edge.dp.ts", "dp explain edge.dpo --hook ingress --json"],
  notes: ["Instructions are those of the object, before the kernel's verifier folds params and removes what is dead."],
  async run(values, positionals, terminal) {
    const [given, ...more] = positionals;
    if (given === undefined || more.length > 0)
      throw new UsageError("explain takes one pipeline: FILE.dp.ts or a bundle", "dp explain edge.dp.ts");
    const hook = oneOf("hook", values.hook, ["xdp", "ingress", "egress"]);
    const contents = isSource(given) ? await compileSource(given, terminal) : readBundle(given);
    const programs = explain(contents).filter(program => hook === undefined || program.hook === hook);
    if (programs.length === 0) throw new UsageError(`${given} has no hook ${hook}`);

    const source = sourceReader(given, contents.code);
    terminal.document({
      ok: true,
      programs: programs.map(program => ({
        ...program,
        lines: program.lines.map(line => ({ ...line, typescript: source(line.file, line.line) })),
      })),
    });
    show(programs, source, terminal);
    return ExitCode.Done;
  },
});

function show(programs: ReturnType<typeof explain>, source: ReturnType<typeof sourceReader>, terminal: Terminal): void {
  for (const [index, program] of programs.entries()) {
    if (index > 0) terminal.print();
    for (const line of renderProgram(program, source, terminal)) terminal.print(line);
  }
}

function readBundle(folder: string): BundleContents {
  const { manifest, object } = loadBundle(folder);
  return { manifest, object, code: readFileSync(join(folder, "program.c"), "utf8") };
}

/** Lines of the sources, by their names in the manifest: from the package of the source, or from the folder of the command. */
function sourceReader(given: string, code: string): (file: string, line: number) => string | undefined {
  const root = isSource(given) && existsSync(given) ? SourceRoot.of(realpathSync(given)) : new SourceRoot(process.cwd());
  const files = new Map<string, readonly string[]>([[ownC, code.split("\n")]]);
  return (file, line) => {
    let lines = files.get(file);
    if (!lines) {
      const path = root.fileOf(file);
      lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
      files.set(file, lines);
    }
    return lines[line - 1];
  };
}
