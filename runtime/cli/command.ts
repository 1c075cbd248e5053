/** What a command is: its options, its help, what it does. One file in `commands/` makes one. */
import { type ParseArgsConfig, parseArgs } from "node:util";
import { UsageError } from "./command-error.js";
import type { ExitCode } from "./exit-code.js";
import { nearest } from "./suggest.js";
import type { Terminal } from "./terminal.js";

export type OptionSpec =
  | { readonly type: "boolean"; readonly short?: string; readonly about: string }
  | { readonly type: "string"; readonly short?: string; readonly multiple?: boolean; readonly value: string; readonly about: string };
export type OptionTable = Readonly<Record<string, OptionSpec>>;

const common = {
  json: { type: "boolean", about: "the result as one JSON document on standard output" },
  help: { type: "boolean", short: "h", about: "this text" },
} as const satisfies OptionTable;

type Parsed<O extends OptionTable> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O & typeof common; allowPositionals: true; strict: true }>
>;
export type Values<O extends OptionTable> = Parsed<O>["values"];

export interface Definition<O extends OptionTable> {
  readonly name: string;
  /** one line for the list of commands */
  readonly summary: string;
  /** without the leading `dp NAME`, one a line */
  readonly usage: readonly string[];
  readonly options: O;
  /** command lines that work */
  readonly examples: readonly string[];
  /** paragraphs under the options */
  readonly notes?: readonly string[];
  run(values: Values<O>, positionals: readonly string[], terminal: Terminal): Promise<ExitCode>;
}

/** A command with its options' types forgotten, so that all fit in one list. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  help(): string;
  run(args: readonly string[], terminal: Terminal): Promise<ExitCode>;
}

export function defineCommand<const O extends OptionTable>(definition: Definition<O>): Command {
  const options = { ...definition.options, ...common };
  return {
    name: definition.name,
    summary: definition.summary,
    help: () => helpText(definition, options),
    async run(args, terminal) {
      const { values, positionals } = parse(definition.name, [...args], options);
      if (args.includes("--json")) terminal.json = true;
      if (args.includes("--help") || args.includes("-h")) {
        terminal.json = false;
        terminal.print(helpText(definition, options));
        return 0;
      }
      return definition.run(values, positionals, terminal);
    },
  };
}

function parse<O extends OptionTable>(name: string, args: string[], options: O & typeof common): Parsed<O> {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw explainParseError(name, args, options, error);
  }
}

/** Node's own message is good but long; an unknown option gets the nearest known one as a hint. */
function explainParseError(name: string, args: string[], options: NonNullable<ParseArgsConfig["options"]>, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string" || !error.code.startsWith("ERR_PARSE_ARGS"))
    return error;
  const seeHelp = `\`dp ${name} --help\` lists the options`;
  if (error.code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    const { tokens } = parseArgs({ args, options, allowPositionals: true, strict: false, tokens: true });
    const unknown = tokens.find(token => token.kind === "option" && !(token.name in options));
    if (unknown?.kind === "option") {
      const best = nearest(unknown.name, Object.keys(options));
      return new UsageError(`unknown option ${unknown.rawName}`, best === undefined ? seeHelp : `did you mean \`--${best}\`?`);
    }
  }
  const [first = error.message] = error.message.split(/\n|\. /);
  return new UsageError(first, seeHelp);
}

function helpText(definition: Definition<OptionTable>, options: OptionTable): string {
  const rows = Object.entries(options).map(([name, option]) => {
    const short = option.short ? `-${option.short}, ` : "    ";
    return [`  ${short}--${name}${option.type === "string" ? ` ${option.value}` : ""}`, option.about] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    definition.summary,
    "",
    ...definition.usage.map((line, index) => `${index === 0 ? "usage: " : "       "}dp ${definition.name} ${line}`.trimEnd()),
    "",
    ...rows.map(([left, about]) => `${left.padEnd(width)}  ${about}`),
    ...(definition.notes ?? []).flatMap(note => ["", note]),
    "",
    definition.examples.length > 1 ? "examples:" : "example:",
    ...definition.examples.map(example => `  ${example}`),
  ].join("\n");
}
