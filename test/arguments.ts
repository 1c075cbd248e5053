/** The arguments of the project's own commands: `--help` prints the usage, and what is wrong ends with it and exit code 2. */
import { type ParseArgsConfig, parseArgs } from "node:util";

export function argumentsOf<Config extends ParseArgsConfig>(usage: string, config: Config): ReturnType<typeof parseArgs<Config>> {
  if (process.argv.slice(2).some(word => word === "--help" || word === "-h")) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    return refuse(usage, error instanceof Error ? error.message : String(error));
  }
}

/** An option that is a whole number. */
export function wholeOf(usage: string, name: string, text: string, least = 0): number {
  const value = Number(text);
  return text.trim() !== "" && Number.isSafeInteger(value) && value >= least
    ? value
    : refuse(usage, `--${name} is ${JSON.stringify(text)}; it must be a whole number of at least ${least}`);
}

function refuse(usage: string, reason: string): never {
  console.error(`${reason}\n${usage}`);
  process.exit(2);
}
