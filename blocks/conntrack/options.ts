/** What a Conntrack is made with. */
import type { Flows } from "datapath";
import { checkTimeouts, type Timeouts } from "./states.js";

export interface ConntrackOptions {
  /** the table of flows, which other blocks may share */
  readonly flows: Flows;
  /** What becomes of a packet that belongs to no flow and begins none; `drop` by default. With `pass` no later block sees it. */
  readonly invalid?: "drop" | "pass";
  /** IP whose headers are wrong or cut, and IP that the flows' options leave out; `pass` by default, as what is not IP. */
  readonly malformed?: "drop" | "pass";
  /** Whether TCP connections are taken up whose beginning was not seen, as after a start; `true` by default. */
  readonly pickUp?: boolean;
  /**
   * Whether TCP's sequence numbers are checked against the windows that both sides offer, so that nobody on the side can end
   * or enter a connection; `false` by default: it costs 48 bytes an entry and a dozen comparisons a packet.
   */
  readonly window?: boolean;
  /** How long a flow may idle, in seconds, by state. */
  readonly timeouts?: Timeouts;
}

/** @throws RangeError that names the option, its value and what is allowed */
export function checkConntrackOptions(options: ConntrackOptions): void {
  for (const name of ["invalid", "malformed"] as const) {
    const value = options[name];
    if (value !== undefined && value !== "drop" && value !== "pass") refuse(name, value, '"drop" or "pass"');
  }
  for (const name of ["pickUp", "window"] as const) {
    const value = options[name];
    if (value !== undefined && typeof value !== "boolean") refuse(name, value, "true or false");
  }
  if (options.window === true && options.flows.options.table === "flowTable") {
    refuse(
      "window",
      true,
      "false where the flows are in a flow table: what is checked changes with each packet, and a table's entries change under a lock",
    );
  }
  checkTimeouts(options.timeouts ?? {});
}

function refuse(name: string, value: unknown, allowed: string): never {
  throw new RangeError(`Conntrack: the option ${name} is ${JSON.stringify(value)}; allowed is ${allowed}`);
}
