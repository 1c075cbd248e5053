/**
 * `npm run bench`: each block against its hand-written twin. `--json FILE` and `--chart FILE` write the figures;
 * `--docs` writes docs/measured.md, and measures no time; `--quick` measures less; words choose cases by name;
 * `--no-builds` leaves the times of builds out.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { argumentsOf } from "../arguments.js";
import { run } from "../lab/command.js";
import { buildsTable, buildTimes } from "./builds.js";
import { cases, fullCases } from "./cases.js";
import { endToEnd, endToEndTable } from "./end-to-end/end-to-end.js";
import { writeMeasured } from "./measured.js";
import { chart, fullTable, listsTable, rowsTable } from "./report.js";
import { type Effort, type FullRow, type Row, runCase, runFull, runLists } from "./run-case.js";

const usage = "usage: npm run bench [-- [--quick] [--no-builds] [--docs] [--json FILE] [--chart FILE] [NAME]...]";
const { values, positionals } = argumentsOf(usage, {
  allowPositionals: true,
  options: {
    json: { type: "string" },
    chart: { type: "string" },
    quick: { type: "boolean", default: false },
    docs: { type: "boolean", default: false },
    builds: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const isWanted = (name: string): boolean => positionals.length === 0 || positionals.some(word => name.includes(word));
if (values.docs) {
  await writeMeasured(isWanted);
  process.exit();
}
const effort: Effort = values.quick ? { rounds: 5, repeat: 50_000 } : { rounds: 21, repeat: 400_000 };

// Test runs are on the CPU of this thread: a table for each CPU would else be met empty after a move.
await run(["taskset", "-cp", `${availableParallelism() - 1}`, `${process.pid}`]);

const rows: Row[] = [];
/** rows that could not be had, and why */
const missing: { readonly name: string; readonly reason: string }[] = [];
function miss(name: string, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  missing.push({ name, reason });
  console.error(`${name} is missing: ${reason}`);
}
for (const of of cases) {
  if (!isWanted(of.name)) continue;
  try {
    rows.push(await runCase(of, effort));
  } catch (error) {
    miss(of.name, error);
  }
}
console.log(rowsTable(rows));
const full: FullRow[] = [];
for (const of of fullCases) {
  if (!isWanted(of.name)) continue;
  try {
    full.push(await runFull(of, effort));
  } catch (error) {
    miss(of.name, error);
  }
}
if (full.length > 0) console.log(`\n${fullTable(full)}`);
const lists = positionals.length === 0 ? await runLists(effort) : [];
if (lists.length > 0) console.log(`\n${listsTable(lists)}`);
const builds = values.builds && positionals.length === 0 ? await buildTimes(values.quick ? 3 : 10) : undefined;
if (builds) console.log(`\n${buildsTable(builds)}`);
const roads = isWanted("end-to-end") ? await endToEnd(values.quick ? 2 : 7, values.quick ? 200_000 : 1_000_000) : undefined;
if (roads) console.log(`\n${endToEndTable(roads)}`);
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ rows, full, missing, lists, builds, endToEnd: roads }, undefined, 2)}\n`);
if (values.chart !== undefined) writeFileSync(values.chart, chart(rows));
process.exitCode = missing.length === 0 ? 0 : 1;
