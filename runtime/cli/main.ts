/** `dp`: finds the command, runs it, and turns how it ended into words and an exit code. */
import type { Command } from "./command.js";
import { UsageError } from "./command-error.js";
import { commandNames, commands, isCommandName } from "./commands.js";
import { ExitCode } from "./exit-code.js";
import { reportError } from "./report-error.js";
import { didYouMean } from "./suggest.js";
import { Terminal } from "./terminal.js";
import { version } from "./version.js";

/** Runs `dp ARGS` and gives its exit code. Never throws. */
export async function main(args: readonly string[], terminal = new Terminal()): Promise<ExitCode> {
  if (args.includes("--json")) terminal.json = true;
  try {
    return await dispatch(args, terminal);
  } catch (error) {
    return reportError(error, terminal);
  }
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === undefined) {
    terminal.note(await overview());
    return ExitCode.WrongUsage;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    const [topic] = rest;
    if (topic !== undefined && isCommandName(topic)) terminal.print((await load(topic)).help());
    else terminal.print(await overview());
    return ExitCode.Done;
  }
  if (name === "--version" || name === "-V") {
    terminal.print(version());
    terminal.document({ version: version() });
    return ExitCode.Done;
  }
  if (!isCommandName(name))
    throw new UsageError(`there is no command \`${name}\``, didYouMean(name, commandNames) ?? "`dp --help` lists the commands");
  return (await load(name)).run(rest, terminal);
}

async function load(name: keyof typeof commands): Promise<Command> {
  return (await commands[name]()).command;
}

async function overview(): Promise<string> {
  const all = await Promise.all(commandNames.filter(isCommandName).map(load));
  const width = Math.max(...all.map(command => command.name.length));
  return [
    "datapath: Linux packet paths in TypeScript",
    "",
    "usage: dp COMMAND [ARGUMENT]...",
    "",
    ...all.map(command => `  ${command.name.padEnd(width)}  ${command.summary}`),
    "",
    "`dp COMMAND --help` tells more, with an example. Exit codes: 0 done, 1 wrong program or input, 2 wrong usage,",
    "3 the machine lacks something, 4 the kernel refused.",
  ].join("\n");
}
