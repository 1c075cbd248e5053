/** Makes a diagnostic of a code in the table; severity and hint come from there unless given. */
import type { Span } from "../ir/ir.js";
import { codes, type KnownCode } from "./codes.js";
import type { Diagnostic, RelatedPlace } from "./diagnostic.js";

export interface Details {
  readonly hint?: string;
  readonly related?: readonly RelatedPlace[];
}

export function diagnose(code: KnownCode, span: Span, message: string, details: Details = {}): Diagnostic {
  const entry = codes[code];
  const hint = details.hint ?? entry.hint;
  return {
    code,
    severity: entry.severity ?? "error",
    message,
    span,
    ...(hint === undefined ? {} : { hint }),
    ...(details.related === undefined ? {} : { related: details.related }),
  };
}
