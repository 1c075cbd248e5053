/**
 * What is known at one point of the program: what each variable holds, which cases of a choice remain, how many bytes
 * behind a pointer are proved. Branches copy it, joins merge it.
 */
import type { Buffer, Local, Pointer } from "../ir/ir.js";
import type { Variable } from "./frame.js";
import type { Choice, Fact, Tag, Value } from "./values.js";
import { known } from "./values.js";

export class State {
  readonly variables: Map<Variable, Value>;
  readonly cases: Map<number, readonly number[]>;
  readonly proven: Map<number, number>;
  readonly equals: Map<number, bigint>;
  /** pointers of packet positions, by "offset" or "local id" */
  readonly pointers: Map<string, Pointer>;
  /** pointers of scratch memory */
  readonly scratch: Map<string, Pointer>;
  /** fields of one of several records, joined once: read again, they are the same value, and what was learnt of it holds */
  readonly members: Map<string, Value>;
  /** keys of flow tables that were built, by what they were built of: a second call takes the same buffer */
  readonly flowKeys: Map<Value, Buffer>;
  /** changes when the packet moved: views and offsets of an older state are gone */
  packet: number;
  /** the parses of this packet state, by their options, and after which write each was made */
  layers: ReadonlyMap<number, { readonly value: Value; readonly written: number }>;
  /** changes when bytes of the packet are written that a parse may go by */
  written: number;
  /** how often each map was written, for views that a write ends */
  readonly writes: Map<string, number>;

  constructor(from?: State) {
    this.variables = new Map(from?.variables);
    this.cases = new Map(from?.cases);
    this.proven = new Map(from?.proven);
    this.equals = new Map(from?.equals);
    this.pointers = new Map(from?.pointers);
    this.writes = new Map(from?.writes);
    this.scratch = new Map(from?.scratch);
    this.members = new Map(from?.members);
    this.flowKeys = new Map(from?.flowKeys);
    this.packet = from?.packet ?? 0;
    this.layers = from?.layers ?? new Map();
    this.written = from?.written ?? 0;
  }

  learn(facts: readonly Fact[] | undefined): void {
    for (const fact of facts ?? []) {
      switch (fact.kind) {
        case "narrow": {
          const remaining = this.remaining(fact.tag);
          this.cases.set(fact.tag.id, remaining ? remaining.filter(c => fact.cases.includes(c)) : fact.cases);
          break;
        }
        case "proven":
          this.proven.set(fact.pointer.id, Math.max(this.proven.get(fact.pointer.id) ?? 0, fact.size));
          break;
        case "equals":
          this.equals.set(fact.local.id, fact.value);
          break;
      }
    }
  }

  remaining(tag: Tag): readonly number[] | undefined {
    return this.cases.get(tag.id);
  }

  /** The value as this point knows it: a choice of which one case remains is that case, a local of known value a constant. */
  see(value: Value): Value {
    if (value.kind === "choice") {
      const left = this.casesOf(value);
      const only = left.length === 1 ? value.cases[left[0] ?? 0] : undefined;
      return only ? this.see(only) : value;
    }
    if (value.kind === "scalar" && value.local) {
      const constant = this.equals.get(value.local.id);
      if (constant !== undefined) return constantOf(value.local, constant);
    }
    return value;
  }

  casesOf(choice: Choice): readonly number[] {
    return this.remaining(choice.tag) ?? choice.cases.map((_, i) => i);
  }

  isProven(pointer: Pointer, size: number): boolean {
    return (this.proven.get(pointer.id) ?? 0) >= size;
  }
}

function constantOf(local: Local, value: bigint): Value {
  if (local.domain === "boolean") return known(value === 1n);
  return known(local.domain === "number" ? Number(value) : value);
}
