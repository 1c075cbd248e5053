/** The page of measured sizes, docs/measured.md: one line a pipeline of the bench. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cases, type FullCase, fullCases } from "./cases.js";
import { sizeOf } from "./run-case.js";

export const measuredPath = fileURLToPath(new URL("../../docs/measured.md", import.meta.url));

/** A line of the page; without figures where the pipeline cannot be built. */
export interface Measured {
  readonly name: string;
  readonly what: string;
  readonly instructions: number | undefined;
  readonly verified: number | undefined;
}

/** The first row of each pipeline: its other rows differ in their packets alone. */
export function measuredCases(): readonly FullCase[] {
  const seen = new Set<string>();
  return [...cases, ...fullCases].filter(({ pipeline }) => !seen.has(pipeline) && seen.add(pipeline));
}

/** What the pipeline says of itself. */
export function whatOf({ pipeline }: FullCase): string {
  const [, what = ""] = /\/\*\* ((?:(?!\*\/).)*) \*\/\s*export default/s.exec(readFileSync(pipeline, "utf8")) ?? [];
  return what.replaceAll(/\s+/g, " ");
}

export function measuredPage(lines: readonly Measured[]): string {
  return `# Measured sizes

Instructions of each pipeline of the bench after the kernel's verifier, and how many the verifier walked to accept it, on the
kernel that \`npm run bench -- --docs\` ran on, which writes this page. Names are those of the bench's rows; how long a packet takes is
said by the bench alone, beside a twin in C, since times are a machine's own.

| row | pipeline | instructions | verified |
|---|---|---:|---:|
${lines.map(({ name, what, instructions, verified }) => `| \`${name}\` | ${what} | ${instructions ?? "–"} | ${verified ?? "–"} |`).join("\n")}

A dash is for a pipeline that could not be built, of which the bench says why, or that was left out of the last run.
`;
}

/** The lines of a page. */
export function readPage(text: string): readonly Measured[] {
  return [...text.matchAll(/^\| `([^`]+)` \| (.*) \| (\d+|–) \| (\d+|–) \|$/gm)].map(
    ([, name = "", what = "", instructions, verified]) => ({
      name,
      what,
      instructions: instructions === "–" ? undefined : Number(instructions),
      verified: verified === "–" ? undefined : Number(verified),
    }),
  );
}

/** Builds the pipelines of the rows that are wanted, and writes the page; of the others it keeps what it says. */
export async function writeMeasured(isWanted: (name: string) => boolean): Promise<void> {
  const known = new Map((existsSync(measuredPath) ? readPage(readFileSync(measuredPath, "utf8")) : []).map(line => [line.name, line]));
  const page = (): string =>
    measuredPage(
      measuredCases().map(of => {
        const { instructions, verified } = known.get(of.name) ?? {};
        return { name: of.name, what: whatOf(of), instructions, verified };
      }),
    );
  for (const of of measuredCases().filter(({ name }) => isWanted(name))) {
    const size = await sizeOf(of).catch(() => undefined);
    known.set(of.name, { name: of.name, what: whatOf(of), instructions: size?.instructions, verified: size?.verified });
    writeFileSync(measuredPath, page());
  }
}
