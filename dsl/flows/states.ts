import { type FlowState, specOf } from "../core/spec.js";

export type { FlowState };

/**
 * Build time: tells user space what the number in an entry's `state` stands for, and how long an entry may idle in each
 * state before it is gone (the runtime's sweep deletes it then).
 * @param table a map whose entries have `seen` (u32, ticks) and `state` (u8)
 * @param states by the number in `state`; `timeout` is in seconds
 * @throws RangeError for a time that is not a whole number of 1 second to 24 days
 */
export function describeFlowStates(table: object, states: readonly FlowState[]): void {
  const spec = specOf(table);
  if (spec?.what !== "map") throw new TypeError("states are described for a map");
  for (const { name, timeout } of states) {
    // Differences of 32-bit ticks are signed: at 1000 a second they reach 24 days.
    if (!Number.isInteger(timeout) || timeout < 1 || timeout > 24 * 86_400)
      throw new RangeError(`the timeout of ${name} is ${timeout}; allowed is a whole number of seconds from 1 to ${24 * 86_400}`);
  }
  // The same object: what a table of flows holds is not settled yet.
  Object.assign(spec, { states });
}
