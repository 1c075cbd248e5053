/** pcap-filter expressions: text to conditions. */
import type { Condition } from "./condition.js";
import { parseExpression } from "./grammar.js";
import { resolve } from "./resolve.js";

export type { Condition } from "./condition.js";
export { FilterError } from "./error.js";

/**
 * Reads a filter expression in pcap-filter syntax.
 * @throws {FilterError} whose message has a caret under the character in question
 */
export function parseFilter(text: string): Condition {
  return resolve(parseExpression(text), text);
}
