// test: timeout 400
/** Hostile packets through the blocks that share a table of flows. */
import { withstand } from "./check.js";
import { stateful } from "./victims.js";

// Each takes long to compile, and longer to run: every third one, by a thousandth. `npm run soak` has them all.
withstand(
  stateful.filter((_, i) => i % 3 === 0),
  1_000,
);
