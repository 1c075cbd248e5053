import { test } from "uvu";
import * as assert from "uvu/assert";
import { asm, assemble } from "./assemble.fixture.js";
import { Liveness } from "./liveness.js";

const registers = (live: Liveness, slot: number) => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter(i => (live.registers(slot) & (1 << i)) !== 0);

test("a register is alive from where it is set to where it is read last, on any path", () => {
  const live = new Liveness(assemble(asm.set(2, 7), asm.ifEqual(1, 0, 1), asm.copy(3, 2), asm.set(0, 0), asm.exit));
  assert.equal(registers(live, 0), [1]);
  assert.equal(registers(live, 1), [1, 2]);
  assert.equal(registers(live, 3), []);
  assert.equal(registers(live, 4), [0]);
});

test("a helper reads as many registers as it has arguments, and leaves six behind with other contents", () => {
  const live = new Liveness(assemble(asm.call(23), asm.copy(6, 3), asm.exit));
  assert.equal(registers(live, 0), [1, 2]);
  assert.equal(registers(live, 1), [0, 3]);
});

test("a place on the stack is alive in front of what was seen to read it, down to a write of all eight bytes", () => {
  const live = new Liveness(assemble(asm.store(10, -8, 1), asm.set(0, 0), asm.load(0, 10, -8), asm.exit));
  live.wrote(0, 0, 1 << 31);
  for (const slot of [1, 2, 3]) live.wrote(slot, 0, 0);
  live.read(2, 63);
  assert.not.ok(live.hasStack(1, 63), "it takes part when the path has ended");
  live.update();
  assert.equal(
    [0, 1, 2, 3].map(slot => live.hasStack(slot, 63)),
    [false, true, true, false],
  );
  assert.not.ok(live.hasStack(1, 62));
});

test("what an instruction wrote on one path and not on another stays alive in front of it", () => {
  const live = new Liveness(assemble(asm.store(2, -8, 1), asm.load(0, 10, -8), asm.exit));
  live.wrote(0, 0, 1 << 31);
  live.wrote(1, 0, 0);
  live.read(1, 63);
  live.update();
  assert.not.ok(live.hasStack(0, 63));
  live.wrote(0, 0, 0);
  live.update();
  assert.ok(live.hasStack(0, 63));
});

test.run();
