/**
 * Interval decision diagrams: each node tests one field, and splits its values into ranges. Fields are tested in one
 * order on every path; equal nodes are one node. Rules are combined here before they become single compares.
 */
import { type Field, greatest } from "./field.js";
import type { Predicate } from "./predicate.js";

export interface Terminal {
  readonly kind: "terminal";
  readonly id: number;
  /** what is decided: equal terminals have equal keys */
  readonly key: string;
}
export interface Split {
  readonly kind: "split";
  readonly id: number;
  /** the field's place in the order */
  readonly rank: number;
  /** ascending, without gaps: `last` is the greatest value that leads to `to` */
  readonly edges: readonly Edge[];
}
export interface Edge {
  readonly last: number;
  readonly to: Diagram;
}
export type Diagram = Terminal | Split;

/** What stands in a diagram's place once its terminal is known. */
export type Continuation = (terminal: Terminal, other: Diagram) => Diagram;

const rankOf = (diagram: Diagram): number => (diagram.kind === "terminal" ? Number.POSITIVE_INFINITY : diagram.rank);

class OverBudget extends Error {}

/** All diagrams over one order of fields. */
export class Diagrams {
  readonly order: readonly Field[];
  private readonly ranks: ReadonlyMap<string, number>;
  private readonly known = new Map<string, Diagram>();
  private count = 0;

  readonly yes = this.terminal("yes");
  readonly no = this.terminal("no");
  readonly cut = this.terminal("cut");

  constructor(order: readonly Field[], keyOf: (field: Field) => string) {
    this.order = order;
    this.keyOf = keyOf;
    this.ranks = new Map(order.map((field, rank) => [keyOf(field), rank]));
  }
  private readonly keyOf: (field: Field) => string;

  /** What `make` makes, or undefined where it takes more than `ranges` new ranges. */
  within(ranges: number, make: () => Diagram): Diagram | undefined {
    this.budget = ranges;
    try {
      return make();
    } catch (error) {
      if (error instanceof OverBudget) return undefined;
      throw error;
    } finally {
      this.budget = Number.POSITIVE_INFINITY;
    }
  }
  private budget = Number.POSITIVE_INFINITY;

  terminal(key: string): Terminal {
    const found = this.known.get(key);
    if (found?.kind === "terminal") return found;
    const made: Terminal = { kind: "terminal", id: this.count++, key };
    this.known.set(key, made);
    return made;
  }

  /** Neighbours that lead to the same place become one range. */
  split(rank: number, edges: readonly Edge[]): Diagram {
    const merged: Edge[] = [];
    let key = `#${rank}`;
    for (const [i, edge] of edges.entries()) {
      if (edges[i + 1]?.to === edge.to) continue;
      merged.push(edge);
      key += `,${edge.last}>${edge.to.id}`;
    }
    const only = merged[0];
    if (only && merged.length === 1) return only.to;
    const found = this.known.get(key);
    if (found) return found;
    this.budget -= merged.length - 1;
    if (this.budget < 0) throw new OverBudget();
    const made: Split = { kind: "split", id: this.count++, rank, edges: merged };
    this.known.set(key, made);
    return made;
  }

  /** Replaces the terminals of `left` by what `then` makes of them and of `right`. */
  join(left: Diagram, right: Diagram, then: Continuation, done = new Map<number, Map<number, Diagram>>()): Diagram {
    if (left.kind === "terminal") return then(left, right);
    const row = done.get(left.id) ?? new Map<number, Diagram>();
    done.set(left.id, row);
    const found = row.get(right.id);
    if (found) return found;
    const rank = Math.min(left.rank, rankOf(right));
    const lefts = left.rank === rank ? left.edges : [{ last: Number.POSITIVE_INFINITY, to: left }];
    const rights = right.kind === "split" && right.rank === rank ? right.edges : [{ last: Number.POSITIVE_INFINITY, to: right }];
    const edges: Edge[] = [];
    for (let i = 0, j = 0; ; ) {
      const a = lefts[i];
      const b = rights[j];
      if (!a || !b) break;
      const last = Math.min(a.last, b.last);
      edges.push({ last, to: this.join(a.to, b.to, then, done) });
      if (a.last === last) i++;
      if (b.last === last) j++;
    }
    const made = this.split(rank, edges);
    row.set(right.id, made);
    return made;
  }

  /** The diagram of a predicate, with the terminals `yes`, `no` and `cut`. */
  of(predicate: Predicate): Diagram {
    switch (predicate.kind) {
      case "constant":
        return predicate.value === "cut" ? this.cut : predicate.value ? this.yes : this.no;
      case "and":
        return this.join(this.of(predicate.left), this.of(predicate.right), (terminal, right) =>
          terminal === this.yes ? right : terminal,
        );
      case "or":
        return this.join(this.of(predicate.left), this.of(predicate.right), (terminal, right) => (terminal === this.no ? right : terminal));
      case "not":
        return this.join(this.of(predicate.operand), this.no, terminal =>
          terminal === this.yes ? this.no : terminal === this.no ? this.yes : terminal,
        );
      case "within":
        return this.range(predicate);
    }
  }

  private range({ field, first, last, cutFrom }: Extract<Predicate, { kind: "within" }>): Diagram {
    const rank = this.ranks.get(this.keyOf(field));
    if (rank === undefined) throw new Error(`the field ${this.keyOf(field)} has no place in the order`);
    const end = greatest(field);
    const edges: Edge[] = [];
    let below = -1;
    const upTo = (limit: number, to: Diagram): void => {
      const clipped = Math.min(limit, end);
      if (clipped <= below) return;
      edges.push({ last: clipped, to });
      below = clipped;
    };
    if (first <= last) {
      upTo(Math.min(first, cutFrom) - 1, this.no);
      upTo(Math.min(last, cutFrom - 1), this.yes);
    }
    upTo(cutFrom - 1, this.no);
    upTo(end, this.cut);
    return this.split(rank, edges);
  }
}

/** How many nodes and ranges a diagram has: what it will cost in compares, about. */
export function sizeOf(diagram: Diagram): number {
  const seen = new Set<number>();
  let size = 0;
  const visit = (at: Diagram): void => {
    if (at.kind === "terminal" || seen.has(at.id)) return;
    seen.add(at.id);
    size += at.edges.length - 1;
    for (const edge of at.edges) visit(edge.to);
  };
  visit(diagram);
  return size;
}
