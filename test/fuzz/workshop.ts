/** A folder where generated programs are files, and find the package by its name. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Pipeline } from "datapath";
import { type Program, sourceOf } from "./program.js";

export class Workshop implements Disposable {
  readonly folder: string;
  #files = 0;

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
    const module: Readonly<Record<string, unknown>> = await import(pathToFileURL(file).href);
    return programs.map(({ name }) => () => {
      const made: unknown = Reflect.construct(module[name] as typeof Pipeline, []);
      if (made instanceof Pipeline) return made;
      throw new TypeError(`${name} is no pipeline`);
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
