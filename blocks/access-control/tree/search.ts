/** From a diagram's ranges to single compares: a balanced search, with tests for equality where one value stands alone. */
import type { Decision } from "./decision.js";
import type { Diagram, Edge } from "./diagram.js";
import type { Field } from "./field.js";

/** More values than this are searched by halves before they are compared one by one. */
const FEW = 3;

/** Makes decisions; what is equal is made once. */
export class Decisions<R> {
  private readonly order: readonly Field[];
  private readonly leafOf: (key: string) => Decision<R>;
  private readonly ofDiagram = new Map<number, Decision<R>>();
  private readonly ofKey = new Map<string, Decision<R>>();
  private readonly ids = new Map<Decision<R>, number>();

  constructor(order: readonly Field[], leafOf: (key: string) => Decision<R>) {
    this.order = order;
    this.leafOf = leafOf;
  }

  of(diagram: Diagram): Decision<R> {
    const known = this.ofDiagram.get(diagram.id);
    if (known) return known;
    const made = diagram.kind === "terminal" ? this.leafOf(diagram.key) : this.search(diagram.rank, this.edgesOf(diagram.edges));
    this.ofDiagram.set(diagram.id, made);
    return made;
  }

  private edgesOf(edges: readonly Edge[]): Range<R>[] {
    return edges.map((edge, i) => ({ first: i === 0 ? 0 : (edges[i - 1]?.last ?? 0) + 1, last: edge.last, to: this.of(edge.to) }));
  }

  private search(rank: number, ranges: readonly Range<R>[]): Decision<R> {
    const head = ranges[0];
    if (!head) throw new Error("a split without ranges");
    if (ranges.length === 1) return head.to;
    const alone = singles(ranges);
    if (alone) {
      // one value after another; the rest is where all others lead
      return alone.values.reduceRight<Decision<R>>((otherwise, value) => this.equal(rank, value.first, value.to, otherwise), alone.rest);
    }
    const middle = halfOf(ranges);
    const cut = ranges[middle]?.first ?? 0;
    return this.below(rank, cut, this.search(rank, ranges.slice(0, middle)), this.search(rank, ranges.slice(middle)));
  }

  private below(rank: number, cut: number, then: Decision<R>, otherwise: Decision<R>): Decision<R> {
    return this.shared(`${rank}<${cut}`, then, otherwise, field => ({ kind: "below", field, cut, then, otherwise }), rank);
  }
  private equal(rank: number, value: number, then: Decision<R>, otherwise: Decision<R>): Decision<R> {
    return this.shared(`${rank}=${value}`, then, otherwise, field => ({ kind: "equal", field, value, then, otherwise }), rank);
  }

  private shared(test: string, then: Decision<R>, otherwise: Decision<R>, make: (field: Field) => Decision<R>, rank: number): Decision<R> {
    if (then === otherwise) return then;
    const key = `${test}?${this.idOf(then)}:${this.idOf(otherwise)}`;
    const known = this.ofKey.get(key);
    if (known) return known;
    const field = this.order[rank];
    if (!field) throw new Error(`no field has the rank ${rank}`);
    const made = make(field);
    this.ofKey.set(key, made);
    return made;
  }

  private idOf(decision: Decision<R>): number {
    const known = this.ids.get(decision);
    if (known !== undefined) return known;
    this.ids.set(decision, this.ids.size);
    return this.ids.size - 1;
  }
}

interface Range<R> {
  readonly first: number;
  readonly last: number;
  readonly to: Decision<R>;
}

/** Where all ranges but a few single values lead to one place. */
function singles<R>(ranges: readonly Range<R>[]): { readonly values: readonly Range<R>[]; readonly rest: Decision<R> } | undefined {
  if (ranges.length > 2 * FEW + 1) return undefined;
  for (const rest of new Set(ranges.filter(range => range.first !== range.last).map(range => range.to))) {
    const values = ranges.filter(range => range.to !== rest);
    // a cut is as good as one equality, and one cut less than two
    if (values.length <= FEW && values.every(range => range.first === range.last) && values.length <= ranges.length - 1)
      return { values, rest };
  }
  return undefined;
}

/** The place nearest to the middle that does not part a single value from equal neighbours. */
function halfOf<R>(ranges: readonly Range<R>[]): number {
  const middle = ranges.length >> 1;
  const parts = (at: number): boolean => {
    const here = ranges[at];
    return here !== undefined && at > 0 && here.first === here.last && ranges[at - 1]?.to === ranges[at + 1]?.to;
  };
  // cutting in front of a lone value leaves it at an edge, where one equality still does
  return parts(middle) && middle > 1 && ranges.length > 3 ? middle - 1 : middle;
}
