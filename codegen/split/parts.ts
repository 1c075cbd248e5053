/**
 * A program with cuts as the programs that it becomes: the first runs up to a cut, and behind each cut another goes on.
 * What stands behind a block or a branch that has a cut inside is in both: it is reached from the one and from the other.
 */
import type { Carried, Program, Statement } from "../ir/ir.js";
import { bodiesOf, endsAway, leaves, mapBodies, visitStatements } from "../ir/walk.js";

export interface Parts {
  /** by the number that cuts name; the first is where the packet comes in */
  readonly parts: readonly Program[];
  /** the whole program's statement for each that was made anew because of a cut inside it */
  readonly origins: ReadonlyMap<Statement, Statement>;
}

export function partsOf(whole: Program): Parts {
  const cuts: { readonly part: number; readonly carried: Carried }[] = [];
  const holds = new Set<Statement>();
  const origins = new Map<Statement, Statement>();
  const mark = (body: readonly Statement[]): boolean =>
    body
      .map(statement => {
        if (statement.kind === "cut") cuts.push(statement);
        const inside = bodiesOf(statement).map(mark).includes(true);
        if (inside) holds.add(statement);
        return inside || statement.kind === "cut";
      })
      .includes(true);
  mark(whole.body);
  const until = (body: readonly Statement[]): readonly Statement[] => {
    const at = body.findIndex(({ kind }) => kind === "cut");
    return (at < 0 ? body : body.slice(0, at + 1)).map(statement => {
      if (!holds.has(statement)) return statement;
      const cut = mapBodies(statement, until);
      origins.set(cut, statement);
      return cut;
    });
  };
  const later = cuts.map(({ part, carried }): Program => {
    const body = until(behind(whole.body, part, origins) ?? []);
    return { ...whole, name: partName(whole, part), body, resumes: { part, carried } };
  });
  const parts: Program[] = [{ ...whole, body: until(whole.body) }];
  for (const program of later) parts[program.resumes?.part ?? 0] = program;
  return { parts, origins };
}

/** `edge_ingress` and `edge_ingress_2`: no longer than a program's name may be. */
export function partName({ name, hook }: Program, part: number): string {
  const end = `_${hook}_${part + 1}`;
  return part === 0 ? name : `${name.slice(0, -hook.length - 1).slice(0, 15 - end.length)}${end}`;
}

/** What runs from a cut on, to the program's end; undefined where the cut is not in these statements. */
function behind(body: readonly Statement[], part: number, origins: Map<Statement, Statement>): readonly Statement[] | undefined {
  for (const [i, statement] of body.entries()) {
    const rest = body.slice(i + 1);
    if (statement.kind === "cut" && statement.part === part) return rest;
    for (const inner of bodiesOf(statement)) {
      const own = behind(inner, part, origins);
      if (!own) continue;
      if (statement.kind === "block" && leaves(own, statement.label.id)) {
        const block: Statement = { ...statement, body: own };
        origins.set(block, origins.get(statement) ?? statement);
        return [block, ...rest];
      }
      return endsAway(own) ? own : [...own, ...rest];
    }
  }
  return undefined;
}

/** How many statements a program has, those inside others too. */
export function sizeOf(body: readonly Statement[]): number {
  let size = 0;
  visitStatements(body, () => size++);
  return size;
}
