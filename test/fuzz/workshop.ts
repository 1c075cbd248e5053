/** A folder where generated programs are files, and find the package by its name. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Pipeline } from "datapath";
import type { CheckedProgram } from "../../codegen/check/checked-program.js";
import { compile } from "../../codegen/compile.js";
import { type Program, sourceOf } from "./program.js";
import type { Subject } from "./trial.js";

type Module = Readonly<Record<string, unknown>>;

function makerOf(module: Module, name: string): () => Pipeline {
  return () => {
    const made: unknown = Reflect.construct(module[name] as typeof Pipeline, []);
    if (made instanceof Pipeline) return made;
    throw new TypeError(`${name} is no pipeline`);
  };
}

export class Workshop implements Disposable {
  readonly folder: string;
  #files = 0;
  #previous: CheckedProgram | undefined;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "dp-fuzz-"));
    mkdirSync(join(this.folder, "node_modules"));
    symlinkSync(fileURLToPath(new URL("../..", import.meta.url)), join(this.folder, "node_modules/datapath"));
    writeFileSync(join(this.folder, "package.json"), JSON.stringify({ type: "module" }));
  }

  /** Writes programs into one file, imports it, and gives a maker of each program's pipeline. */
  async makers(programs: readonly Program[]): Promise<readonly (() => Pipeline)[]> {
    const file = join(this.folder, `batch${++this.#files}.dp.ts`);
    writeFileSync(file, sourceOf(...programs));
    const module: Module = await import(pathToFileURL(file).href);
    return programs.map(({ name }) => makerOf(module, name));
  }

  /**
   * One program in the same file as the one before: what the type-check knows of the package stays known, so that
   * many versions of a program can be tried.
   */
  async revise(program: Program): Promise<Subject> {
    const file = join(this.folder, "revised.dp.ts");
    writeFileSync(file, sourceOf(program));
    const module: Module = await import(`${pathToFileURL(file).href}?revision=${++this.#files}`);
    return {
      make: makerOf(module, program.name),
      compile: async () => {
        const compilation = await compile(file, { testing: true, fresh: true, ...(this.#previous && { previous: this.#previous }) });
        this.#previous = compilation.checked ?? this.#previous;
        return compilation;
      },
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
