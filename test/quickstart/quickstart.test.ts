/** The tour works, leaves nothing behind, and cleans up when it is interrupted. */
// test: serial, timeout 300
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

function start(): Run {
  const child = spawn(process.execPath, ["--conditions=datapath", "--import", "tsx", main], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return { child, output: () => text, ended: new Promise(resolve => child.once("close", resolve)) };
}

/** What a run of this process's number made and did not remove. */
function leftOf(pid: number | undefined): string[] {
  const names = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);
  return [
    ...names("/sys/fs/bpf/datapath").filter(name => name === `quickstart-${pid}`),
    ...names("/run/netns").filter(name => name.startsWith(`dp-${pid}-`)),
  ];
}

test("from TypeScript to packets in the kernel, and nothing left", async () => {
  const before = readdirSync(tmpdir()).filter(name => name.startsWith("datapath-quickstart-"));
  const { child, output, ended } = start();
  assert.is(await ended, 0, output());
  assert.match(output(), "the stream went on");
  assert.match(output(), "nothing is left");
  assert.equal(leftOf(child.pid), []);
  assert.equal(
    readdirSync(tmpdir()).filter(name => name.startsWith("datapath-quickstart-")),
    before,
  );
});

test("interrupted while attached, it detaches and removes what it made", async () => {
  const { child, output, ended } = start();
  const deadline = Date.now() + 120_000;
  while (!output().includes("4. Traffic") && child.exitCode === null && Date.now() < deadline) {
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  assert.match(output(), "is attached", output());
  child.kill("SIGINT");
  assert.is.not(await ended, 0);
  assert.equal(leftOf(child.pid), []);
});

test.run();
