/** Keys and values of maps for people: addresses as addresses, the rest as numbers. */
import type { Shape } from "../../../dsl/core/shape.js";
import { formatIpv4, formatIpv6, formatMac } from "./integer.js";

/**
 * One line for a value of this layout. What is stored in network order and has an address's width is shown as an
 * address; a number that only may be one is shown as both: `3221225985 (192.0.2.1)`.
 */
export function formatValue(value: unknown, shape: Shape): string {
  switch (shape.kind) {
    case "int":
      return formatInteger(BigInt(isIntegral(value) ? value : 0), shape.bits, shape.order);
    case "array":
      return `[${items(value)
        .map(item => formatValue(item, shape.of))
        .join(", ")}]`;
    case "struct":
    case "header":
      return `{ ${shape.fields.map(field => `${field.name}: ${formatValue(memberOf(value, field.name), field.shape)}`).join(", ")} }`;
    case "overlay":
      return `{ ${shape.views.map(view => `${view.name}: ${formatValue(memberOf(value, view.name), view.shape)}`).join(", ")} }`;
    case "flags":
      return isIntegral(value) ? `${value}` : shape.names.filter(name => memberOf(value, name) === true).join("|") || "0";
    case "bool":
    case "flag":
    case "bits":
    case "atomic":
      return `${value}`;
  }
}

function formatInteger(value: bigint, bits: number, order: "host" | "network"): string {
  if (bits === 48) return formatMac(value);
  if (bits === 128) return formatIpv6(value);
  if (bits === 32 && order === "network") return formatIpv4(value);
  if (bits === 32 && value >> 24n !== 0n) return `${value} (${formatIpv4(value)})`;
  return `${value}`;
}

function isIntegral(value: unknown): value is number | bigint {
  return typeof value === "bigint" || Number.isInteger(value);
}

function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) || value instanceof Uint8Array ? [...value] : [];
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
