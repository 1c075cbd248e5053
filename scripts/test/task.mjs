/** The child processes of the test run: their output kept, a whole group ended when its time is over. */
import { fork, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { root } from "../setup/tools.mjs";

const running = new Set();

/** Runs a command; resolves to its exit code (undefined for a signal), output, milliseconds and whether its time ran out. */
export function runTask(command, args, seconds) {
  const started = performance.now();
  // A group of its own, so that what a test started ends with it.
  const child = spawn(command, args, { cwd: root, env: childEnvironment(), detached: true, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const chunks = [];
  child.stdout.on("data", chunk => chunks.push(chunk));
  child.stderr.on("data", chunk => chunks.push(chunk));

  return new Promise(resolve => {
    let timedOut = false;
    const timers = [
      setTimeout(() => {
        timedOut = true;
        signalGroup(child, "SIGTERM");
        timers.push(setTimeout(() => signalGroup(child, "SIGKILL"), 5000));
      }, seconds * 1000),
    ];
    const finish = (code, problem) => {
      for (const timer of timers) clearTimeout(timer);
      running.delete(child);
      const output = Buffer.concat(chunks).toString("utf8") + (problem ? `\n${problem.message}\n` : "");
      resolve({ code, output, milliseconds: performance.now() - started, timedOut });
    };
    child.on("error", error => finish(undefined, error));
    child.on("exit", code => {
      // Output that is still in the pipe arrives before "close"; a grandchild that holds the pipe open must not hold us.
      const grace = setTimeout(() => finish(code ?? undefined), 500);
      child.on("close", () => {
        clearTimeout(grace);
        finish(code ?? undefined);
      });
    });
  });
}

/** A process that runs uvu's test files one after the other, see serve.mjs; a new one where a file ended it. */
export class Server {
  #child;
  #mark;
  #files = 0;

  /** Runs one file, as runTask runs a command. */
  run(path, seconds) {
    if (this.#files++ === FILES_A_PROCESS) this.end();
    this.#child ??= this.#start();
    const child = this.#child;
    const started = performance.now();
    const mark = new RegExp(`^${this.#mark} (\\d+)\\n`, "m");
    const chunks = [];
    return new Promise(resolve => {
      let timedOut = false;
      let timer = setTimeout(() => {
        timedOut = true;
        signalGroup(child, "SIGTERM");
        timer = setTimeout(() => signalGroup(child, "SIGKILL"), 5000);
      }, seconds * 1000);
      const finish = (code, output) => {
        clearTimeout(timer);
        child.stdout.off("data", read);
        child.stderr.off("data", keep);
        child.off("close", ended);
        resolve({ code, output, milliseconds: performance.now() - started, timedOut });
      };
      const output = () => Buffer.concat(chunks).toString("utf8");
      const keep = chunk => chunks.push(chunk);
      const read = chunk => {
        keep(chunk);
        const found = mark.exec(output());
        if (found && !timedOut) finish(Number(found[1]), output().replace(mark, ""));
      };
      const ended = code => {
        this.#child = undefined;
        running.delete(child);
        finish(code ?? undefined, output());
      };
      child.stdout.on("data", read);
      child.stderr.on("data", keep);
      child.on("close", ended);
      child.send(path);
    });
  }

  /** Ends the process; the next file gets a new one. */
  end() {
    this.#child?.disconnect();
    running.delete(this.#child);
    this.#child = undefined;
    this.#files = 0;
  }

  #start() {
    this.#mark = `end-of-file-${randomUUID()}`;
    const child = fork(fileURLToPath(new URL("serve.mjs", import.meta.url)), [this.#mark], {
      cwd: root,
      env: childEnvironment(),
      execArgv: ["--conditions=datapath", "--import", "tsx"],
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    running.add(child);
    return child;
  }
}

/** What a process gathers of maps and memory goes with it. */
const FILES_A_PROCESS = 30;

function childEnvironment() {
  return { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" };
}

/** Ends every child that is still there, giving each the time to clean up. */
export function endTasks() {
  for (const child of running) signalGroup(child, "SIGTERM");
}

function signalGroup(child, signal) {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // the group is gone
  }
}
