/** The pipeline that a command is about, as people name it: by its name, its bundle or its source. */
import { basename } from "node:path";
import { UsageError } from "./command-error.js";
import { didYouMean } from "./suggest.js";

/** `edge`, `edge.dpo`, `./edge.dpo/` and `edge.dp.ts` are all the pipeline `edge`. */
export function pipelineName(text: string): string {
  return basename(text).replace(/\.(dpo|dp\.ts)$/, "");
}

/** The first argument, which names the pipeline. */
export function requirePipeline(positionals: readonly string[], command: string): string {
  const [first] = positionals;
  if (first === undefined)
    throw new UsageError("no pipeline was named", `\`dp status\` lists what is attached; \`dp ${command} --help\` has an example`);
  return pipelineName(first);
}

/** `name=value` pairs, as `--set` and `dp set` take them. */
export function readAssignments(texts: readonly string[]): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const text of texts) {
    const at = text.indexOf("=");
    if (at < 1) throw new UsageError(`"${text}" is not NAME=VALUE`, "write it like limit=1400");
    values[text.slice(0, at)] = text.slice(at + 1);
  }
  return values;
}

/** One of a closed list of words, as an option's value. */
export function oneOf<const T extends string>(option: string, value: string | undefined, known: readonly T[]): T | undefined {
  if (value === undefined) return undefined;
  const found = known.find(word => word === value);
  if (found === undefined)
    throw new UsageError(`--${option} cannot be ${value}`, didYouMean(value, known) ?? `it is one of ${known.join(", ")}`);
  return found;
}
