/**
 * Runs a pinned program again and again on the processor that this process may use: `run.ts PIN WHO OPERATIONS`. Says when
 * it is ready, and begins when it is told to: so that two of them run at the same time.
 */
import { once } from "node:events";
import { native } from "../../runtime/native/index.js";

const [pin = "", who = "0", operations = "0"] = process.argv.slice(2);
const frame = new Uint8Array(64);
frame[14] = Number(who);
const fd = native().openPin(pin);
process.stdout.write("ready");
await once(process.stdin, "data");
for (let left = Number(operations); left > 0; left -= 100_000)
  native().testRun(fd, { data: frame, room: 128, repeat: Math.min(left, 100_000) });
native().closeFd(fd);
process.stdin.destroy();
