import { test } from "uvu";
import * as assert from "uvu/assert";
import { binary, get, load, local, num, packetPlace, pointer, program, ret, set, span } from "../ir/build.js";
import type { Local, Statement } from "../ir/ir.js";
import { boundedLocals } from "./bounded.js";

const packet = pointer("packet");
const byte = (to: Local): Statement => load(to, packetPlace(packet, 0, 8));
const plus = (a: Local, count: number): ReturnType<typeof binary> => binary("+", get(a), num(count));

function names(locals: readonly Local[], ...body: readonly Statement[]): string[] {
  const bounded = boundedLocals(program(...body, ret()));
  return locals.filter(({ id }) => bounded.has(id)).map(({ name }) => name);
}

test("what is made of a byte by sums and constant products is bounded", () => {
  const [length, words, end] = [local("length"), local("words"), local("end")];
  const times = set(words, binary("*", get(length), num(4)));
  assert.equal(names([length, words, end], byte(length), times, set(end, plus(words, 14))), ["length", "words", "end"]);
});

test("what is made of a local that is forgotten is not, wherever it is forgotten", () => {
  const [network, transport, option] = [local("network"), local("transport"), local("option")];
  const forget: Statement = { kind: "forget", local: network, span: span(1) };
  const made = [set(transport, plus(network, 40)), set(option, plus(transport, 8))];
  assert.equal(names([network, transport, option], set(network, num(14)), forget, ...made), []);
  assert.equal(names([network, transport, option], set(network, num(14)), ...made, forget), []);
});

test("nor what is made of one that is a wide number in another place", () => {
  const [at, end] = [local("at"), local("end")];
  assert.equal(names([at, end], byte(at), set(end, plus(at, 8)), load(at, packetPlace(packet, 2, 16))), []);
});

test.run();
