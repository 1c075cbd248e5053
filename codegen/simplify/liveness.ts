/** Which locals are read later, behind each statement: backwards over the program, which has no loops. */
import type { Statement } from "../ir/ir.js";
import { assigned, expressionsOf, visitExpr } from "../ir/walk.js";

const NONE: ReadonlySet<number> = new Set();

export class Liveness {
  private readonly behind = new Map<Statement, ReadonlySet<number>>();
  /** what is live at the end of each enclosing block */
  private readonly labels = new Map<number, ReadonlySet<number>>();

  constructor(body: readonly Statement[]) {
    this.before(body, NONE);
  }

  /** The ids of the locals that are read behind an `if` or a block, on some path. */
  after(statement: Statement): ReadonlySet<number> {
    return this.behind.get(statement) ?? NONE;
  }

  private before(body: readonly Statement[], after: ReadonlySet<number>): Set<number> {
    let live = new Set(after);
    for (let i = body.length; i-- > 0; ) {
      const statement = body[i];
      if (statement) live = this.through(statement, live);
    }
    return live;
  }

  private through(statement: Statement, live: Set<number>): Set<number> {
    switch (statement.kind) {
      case "leave":
        return new Set(this.labels.get(statement.label.id));
      case "return":
        live.clear();
        break;
      case "if": {
        this.behind.set(statement, live);
        const before = this.before(statement.then, live);
        for (const id of this.before(statement.else, live)) before.add(id);
        read(statement, before);
        return before;
      }
      case "block":
        this.behind.set(statement, live);
        this.labels.set(statement.label.id, live);
        return this.before(statement.body, live);
      case "forget":
        live.add(statement.local.id);
        return live;
      default: {
        const local = assigned(statement);
        if (local) live.delete(local.id);
      }
    }
    read(statement, live);
    return live;
  }
}

function read(statement: Statement, live: Set<number>): void {
  for (const expr of expressionsOf(statement)) {
    visitExpr(expr, node => {
      if (node.op === "local") live.add(node.local.id);
    });
  }
}
