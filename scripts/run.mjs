#!/usr/bin/env node
/** `node scripts/run.mjs FILE.ts [ARGUMENT]...`: set-up, then a TypeScript program of this repository. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { setUp } from "./setup.mjs";

const [program, ...args] = process.argv.slice(2);
if (!program || !existsSync(program)) {
  console.error(`usage: node scripts/run.mjs FILE.ts [ARGUMENT]...${program ? `\n${program} does not exist` : ""}`);
  process.exit(2);
}
setUp(/^test\/(kernels|soak)\//.test(program) ? ["build", "test", "kernels"] : undefined);

const child = spawn(process.execPath, ["--conditions=datapath", "--import", "tsx", program, ...args], { stdio: "inherit" });
// ^C reaches the child by the terminal; this process waits for it to clean up.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => signal !== "SIGINT" && child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
