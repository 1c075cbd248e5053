/** How long builds take, beside what they are to be measured by: each pair in turns, medians. */
import { spawn } from "node:child_process";
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../lab/command.js";
import { Server } from "../lab/server.js";
import { median } from "./harness.js";
import { table } from "./report.js";

export interface BuildTime {
  readonly what: string;
  readonly ms: number;
  readonly beside: string;
  readonly besideMs: number;
  /** the most that `ms` may be of `besideMs` */
  readonly limit: number;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const dp = join(root, "bin/dp.mjs");
const node = process.execPath;

/** Loads ts-morph and type-checks the file, no more: what a build cannot do without. */
const typeCheck = `
import { Project, ts } from "ts-morph";
const [file, typeRoot] = process.argv.slice(2);
const project = new Project({ skipAddingFilesFromTsConfig: true, compilerOptions: {
  strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext, customConditions: ["datapath"], types: ["node"], typeRoots: [typeRoot],
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
} });
const source = project.addSourceFileAtPath(file);
const errors = project.getPreEmitDiagnostics().filter(each => each.getSourceFile() === source);
if (errors.length > 0) throw new Error(project.formatDiagnosticsWithColorAndContext(errors.slice(0, 3)));
`;

export async function buildTimes(rounds: number): Promise<readonly BuildTime[]> {
  const folder = mkdtempSync(join(tmpdir(), "dp-bench-builds-"));
  try {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(root, join(folder, "node_modules/datapath"));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    const file = join(folder, "edge.dp.ts");
    copyFileSync(join(root, "examples/07-edge/edge.dp.ts"), file);
    const checker = join(root, "node_modules/.cache/datapath/type-check.mjs");
    mkdirSync(join(checker, ".."), { recursive: true });
    writeFileSync(checker, typeCheck);
    const environment = { XDG_CACHE_HOME: join(folder, "cache") };

    const cold: number[] = [];
    const checks: number[] = [];
    const unchanged: number[] = [];
    const nothing: number[] = [];
    await time([node, dp, "build", "--force", file], environment); // the file caches of the machine
    for (let round = 0; round < rounds; round++) {
      checks.push(await time([node, checker, file, join(root, "node_modules/@types")], environment));
      cold.push(await time([node, dp, "build", "--force", file], environment));
      nothing.push(await time([node, "-e", "0"], environment));
      unchanged.push(await time([node, dp, "build", file], environment));
    }
    const again = await watchTimes(file, rounds, environment);
    return [
      { what: "cold", ms: median(cold), beside: "ts-morph, type-check", besideMs: median(checks), limit: 2.5 },
      { what: "unchanged", ms: median(unchanged), beside: "node -e 0", besideMs: median(nothing), limit: 2 },
      { what: "--watch, after a change", ms: median(again), beside: "cold", besideMs: median(cold), limit: 0.5 },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Wall-clock milliseconds of a process from its start to its end. */
function time([program = "", ...args]: readonly string[], environment: Readonly<Record<string, string>>): Promise<number> {
  const started = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, ...environment } });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", code =>
      code === 0
        ? resolve(performance.now() - started)
        : reject(new Error(`${args.join(" ")} ended with ${code}: ${errors.slice(0, 2000)}`)),
    );
  });
}

/** From a change of the source to the word that the bundle is built. */
async function watchTimes(file: string, rounds: number, environment: Readonly<Record<string, string>>): Promise<readonly number[]> {
  await using watcher = await Server.start([node, dp, "build", "--watch", file], { env: environment });
  const built = () => watcher.output.split(/is built/).length - 1;
  const until = async (count: number) => {
    for (const deadline = Date.now() + 30_000; built() < count; ) {
      if (!watcher.running || Date.now() > deadline) throw new Error(`dp build --watch built nothing: ${watcher.output}`);
      await new Promise(resolve => setTimeout(resolve, 2));
    }
  };
  await until(1);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await run(["sleep", "0.3"]);
    const before = built();
    appendFileSync(file, `// change ${round}\n`);
    const started = performance.now();
    await until(before + 1);
    times.push(performance.now() - started);
  }
  return times;
}

export function buildsTable(times: readonly BuildTime[]): string {
  return table(
    ["build", "ms", "beside", "ms", "ratio", "at most"],
    times.map(({ what, ms, beside, besideMs, limit }) => [
      what,
      ms.toFixed(0),
      beside,
      besideMs.toFixed(0),
      (ms / besideMs).toFixed(2),
      `${limit}`,
    ]),
  );
}
