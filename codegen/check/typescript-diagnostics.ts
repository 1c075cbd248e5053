/** TypeScript's own errors, in our form. */
import { ts } from "ts-morph";
import type { Diagnostic, RelatedPlace } from "../diagnostics/diagnostic.js";
import type { Span } from "../ir/ir.js";
import type { SourceRoot } from "../source/source-root.js";

/** Syntax errors alone where a file has any: types after a syntax error are noise. */
export function typescriptDiagnostics(program: ts.Program, sources: readonly ts.SourceFile[], root: SourceRoot): readonly Diagnostic[] {
  const syntactic = sources.flatMap(source => program.getSyntacticDiagnostics(source));
  const found = syntactic.length > 0 ? syntactic : sources.flatMap(source => program.getSemanticDiagnostics(source));
  const options = program.getOptionsDiagnostics().filter(diagnostic => diagnostic.file === undefined);
  return [...options, ...found].map(diagnostic => ofTypescript(diagnostic, root));
}

function ofTypescript(diagnostic: ts.Diagnostic, root: SourceRoot): Diagnostic {
  const related: RelatedPlace[] = (diagnostic.relatedInformation ?? []).map(information => ({
    message: ts.flattenDiagnosticMessageText(information.messageText, "\n"),
    span: spanOf(information, root),
  }));
  return {
    code: `TS${diagnostic.code}`,
    severity: diagnostic.category === ts.DiagnosticCategory.Error ? "error" : "warning",
    message: ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"),
    span: spanOf(diagnostic, root),
    ...(related.length === 0 ? {} : { related }),
  };
}

function spanOf(place: ts.DiagnosticRelatedInformation, root: SourceRoot): Span {
  if (place.file === undefined || place.start === undefined) return { file: "tsconfig.json", line: 0, column: 0, length: 0 };
  const { line, character } = ts.getLineAndCharacterOfPosition(place.file, place.start);
  return { file: root.nameOf(place.file.fileName), line: line + 1, column: character + 1, length: place.length ?? 1 };
}
