/** In which order to test fields: it decides how much of a decision can be shared. */
import { type Field, fieldKey } from "./field.js";
import type { Predicate } from "./predicate.js";

/** Up to this many fields in up to this many rules, every order is tried. */
const FIELDS = 4;
const RULES = 32;

/** Orders worth a try; the best is the one that makes the smallest decision. */
export function orders(predicates: readonly Predicate[], fields: readonly Field[]): Field[][] {
  if (fields.length <= FIELDS && predicates.length <= RULES) return permutations(fields);
  const ranges = new Map<string, Set<string>>();
  for (const predicate of predicates) {
    const visit = (at: Predicate): void => {
      if (at.kind === "and" || at.kind === "or") {
        visit(at.left);
        visit(at.right);
      } else if (at.kind === "not") visit(at.operand);
      else if (at.kind === "within") {
        const key = fieldKey(at.field);
        const known = ranges.get(key) ?? new Set<string>();
        ranges.set(key, known.add(`${at.first}-${at.last}`));
      }
    };
    visit(predicate);
  }
  const distinct = (field: Field): number => ranges.get(fieldKey(field))?.size ?? 0;
  // reading the packet costs a bounds check, a general comparison more: as late as can be
  const late = (field: Field): number => (field.kind === "named" ? 0 : field.kind === "bytes" ? 1 : 2);
  const few = [...fields].sort((a, b) => late(a) - late(b) || distinct(a) - distinct(b));
  const many = [...fields].sort((a, b) => late(a) - late(b) || distinct(b) - distinct(a));
  const isPort = (field: Field): boolean => field.kind === "named" && (field.name.endsWith("Port") || field.name.startsWith("icmp"));
  const portsLast = [...many].sort((a, b) => late(a) - late(b) || Number(isPort(a)) - Number(isPort(b)));
  const protocolFirst = [...portsLast].sort((a, b) => Number(isProtocol(b)) - Number(isProtocol(a)));
  return unique([few, many, portsLast, protocolFirst, [...fields]]);
}

const isProtocol = (field: Field): boolean => field.kind === "named" && field.name === "protocol";

function unique(list: readonly Field[][]): Field[][] {
  return [...new Map(list.map(order => [order.map(fieldKey).join(), order])).values()];
}

function permutations(fields: readonly Field[]): Field[][] {
  if (fields.length === 0) return [[]];
  return fields.flatMap(first => permutations(fields.filter(field => field !== first)).map(rest => [first, ...rest]));
}
