/**
 * `npm run quickstart`: a pipeline from its TypeScript to packets in the kernel, between two network namespaces of its own.
 * Everything is done with the `dp` command, as a user would. What it made is gone when it ends, also when it fails or is
 * interrupted.
 */

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CommandResult, run } from "../lab/command.js";
import { Lab } from "../lab/lab.js";
import type { Namespace } from "../lab/namespace.js";
import { Narrator } from "./narrator.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const dp = join(root, "bin/dp.mjs");
const example = join(root, "examples/07-edge/edge.dp.ts");
const stream = fileURLToPath(new URL("./stream.mjs", import.meta.url));
/** A name of its own, so that a deployment of the user's is never touched. */
const pipeline = `quickstart-${process.pid}`;

if (process.getuid?.() !== 0) {
  console.error("npm run quickstart makes network namespaces and loads programs: run it as root");
  process.exit(3);
}

const say = new Narrator();
// A project of its own, as a user has one.
const folder = mkdtempSync(join(tmpdir(), "datapath-quickstart-"));
writeFileSync(join(folder, "package.json"), JSON.stringify({ name: pipeline, type: "module" }));
mkdirSync(join(folder, "node_modules"));
symlinkSync(root, join(folder, "node_modules/datapath"));
const source = join(folder, "edge.dp.ts");
const bundle = join(folder, `${pipeline}.dpo`);
let target: readonly string[] = [];

/** For the way out of the process, where nothing can be awaited; detaching twice is no error here. */
function cleanUp(): void {
  if (existsSync(`/sys/fs/bpf/datapath/${pipeline}`)) spawnSync(process.execPath, [dp, "detach", pipeline, ...target], { stdio: "ignore" });
  rmSync(folder, { recursive: true, force: true });
}
process.on("exit", cleanUp);
// Before the lab's own handlers, which end the process: detaching needs the namespace.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, cleanUp);

async function command(...args: readonly string[]): Promise<CommandResult> {
  say.command(["dp", ...args].map(word => shown(word)).join(" "));
  return run([process.execPath, dp, ...args], { cwd: folder, timeout: 60_000 });
}

function shown(word: string): string {
  const short = word.startsWith(`${folder}/`) ? word.slice(folder.length + 1) : word;
  return /[\s{]/.test(short) ? `'${short}'` : short;
}

async function opens(from: Namespace, port: number): Promise<boolean> {
  return (await from.run(["nc", "-z", "-w", "1", "10.0.0.2", `${port}`], { mayFail: true })).code === 0;
}

async function pings(from: Namespace, bytes: number): Promise<boolean> {
  return (await from.run(["ping", "-c", "1", "-W", "1", "-s", `${bytes}`, "10.0.0.2"], { mayFail: true })).code === 0;
}

try {
  await using lab = await Lab.create();
  await quickstart(lab);
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
cleanUp();
if (process.exitCode === undefined) {
  say.check(
    !existsSync(`/sys/fs/bpf/datapath/${pipeline}`) && !existsSync(folder),
    "nothing is left: no program, no map, no pin, no namespace",
  );
  say.end();
}

async function quickstart(lab: Lab): Promise<void> {
  say.step("Two network namespaces, joined by a veth pair");
  const client = await lab.namespace("client");
  const server = await lab.namespace("server");
  await lab.connect(
    { namespace: client, device: "eth0", addresses: ["10.0.0.1/24"] },
    { namespace: server, device: "eth0", addresses: ["10.0.0.2/24"], mac: "02:00:00:00:00:02" },
  );
  await server.sysctl({ "net.ipv4.conf.eth0.arp_ignore": 8 });
  say.check(!(await pings(client, 56)), "the server's kernel is told to answer no ARP, so it cannot be reached");
  target = ["--netns", server.path, "--dev", "eth0"];

  say.step("Build a pipeline: ARP, access control, counters");
  copyFileSync(example, source);
  say.output((await command("build", source, "--name", pipeline)).stdout);

  say.step("Attach it to the server's device");
  say.output((await command("attach", bundle, ...target)).stdout);

  say.step("Traffic");
  say.check(await pings(client, 56), "ping is answered: the pipeline answers ARP, a rule allows ICMP");
  await server.serve(["python3", "-u", "-m", "http.server", "8080", "--directory", folder], { ready: /Serving/ });
  await server.serve([process.execPath, "-e", 'require("node:net").createServer().listen(9090, () => console.log("up"))'], { ready: /up/ });
  const page = await client.run([
    "python3",
    "-c",
    'import urllib.request as u; print(u.urlopen("http://10.0.0.2:8080/", timeout=5).status)',
  ]);
  say.check(page.stdout.trim() === "200", "an HTTP server on port 8080 is reached: a rule allows it");
  say.check(!(await opens(client, 9090)), "port 9090 is not: no rule allows it");

  say.step("What passed and what was dropped, by line of TypeScript");
  say.output((await command("status", pipeline)).stdout);

  say.step("Change it while a TCP stream runs");
  const receiver = await server.serve([process.execPath, stream, "serve", "8081"], { ready: /listening/ });
  await client.serve([process.execPath, stream, "send", "10.0.0.2", "8081"], { ready: /connected/ });
  const received = (): number => Number([...receiver.output.matchAll(/received (\d+)/g)].at(-1)?.[1] ?? 0);
  await receiver.waitFor(/received [1-9]/);
  const before = received();

  say.check(await pings(client, 1400), "a ping of 1,400 bytes is answered");
  await command("attach", bundle, ...target, "--set", "longestPing=600");
  say.check(!(await pings(client, 1400)), "with the param at 600 it is not");
  say.check(await pings(client, 56), "a short one is");

  const changed = readFileSync(source, "utf8").replace("8080 or 8081", "8080 or 8081 or 9090");
  writeFileSync(source, changed);
  say.output("a rule is added in the source: allow … or 9090");
  await command("build", source, "--name", pipeline);
  await command("attach", bundle, ...target);
  say.check(await opens(client, 9090), "port 9090 is reached now");

  const after = received();
  await new Promise(resolve => setTimeout(resolve, 500));
  say.check(
    after > before && received() > after,
    `the stream went on: ${kilobytes(before)}, then ${kilobytes(after)}, then ${kilobytes(received())}`,
  );
  say.check(!receiver.output.includes("broken") && !receiver.output.includes("closed"), "on the same connection, with no byte lost");

  say.step("Detach");
  await command("detach", pipeline, ...target);
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1024)} KiB`;
}
