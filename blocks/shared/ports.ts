/** The ports that a translation may give to a source. */
import type { PortChoice, u16 } from "datapath";

/** Ports with both ends. */
export interface PortRange {
  readonly first: u16;
  readonly last: u16;
}

/** What is given where a source's own port is taken: all but the well-known ones (RFC 6335 section 6). */
const EVERY: PortRange = { first: 1024, last: 65_535 };
const TRIES = 8;
const MOST_TRIES = 32;

/** @throws RangeError that names the block, the option, its value and what is allowed */
export function portChoice(owner: string, ports: PortRange = EVERY, tries: number = TRIES): PortChoice {
  const isPort = (port: unknown): boolean => Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65_535;
  if (!isPort(ports.first) || !isPort(ports.last) || ports.first > ports.last)
    refuseOption(owner, "ports", ports, "{ first, last } of 1 to 65535");
  if (!Number.isInteger(tries) || tries < 1 || tries > MOST_TRIES)
    refuseOption(owner, "tries", tries, `a whole number of 1 to ${MOST_TRIES}`);
  const count = ports.last - ports.first + 1;
  return { first: ports.first, count, tries: Math.min(tries, count) };
}

/** @throws RangeError always */
export function refuseOption(owner: string, name: string, value: unknown, allowed: string): never {
  const text = JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? `${each}` : each));
  throw new RangeError(`${owner}: the option ${name} is ${text}; allowed is ${allowed}`);
}
