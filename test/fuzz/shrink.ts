/** Takes pieces out of a program for as long as it still shows what is looked for. */
import { bodiesOf, type Fragment, fragmentsOf, type Part } from "./tree.js";

/** A change of the tree that can be taken back. */
interface Edit {
  apply(): void;
  undo(): void;
}

export interface ShrinkOptions {
  /** milliseconds after which the smallest program so far is good enough */
  readonly time: number;
}

/** Changes `parts` in place. `shows` is asked about each candidate: whether the program in its present state still fails alike. */
export async function shrink(parts: readonly Part[], shows: () => Promise<boolean>, options: ShrinkOptions): Promise<number> {
  const deadline = Date.now() + options.time;
  let kept = 0;
  let progress = true;
  while (progress && Date.now() < deadline) {
    progress = false;
    for (const edits of [statements, declarations, hoists, expressions]) {
      // each edit may take away what a later one would change: they are made anew after each that was kept
      let from = 0;
      for (let list = edits(parts); from < list.length && Date.now() < deadline; ) {
        const edit = list[from];
        if (!edit) break;
        edit.apply();
        if (await shows()) {
          kept += 1;
          progress = true;
          list = edits(parts);
        } else {
          edit.undo();
          from += 1;
        }
      }
    }
  }
  return kept;
}

function replaceParts(target: Fragment, parts: readonly Part[]): Edit {
  const before = target.parts;
  return {
    apply() {
      target.parts = parts;
    },
    undo() {
      target.parts = before;
    },
  };
}

const removable = new Set([
  "member",
  "struct",
  "header",
  "evidence class",
  "module constant",
  "module list",
  "function",
  "arrow function",
  "block",
  "override",
]);

/** Whole declarations and members of classes, the last first: nothing before them needs them. */
function declarations(parts: readonly Part[]): readonly Edit[] {
  return [...fragmentsOf(parts)]
    .filter(each => removable.has(each.sort) && each.parts.length > 0)
    .reverse()
    .map(each => replaceParts(each, []));
}

/** Runs of statements, the longest first. */
function statements(parts: readonly Part[]): readonly Edit[] {
  const edits: { readonly size: number; readonly edit: Edit }[] = [];
  for (const body of bodiesOf(parts)) {
    const all = body.statements;
    for (let size = all.length; size >= 1; size = Math.floor(size / 2)) {
      for (let at = all.length - size; at >= 0; at -= size) {
        const left = [...all.slice(0, at), ...all.slice(at + size)];
        const edit = {
          apply() {
            body.statements = left;
          },
          undo() {
            body.statements = all;
          },
        };
        edits.push({ size, edit });
      }
    }
  }
  return edits.sort((a, b) => b.size - a.size).map(({ edit }) => edit);
}

/** `if (…) { a; b; }` becomes `a; b;` */
function hoists(parts: readonly Part[]): readonly Edit[] {
  const edits: Edit[] = [];
  for (const body of bodiesOf(parts)) {
    for (const [at, statement] of body.statements.entries()) {
      for (const part of statement.parts) {
        if (typeof part === "string" || part.kind !== "body") continue;
        const before = body.statements;
        const after = [...before.slice(0, at), ...part.statements, ...before.slice(at + 1)];
        edits.push({
          apply() {
            body.statements = after;
          },
          undo() {
            body.statements = before;
          },
        });
      }
    }
  }
  return edits;
}

/** Expressions become constants or operands of themselves. */
function expressions(parts: readonly Part[]): readonly Edit[] {
  return [...fragmentsOf(parts)].flatMap(each =>
    each.simpler.filter(simpler => each.parts[0] !== simpler).map(simpler => replaceParts(each, [simpler])),
  );
}
