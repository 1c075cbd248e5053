// test: timeout 400
/** Hostile packets through the blocks that share a table of flows. */
import { withstand } from "./check.js";
import { stateful } from "./victims.js";

// Each takes long to compile, and longer to run: a five-hundredth.
withstand(stateful, 2_000);
