/** What a Conntrack is made with. */
import type { Flows } from "datapath";
import { checkTimeouts, type Timeouts } from "./states.js";

/** How many flows one source may begin. */
export interface PerSource {
  /** the most flows in so many `seconds` */
  readonly flows: number;
  readonly seconds: number;
  /** how many sources are remembered; 65,536 where it is left out */
  readonly maxSources?: number;
}

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
  /**
   * The most flows that one source (of IPv6, its first 64 bits) may begin in a time, so that nobody takes the table alone. Known
   * flows go on; without it the table alone is the limit.
   */
  readonly perSource?: PerSource;
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
  if (options.perSource) checkPerSource(options.perSource);
}

function checkPerSource({ flows, seconds, maxSources }: PerSource): void {
  const isWithin = (value: unknown, most: number): boolean => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most;
  if (!isWithin(flows, MOST_FLOWS)) refuse("perSource.flows", flows, `a whole number from 1 to ${MOST_FLOWS}`);
  if (!isWithin(seconds, DAY)) refuse("perSource.seconds", seconds, `a whole number from 1 to ${DAY}`);
  if (maxSources !== undefined && !isWithin(maxSources, MOST_SOURCES))
    refuse("perSource.maxSources", maxSources, `a whole number from 1 to ${MOST_SOURCES}`);
}
const MOST_FLOWS = 1_000_000;
const DAY = 86_400;
const MOST_SOURCES = 2 ** 24;

function refuse(name: string, value: unknown, allowed: string): never {
  throw new RangeError(`Conntrack: the option ${name} is ${JSON.stringify(value)}; allowed is ${allowed}`);
}
