/** A process that tries a run of seeds and tells of each on a line of its own: a crash costs one run, and memory is given back. */
import { generate, type Program, sourceOf } from "./program.js";
import { shrink } from "./shrink.js";
import { liveSubject, type Outcome, type TrialOptions, tryProgram } from "./trial.js";
import { Workshop } from "./workshop.js";

/** What a worker tells of one program. */
export interface Report {
  readonly seed: number;
  readonly outcome: Outcome;
  /** of a failure, where it was asked for: the smallest program that still fails alike */
  readonly minimal?: string;
}

/** Programs of one file: type-checking it is most of the cost. */
const BATCH = 50;

async function tryBatch(shop: Workshop, programs: readonly Program[], options: (of: Program) => TrialOptions): Promise<readonly Outcome[]> {
  try {
    const makers = await shop.makers(programs);
    const outcomes: Outcome[] = [];
    for (const [i, program] of programs.entries()) {
      const make = makers[i];
      if (make) outcomes.push(await tryProgram(program, liveSubject(program, make), options(program)));
    }
    // one that TypeScript refuses takes the others of its file with it
    const isFile =
      programs.length > 1 && outcomes.every(({ kind, ...rest }) => kind === "rejected" && "text" in rest && /^TS/.test(rest.text));
    return isFile ? await tryHalves(shop, programs, options) : outcomes;
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return programs.map(() => ({ kind: "crashed", text }));
  }
}

async function tryHalves(
  shop: Workshop,
  programs: readonly Program[],
  options: (of: Program) => TrialOptions,
): Promise<readonly Outcome[]> {
  const middle = Math.ceil(programs.length / 2);
  const first = await tryBatch(shop, programs.slice(0, middle), options);
  return [...first, ...(await tryBatch(shop, programs.slice(middle), options))];
}

/** Failures are alike when they are of one kind and begin alike, numbers apart. */
function signature(outcome: Outcome): string {
  if (outcome.kind === "agrees") return "agrees";
  const line = outcome.kind === "differs" ? outcome.text.split("\n")[1] : outcome.text.split("\n").find(text => /DP\d|Error/.test(text));
  return `${outcome.kind} ${(line ?? "").replace(/[0-9a-f]{2}( [0-9a-f]{2})+|\d+/g, "N").slice(0, 40)}`;
}

async function minimise(
  shop: Workshop,
  program: Program,
  failed: Outcome,
  options: (of: Program) => TrialOptions,
  time: number,
): Promise<string> {
  const wanted = signature(failed);
  const shows = async () => {
    try {
      return signature(await tryProgram(program, await shop.revise(program), options(program))) === wanted;
    } catch {
      return false; // it does not even load
    }
  };
  if (await shows()) await shrink(program.parts, shows, { time });
  return sourceOf(program);
}

async function main(): Promise<void> {
  const [seed = 1, count = 1, packets = 20, shrinkTime = 0, bounds = 1] = process.argv.slice(2).map(Number);
  const options = ({ seed }: Program): TrialOptions => ({ packets, bounds: seed % bounds === 0 });
  using shop = new Workshop();
  for (let from = seed; from < seed + count; from += BATCH) {
    const programs = Array.from({ length: Math.min(BATCH, seed + count - from) }, (_, i) => generate(from + i));
    const outcomes = await tryBatch(shop, programs, options);
    for (const [i, outcome] of outcomes.entries()) {
      const program = programs[i];
      if (!program) continue;
      const failed = outcome.kind !== "agrees";
      const minimal = failed && shrinkTime > 0 ? await minimise(shop, program, outcome, options, shrinkTime) : undefined;
      const report: Report = { seed: program.seed, outcome, ...(minimal !== undefined && { minimal }) };
      process.stdout.write(`${JSON.stringify(report)}\n`);
    }
  }
}

await main();
