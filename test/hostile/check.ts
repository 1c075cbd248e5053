/** What `npm test` asks of a pipeline under hostile packets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type HarmedVictim, shareOf } from "./victims.js";

/** Ten thousand packets a block: a hundredth of what `npm run soak` sends. */
const PACKETS = 10_000;

export function withstand(victims: readonly HarmedVictim[], packetsOfBlock: number = PACKETS): void {
  for (const victim of victims) {
    test(`${victim.name} answers hostile packets alike in Node and in the kernel, and never with malformed ones`, async () => {
      const wanted = shareOf(victim, packetsOfBlock);
      const { packets, failures, verdicts } = await victim.harm(wanted, 1);
      assert.deepEqual(failures, []);
      assert.ok(packets > 0.8 * wanted && verdicts.size > 0);
    });
  }
}
