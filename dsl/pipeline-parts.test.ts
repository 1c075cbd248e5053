/** Verdicts, blocks, params and the names of a pipeline's parts. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { intrinsicName } from "./core/intrinsic.js";
import { pathsOf } from "./core/paths.js";
import { specOf } from "./core/spec.js";
import { Block, bool, devMap, fromTarget, hashMap, Pipeline, param, setting, u16, u32, u64, Verdict } from "./index.js";
import { deviceOf } from "./maps/device.js";
import { assignVariable } from "./param.js";

test("equal verdicts are the same object", () => {
  const ports = devMap({ maxEntries: 1 });
  assert.is(Verdict.drop("x"), Verdict.drop("x"));
  assert.is.not(Verdict.drop("x"), Verdict.drop("y"));
  assert.is(Verdict.redirect(deviceOf(3)), Verdict.redirect(deviceOf(3)));
  assert.is(Verdict.route(), Verdict.route());
  assert.is.not(Verdict.route(), Verdict.route(deviceOf(3)));
  assert.is(Verdict.flood(ports), Verdict.flood(ports));
  assert.is.not(Verdict.flood(ports), Verdict.flood(devMap({ maxEntries: 1 })));
});

test("a verdict says what it is, to people, tests and the compiler", () => {
  assert.is(String(Verdict.drop("over the rate")), "drop (over the rate)");
  assert.is(String(Verdict.redirect(deviceOf(3))), "redirect to device 3");
  assert.equal(Verdict.detailOf(Verdict.Pass), { kind: "pass" });
  assert.equal(Verdict.detailOf(Verdict.drop("a")), { kind: "drop", reason: "a" });
  assert.is(intrinsicName(Verdict.drop), "verdictDrop");
  assert.ok(Verdict.Reflect instanceof Verdict);
});

class Limit extends Block<{ mtu: number; name?: string }> {
  readonly mss = this.options.mtu - 40;
  readonly sizes = hashMap(u32, u16, { maxEntries: this.options.mtu });
}
class Optional extends Block<{ mtu?: number }> {
  readonly mtu = this.options.mtu ?? 1500;
}

test("options are there when a subclass's fields are made, and frozen", () => {
  assert.is(new Limit({ mtu: 1400 }).mss, 1360);
  assert.is(new Optional().mtu, 1500);
  assert.ok(Object.isFrozen(new Optional({ mtu: 3 }).options));
  // @ts-expect-error mtu is required
  assert.throws(() => new Limit().sizes, /maxEntries is undefined/);
});

test("a param has its initial value until attach gives it another in its range", () => {
  const mtu = param(u16, 1500, { min: 68, max: 9000 });
  assert.is(mtu.value, 1500);
  assignVariable(mtu, 1400, "mtu");
  assert.is(mtu.value, 1400);
  assert.throws(() => assignVariable(mtu, 10, "mtu"), /mtu: 10 is outside 68 … 9000/);
  assert.throws(() => assignVariable(mtu, 1.5, "mtu"), /1\.5 is no integer/);
  assert.throws(() => param(u16, 10, { min: 68 }), /10 is outside 68 … 65535/);
  assert.throws(() => param(u16, 10, { max: 70_000 }), /not inside 0 … 65535/);
});

test("bools and wide integers are params too", () => {
  assert.is(param(bool, true).value, true);
  const wide = setting(u64, 5n);
  assert.is(wide.value, 5n);
  const spec = specOf(wide);
  assert.equal(spec, { what: "setting", shape: { kind: "int", bits: 64, order: "host" }, initial: 5n, min: 0n, max: (1n << 64n) - 1n });
});

test("values of the target are zero outside a simulation", () => {
  assert.is(fromTarget("address").value, 0);
  assert.is(fromTarget("address6").value, 0n);
  assert.equal(specOf(fromTarget("mac")), { what: "target", name: "mac", shape: { kind: "int", bits: 48, order: "host" } });
});

test("every part of a pipeline is named by the shortest way to it", () => {
  class Edge extends Pipeline {
    readonly rate = setting(u32, 1);
    readonly limit = new Limit({ mtu: 1500 });
    readonly again = this.limit;
    readonly list = [new Optional()];
  }
  const edge = new Edge();
  const paths = pathsOf(edge);
  assert.is(paths.get(edge), "");
  assert.is(paths.get(edge.rate), "rate");
  assert.is(paths.get(edge.limit.sizes), "limit.sizes");
  assert.is(paths.get(edge.again), "limit");
  const [first] = edge.list;
  assert.is(first && paths.get(first), "list.0");
});

test.run();
