/** Reads the imports of every TypeScript file of the repository. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ts } from "ts-morph";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

export interface Import {
  /** path of the importing file from the repository's root */
  readonly from: string;
  /** `node:fs`, `ts-morph`, `datapath/blocks`, or, for a relative import, the path of the file from the root */
  readonly to: string;
  readonly relative: boolean;
  readonly how: "value" | "type" | "dynamic";
  readonly line: number;
}

const folders = ["blocks", "codegen", "dsl", "examples", "runtime", "test", "testing"];
const skipped = new Set(["node_modules", "build", "invalid", "dist"]);

/** Every .ts file of the folders above, and index.ts. */
export function sourceFiles(): string[] {
  const found: string[] = ["index.ts"];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!skipped.has(entry.name)) walk(path);
      } else if (entry.name.endsWith(".ts")) {
        found.push(path);
      }
    }
  };
  const present = new Set(readdirSync(root));
  for (const folder of folders) if (present.has(folder)) walk(folder);
  return found.filter(path => path !== "index.ts" || present.has("index.ts"));
}

export function importsOf(path: string, text = readFileSync(join(root, path), "utf8")): Import[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, how: Import["how"]): void => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    const isRelative = specifier.text.startsWith(".");
    const to = isRelative ? posix.join(posix.dirname(path), specifier.text).replace(/\.js$/, ".ts") : specifier.text;
    const line = source.getLineAndCharacterOfPosition(specifier.getStart()).line + 1;
    found.push({ from: path, to, relative: isRelative, how, line });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, importsOnlyTypes(node.importClause) ? "type" : "value");
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, exportsOnlyTypes(node) ? "type" : "value");
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, "type");
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], "dynamic");
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function importsOnlyTypes(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const bindings = clause.namedBindings;
  return (
    !clause.name &&
    bindings !== undefined &&
    ts.isNamedImports(bindings) &&
    bindings.elements.length > 0 &&
    bindings.elements.every(element => element.isTypeOnly)
  );
}

function exportsOnlyTypes(node: ts.ExportDeclaration): boolean {
  const clause = node.exportClause;
  return (
    node.isTypeOnly ||
    (clause !== undefined &&
      ts.isNamedExports(clause) &&
      clause.elements.length > 0 &&
      clause.elements.every(element => element.isTypeOnly))
  );
}

/** Every import of the repository. */
export function allImports(): Import[] {
  return sourceFiles()
    .map(path => relative(root, join(root, path)))
    .flatMap(path => importsOf(path));
}
