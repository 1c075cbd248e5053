import { ipv4 } from "datapath";
import { Ethernet, Ipv4, Tcp } from "datapath/headers";
import { packet } from "datapath/testing";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { native } from "../../runtime/native/index.js";
import { listTwin, type Rule, rulesOf, ruleText, treeTwin } from "./acl.js";
import { twinPath } from "./cases.js";
import { compileC, loadRaw } from "./object.js";

/** First match, in plain TypeScript. */
function allows(rules: readonly Rule[], source: number, port: number): boolean {
  const found = rules.find(
    ({ prefix, length, low, high }) =>
      Math.floor(source / 2 ** (32 - length)) === Math.floor(prefix / 2 ** (32 - length)) && low <= port && port <= high,
  );
  return found?.allow ?? false;
}

test("tree and list in C give each packet the verdict of the first rule that matches", async () => {
  const rules = rulesOf(100);
  using tree = loadRaw(await compileC(twinPath, { source: treeTwin(rules) }), "acl");
  using list = loadRaw(await compileC(twinPath, { source: listTwin(rules) }), "acl");
  let allowed = 0;
  for (let i = 0; i < 400; i++) {
    const rule = rules[i % rules.length];
    const source = ((rule?.prefix ?? 0) + (i % 7)) >>> 0;
    const port = [22, 80, 443, 8000, 8080, 8081, 65_535][i % 7] ?? 0;
    const frame = packet(Ethernet.of(), Ipv4.of({ src: source, dst: ipv4("10.0.0.2") }), Tcp.of({ dstPort: port }));
    const expected = allows(rules, source, port) ? 2 : 1;
    allowed += expected - 1;
    assert.is(native().testRun(tree.fd, { data: frame, room: 256 }).retval, expected);
    assert.is(native().testRun(list.fd, { data: frame, room: 256 }).retval, expected);
  }
  assert.ok(allowed > 50 && allowed < 350, `${allowed} of 400 were allowed`);
});

test("rules are written in the block's words", () => {
  assert.is(
    ruleText({ prefix: ipv4("10.1.0.0"), length: 16, low: 80, high: 80, allow: true }),
    "allow tcp and src net 10.1.0.0/16 and dst port 80",
  );
  assert.is(ruleText({ prefix: 0, length: 8, low: 1, high: 9, allow: false }), "deny tcp and src net 0.0.0.0/8 and dst portrange 1-9");
});

test.run();
