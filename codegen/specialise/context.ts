/** The state of one specialisation: where statements go, what is known here, what was found wrong. */
import type { ts } from "ts-morph";
import type { StructShape } from "../../dsl/core/shape.js";
import type { Diagnostic, DiagnosticCode } from "../diagnostics/diagnostic.js";
import type { Buffer, Domain, Expr, HookName, Interval, Label, Local, MapDecl, Pointer, Span, Statement } from "../ir/ir.js";
import { framePointer, frontPointer } from "../ir/ir.js";
import type { Front } from "./front.js";
import { joinValues } from "./join.js";
import { eachCase } from "./members.js";
import type { Registry } from "./registry.js";
import { State } from "./state.js";
import type { Fact, ScalarValue, Tag, Value } from "./values.js";
import { localValue, poison } from "./values.js";

/** A way out of a region: the statements that lead there, to which the join adds its assignments, and what is known then. */
export interface Exit {
  readonly state: State;
  readonly out: Statement[];
  readonly value: Value;
}

export class Context {
  readonly front: Front;
  readonly registry: Registry;
  readonly hook: HookName;
  readonly diagnostics: Diagnostic[] = [];
  state = new State();
  out: Statement[] = [];
  /** nothing gets here */
  dead = false;
  /** how deep calls are inlined, to stop recursion without end */
  depth = 0;
  #next = 16;
  #buffers: Buffer[] = [];
  readonly #busy = new Set<Buffer>();
  readonly #kept = new Set<Buffer>();

  constructor(front: Front, registry: Registry, hook: HookName) {
    this.front = front;
    this.registry = registry;
    this.hook = hook;
    this.state.proven.set(frontPointer.id, 14);
    this.state.proven.set(framePointer.id, 0);
  }

  get onTc(): boolean {
    return this.hook !== "xdp";
  }

  id(): number {
    return this.#next++;
  }
  local(name: string, domain: Domain, range?: Interval): Local {
    return range ? { id: this.id(), name: cName(name), domain, range } : { id: this.id(), name: cName(name), domain };
  }
  pointer(name: string, to: Pointer["to"], map?: MapDecl): Pointer {
    return map ? { id: this.id(), name: cName(name), to, map } : { id: this.id(), name: cName(name), to };
  }
  label(name: string): Label {
    return { id: this.id(), name: cName(name) };
  }
  /**
   * Puts a region's statements here. The list stays the one it is, as a block that no one leaves: ways out that were noted
   * in it add their leaving to it later.
   */
  region(statements: Statement[], name: string, node: ts.Node): void {
    this.out.push({ kind: "block", label: this.label(name), body: statements, span: this.span(node) });
  }
  tag(test: Tag["test"], proves?: Tag["proves"]): Tag {
    return proves ? { id: this.id(), test, proves } : { id: this.id(), test };
  }
  span(node: ts.Node): Span {
    return this.front.spanOf(node);
  }
  emit(statement: Statement): void {
    if (this.dead) return;
    this.out.push(statement);
    if (writesPacket(statement)) this.state.written = this.id();
  }
  error(code: DiagnosticCode, node: ts.Node, message: string, hint?: string): Value {
    const span = this.span(node);
    this.diagnostics.push(
      hint === undefined ? { code, severity: "error", message, span } : { code, severity: "error", message, hint, span },
    );
    return poison;
  }

  /** A buffer that no one uses now. Give it back when the helper has read it. */
  takeBuffer(layout: StructShape): Buffer {
    for (const buffer of this.#buffers) {
      if (!this.#busy.has(buffer) && buffer.layout === layout) {
        this.#busy.add(buffer);
        for (const [key, held] of this.state.flowKeys) if (held === buffer) this.state.flowKeys.delete(key);
        return buffer;
      }
    }
    const buffer = { id: this.id(), name: cName(layout.name), layout };
    this.#buffers.push(buffer);
    this.#busy.add(buffer);
    return buffer;
  }
  giveBuffer(buffer: Buffer): void {
    if (!this.#kept.has(buffer)) this.#busy.delete(buffer);
  }
  /** A buffer that a program holds under a name: it is given back to nobody. */
  keptBuffer(layout: StructShape): Buffer {
    const buffer = this.takeBuffer(layout);
    this.#kept.add(buffer);
    return buffer;
  }
  /** The buffers that are held under names now; to give back those that came since, but for what a value still shows. */
  get keptBuffers(): ReadonlySet<Buffer> {
    return new Set(this.#kept);
  }
  releaseSince(before: ReadonlySet<Buffer>, result: Value): void {
    for (const buffer of [...this.#kept]) {
      if (before.has(buffer) || shows(result, buffer)) continue;
      if ([...this.state.variables.values()].some(value => shows(value, buffer))) continue;
      this.#kept.delete(buffer);
      this.#busy.delete(buffer);
    }
  }

  /** Holds a computed value in a local, so that it is computed once and here. */
  bind(value: Value, name: string, node: ts.Node): Value {
    if (value.kind !== "scalar" || value.local) return value;
    const local = this.local(name, value.domain);
    this.emit({ kind: "let", local, value: value.make(), span: this.span(node) });
    const bound = localValue(local, value.offsetOf);
    if (value.domain !== "boolean") return bound;
    // A kept outcome proves no bytes: the verifier wants the comparison itself where the bytes are used.
    const kept = (facts: readonly Fact[] = []): readonly Fact[] => facts.filter(fact => fact.kind !== "proven");
    return {
      ...bound,
      whenTrue: [...kept(value.whenTrue), ...(bound.whenTrue ?? [])],
      whenFalse: [...kept(value.whenFalse), ...(bound.whenFalse ?? [])],
    };
  }

  /** Runs `body` on a copy of the state, its statements apart; gives the way out, or undefined where there is none. */
  branch(body: () => Value): Exit | undefined {
    const { state, out, dead } = this;
    this.state = new State(state);
    this.out = [];
    this.dead = false;
    const value = body();
    const exit = this.dead ? undefined : { state: this.state, out: this.out, value };
    this.#lastOut = this.out;
    this.state = state;
    this.out = out;
    this.dead = dead;
    return exit;
  }
  #lastOut: Statement[] = [];
  /** The statements of the last branch, also where it had no way out. */
  get branchStatements(): Statement[] {
    return this.#lastOut;
  }

  /** The present point as an exit; the point itself is dead afterwards. */
  exitHere(value: Value): Exit {
    const exit = { state: new State(this.state), out: this.out, value };
    this.dead = true;
    return exit;
  }

  /**
   * Goes on where several exits meet: their values join to one, assignments are added to their statements.
   * Without exits the point is dead.
   */
  meet(exits: readonly Exit[], name: string, node: ts.Node): Value {
    const first = exits[0];
    if (!first) {
      this.dead = true;
      return poison;
    }
    this.dead = false;
    if (exits.length === 1) {
      this.state = first.state;
      return first.value;
    }
    const state = new State();
    for (const [variable, value] of first.state.variables) {
      const values: Value[] = [];
      for (const exit of exits) {
        const other = exit.state.variables.get(variable);
        if (other) values.push(other);
      }
      if (values.length !== exits.length) continue;
      state.variables.set(variable, values.every(v => v === value) ? value : joinValues(this, variable.name, exits, values, node));
    }
    for (const [id, cases] of first.state.cases) {
      const union = new Set(cases);
      let everywhere = true;
      for (const exit of exits) {
        const other = exit.state.cases.get(id);
        if (!other) everywhere = false;
        else for (const c of other) union.add(c);
      }
      if (everywhere) state.cases.set(id, [...union]);
    }
    for (const [id, size] of first.state.proven) {
      state.proven.set(
        id,
        exits.reduce((least, exit) => Math.min(least, exit.state.proven.get(id) ?? 0), size),
      );
    }
    for (const [id, value] of first.state.equals) {
      if (exits.every(exit => exit.state.equals.get(id) === value)) state.equals.set(id, value);
    }
    for (const [key, pointer] of first.state.pointers) {
      if (exits.every(exit => exit.state.pointers.get(key) === pointer)) state.pointers.set(key, pointer);
    }
    for (const [key, pointer] of first.state.scratch) {
      if (exits.every(exit => exit.state.scratch.get(key) === pointer)) state.scratch.set(key, pointer);
    }
    for (const [key, buffer] of first.state.flowKeys) {
      if (exits.every(exit => exit.state.flowKeys.get(key) === buffer)) state.flowKeys.set(key, buffer);
    }
    for (const [key, member] of first.state.members) {
      if (exits.every(exit => exit.state.members.get(key) === member)) state.members.set(key, member);
    }
    for (const exit of exits) {
      for (const [map, count] of exit.state.writes) state.writes.set(map, Math.max(state.writes.get(map) ?? 0, count));
    }
    const moved = exits.some(exit => exit.state.packet !== first.state.packet);
    state.packet = moved ? this.id() : first.state.packet;
    if (!moved) {
      const { layers } = first.state;
      state.layers = new Map([...layers].filter(([key, parse]) => exits.every(exit => exit.state.layers.get(key) === parse)));
    }
    const { written } = first.state;
    state.written = exits.every(exit => exit.state.written === written) ? written : this.id();
    const values = exits.map(exit => exit.value);
    const value = values.every(v => v === first.value) ? first.value : joinValues(this, name, exits, values, node);
    this.state = state;
    return value;
  }

  /** Ends what only holds for the old place of the packet; `moved`: views are gone too, not only pointers. */
  packetChanged(moved: boolean): void {
    this.state.pointers.clear();
    this.state.proven.clear();
    this.state.proven.set(frontPointer.id, 14);
    if (moved) {
      this.state.packet = this.id();
      this.state.layers = new Map();
    }
  }

  /** A fresh node for a build-time or run-time scalar in the wanted domain. */
  expression(value: Value, domain: Domain, node: ts.Node): Expr {
    const seen = this.state.see(value);
    if (seen.kind === "scalar") return seen.domain === domain ? seen.make() : this.convert(seen, domain, node);
    if (seen.kind === "known") {
      const raw = seen.value;
      if (typeof raw === "number" && Number.isInteger(raw)) return { op: "const", domain, value: BigInt(raw) };
      if (typeof raw === "bigint") return { op: "const", domain, value: raw };
      if (typeof raw === "boolean") return { op: "const", domain, value: raw ? 1n : 0n };
      if (typeof raw === "number") this.error("DP2102", node, `${raw} is not an integer`, "datapath numbers are integers: Math.trunc()");
      else this.error("DP1201", node, `a number is needed here, not ${typeof raw}`);
    }
    if (seen.kind === "choice") {
      const settled = this.settled(seen, node);
      if (settled.kind !== "choice") return this.expression(settled, domain, node);
    }
    if (seen.kind !== "known" && seen.kind !== "poison") this.error("DP1201", node, `a number is needed here, not ${describeValue(seen)}`);
    return { op: "const", domain, value: 0n };
  }

  /** What is known of a value here; one number where it is one of several. */
  settled(value: Value, node: ts.Node): Value {
    const seen = this.state.see(value);
    if (seen.kind !== "choice" || !this.state.casesOf(seen).every(index => isNumber(seen.cases[index]))) return seen;
    return eachCase(this, seen, one => one, "value", node);
  }

  convert(value: ScalarValue, domain: Domain, node: ts.Node): Expr {
    return { op: "convert", domain, operand: value.make(), span: this.span(node) };
  }
}

function isNumber(value: Value | undefined): boolean {
  return value?.kind === "scalar" || (value?.kind === "known" && ["number", "bigint", "boolean"].includes(typeof value.value));
}

export function describeValue(value: Value): string {
  switch (value.kind) {
    case "known":
      return value.value === undefined
        ? "undefined"
        : typeof value.value === "object"
          ? "a build-time object"
          : `a build-time ${typeof value.value}`;
    case "scalar":
      return value.domain === "number" ? "a number" : value.domain === "boolean" ? "a boolean" : "a bigint";
    case "view":
      return `a view of ${"name" in value.shape ? value.shape.name : value.shape.kind}`;
    case "atomic":
      return "an atomic field";
    case "record":
      return typeof value.of === "function" ? `an instance of ${value.of.name}` : "an object";
    case "choice":
      return "one of several values";
    case "verdict":
      return "a verdict";
    case "device":
      return "a device";
    case "flow":
      return "a flow's entry";
    case "packet":
      return "the packet";
    case "closure":
    case "method":
      return "a function";
    case "poison":
      return "an error";
  }
}

const keywords = new Set(
  "auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return short signed sizeof static struct switch typedef typeof union unsigned void volatile while asm bool".split(
    " ",
  ),
);

/** A TypeScript name as a C identifier: `long` is fine in the one and a keyword in the other. */
export function cName(name: string): string {
  const snake = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9_]/g, "_")
    .toLowerCase();
  if (keywords.has(snake)) return `${snake}_`;
  return /^[0-9]/.test(snake) ? `_${snake}` : snake;
}

/** Whether a value is, or has in it, a view of a buffer. */
function shows(value: Value, buffer: Buffer): boolean {
  switch (value.kind) {
    case "view":
    case "atomic":
      return value.where.kind === "buffer" && value.where.buffer === buffer;
    case "record":
      return value.lazy !== undefined || [...value.fields.values()].some(field => shows(field, buffer));
    case "choice":
      return value.cases.some(one => shows(one, buffer));
    case "closure":
    case "method":
      return true;
    default:
      return false;
  }
}

/** Whether a statement may change what a parse of the packet goes by: all of it but Ethernet's addresses. */
function writesPacket(statement: Statement): boolean {
  switch (statement.kind) {
    case "store": {
      const { memory, offset, scalar } = statement.place;
      return memory.kind === "packet" && !(memory.pointer === frontPointer && offset + scalar.bytes <= 12);
    }
    case "copyPlace":
      return statement.to.kind === "packet";
    case "packetCopy":
      return true;
    default:
      return false;
  }
}
