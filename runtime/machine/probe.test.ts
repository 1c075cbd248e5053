import { test } from "uvu";
import * as assert from "uvu/assert";
import { capabilities, missingCapabilities } from "./capabilities.js";
import { kernel, probeMachine } from "./probe.js";

test("a machine that can attach has everything that is needed", () => {
  const found = probeMachine();
  assert.equal(
    found.filter(requirement => requirement.kind === "needed" && !requirement.ok),
    [],
  );
  for (const name of ["kernel", "native addon", "privileges", "ring buffers", "XDP programs", "BPF file system"]) {
    assert.ok(
      found.some(requirement => requirement.name === name),
      name,
    );
  }
});

test("kernels before 6.1 are refused", () => {
  assert.is(kernel("5.10.0-20-amd64").ok, false);
  assert.is(kernel("6.1.0-13-cloud-amd64").ok, true);
  assert.is(kernel("6.0.19").ok, false);
  assert.is(kernel("7.3.1").ok, true);
});

test("missing capabilities are named; CAP_SYS_ADMIN stands for the newer ones", () => {
  assert.equal(missingCapabilities(capabilities("CapEff:\t0000000000000000\n")), ["CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON"]);
  assert.equal(missingCapabilities(capabilities("CapEff:\t000000c000001000\n")), []);
  assert.equal(missingCapabilities(capabilities("CapEff:\t0000000000200000\n")), ["CAP_NET_ADMIN"]);
});

test.run();
