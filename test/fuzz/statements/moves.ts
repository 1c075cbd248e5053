/** What changes the packet's length or its tag, and so ends every view. */
import { bigintWithin } from "../expressions/bigint.js";
import { numberWithin } from "../expressions/number.js";
import type { Scope } from "../scope.js";
import { code, type Fragment, fragment, type Part } from "../tree.js";
import { topOf, value } from "../value.js";
import { leave } from "./exit.js";
import type { Maker } from "./index.js";

/** A call that moves the packet: tested, and everything that it ends is ended. */
function move(scope: Scope, sort: string, call: readonly Part[]): Fragment {
  const { random, done, fresh } = scope.method;
  done.moves = true;
  scope.end("packet");
  if (random.chance(0.6)) return fragment(sort, ["if (!", ...call, ") ", leave(scope)]);
  const name = fresh("ok");
  scope.addVariable(name, value("boolean", 0n, 1n));
  return fragment(sort, [`const ${name} = `, ...call, ";"]);
}

function allowed(scope: Scope): boolean {
  return scope.method.hasPacket && scope.method.mayMove;
}

const small = value("number", 1n, 40n);

function insert(scope: Scope): Fragment | undefined {
  if (!allowed(scope)) return undefined;
  const { random } = scope.method;
  const at = random.pick(["0", "14", "14", "14", "34"]);
  const bytes = `${random.pick([4, 8, 20, 20, 28, 36])}`;
  const encap = random.pick(["", "", ", Encap.Ip4", ", Encap.Udp4", ", Encap.None"]);
  return move(scope, "pkt.insert", [`pkt.insert(${at}, ${bytes}${encap})`]);
}

function remove(scope: Scope): Fragment | undefined {
  if (!allowed(scope)) return undefined;
  const { random } = scope.method;
  const at = random.pick(["0", "14", "14", "34"]);
  const bytes = random.chance(0.7) ? `${random.pick([4, 8, 20, 28])}` : numberWithin(scope, small, 1);
  return move(scope, "pkt.remove", code`pkt.remove(${at}, ${bytes})`);
}

function trim(scope: Scope): Fragment | undefined {
  if (!allowed(scope)) return undefined;
  // the kernel keeps what is in front of the transport header, of an encapsulation too: shorter may be refused
  return move(scope, "pkt.trim", code`pkt.trim(${numberWithin(scope, value("number", 64n, 160n), 1)})`);
}

function grow(scope: Scope): Fragment | undefined {
  if (!allowed(scope)) return undefined;
  const word = scope.method.random.pick(["grow", "shrink"]);
  return move(scope, `pkt.${word}`, code`pkt.${word}(${`${scope.method.random.pick([4, 14, 20, 32])}`})`);
}

function pull(scope: Scope): Fragment | undefined {
  if (!allowed(scope)) return undefined;
  return move(scope, "pkt.pull", [`pkt.pull(${scope.method.random.pick([34, 54, 80])})`]);
}

function tag(scope: Scope): Fragment | undefined {
  if (!allowed(scope)) return undefined;
  const { random, done } = scope.method;
  const id = numberWithin(scope, value("number", 0n, 4095n), 1);
  const priority = random.chance(0.5) ? code`, priority: ${numberWithin(scope, value("number", 0n, 7n), 1)}` : [];
  done.moves = true;
  scope.end("packet");
  if (random.chance(0.4)) {
    done.popped = true;
    return fragment("pkt.vlan pop", ["pkt.vlan = undefined;"]);
  }
  return fragment("pkt.vlan push", ["pkt.vlan = { id: ", id, ...priority, " };"]);
}

function mark(scope: Scope): Fragment | undefined {
  const { random, hasPacket, position } = scope.method;
  if (!hasPacket || position !== "tc") return undefined;
  return fragment("mark", code`pkt.${random.pick(["mark", "priority"])} = ${numberWithin(scope, value("number", 0n, 0xffff_ffffn), 2)};`);
}

function departure(scope: Scope): Fragment | undefined {
  const { hasPacket, position } = scope.method;
  if (!hasPacket || position !== "tc") return undefined;
  return fragment("departure", code`pkt.departure = ${bigintWithin(scope, value("bigint", 0n, topOf(62)), 2)};`);
}

export const moveStatements: readonly (readonly [number, Maker])[] = [
  [0.7, insert],
  [0.5, remove],
  [0.4, trim],
  [0.4, grow],
  [0.2, pull],
  [0.6, tag],
  [1, mark],
  [0.7, departure],
];
