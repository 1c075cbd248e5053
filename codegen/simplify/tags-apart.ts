/**
 * Programs that end soon where a packet is tagged, and otherwise go on as for any other: what they do with a tagged one stands
 * in front, so that no way of untagged packets asks where its frame begins.
 */
import type { Expr, Label, Local, Program, Statement } from "../ir/ir.js";
import { framePointer } from "../ir/ir.js";
import { assigned, mapExpr, mapExpressions } from "../ir/walk.js";
import { type Behind, constantOf, neverTagged, presentOf } from "./tags.js";

/** Statements that may stand in front: what is longer is no end. */
const MOST_STATEMENTS = 30;
/** What the printer proves of a tagged frame. */
const PROVED = 14;

export function setTagsApart(program: Program, freshLocal: FreshLocal): Program {
  if (program.hook !== "xdp" || program.untagged) return program;
  const present = presentOf(program);
  if (!present) return program;
  const { local, span } = present;
  const ending = new Ending(present, freshLocal).from({ body: program.body, from: 0, then: undefined }, new Map());
  if (!ending) return program;
  const asked = freshLocal(local.name, local.domain);
  const condition: Expr = {
    op: "compare",
    operator: "!=",
    left: { op: "local", local: asked },
    right: { op: "const", domain: "number", value: 0n },
    span,
  };
  return {
    ...program,
    body: [{ ...present, local: asked }, { kind: "if", condition, then: ending, else: [], span }, ...neverTagged(program.body, present)],
    tagsApart: true,
  };
}

type FreshLocal = (name: string, domain: Local["domain"]) => Local;

/** What a program does with a tagged packet, without jumps; undefined where that is long, or looks into the packet. */
class Ending {
  private readonly labels = new Map<Label["id"], Behind | undefined>();
  private readonly present: Statement;
  private readonly freshLocal: FreshLocal;
  /** its own locals, for those of the program: what is done to one need not suit the other's */
  private readonly own = new Map<Local["id"], Local>();
  private left = MOST_STATEMENTS;

  constructor(present: Statement, freshLocal: FreshLocal) {
    this.present = present;
    this.freshLocal = freshLocal;
  }

  from(start: Behind | undefined, known: Map<number, bigint>): readonly Statement[] | undefined {
    const done: Statement[] = [];
    let at = start;
    while (at) {
      const statement: Statement | undefined = at.body[at.from];
      const next: Behind = { ...at, from: at.from + 1 };
      switch (statement?.kind) {
        case undefined:
          at = at.then;
          break;
        case "return":
          done.push(this.copied(statement));
          return done;
        case "leave":
          at = this.labels.get(statement.label.id);
          break;
        case "block":
          this.labels.set(statement.label.id, next);
          at = { body: statement.body, from: 0, then: next };
          break;
        case "if": {
          const truth = constantOf(statement.condition, known);
          const arm = (body: readonly Statement[]): Behind => ({ body, from: 0, then: next });
          if (truth === undefined) {
            const then = this.from(arm(statement.then), new Map(known));
            const otherwise = then && this.from(arm(statement.else), new Map(known));
            if (!otherwise || this.left-- <= 0) return undefined;
            done.push({ ...statement, condition: this.copiedExpr(statement.condition), then, else: otherwise });
            return done;
          }
          at = arm(truth !== 0n ? statement.then : statement.else);
          break;
        }
        case "forget":
          at = next;
          break;
        default: {
          const local = assigned(statement);
          const value = statement === this.present ? 1n : statement.kind === "let" ? constantOf(statement.value, known) : undefined;
          if (local && value === undefined) known.delete(local.id);
          else if (local && value !== undefined) known.set(local.id, value);
          if (statement !== this.present) {
            if (!isShort(statement) || this.left-- <= 0) return undefined;
            done.push(this.copied(statement));
          }
          at = next;
        }
      }
    }
    return undefined;
  }

  /** In nodes of its own: what is found of a statement holds where it stands. */
  private copied(statement: Statement): Statement {
    const copy = mapExpressions(statement, expr => this.copiedExpr(expr));
    switch (copy.kind) {
      case "let":
      case "load":
      case "ambient":
      case "variable":
        return { ...copy, local: this.ownOf(copy.local) };
      default:
        return { ...copy };
    }
  }
  private copiedExpr(expr: Expr): Expr {
    return mapExpr(expr, node => (node.op === "local" ? { ...node, local: this.ownOf(node.local) } : node));
  }
  private ownOf(local: Local): Local {
    const own = this.own.get(local.id) ?? { ...local, id: this.freshLocal(local.name, local.domain).id };
    this.own.set(local.id, own);
    return own;
  }
}

/** What may be done with a tagged frame of which the first bytes alone are proved. */
function isShort(statement: Statement): boolean {
  switch (statement.kind) {
    case "let":
    case "ambient":
    case "variable":
    case "count":
      return true;
    case "load": {
      const { memory, offset, index, scalar } = statement.place;
      return memory.kind === "packet" && memory.pointer.id === framePointer.id && !index && offset + scalar.bytes <= PROVED;
    }
    default:
      return false;
  }
}
