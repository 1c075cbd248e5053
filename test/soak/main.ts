/**
 * `npm run soak`: what `npm test` runs in small, at full counts. `--scale 0.01` runs a hundredth of it, words choose runs by
 * name. The last line counts; the exit code is 0 only where nothing failed.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { argumentsOf } from "../arguments.js";

interface LongRun {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** what it counted, from its output; undefined where it said nothing of the sort */
  counted(output: string): string | undefined;
}

const usage = "usage: npm run soak [-- [--scale 0…1] [NAME]...]";
const { values, positionals } = argumentsOf(usage, { allowPositionals: true, options: { scale: { type: "string", default: "1" } } });
const scale = Number(values.scale);
if (!(scale > 0 && scale <= 1)) {
  console.error(usage);
  process.exit(2);
}
const scaled = (count: number): string => `${Math.max(1, Math.round(count * scale))}`;

const runs: readonly LongRun[] = [
  ...[1, 2, 3].map(seed => ({
    name: `fuzz, seed ${seed}`,
    file: "test/fuzz/main.ts",
    args: ["--programs", scaled(10_000), "--seed", `${seed}`],
    environment: {},
    counted: (output: string) => /^\d+ programs, .*$/m.exec(output)?.[0],
  })),
  {
    name: "cycles of attach, update and detach",
    file: "runtime/deployment/cycles.test.ts",
    args: [],
    environment: { CYCLES: scaled(1_000) },
    counted: output => (/^ {2}Passed: +[1-9]/m.test(output) ? `${scaled(1_000)} cycles` : undefined),
  },
  {
    name: "hostile packets",
    file: "test/hostile/main.ts",
    args: ["--packets", scaled(1_000_000), "--seed", "7"],
    environment: {},
    counted: output => /^\d+ pipelines, [1-9]\d* hostile packets, \d+ failures$/m.exec(output)?.[0],
  },
  {
    name: "flow table under two processors",
    file: "test/concurrency/flow-table.test.ts",
    args: [],
    environment: { OPERATIONS: scaled(100_000_000) },
    counted: output => (/^ {2}Passed: +[36]/m.test(output) ? /^\d+ operations.*$/m.exec(output)?.[0] : undefined),
  },
  {
    name: "conntrack beside nf_conntrack, every sequence",
    file: "test/peers/conntrack/conntrack.test.ts",
    args: [],
    environment: { EVERY_SEQUENCE: "1" },
    counted: output => /^ {2}Passed: +4$/m.exec(output)?.[0].trim(),
  },
  ...["blocks/nat44/nat44.test.ts", "blocks/port-map/port-map.test.ts"].map(file => ({
    name: `rows on every hook, ${file}`,
    file,
    args: [],
    environment: { EVERY_HOOK: "1" },
    counted: (output: string) => /^# pass [1-9]\d*$/m.exec(output)?.[0],
  })),
  {
    name: "traffic through translation, offloads, tags and sums",
    file: "test/peers/nat/every-traffic.ts",
    args: [],
    environment: {},
    counted: output => /^ {2}Passed: +6$/m.exec(output)?.[0].trim(),
  },
  {
    name: "full tables of flows, in the kernel too",
    file: "test/differential/full-tables.test.ts",
    args: [],
    environment: { FULL_TABLES: "kernel" },
    counted: output => /^# pass [1-9]\d*$/m.exec(output)?.[0],
  },
  {
    name: "kernels",
    file: "test/kernels/main.ts",
    args: [],
    environment: {},
    counted: output => /^\d+ passed, \d+ failed$/m.exec(output)?.[0],
  },
];

const root = fileURLToPath(new URL("../..", import.meta.url));
const results: { readonly name: string; readonly ok: boolean; readonly counted: string }[] = [];
for (const run of runs.filter(({ name }) => positionals.length === 0 || positionals.some(word => name.includes(word)))) {
  console.log(`\n== ${run.name}`);
  const started = performance.now();
  const { code, output } = await runToEnd(run);
  const counted = run.counted(output);
  // A run that counted nothing has shown nothing.
  results.push({ name: run.name, ok: code === 0 && counted !== undefined, counted: counted ?? `ended with ${code}` });
  console.log(`== ${run.name}: ${Math.round((performance.now() - started) / 1000)} s`);
}

const failed = results.filter(result => !result.ok);
console.log();
for (const { name, ok, counted } of results) console.log(`${ok ? "ok  " : "FAIL"} ${name}: ${counted}`);
console.log(`${results.length} runs, ${failed.length} failed: ${results.map(({ name, counted }) => `${name}: ${counted}`).join("; ")}`);
process.exitCode = results.length > 0 && failed.length === 0 ? 0 : 1;

function runToEnd({ file, args, environment }: LongRun): Promise<{ code: number; output: string }> {
  const node = ["--conditions=datapath", "--import", "tsx", file, ...args];
  const child = spawn(process.execPath, node, {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      process.stdout.write(chunk);
    });
  }
  return new Promise(resolve => child.on("close", (code, signal) => resolve({ code: code ?? (signal ? 128 : 1), output })));
}
