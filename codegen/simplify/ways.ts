/**
 * Where control goes from a point, as a text: two points with the same text do the same from there on. It looks through
 * what is short, assignments of constants and jumps; anything else is a place of its own.
 */
import type { Expr, Statement } from "../ir/ir.js";

export class Ways {
  private readonly places = new Map<Statement, number>();
  /** what follows each enclosing block */
  private readonly labels = new Map<number, string>();

  /** `after`: where the end of the list leads. */
  of(body: readonly Statement[], after: string): string {
    return this.from(body, 0, after);
  }

  /** Where the list leads from one of its statements on. */
  from(body: readonly Statement[], start: number, after: string): string {
    let way = "";
    for (let i = start; i < body.length; i++) {
      const statement = body[i];
      if (statement === undefined) break;
      switch (statement.kind) {
        case "let": {
          const value = plain(statement.value);
          if (value === undefined) return `${way}at ${this.place(statement)}`;
          way += `${statement.local.id}=${value};`;
          break;
        }
        case "leave":
          return way + (this.labels.get(statement.label.id) ?? `label ${statement.label.id}`);
        case "return": {
          const value = plain(statement.verdict);
          return way + (value === undefined ? `at ${this.place(statement)}` : `return ${value}`);
        }
        default:
          return `${way}at ${this.place(statement)}`;
      }
    }
    return way + after;
  }

  enter(label: number, after: string): void {
    this.labels.set(label, after);
  }

  private place(statement: Statement): number {
    const place = this.places.get(statement) ?? this.places.size;
    this.places.set(statement, place);
    return place;
  }
}

function plain(expr: Expr): string | undefined {
  if (expr.op === "const") return `${expr.value}`;
  return expr.op === "local" ? `local ${expr.local.id}` : undefined;
}
