/** Attaches each bundle to a veth, sends it real traffic, updates it in place and takes it off again. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { attach, detach, status } from "../../../runtime/index.js";
import { native } from "../../../runtime/native/index.js";
import type { Recording } from "../../../testing/recording.js";

const device = "dp0";
const pins = "/sys/fs/bpf/datapath";

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"] });
}

/** A veth pair whose other end is in a namespace of its own. */
function joinPeer(): void {
  ip("netns", "add", "peer");
  ip("link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", "peer");
  ip("addr", "add", "10.0.0.1/24", "dev", device);
  ip("link", "set", device, "up");
  ip("-n", "peer", "addr", "add", "10.0.0.2/24", "dev", "eth0");
  ip("-n", "peer", "link", "set", "eth0", "up");
  execFileSync("sysctl", ["-qw", "kernel.bpf_stats_enabled=1"]);
}

/** Title and problems of each bundle. */
export async function attachEverywhere(recordings: readonly Recording[]): Promise<readonly (readonly [string, readonly string[]])[]> {
  const bundles = new Map<string, Recording>();
  for (const recording of recordings) if (recording.attachable) bundles.set(recording.manifest.hash, recording);
  if (bundles.size > 0) joinPeer();
  const results: (readonly [string, readonly string[]])[] = [];
  for (const recording of bundles.values()) {
    const notices: string[] = [];
    const problems = await attachOne(recording, notices).catch((error: unknown) => [
      error instanceof Error ? error.message : String(error),
    ]);
    results.push([`${recording.title} attached${notices.map(text => `; ${text}`).join("")}`, problems]);
  }
  return results;
}

async function attachOne(recording: Recording, notices: string[]): Promise<readonly string[]> {
  const problems: string[] = [];
  const { manifest } = recording;
  const bundle = writeBundle(recording);
  const target = { dev: device };
  const options = { notice: (text: string) => notices.push(text) };
  await using _deployment = await attach(bundle, target, options);
  // who is still known is not asked for: where XDP answers or drops all IP, tc sees ARP alone
  ip("-n", "peer", "neigh", "flush", "dev", "eth0");
  // replies may be dropped by what is attached; requests arrive all the same
  spawnSync("nsenter", ["--net=/run/netns/peer", "ping", "-q", "-c", "3", "-i", "0.2", "-W", "1", "10.0.0.1"]);
  const [attached] = status(manifest.name);
  for (const { hook, mechanism, program, state } of attached?.targets[0]?.hooks ?? []) {
    notices.push(`${hook} by ${mechanism}`);
    if (state !== "attached") problems.push(`${hook} is ${state}`);
    if (hook !== "egress" && runsOf(program) === 0n) problems.push(`${hook} saw no packet`);
  }
  if ((attached?.targets[0]?.hooks.length ?? 0) !== manifest.hooks.length) problems.push(`not every hook is attached`);
  await (await attach(bundle, target, { notice: () => {} }))[Symbol.asyncDispose]();
  await detach(manifest.name);
  if (existsSync(pins) && readdirSync(pins).some(name => name === manifest.name)) problems.push("pins were left behind");
  return problems;
}

function runsOf(id: number | undefined): bigint {
  const fd = id === undefined ? undefined : native().programById(id);
  if (fd === undefined) return 0n;
  const { runs } = native().programInfo(fd);
  native().closeFd(fd);
  return runs;
}

function writeBundle({ manifest, object, code }: Recording): string {
  const folder = `/tmp/${createHash("sha256").update(manifest.hash).digest("hex").slice(0, 16)}.dpo`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/program.o`, Buffer.from(object, "base64"));
  writeFileSync(`${folder}/program.c`, code);
  writeFileSync(`${folder}/manifest.json`, JSON.stringify(manifest));
  return folder;
}
