/** What an ArpResponder is made with: exactly one of `address`, `prefix` and `table`. */
import { ipv4, type u32, type u48 } from "datapath";

export type ArpResponderOptions =
  /** one address of this station's own */
  | { readonly address: u32; readonly mac: u48 }
  /**
   * Any address of a prefix, as a router for stations elsewhere (proxy ARP, RFC 1027). Addresses in `except` are left
   * alone, as those of stations that answer themselves.
   */
  | { readonly prefix: string; readonly mac: u48; readonly except?: readonly u32[] }
  /** addresses with their own MAC address each, changed while running in the map `stations` */
  | { readonly table: { readonly maxEntries: number } };

/** The same, with what is left out filled in: what the datapath reads. */
export interface Answered {
  readonly address: u32 | undefined;
  readonly prefix: { readonly first: u32; readonly last: u32; readonly except: readonly u32[] } | undefined;
  readonly mac: u48;
  readonly maxEntries: number;
}

/** @throws RangeError that names the option, its value and what is allowed */
export function answeredBy(options: ArpResponderOptions): Answered {
  const kinds = (["address", "prefix", "table"] as const).filter(kind => kind in options);
  if (kinds.length !== 1) refuse("address, prefix, table", kinds.join(" and ") || "none", "exactly one of the three");
  if ("table" in options) {
    const { maxEntries } = options.table;
    if (!Number.isInteger(maxEntries) || maxEntries < 1) refuse("table", maxEntries, "{ maxEntries: 1 or more }");
    return { address: undefined, prefix: undefined, mac: 0, maxEntries };
  }
  if (!Number.isInteger(options.mac) || options.mac <= 0 || options.mac >= 2 ** 48 || Math.trunc(options.mac / 2 ** 40) % 2 === 1) {
    refuse("mac", options.mac, 'the address of one station, such as mac("02:00:00:00:00:01")');
  }
  if ("address" in options) {
    if (!isHost(options.address)) refuse("address", options.address, 'the IPv4 address of one host, such as ipv4("10.0.0.1")');
    return { address: options.address, prefix: undefined, mac: options.mac, maxEntries: 1 };
  }
  return { address: undefined, prefix: { ...prefixOf(options.prefix), except: options.except ?? [] }, mac: options.mac, maxEntries: 1 };
}

const isHost = (address: number): boolean => Number.isInteger(address) && address > 0 && address < 0xe000_0000;

function prefixOf(text: string): { readonly first: u32; readonly last: u32 } {
  const match = /^([0-9.]+)\/([0-9]{1,2})$/.exec(text);
  const length = Number(match?.[2] ?? 33);
  if (!match?.[1] || length > 32) return refuse("prefix", text, 'a prefix such as "10.0.0.0/24"');
  const first = ipv4(match[1]);
  const size = 2 ** (32 - length);
  if (first % size !== 0) refuse("prefix", text, "a prefix without bits outside its length");
  return { first, last: first + size - 1 };
}

function refuse(name: string, value: unknown, allowed: string): never {
  throw new RangeError(`ArpResponder: the option ${name} is ${JSON.stringify(value)}; allowed is ${allowed}`);
}
