#!/usr/bin/env node
/**
 * `npm test [-- FILTER...]`: set-up, types, lint, then every *.test.ts, two at a time. The last
 * line counts: `N passed, N failed` and, where there are any, `, N skipped`.
 */
import { availableParallelism } from "node:os";
import { setUp } from "./setup.mjs";
import { findTests } from "./test/find.mjs";
import { judge } from "./test/summary.mjs";
import { endTasks, runTask, Server } from "./test/task.mjs";

const usualTimeout = 120;
const parallel = Math.max(1, Math.min(2, availableParallelism()));

const filters = process.argv.slice(2);
if (filters.some(filter => filter.startsWith("-"))) {
  console.error("usage: npm test [-- FILTER...]    runs the test files whose path contains a FILTER; without one, everything");
  process.exit(2);
}
setUp();

let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    interrupted = true;
    endTasks();
  });
}

const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

function report(name, task, result) {
  total.passed += result.passed;
  total.failed += result.failed;
  total.skipped += result.skipped;
  const counts = [`${result.passed} passed`, result.failed && `${result.failed} failed`, result.skipped && `${result.skipped} skipped`];
  const time = `${(task.milliseconds / 1000).toFixed(1)} s`;
  console.log(`${result.failed ? "FAIL" : "ok  "} ${name}  (${counts.filter(Boolean).join(", ")}; ${time})`);
  if (result.failed === 0) return;
  failures.push(name);
  if (result.why) console.log(`     ${result.why}`);
  console.log(task.output.replace(/^/gm, "     ").trimEnd());
}

async function runCheck(name, command, args) {
  const task = await runTask(command, args, 300);
  const passed = task.code === 0;
  report(name, task, { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0, why: task.timedOut ? "did not end" : undefined });
}

async function runFile(file, server) {
  const timeout = file.timeout ?? usualTimeout;
  const task = file.shares
    ? await server.run(file.path, timeout)
    : await runTask(process.execPath, ["--conditions=datapath", "--import", "tsx", file.path], timeout);
  report(file.path, task, judge(task));
}

async function runAll(jobs, width) {
  const queue = jobs.values();
  const worker = async () => {
    const server = new Server();
    for (const job of queue) {
      if (interrupted) break;
      await job(server);
    }
    server.end();
  };
  await Promise.all(Array.from({ length: width }, worker));
}

const started = performance.now();
const files = findTests(filters);
if (filters.length > 0 && files.length === 0) {
  console.error(`no test file's path contains ${filters.map(filter => `"${filter}"`).join(" or ")}`);
  process.exit(2);
}
const checks =
  filters.length > 0
    ? []
    : [
        () => runCheck("types", process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.json", "--pretty", "false"]),
        () =>
          runCheck("lint", process.execPath, [
            "node_modules/@biomejs/biome/bin/biome",
            "check",
            "--error-on-warnings",
            "--colors=off",
            ".",
          ]),
      ];
await runAll([...checks, ...files.filter(file => !file.serial).map(file => server => runFile(file, server))], parallel);
await runAll(
  files.filter(file => file.serial).map(file => server => runFile(file, server)),
  1,
);

console.log(`\n${files.length} files in ${((performance.now() - started) / 1000).toFixed(0)} s`);
if (interrupted) console.log("interrupted: not everything ran");
if (failures.length > 0) console.log(`failed:\n${failures.map(name => `  ${name}`).join("\n")}`);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ""}`);
process.exitCode = interrupted ? 130 : total.failed > 0 ? 1 : 0;
