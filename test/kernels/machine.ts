/** Boots a kernel under emulation until it powers off, and gives what it wrote. */
import { spawn } from "node:child_process";
import type { Kernel } from "./releases.js";

export interface BootOptions {
  readonly image: string;
  /** each line as it comes */
  readonly line?: (text: string) => void;
  /** milliseconds; the machine is stopped after it */
  readonly timeout: number;
}

export function boot(kernel: Kernel, options: BootOptions): Promise<readonly string[]> {
  const machine = spawn(
    "qemu-system-x86_64",
    [
      ...["-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "qemu64", "-smp", "2", "-m", "1024"],
      ...["-display", "none", "-serial", "stdio", "-no-reboot", "-nic", "none"],
      ...["-kernel", kernel.image, "-initrd", options.image, "-append", "console=ttyS0 quiet panic=-1"],
    ],
    { stdio: ["ignore", "pipe", "pipe"], timeout: options.timeout, killSignal: "SIGKILL" },
  );
  process.once("exit", () => machine.kill("SIGKILL"));
  const lines: string[] = [];
  let rest = "";
  const take = (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split(/\r?\n/);
    rest = parts.pop() ?? "";
    for (const text of parts) {
      lines.push(text);
      options.line?.(text);
    }
  };
  machine.stdout.on("data", take);
  machine.stderr.on("data", take);
  return new Promise((resolve, reject) => {
    machine.once("error", reject);
    machine.once("close", (_, signal) => {
      if (signal) lines.push(`the machine was stopped after ${options.timeout / 1000} s`);
      resolve(lines);
    });
  });
}
