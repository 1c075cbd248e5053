import { simulate } from "datapath/testing";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Coverage } from "./coverage.js";
import { isRunnable, randomPacket } from "./packets.js";
import { generate, sourceOf } from "./program.js";
import { Random } from "./random.js";
import { shrink } from "./shrink.js";
import { body, code, fragment, print } from "./tree.js";
import { Workshop } from "./workshop.js";

test("a seed gives the same program each time, and another one another", () => {
  assert.is(sourceOf(generate(7)), sourceOf(generate(7)));
  assert.is.not(sourceOf(generate(7)), sourceOf(generate(8)));
});

test("random numbers stay between their ends, both of which come up", () => {
  const random = new Random(1);
  const seen = new Set<bigint>();
  for (let i = 0; i < 1000; i++) {
    const number = random.edge(3n, 9n);
    assert.ok(number >= 3n && number <= 9n);
    seen.add(number);
  }
  assert.ok(seen.has(3n) && seen.has(9n));
});

test("Node runs the programs: no value misses its field, no view is used after its end", async () => {
  using shop = new Workshop();
  const programs = Array.from({ length: 25 }, (_, i) => generate(100 + i));
  const makers = await shop.makers(programs);
  const random = new Random(1);
  let packets = 0;
  for (const [i, make] of makers.entries()) {
    for (const hook of programs[i]?.hooks ?? []) {
      const pipeline = make();
      for (let j = 0; j < 20; j++) {
        const { bytes, world } = randomPacket(random);
        simulate(pipeline, hook as never, bytes, world);
        packets += 1;
      }
    }
  }
  assert.ok(packets >= 25 * 20);
});

test("packets are valid, cut short and damaged, and never shorter than the kernel takes", () => {
  const random = new Random(5);
  const sorts = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const { sort, bytes } = randomPacket(random);
    sorts.add(sort);
    assert.ok(bytes.length >= 14 && bytes.length < 1500);
  }
  assert.equal([...sorts].sort(), ["corrupted", "truncated", "valid"]);
  const cut = Uint8Array.from({ length: 20 }, (_, i) => (i === 12 ? 0x08 : 0));
  assert.is(isRunnable("ingress", cut), false);
  assert.is(isRunnable("xdp", cut), true);
});

test("a failing program shrinks to the statement that fails", async () => {
  const statement = (text: string) => fragment("statement", [text]);
  const inner = body([statement("quiet();"), statement("wrong();"), statement("other();")]);
  const program = [
    fragment("method", code`run() ${body([statement("first();"), fragment("if", code`if (a) ${inner}`), statement("last();")])}`),
  ];
  const kept = await shrink(program, async () => print(program).includes("wrong();"), { time: 5000 });
  assert.ok(kept > 0);
  assert.is(print(program).replace(/\s+/g, " "), "run() { wrong(); }");
});

test("expressions shrink to constants", async () => {
  const program = [fragment("return", code`return ${fragment("+", ["(a + b)"], ["0"])} + ${fragment("wrong", ["wrong()"], ["1"])};`)];
  await shrink(program, async () => print(program).includes("wrong()"), { time: 5000 });
  assert.is(print(program), "return 0 + wrong();");
});

test("coverage names what the programs are made of", () => {
  const coverage = new Coverage();
  for (let seed = 1; seed <= 500; seed++) coverage.add(generate(seed).parts);
  const report = coverage.report().join("\n");
  for (const sort of [
    "for of",
    "switch",
    "pkt.insert",
    "layers.rewrite",
    "lpmTrie.get",
    "atomic.compareExchange",
    "override",
    "instanceof",
    "Verdict.flood",
    "Verdict.redirect",
    "Verdict.route",
    "pkt.mirror",
    "hash",
    "wireLength",
    "departure",
    "prefixTable.get",
    "flowTable.get",
    "flowTable.add",
    "flow.update",
    "flow.delete",
    "mixin",
    "pkt.layers with options",
    "if quoted",
    "quoted.rewrite",
  ]) {
    assert.ok(report.includes(sort), sort);
  }
});

test.run();
