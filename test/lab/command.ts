/** Runs a program to its end. Tests may shell out; the project's own code never does. */
import { spawn } from "node:child_process";

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** milliseconds; the program is killed after it. 30,000 where it is not said */
  readonly timeout?: number;
  /** exit codes other than 0 are an answer, not an error */
  readonly mayFail?: boolean;
}

/** A program that ended with a code that the caller did not expect. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly result: CommandResult;

  constructor(command: readonly string[], result: CommandResult) {
    super(`${command.join(" ")} ended with ${result.code}\n${result.stdout}${result.stderr}`.trimEnd());
    this.result = result;
  }
}

export function run(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [program, ...args] = command;
  if (program === undefined) throw new TypeError("run() needs a program");
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ? { ...process.env, ...options.env } : process.env,
      timeout: options.timeout ?? 30_000,
      killSignal: "SIGKILL",
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on("error", () => {}); // the program may end without reading
    child.stdin.end(options.input);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const result = {
        code: code ?? 128,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString() + (signal ? `killed by ${signal}` : ""),
      };
      if (result.code === 0 || options.mayFail) resolve(result);
      else reject(new CommandError(command, result));
    });
  });
}
