/** Runs inside the test machine: replays recordings, attaches bundles to a real veth. A line each on the console. */
import { readdirSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import type { Recording } from "../../../testing/recording.js";
import { attachEverywhere } from "./attach.js";
import { replay } from "./replay.js";

const folder = process.argv[2] ?? "/cases";
const recordings = readdirSync(folder)
  .filter(name => name.endsWith(".json"))
  .sort()
  .map((name): Recording => JSON.parse(readFileSync(join(folder, name), "utf8")));

let failures = 0;
function report(title: string, problems: readonly string[]): void {
  if (problems.length === 0) {
    console.log(`ok ${title}`);
    return;
  }
  failures += 1;
  console.log(`not ok ${title}`);
  for (const problem of problems) for (const line of problem.split("\n")) console.log(`  ${line}`);
}

console.log(`kernel ${release()}`);
for (const recording of recordings) {
  if (recording.attachable) continue;
  report(`${recording.title} (${recording.hook}, ${recording.runs.length} packets)`, await replay(recording));
}
for (const [title, problems] of await attachEverywhere(recordings)) report(title, problems);
console.log(`finished: ${failures} failed`);
process.exit(failures === 0 ? 0 : 1);
