/** `npm run test:kernels`: every recording replayed, every bundle attached, on each kernel line and on this machine's own. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { run } from "../lab/command.js";
import { makeImage } from "./image.js";
import { boot } from "./machine.js";
import { record } from "./record.js";
import { kernelOf, releases } from "./releases.js";

const addon = fileURLToPath(new URL("../../runtime/native/build/Release/datapath.node", import.meta.url));

/** The guest's program in a folder like the package's: the addon is looked for beside its package.json. */
async function bundleGuest(folder: string): Promise<string> {
  const program = join(folder, "guest.mjs");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "datapath", type: "module" }));
  mkdirSync(join(folder, "runtime/native/build/Release"), { recursive: true });
  symlinkSync(addon, join(folder, "runtime/native/build/Release/datapath.node"));
  await build({
    entryPoints: [fileURLToPath(new URL("guest/main.ts", import.meta.url))],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["datapath"],
    outfile: program,
    logLevel: "error",
    banner: { js: "import { createRequire as make } from 'node:module'; const require = make(import.meta.url);" },
  });
  return program;
}

/** Lines that tell of one test. */
function isResult(line: string): boolean {
  return /^(ok|not ok|kernel|finished|guest:| {2})/.test(line);
}

async function main(): Promise<number> {
  const wanted = process.argv.slice(2);
  const folder = mkdtempSync(join(tmpdir(), "dp-kernels-"));
  let failed = 0;
  let passed = 0;
  const count = (lines: readonly string[], where: string) => {
    passed += lines.filter(line => line.startsWith("ok ")).length;
    failed += lines.filter(line => line.startsWith("not ok ")).length;
    if (lines.some(line => line.startsWith("finished: "))) return;
    failed += 1;
    console.log(`not ok ${where} did not finish:\n  ${lines.slice(-20).join("\n  ")}`);
  };
  try {
    const cases = join(folder, "cases");
    const broken = await record(cases, text => console.log(text));
    failed += broken.length;
    const program = await bundleGuest(folder);
    for (const release of releases) {
      if (wanted.length > 0 && !wanted.includes(release.line)) continue;
      const kernel = await kernelOf(release, text => console.log(text));
      const image = await makeImage(kernel, { program, addon, cases });
      try {
        const line = (text: string) => isResult(text) && console.log(text);
        count(await boot(kernel, { image, line, timeout: 1_800_000 }), `Linux ${release.line}`);
      } finally {
        rmSync(image);
      }
    }
    if (wanted.length === 0 || wanted.includes("here")) count(await here(program, cases), "this machine's kernel");
  } finally {
    rmSync(folder, { recursive: true });
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** The same program on this machine's kernel, in namespaces of its own. */
async function here(program: string, cases: string): Promise<readonly string[]> {
  const steps = [
    "mount -t tmpfs run /run",
    "mount -t bpf bpf /sys/fs/bpf",
    "ip link set lo up",
    `exec taskset --cpu-list 0 ${process.execPath} ${program} ${cases}`,
  ];
  const result = await run(["unshare", "--net", "--mount", "sh", "-c", steps.join(" && ")], { mayFail: true, timeout: 900_000 });
  const lines = `${result.stdout}${result.stderr}`.split("\n");
  for (const line of lines) if (isResult(line)) console.log(line);
  return lines;
}

process.exitCode = await main();
