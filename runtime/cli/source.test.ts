/** The commands on a source: check, build, sim, explain, and every way in which it can be wrong. */
// test: timeout 300
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Ethernet, Ipv4, Udp } from "../../dsl/headers/index.js";
import { ipv4 } from "../../dsl/index.js";
import { packet } from "../../testing/packet.js";
import { readPcap, writePcap } from "../../testing/pcap.js";
import { dp } from "../fixtures/dp.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const dpFile = join(root, "bin/dp.mjs");

const pipeline = (body: string, { head = "", members = "", uses = "" } = {}): string => `
import { Pipeline, type TcPacket, Verdict${uses} } from "datapath";
import { Ethernet, Ipv4 } from "datapath/headers";
${head}
export default class Sample extends Pipeline {
  ${members}
  override ingress(pkt: TcPacket): Verdict {
    ${body}
  }
}
`;
const working = pipeline(
  `const ethernet = pkt.at(0, Ethernet);
    if (!ethernet) return Verdict.Pass;
    const ip = pkt.after(ethernet, Ipv4);
    if (ip && ip.src === this.source.value) return Verdict.drop("source");
    return Verdict.Pass;`,
  { uses: ", param, u32, ipv4", members: `readonly source = param(u32, ipv4("192.0.2.1"));` },
);

interface Context {
  folder: string;
  write(name: string, text: string): string;
}
const test = suite<Context>("commands on a source");
test.before.each(context => {
  const folder = mkdtempSync(join(tmpdir(), "datapath-cli-"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "sample", type: "module" }));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/datapath"));
  process.env.XDG_CACHE_HOME = join(folder, ".cache");
  context.folder = folder;
  context.write = (name, text) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

test("check says what a pipeline costs and writes nothing", async ({ folder, write }) => {
  const file = write("edge.dp.ts", working);
  const { code, out, err } = await dp("check", file);
  assert.is(code, 0, err);
  assert.match(out, /edge\.dp\.ts: no errors\n {2}ingress {2}\d+ instructions {2}at most \d+ verified/);
  assert.not.ok(existsSync(join(folder, "edge.dpo")));
});

test("check --load gives the verifier's own count, which is not above the bound", async ({ write }) => {
  const file = write("edge.dp.ts", working);
  const bound = JSON.parse((await dp("check", file, "--json")).out).files[0].hooks[0];
  const count = JSON.parse((await dp("check", file, "--load", "--json")).out).files[0].hooks[0];
  assert.equal([bound.counted, count.counted], [false, true]);
  assert.ok(count.verified <= bound.verified && count.verified > 0);
});

test("build writes a bundle; what is unchanged is answered without the compiler", async ({ folder, write }) => {
  const file = write("edge.dp.ts", working);
  const built = await dp("build", file);
  assert.is(built.code, 0, built.err);
  assert.equal(readdirSync(join(folder, "edge.dpo")).sort(), ["manifest.json", "program.c", "program.o"]);

  assert.match((await dp("build", file)).out, "is up to date");
  const quick = spawnSync(process.execPath, [dpFile, "build", "edge.dp.ts"], { cwd: folder, encoding: "utf8" });
  assert.is(quick.stdout, "edge.dpo is up to date\n");

  write("edge.dp.ts", working.replace("192.0.2.1", "192.0.2.2"));
  assert.match((await dp("build", file)).out, "is built");
  writeFileSync(join(folder, "edge.dpo/program.c"), "");
  assert.match((await dp("build", file)).out, "is built");
  assert.ok(readFileSync(join(folder, "edge.dpo/program.c"), "utf8").length > 0);
});

test("a pipeline with filter expressions is kept too", async ({ write }) => {
  const file = write(
    "acl.dp.ts",
    pipeline("return this.acl.check(pkt) ?? Verdict.Pass;", {
      head: 'import { AccessControl } from "datapath/blocks";',
      members: 'readonly acl = new AccessControl({ default: "deny", rules: ["allow tcp dst port 80"] });',
    }),
  );
  assert.is((await dp("build", file)).err, "");
  assert.match((await dp("build", file)).out, "is up to date");
});

test("build -o and --name say where the bundle goes and what the pipeline is called", async ({ folder, write }) => {
  const file = write("edge.dp.ts", working);
  const { builds } = JSON.parse((await dp("build", file, "-o", join(folder, "out"), "--name", "front-door", "--json")).out);
  assert.is(builds[0].bundle, join(folder, "out/front-door.dpo"));
  assert.is(JSON.parse(readFileSync(join(folder, "out/front-door.dpo/manifest.json"), "utf8")).name, "front-door");
});

test("build --watch builds again when a source changes", async ({ folder, write }) => {
  write("edge.dp.ts", working);
  const { spawn } = await import("node:child_process");
  const child = spawn(process.execPath, [dpFile, "build", "edge.dp.ts", "--watch"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const seen = async (count: number, pattern: RegExp): Promise<void> => {
    const deadline = Date.now() + 60_000;
    while ((text.match(pattern)?.length ?? 0) < count) {
      assert.ok(child.exitCode === null && Date.now() < deadline, text);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  };
  try {
    await seen(1, /edge\.dp\.ts: \d+ ms/g);
    write("edge.dp.ts", working.replace("return Verdict.Pass;\n  }", "return 1;\n  }"));
    await seen(1, /error TS2322/g);
    write("edge.dp.ts", working.replace("192.0.2.1", "192.0.2.9"));
    await seen(2, /is built/g);
    assert.ok(readFileSync(join(folder, "edge.dpo/program.o")).length > 0);
  } finally {
    child.kill("SIGTERM");
  }
});

test("sim judges a capture in Node and in the kernel alike", async ({ folder, write }) => {
  const file = write("edge.dp.ts", working);
  const frames = [1, 2, 1].map((last, index) => ({
    bytes: packet(Ethernet.of(), Ipv4.of({ src: ipv4(`192.0.2.${last}`) }), Udp.of({ dstPort: 53 })),
    time: BigInt(index) * 1_000_000_000n,
  }));
  writeFileSync(join(folder, "in.pcap"), writePcap(frames));
  const args = ["sim", file, "--in", join(folder, "in.pcap"), "--json"];
  const node = JSON.parse((await dp(...args, "--out", join(folder, "node.pcap"))).out);
  const kernel = JSON.parse((await dp(...args, "--kernel", "--out", join(folder, "kernel.pcap"))).out);
  assert.equal([node.in, kernel.in], ["node", "kernel"]);
  assert.equal(node.outcomes, { drop: 2, pass: 1 });
  assert.equal(kernel.outcomes, node.outcomes);
  assert.equal([node.drops[0].reason, kernel.drops[0].reason], ["source", "source"]);
  assert.match(kernel.drops[0].place, /^edge\.dp\.ts:\d+$/);
  assert.equal(readPcap(readFileSync(join(folder, "node.pcap"))).packets, readPcap(readFileSync(join(folder, "kernel.pcap"))).packets);

  await dp("build", file);
  const bundle = JSON.parse((await dp("sim", join(folder, "edge.dpo"), ...args.slice(2))).out);
  assert.equal([bundle.in, bundle.outcomes], ["kernel", node.outcomes]);

  const other = JSON.parse((await dp(...args, "--set", "source=192.0.2.2")).out);
  assert.equal(other.outcomes, { pass: 2, drop: 1 });
});

test("explain puts C and eBPF beside the line that they came from", async ({ write }) => {
  const { code, out, err } = await dp("explain", write("edge.dp.ts", working));
  assert.is(code, 0, err);
  assert.match(out, /if \(ip && ip\.src === this\.source\.val.*│.*│ \d+: /);
});

test("attach takes the bundle beside a source, and refuses one that is older", async ({ folder, write }) => {
  const file = write("edge.dp.ts", working);
  const target = ["--dev", "no-such-device"];
  assert.match((await dp("attach", file, ...target)).err, /is not built: there is no .*edge\.dpo/);
  await dp("build", file);
  assert.match((await dp("attach", file, ...target)).err, "error DP7001");
  write("edge.dp.ts", `${working}// changed\n`);
  const { code, err } = await dp("attach", file, ...target);
  assert.is(code, 1);
  assert.match(err, /edge\.dpo is older than its sources: edge\.dp\.ts has changed\n +hint: dp build/);
  assert.ok(existsSync(join(folder, "edge.dpo")));
});

/** What a user may get wrong in a source: the exit code is 1, the message is this, and no bundle is there. */
const wrong: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ["a syntax error", "export default class {{", /edge\.dp\.ts:\d+:\d+ - error /],
  ["a type error", pipeline('return "pass";'), /edge\.dp\.ts:8:5 - error TS2322: /],
  ["no default pipeline", "export const nothing = 1;", /error DP1\d{3}: /],
  ["a default that is no pipeline", "export default class {}", /error DP1\d{3}: /],
  [
    "a constructor that throws",
    pipeline("return Verdict.Pass;", { members: 'constructor() { super(); throw new Error("no licence"); }' }),
    /error DP1\d{3}: .*no licence/,
  ],
  ["a loop without bound", pipeline("while (pkt.length > 0) {}\n    return Verdict.Pass;"), /edge\.dp\.ts:8:5 - error DP1\d{3}: /],
  [
    "a value that does not fit",
    pipeline("const e = pkt.at(0, Ethernet);\n    if (e) e.etherType = e.etherType + 1;\n    return Verdict.Pass;"),
    /edge\.dp\.ts:9:\d+ - error DP2\d{3}: /,
  ],
  [
    "a wrong filter expression",
    pipeline("return this.acl.check(pkt) ?? Verdict.Pass;", {
      head: 'import { AccessControl } from "datapath/blocks";',
      members: 'readonly acl = new AccessControl({ default: "deny", rules: ["allow tcp dst prt 80"] });',
    }),
    /allow tcp dst prt 80\s*\n\s*\^/,
  ],
];
for (const [what, text, message] of wrong) {
  test(`${what} is refused at its place`, async ({ folder, write }) => {
    const file = write("edge.dp.ts", text);
    const { code, out, err } = await dp("build", file);
    assert.is(code, 1, out + err);
    assert.is(out, "");
    assert.match(err, message);
    assert.not.ok(existsSync(join(folder, "edge.dpo")));
    assert.ok(JSON.parse((await dp("check", file, "--json")).out).files[0].diagnostics.length > 0);
  });
}

test("all errors of a run are reported", async ({ write }) => {
  const { err } = await dp(
    "check",
    write("edge.dp.ts", pipeline("while (pkt.length > 0) {}\n    do {} while (pkt.length > 0);\n    return Verdict.Pass;")),
  );
  assert.match(err, "2 errors");
});

test("a missing or too old clang is the machine's lack, with the command that mends it", async ({ folder, write }) => {
  const file = write("edge.dp.ts", working);
  const { PATH } = process.env;
  try {
    process.env.PATH = join(folder, "bin");
    const missing = await dp("build", file);
    assert.is(missing.code, 3, missing.err);
    assert.match(missing.err, /error DP5001: [\s\S]*apt-get install/);
    mkdirSync(join(folder, "bin"));
    chmodSync(write("bin/clang-13", "#!/bin/sh\n"), 0o755);
    const old = await dp("build", file);
    assert.is(old.code, 3, old.err);
    assert.match(old.err, /error DP5002: [\s\S]*apt-get install/);
  } finally {
    process.env.PATH = PATH;
  }
  assert.not.ok(existsSync(join(folder, "edge.dpo")));
});

test("a capture that is cut, or is none, is said to be", async ({ folder, write }) => {
  const file = write("edge.dp.ts", working);
  const whole = writePcap([{ bytes: new Uint8Array(60) }]);
  writeFileSync(join(folder, "cut.pcap"), whole.subarray(0, whole.length - 7));
  const cut = await dp("sim", file, "--in", join(folder, "cut.pcap"));
  assert.is(cut.code, 1);
  assert.match(cut.err, /cut\.pcap: the file is cut: packet 1/);
  assert.match((await dp("sim", file, "--in", file)).err, "not a pcap file");
  assert.match((await dp("sim", file, "--in", join(folder, "none.pcap"))).err, "none.pcap");
});

test("a corrupted or foreign bundle is refused before anything is made", async ({ folder, write }) => {
  await dp("build", write("edge.dp.ts", working));
  const bundle = join(folder, "edge.dpo");
  writeFileSync(join(bundle, "program.o"), "not an object");
  const damaged = await dp("attach", bundle, "--dev", "lo");
  assert.is(damaged.code, 1);
  assert.match(damaged.err, "error DP6002");
  assert.match((await dp("attach", join(folder, "node_modules"), "--dev", "lo")).err, "error DP6001");
});

test("without privileges attaching says which are missing, and building works", ({ folder, write }) => {
  write("edge.dp.ts", working);
  chmodSync(folder, 0o777);
  const as = (...args: readonly string[]) =>
    spawnSync("setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", process.execPath, dpFile, ...args], {
      cwd: folder,
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: folder, XDG_CACHE_HOME: join(folder, ".nobody") },
    });
  const built = as("build", "edge.dp.ts");
  assert.is(built.status, 0, built.stderr);
  const attached = as("attach", "edge.dpo", "--dev", "lo");
  assert.is(attached.status, 3, attached.stderr);
  assert.match(attached.stderr, /error DP6011: .*CAP_BPF/, attached.stderr);
});

test("a source that was only touched is still up to date", async ({ write }) => {
  const file = write("edge.dp.ts", working);
  await dp("build", file);
  utimesSync(file, 1, 1);
  assert.match((await dp("build", file)).out, "is up to date");
});

test.run();
