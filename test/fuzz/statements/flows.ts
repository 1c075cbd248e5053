/** Flow tables: entries that are found or made, read, changed through their copies, and taken out. */
import { integer, keyFor, structLiteral } from "../expressions/key.js";
import { scalarsOf } from "../model.js";
import type { Scope } from "../scope.js";
import { code, type Fragment, fragment, type Part } from "../tree.js";
import { truth, whole } from "../value.js";
import { leave } from "./exit.js";
import { block, type Maker } from "./index.js";
import { showView } from "./packet.js";

function flow(scope: Scope): Fragment | undefined {
  const { random, fresh, members } = scope.method;
  const maps = members.maps.filter(({ kind }) => kind === "flowTable");
  if (maps.length === 0) return undefined;
  const map = random.pick(maps);
  if (map.value?.type !== "struct") return undefined;
  const { struct } = map.value;
  const name = fresh("flow");
  const established = random.pick(["", "", ", { established: true }"]);
  const [sort, found]: readonly [string, readonly Part[]] = random.chance(0.5)
    ? ["flowTable.get", code`this.${map.name}.get(${keyFor(scope, map, 1)})`]
    : ["flowTable.add", code`this.${map.name}.add(${keyFor(scope, map, 1)}, ${structLiteral(scope, struct, 1)}${established}).entry`];
  const declaration = fragment(sort, [`const ${name} = `, ...found, ";"]);
  const show = (into: Scope): void => {
    showView(into, { name: `${name}.value`, layout: struct, header: undefined, memory: "own", ties: [] });
    into.addVariable(`${name}.seen`, whole(32));
    into.addVariable(`${name}.established`, truth);
  };
  const changes = (into: Scope): Fragment[] => Array.from({ length: random.below(3) }, () => change(into, name, struct));
  if (random.chance(0.4)) {
    const out = leave(scope);
    show(scope);
    return fragment(sort, code`${declaration}\nif (!${name}) ${out}${changesText(changes(scope))}`);
  }
  const inner = scope.child();
  show(inner);
  const first = changes(inner);
  const statements = block(inner, 4);
  statements.statements.unshift(...first);
  return fragment(sort, code`${declaration}\nif (${name}) ${statements}`);
}

function changesText(changes: readonly Fragment[]): Fragment {
  return fragment(
    "changes",
    changes.flatMap((each): readonly Part[] => ["\n", each]),
  );
}

function change(scope: Scope, name: string, struct: Parameters<typeof structLiteral>[1]): Fragment {
  const { random } = scope.method;
  const test = (sort: string, call: readonly Part[]): Fragment =>
    random.chance(0.5) ? fragment(sort, [...call, ";"]) : fragment(sort, ["if (!", ...call, ") ", leave(scope)]);
  const fields = scalarsOf(struct).filter(({ field }) => field.type === "int");
  switch (random.below(5)) {
    case 0:
      return fragment("flow.touch", [`${name}.touch();`]);
    case 1:
      return test("flow.establish", [`${name}.establish(${random.pick(["", "true", "false"])})`]);
    case 2:
      return random.chance(0.6) ? test("flow.delete", [`${name}.delete()`]) : fragment("flow.touch", [`${name}.touch();`]);
    default: {
      if (fields.length === 0) return fragment("flow.touch", [`${name}.touch();`]);
      const { path, bits } = random.pick(fields);
      const options = random.pick(["", "", ", { established: true }"]);
      return test("flow.update", code`${name}.update({ ${path}: ${integer(scope, bits, 1)} }${options})`);
    }
  }
}

export const flowStatements: readonly (readonly [number, Maker])[] = [[5, flow]];
