/** What a Nat44 is made with, and what of it is refused. */
import type { PortChoice } from "datapath";
import { type Address4, addressOf, isHost4, isParam, type Prefix4, prefix4 } from "../shared/addresses.js";
import { type PortRange, portChoice, refuseOption } from "../shared/ports.js";
import type { TranslatorOptions } from "../shared/translator.dp.js";

export interface Nat44Options extends TranslatorOptions {
  /** the prefixes whose stations are masqueraded, such as `["10.0.0.0/8"]` */
  readonly inside: readonly string[];
  /** what their packets have as source outside; an address of this machine that nothing else sends with */
  readonly address: Address4;
  /** Prefixes that stations of the inside reach as they are; the inside itself always is. */
  readonly except?: readonly string[];
  /** The ports and echo identifiers that are given where a station's own is taken. 1024 to 65535 by default. */
  readonly ports?: PortRange;
  /** How many of them are tried before a new flow is refused, 1 to 32; 8 by default. */
  readonly tries?: number;
  /** Events about flows that were refused, in the map `exhausted`; the drop is counted by its reason in any case. */
  readonly report?: boolean;
}

/** The same, checked: what the datapath reads. */
export interface Masquerade {
  readonly inside: readonly Prefix4[];
  readonly near: readonly Prefix4[];
  readonly address: { readonly value: number };
  readonly ports: PortChoice;
}

/** @throws RangeError that names the option, its value and what is allowed */
export function masqueradeOf(options: Nat44Options): Masquerade {
  const prefixes = (name: "inside" | "except", texts: unknown): Prefix4[] => {
    if (!Array.isArray(texts)) return refuseOption("Nat44", name, texts, 'a list of prefixes such as "10.0.0.0/8"');
    return texts.map(
      text => prefix4(text) ?? refuseOption("Nat44", name, text, 'prefixes such as "10.0.0.0/8", without bits outside their length'),
    );
  };
  const inside = prefixes("inside", options.inside);
  if (inside.length === 0) refuseOption("Nat44", "inside", options.inside, "one prefix or more");
  const { address } = options;
  if (!isHost4(address) && !isParam(address))
    refuseOption("Nat44", "address", address, 'the IPv4 address of one host, such as ipv4("192.0.2.1"), or a param');
  if (options.flows.layers.families?.includes(4) === false)
    refuseOption("Nat44", "flows", options.flows.layers.families, "a table whose families have 4 among them");
  for (const name of ["report", "forwards"] as const) {
    const value = options[name];
    if (value !== undefined && typeof value !== "boolean") refuseOption("Nat44", name, value, "true or false");
  }
  return {
    inside,
    near: [...inside, ...prefixes("except", options.except ?? [])],
    address: addressOf(address),
    ports: portChoice("Nat44", options.ports, options.tries),
  };
}
