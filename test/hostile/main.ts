/** `--packets N --seed S [NAME]...`: hostile packets, N through each block. The last line counts. */
import { parseArgs } from "node:util";
import { victims } from "./victims.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { packets: { type: "string", default: "10000" }, seed: { type: "string", default: "1" } },
});
let packets = 0;
let failed = 0;
const chosen = victims.filter(({ name }) => positionals.length === 0 || positionals.some(word => name.includes(word)));
for (const { name, harm } of chosen) {
  const started = performance.now();
  const found = await harm(Number(values.packets), Number(values.seed));
  packets += found.packets;
  failed += found.failed;
  for (const line of found.failures) console.log(`${name}: ${line}`);
  const verdicts = [...found.verdicts].map(([kind, count]) => `${count} ${kind}`).join(", ");
  console.log(
    `${name}: ${found.packets} packets in ${((performance.now() - started) / 1000).toFixed(1)} s: ${verdicts}; ${found.failed} failures`,
  );
}
console.log(`${chosen.length} pipelines, ${packets} hostile packets, ${failed} failures`);
process.exitCode = chosen.length > 0 && packets > 0 && failed === 0 ? 0 : 1;
