/** Addresses and prefixes from their texts. */
import { ipv4, ipv6, type u32, type u128 } from "datapath";
import { refuse } from "./options.js";

/** A prefix of either family; a whole address has the length 32 or 128. */
export type Prefix =
  | { readonly family: 4; readonly address: u32; readonly length: number }
  | { readonly family: 6; readonly address: u128; readonly length: number };

/** @throws RangeError that names the option for what is neither address nor prefix, or has bits outside its length */
export function prefixOfText(option: string, text: string): Prefix {
  const allowed = 'an address or a prefix without bits outside its length, such as "192.0.2.1", "2001:db8::/64"';
  const [address = "", length, ...rest] = String(text).split("/");
  const family = address.includes(":") ? 6 : 4;
  const width = family === 6 ? 128 : 32;
  const bits = length === undefined ? width : Number(length);
  if (rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length)) || bits > width) return refuse(option, text, allowed);
  try {
    const value = BigInt(family === 6 ? ipv6(address) : ipv4(address));
    if (value & ((1n << BigInt(width - bits)) - 1n)) return refuse(option, text, allowed);
    return family === 6 ? { family, address: value, length: bits } : { family, address: Number(value), length: bits };
  } catch {
    return refuse(option, text, allowed);
  }
}

/** @throws RangeError that names the option for what is no address of a host */
export function addressOfText(option: string, text: string): Prefix {
  const found = prefixOfText(option, text);
  const whole = found.length === (found.family === 4 ? 32 : 128);
  if (!whole || BigInt(found.address) === 0n) return refuse(option, text, 'an address, such as "10.0.0.11" or "2001:db8::11"');
  return found;
}
