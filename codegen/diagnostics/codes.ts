/**
 * The table of all diagnostics. A new code is one entry in the file of its group; its number is the next free one and is
 * never used again, even when the diagnostic goes.
 *
 * 1xxx the module and the subset, 2xxx integers, 3xxx packets, 4xxx maps and params, 5xxx toolchain. The loader's own (6xxx load and verify, 7xxx attach) are in
 * runtime/errors.ts, since a machine that only attaches has no compiler.
 */
import type { CodeEntry } from "./code-entry.js";
import { expressionCodes } from "./codes/expressions.js";
import { integerCodes } from "./codes/integers.js";
import { mapCodes } from "./codes/maps.js";
import { meaningCodes } from "./codes/meaning.js";
import { packetCodes } from "./codes/packets.js";
import { programCodes } from "./codes/program.js";
import { statementCodes } from "./codes/statements.js";
import { toolchainCodes } from "./codes/toolchain.js";

const table = {
  ...programCodes,
  ...statementCodes,
  ...expressionCodes,
  ...meaningCodes,
  ...integerCodes,
  ...packetCodes,
  ...mapCodes,
  ...toolchainCodes,
};

/** A code of the table; anything else does not type-check. */
export type KnownCode = keyof typeof table;

export const codes: Readonly<Record<KnownCode, CodeEntry>> = table;

export function isKnownCode(code: string): code is KnownCode {
  return Object.hasOwn(codes, code);
}
