/** `--packets N --seed S [NAME]...`: hostile packets, N through each block, those of one name together. The last line counts. */
import { argumentsOf, wholeOf } from "../arguments.js";
import { shareOf, victims } from "./victims.js";

const usage = "usage: test/hostile/main.ts [--packets N] [--seed S] [NAME]...";
const { values, positionals } = argumentsOf(usage, {
  allowPositionals: true,
  options: { packets: { type: "string", default: "10000" }, seed: { type: "string", default: "1" } },
});
const asked = wholeOf(usage, "packets", values.packets, 1);
const firstSeed = wholeOf(usage, "seed", values.seed);
/** Then all begins anew: an LRU map that is full is the kernel's own, and Node's has another order. */
const ROUND = 50_000;
let packets = 0;
let failed = 0;
const chosen = victims.filter(({ name }) => positionals.length === 0 || positionals.some(word => name.includes(word)));
for (const victim of chosen) {
  const started = performance.now();
  const verdicts = new Map<string, number>();
  const told = { packets: 0, failed: 0 };
  for (let left = shareOf(victim, asked), seed = firstSeed; left > 0; left -= ROUND, seed += 1) {
    const found = await victim.harm(Math.min(left, ROUND), seed);
    told.packets += found.packets;
    told.failed += found.failed;
    for (const [kind, count] of found.verdicts) verdicts.set(kind, (verdicts.get(kind) ?? 0) + count);
    for (const line of found.failures) console.log(`${victim.name}, seed ${seed}: ${line}`);
  }
  packets += told.packets;
  failed += told.failed;
  const kinds = [...verdicts].map(([kind, count]) => `${count} ${kind}`).join(", ");
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${victim.name}: ${told.packets} packets in ${seconds} s: ${kinds}; ${told.failed} failures`);
}
console.log(`${chosen.length} pipelines, ${packets} hostile packets, ${failed} failures`);
process.exitCode = chosen.length > 0 && packets > 0 && failed === 0 ? 0 : 1;
