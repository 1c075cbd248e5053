/** A program that runs until it is stopped, known by its pid alone. */
import { type ChildProcess, spawn } from "node:child_process";

export interface ServerOptions {
  /** resolves once this is seen on stdout or stderr; at once where it is not given */
  readonly ready?: RegExp;
  /** milliseconds to wait for `ready`; 10,000 where it is not said */
  readonly timeout?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export class Server implements AsyncDisposable {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #output = "";

  private constructor(child: ChildProcess, pid: number) {
    this.#child = child;
    this.pid = pid;
    child.stdout?.on("data", (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
    this.#ended = new Promise(resolve => child.once("close", () => resolve()));
  }

  /** What the program has written so far, both streams in the order of their arrival. */
  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  static async start(command: readonly string[], options: ServerOptions = {}): Promise<Server> {
    const [program, ...args] = command;
    if (program === undefined) throw new TypeError("a server needs a program");
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: options.env ? { ...process.env, ...options.env } : process.env,
    });
    const failed = new Promise<never>((_, reject) => child.once("error", reject));
    await Promise.race([new Promise<void>(resolve => child.once("spawn", () => resolve())), failed]);
    if (child.pid === undefined) throw new Error(`${command.join(" ")} did not start`);
    const server = new Server(child, child.pid);
    if (options.ready) await server.waitFor(options.ready, options.timeout);
    return server;
  }

  /** Resolves when the output holds `pattern`; stops the program and throws when it ends or is too late. */
  async waitFor(pattern: RegExp, timeout = 10_000): Promise<void> {
    const deadline = Date.now() + timeout;
    while (!pattern.test(this.#output)) {
      if (!this.running || Date.now() > deadline) {
        await this.stop();
        throw new Error(`${this.#child.spawnargs.join(" ")} never wrote ${pattern}: ${this.#output}`);
      }
      await new Promise(resolve => setTimeout(resolve, 10));
    }
  }

  /** Ends the program: politely, then after a second for certain. */
  async stop(): Promise<void> {
    if (this.running) {
      this.#child.kill("SIGTERM");
      const force = setTimeout(() => this.#child.kill("SIGKILL"), 1_000);
      await this.#ended;
      clearTimeout(force);
    }
  }

  /** For the way out of the process, where nothing can be awaited. */
  kill(): void {
    if (this.running) this.#child.kill("SIGKILL");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
