/** Files that a new pipeline and a new block have in common. */

/** Relative path → content. */
export type ProjectFiles = Readonly<Record<string, string>>;

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Strict, and with the condition by which packages give their TypeScript source. */
export const compilerOptions = {
  strict: true,
  target: "es2022",
  lib: ["es2023", "esnext.disposable"],
  module: "nodenext",
  moduleResolution: "nodenext",
  customConditions: ["datapath"],
  types: ["node"],
  noImplicitOverride: true,
  erasableSyntaxOnly: true,
  verbatimModuleSyntax: true,
  skipLibCheck: true,
} as const;

export const gitignore = "node_modules/\ndist/\n*.dpo/\n";

/** Runs every test file under Node's own runner, with TypeScript. */
export const testScript = "node --conditions=datapath --import tsx --test";

export const developmentTools = {
  "@types/node": "^20",
  tsx: "^4",
  typescript: "^6 || ^7",
} as const;
