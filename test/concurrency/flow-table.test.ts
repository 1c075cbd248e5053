// test: timeout 300
/**
 * A flow table under two processors and a user space that reads and deletes: nothing foreign, mixed, duplicate or stuck, and
 * no established flow lost. And each safeguard taken out: then something is.
 * `OPERATIONS` says how many, on both processors together.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmdirSync, unlinkSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { BundleParts } from "../../codegen/bundle/write-bundle.js";
import { compile } from "../../codegen/compile.js";
import type { Safeguard } from "../../codegen/print/flow-table.js";
import { CONTROL, contentsOf, LOCK_BYTES, WAYS, whereOf } from "../../dsl/core/flow-slots.js";
import type { FlowGeometry } from "../../dsl/core/spec.js";
import { loadObject } from "../../runtime/load/object.js";
import { RawFlowTable } from "../../runtime/maps/flow-table.js";
import { LiveMap } from "../../runtime/maps/live.js";
import { native } from "../../runtime/native/index.js";
import { COUNTED, isWhole, SHARED } from "./trial.dp.js";

const OPERATIONS = Number(process.env.OPERATIONS ?? 1_000_000);
/** until something is found, again and again */
const IN_SEARCH = 4_000_000;
const file = new URL("trial.dp.ts", import.meta.url).pathname;

interface Found {
  /** what programs dropped, by its name */
  readonly dropped: ReadonlyMap<string, number>;
  /** entries that user space read and deleted, and those that could not be */
  readonly read: number;
  readonly deleted: number;
  readonly broken: number;
  readonly duplicates: number;
  readonly stuck: number;
  /** packets counted in the entry that both processors count in, and by themselves */
  readonly counted: readonly [entry: bigint, programs: bigint];
}

async function built(without?: Safeguard): Promise<BundleParts> {
  const { bundle, diagnostics } = await compile(file, without ? { without } : {});
  if (!bundle) throw new Error(diagnostics.map(d => `${d.span.file}:${d.span.line} ${d.message}`).join("\n"));
  return bundle;
}

async function run(operations: number, bundle: BundleParts): Promise<Found> {
  const { manifest } = bundle;
  using loaded = loadObject(bundle.object, manifest);
  const program = loaded.programs.get("xdp");
  const entry = manifest.maps.find(map => map.path === "flows");
  const kernel = entry && loaded.maps.get(entry.symbol);
  if (!program || !entry?.flow || !kernel) throw new Error("the trial has no program or no table");
  const folder = `/sys/fs/bpf/datapath-flows-${process.pid}`;
  const pin = `${folder}/xdp`;
  mkdirSync(folder);
  try {
    native().pin(program.fd, pin);
    const runs = processors().map((cpu, who) => new Run(cpu, pin, who, Math.ceil(operations / 2)));
    await Promise.all(runs.map(each => each.ready));
    for (const each of runs) each.go();
    let running = true;
    const done = Promise.all(runs.map(each => each.ended)).finally(() => {
      running = false;
    });
    const table = new LiveMap<{ number: number; zero: number }, Parameters<typeof isWhole>[1]>(kernel, entry);
    let [read, deleted, broken] = [0, 0, 0];
    while (running) {
      for (const [{ number }, state] of table) {
        read++;
        if (!isWhole(number, state)) broken++;
        if (number < SHARED && read % 7 === 0 && table.delete({ number, zero: 0 })) deleted++;
      }
      await new Promise(resolve => setImmediate(resolve));
    }
    await done;
    const drops = loaded.maps.get("drops");
    const dropped = new Map(
      manifest.drops
        .map(({ reason }, i) => [reason, Number(sum(drops?.lookup(word(i)) ?? new Uint8Array(0)))] as const)
        .filter(([, n]) => n > 0),
    );
    const added = loaded.maps.get("added")?.lookup(word(0)) ?? new Uint8Array(0);
    const raw = new RawFlowTable(kernel, entry, entry.flow);
    const counted = raw.get(Uint8Array.of(...word(COUNTED), ...word(0)));
    const bytes = new Uint8Array(kernel.lookup(word(0)) ?? []);
    return { dropped, read, deleted, broken, ...ends(bytes, entry.flow), counted: [counted ? hits(counted) : 0n, sum(added)] };
  } finally {
    unlinkSync(pin);
    rmdirSync(folder);
  }
}

/** What stands in the table when all is done. */
function ends(bytes: Uint8Array, flow: FlowGeometry): { duplicates: number; stuck: number } {
  const view = new DataView(bytes.buffer);
  const seed = view.getBigUint64(0, true);
  let [duplicates, stuck] = [0, 0];
  const keys = new Set<string>();
  for (const [slot, { key, live, fingerprint }] of contentsOf(bytes, flow, 8, 80)) {
    const control = view.getBigUint64(flow.slotsAt + slot * flow.slotBytes + flow.control, true);
    if ((control & CONTROL.changing) !== 0n) stuck++;
    if (!live) continue;
    const text = key.join();
    if (keys.has(text)) duplicates++;
    keys.add(text);
    const where = whereOf(key, flow, seed);
    const set = Math.floor(slot / WAYS);
    if (where.fingerprint !== fingerprint || (set !== where.first && set !== where.second)) stuck++;
  }
  for (let set = 0; set < 1 << flow.setBits; set++) {
    const prints = Array.from({ length: WAYS }, (_, i) => view.getUint16(flow.hintsAt + 2 * (set * WAYS + i), true)).filter(
      print => print !== 0,
    );
    duplicates += prints.length - new Set(prints).size;
  }
  for (let lock = 0; lock < 1 << (flow.setBits - flow.regionBits); lock++) stuck += view.getUint32(flow.locksAt + LOCK_BYTES * lock, true);
  return { duplicates, stuck };
}

class Run {
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;

  constructor(cpu: number, pin: string, who: number, operations: number) {
    const script = new URL("run.ts", import.meta.url).pathname;
    const node = [process.execPath, "--conditions=datapath", "--import", "tsx", script, pin, `${who}`, `${operations}`];
    this.#child = spawn("taskset", ["-c", `${cpu}`, ...node], { stdio: ["pipe", "pipe", "inherit"] });
    this.ended = new Promise((resolve, reject) => {
      this.#child.on("error", reject);
      this.#child.on("exit", code => (code === 0 ? resolve() : reject(new Error(`the run on processor ${cpu} ended with ${code}`))));
    });
    this.ready = Promise.race([once(this.#child.stdout, "data").then(() => undefined), this.ended]);
  }
  go(): void {
    this.#child.stdin.end("go");
  }
}

/** Two that this process may use. */
function processors(): readonly number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  const all = list.split(",").flatMap(range => {
    const [from = 0, to = from] = range.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  return all.slice(0, 2);
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
function sum(slots: Uint8Array): bigint {
  const view = new DataView(slots.buffer, slots.byteOffset, slots.byteLength);
  let total = 0n;
  for (let at = 0; at + 8 <= slots.length; at += 8) total += view.getBigUint64(at, true);
  return total;
}
function hits(value: Uint8Array): bigint {
  return new DataView(value.buffer, value.byteOffset).getBigUint64(72, true);
}
function violations({ dropped, broken, duplicates, stuck, counted }: Found): number {
  const miscounted = counted[0] === counted[1] ? 0 : 1;
  return [...dropped.values()].reduce((all, n) => all + n, broken + duplicates + stuck + miscounted);
}

test("two processors and a user space that reads and deletes: nothing foreign, mixed, duplicate, stuck or lost", async () => {
  assert.is(processors().length, 2, "this test needs two processors");
  const found = await run(OPERATIONS, await built());
  console.log(`${OPERATIONS} operations, ${found.read} entries read, ${found.deleted} deleted, ${violations(found)} violations`);
  assert.equal([...found.dropped], []);
  assert.equal([found.broken, found.duplicates, found.stuck], [0, 0, 0]);
  assert.is(found.counted[0], found.counted[1], "a counter lost a packet");
  assert.ok(found.counted[1] > 1000n && found.read > 100 && found.deleted > 10, "the trial did nothing");
});

/** The quickest to be missed; all of them where the count is full. */
const safeguards: readonly Safeguard[] =
  OPERATIONS > 1_000_000 ? ["secondRead", "oddVersion", "lock", "flags", "claim"] : ["secondRead", "lock"];
for (const safeguard of safeguards) {
  test(`without its ${safeguard} the table is found to be wrong`, async () => {
    const bundle = await built(safeguard);
    for (let i = 0; i < 25; i++) {
      const found = await run(IN_SEARCH, bundle);
      console.log(
        `without ${safeguard}: ${[...found.dropped].map(([what, n]) => `${n} ${what}`).join(", ")}, ${found.broken} broken, ${found.duplicates} duplicate, ${found.stuck} stuck`,
      );
      if (violations(found) > 0) return;
    }
    assert.unreachable("nothing was found");
  });
}

test.run();
