/**
 * `npm run fuzz -- --programs 200 --seed 1`: random programs, random packets, Node against the kernel.
 *
 * The last line counts; the exit code is 0 only where the verifier took every program and no answer differed.
 */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { argumentsOf, wholeOf } from "../arguments.js";
import { Coverage } from "./coverage.js";
import { generate, sourceOf } from "./program.js";
import type { Outcome } from "./trial.js";
import type { Report } from "./worker.js";

const usage =
  "usage: npm run fuzz [-- [--programs N] [--seed S] [--packets N] [--bounds N] [--shrink N] [--shrink-time SECONDS] [--jobs N]]";
const { values } = argumentsOf(usage, {
  options: {
    programs: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    packets: { type: "string", default: "20" },
    /** the compiler's estimate is held against the verifier's count for one program of so many */
    bounds: { type: "string", default: "1" },
    /** how many failures are shrunk */
    shrink: { type: "string", default: "3" },
    /** seconds for one of them */
    "shrink-time": { type: "string", default: "60" },
    /** processes; each on a processor of its own */
    jobs: { type: "string", default: `${Math.max(1, cpus().length)}` },
  },
});
const programs = wholeOf(usage, "programs", values.programs, 1);
const packets = wholeOf(usage, "packets", values.packets, 1);
const jobs = wholeOf(usage, "jobs", values.jobs, 1);
const shrunk = wholeOf(usage, "shrink", values.shrink);
const shrinkSeconds = wholeOf(usage, "shrink-time", values["shrink-time"]);
const bounds = wholeOf(usage, "bounds", values.bounds, 1);
/** Seeds of different runs lie far apart. */
const first = wholeOf(usage, "seed", values.seed) * 1_000_000;
/** Programs of one worker's life. */
const LIFE = 200;

const folder = join(tmpdir(), `datapath-fuzz-${values.seed}`);
const coverage = new Coverage();
const counts: Record<Outcome["kind"], number> = { agrees: 0, rejected: 0, crashed: 0, refused: 0, differs: 0, bound: 0 };
let packetCount = 0;
const failures: { readonly seed: number; readonly outcome: Outcome }[] = [];

/** Programs that the verifier gave up on after a million instructions: refused too, but for their size alone. */
let oversized = 0;

function take({ seed, outcome }: Report): void {
  if (outcome.kind === "refused" && /BPF program is too large|Argument list too long/.test(outcome.text)) oversized += 1;
  else counts[outcome.kind] += 1;
  coverage.add(generate(seed).parts);
  if (outcome.kind === "agrees") packetCount += outcome.packets;
  else {
    failures.push({ seed, outcome });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${seed}.dp.ts`), sourceOf(generate(seed)));
    writeFileSync(join(folder, `${seed}.txt`), outcome.text);
    console.log(`${outcome.kind}: seed ${seed}: ${outcome.text.split("\n").slice(0, 4).join("\n    ")}`);
  }
}

/**
 * One worker on one processor: per-CPU maps are then whole in one slot. It has a network namespace of its own, whose
 * loopback device takes the copies that programs send.
 */
function work(cpu: number, seed: number, count: number, shrinkTime: number, report: (of: Report) => void): Promise<void> {
  const worker = fileURLToPath(new URL("worker.ts", import.meta.url));
  const node = [process.execPath, "--conditions=datapath", "--import", "tsx", worker];
  const task = ["taskset", "--cpu-list", `${cpu}`, ...node, `${seed}`, `${count}`, `${packets}`, `${shrinkTime}`, `${bounds}`];
  const apart = ["--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", ...task];
  const child = spawn("unshare", apart, { stdio: ["ignore", "pipe", "inherit"] });
  process.once("exit", () => child.kill("SIGKILL"));
  let next = seed;
  createInterface({ input: child.stdout }).on("line", line => {
    const of: Report = JSON.parse(line);
    next = of.seed + 1;
    report(of);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", code => {
      if (code === 0 || next >= seed + count) return resolve();
      report({ seed: next, outcome: { kind: "crashed", text: `the worker ended with ${code}` } });
      resolve(next + 1 < seed + count ? work(cpu, next + 1, seed + count - next - 1, shrinkTime, report) : undefined);
    });
  });
}

async function run(): Promise<void> {
  let next = first;
  const end = first + programs;
  const lane = async (cpu: number) => {
    while (next < end) {
      const seed = next;
      const count = Math.min(LIFE, Math.ceil(programs / jobs), end - seed);
      next += count;
      await work(cpu, seed, count, 0, take);
    }
  };
  await Promise.all(Array.from({ length: jobs }, (_, i) => lane(i % cpus().length)));
}

async function shrinkFailures(): Promise<void> {
  const grave = failures.filter(({ outcome }) => outcome.kind !== "rejected");
  const time = shrinkSeconds * 1000;
  for (const { seed, outcome } of grave.slice(0, shrunk)) {
    console.log(`\nsmallest program that fails like seed ${seed} (${outcome.kind}):`);
    await work(0, seed, 1, time, ({ minimal, outcome: last }) => {
      console.log(minimal ?? "");
      if (last.kind !== "agrees") console.log(last.text.split("\n").slice(0, 12).join("\n"));
    });
  }
}

await run();
await shrinkFailures();
for (const line of coverage.report()) console.log(line);
if (failures.length > 0) console.log(`failing programs and what they failed with are in ${folder}`);
const rejections = counts.refused;
const differences = counts.differs + counts.crashed + counts.bound;
console.log(
  `${programs} programs, ${packetCount} packets, ${rejections} verifier rejections, ${differences} differences (${counts.crashed} of them crashes), ${counts.rejected} rejected by check, ${oversized} too large for the verifier, ${counts.bound} verified more than estimated`,
);
process.exitCode = rejections === 0 && differences === 0 && oversized === 0 ? 0 : 1;
