/** Statements of one program in C: one line each, `#line` in front, labels for the ends of blocks. */
import type { Shape } from "../../dsl/core/shape.js";
import type { Analysis } from "../analyse/analyse.js";
import {
  type Buffer,
  type Expr,
  framePointer,
  frontPointer,
  type HookName,
  type Label,
  type Local,
  type MapDecl,
  type Place,
  type Pointer,
  type Program,
  type Span,
  type Statement,
  type VariableDecl,
} from "../ir/ir.js";
import { accessesOf, pointersRead } from "../ir/walk.js";
import { Action, decodeVerdict } from "../specialise/verdict.js";
import { boundedLocals, isBounded, splitConstant } from "./bounded.js";
import { printCut } from "./cuts.js";
import { ExpressionPrinter, typeName, wideConstant } from "./expressions.js";
import { printFlow } from "./flow-table-statements.js";
import type { Layouts } from "./layouts.js";
import { printMove } from "./moves.js";
import { isSupportName } from "./names.js";
import { addressOf, type PlaceNames, readPlace, writePlace } from "./places.js";

/** A line of C and where it comes from. */
export interface Line {
  readonly text: string;
  readonly span: Span | undefined;
}

/** What a program turned out to use, for its prologue and its end. */
export interface Uses {
  /** ambient `vlan…` is read */
  tag: boolean;
  /** a number that the verifier knows nothing of, nor clang */
  anyValue: boolean;
  dropped: boolean;
  aborted: boolean;
  /** a verdict that is not a constant */
  finish: boolean;
}

export class StatementPrinter implements PlaceNames {
  readonly lines: Line[] = [];
  readonly uses: Uses = { tag: false, anyValue: false, dropped: false, aborted: false, finish: false };
  readonly locals = new Map<number, { readonly name: string; readonly type: string }>();
  readonly pointers = new Map<number, { readonly name: string; readonly type: string }>();
  readonly buffers = new Map<number, { readonly name: string; readonly type: string; readonly size: number }>();
  /** copies of flow tables' entries: clang keeps of them what is used, as a rule in registers */
  readonly copies = new Map<number, { readonly name: string; readonly type: string }>();
  readonly #looked: ReadonlySet<number>;
  readonly #names: Set<string>;
  readonly expressions: ExpressionPrinter;
  readonly hook: HookName;
  readonly testing: boolean;
  readonly untagged: boolean;
  readonly tagsApart: boolean;
  /** the name of the hook's first program, which those of its other parts are made of */
  readonly #whole: string;
  readonly #analysis: Analysis;
  readonly #bounded: ReadonlySet<number>;
  readonly #usesFront: boolean;
  readonly #layouts: Layouts;
  readonly #labels = new Map<number, string>();
  #indent = 1;

  constructor(
    program: Program,
    analysis: Analysis,
    layouts: Layouts,
    testing: boolean,
    taken: ReadonlySet<string>,
    whole: string = program.name,
  ) {
    this.#names = new Set(taken);
    this.#whole = whole;
    this.#looked = pointersRead(program.body);
    this.hook = program.hook;
    this.untagged = program.untagged === true;
    this.tagsApart = program.tagsApart === true;
    this.testing = testing;
    this.#analysis = analysis;
    this.#bounded = boundedLocals(program);
    this.#usesFront = pointersRead(program.body).has(frontPointer.id);
    this.#layouts = layouts;
    this.expressions = new ExpressionPrinter(analysis, { local: l => this.local(l), pointer: p => this.pointer(p) });
  }

  get onTc(): boolean {
    return this.hook !== "xdp";
  }

  #unique(name: string): string {
    let unique = isSupportName(name) ? `v${name}` : name;
    for (let i = 2; this.#names.has(unique); i++) unique = `${name}_${i}`;
    this.#names.add(unique);
    return unique;
  }
  local(local: Local): string {
    let known = this.locals.get(local.id);
    if (!known) {
      known = { name: this.#unique(local.name), type: typeName(this.#analysis.cType(local)) };
      this.locals.set(local.id, known);
    }
    return known.name;
  }
  pointer(pointer: Pointer): string {
    if (pointer === frontPointer || pointer === framePointer) return pointer.name;
    let known = this.pointers.get(pointer.id);
    if (!known) {
      known = { name: this.#unique(pointer.name), type: pointer.map ? this.#entryType(pointer.map) : "__u8 *" };
      this.pointers.set(pointer.id, known);
    }
    return known.name;
  }
  #entryType(map: MapDecl): string {
    const shape: Shape | undefined = map.spec.value;
    return shape ? `${this.#layouts.typeOfShape(shape)} *` : "void *";
  }
  /** Whether anything is done with what a pointer was set to. */
  looksAt(pointer: Pointer): boolean {
    return this.#looked.has(pointer.id);
  }
  /** The memory of a copy, by the pointer that is set to it. */
  copyName(copy: Pointer, type: string): string {
    let known = this.copies.get(copy.id);
    if (!known) {
      known = { name: this.#unique(`${copy.name}_memory`), type };
      this.copies.set(copy.id, known);
    }
    return known.name;
  }
  bufferName(buffer: Buffer): string {
    let known = this.buffers.get(buffer.id);
    if (!known) {
      known = { name: this.#unique(`${buffer.name}_buffer`), type: this.#layouts.typeOf(buffer.layout), size: buffer.layout.size };
      this.buffers.set(buffer.id, known);
    }
    return known.name;
  }
  #label(label: Label): string {
    let name = this.#labels.get(label.id);
    if (!name) {
      name = this.#unique(label.name);
      this.#labels.set(label.id, name);
    }
    return name;
  }

  /** The C type of a local, the same in each part of a program. */
  typeOf(local: Local): ReturnType<Analysis["cType"]> {
    return this.#analysis.cType(local);
  }

  /** A line of C at the present depth. */
  put(text: string, span: Span | undefined): void {
    this.lines.push({ text: `${"\t".repeat(this.#indent)}${text}`, span });
  }
  nested(body: () => void): void {
    this.#indent++;
    body();
    this.#indent--;
  }
  expr(expr: Expr): string {
    return this.expressions.print(expr);
  }

  printAll(statements: readonly Statement[]): void {
    for (const statement of statements) if (!this.#analysis.dead.has(statement)) this.#print(statement);
  }

  /** Where the verifier was made to forget what proves an access, it is proved again: for it alone, as the check never fails. */
  #prove(statement: Statement, span: Span): void {
    for (const { memory, end } of accessesOf(statement)) {
      if (memory.kind === "buffer") continue;
      const pointer = this.pointer(memory.pointer);
      this.uses.aborted = true;
      this.put(memory.kind === "entry" ? `if (!${pointer}) goto aborted;` : `if (${pointer} + ${end} > data_end) goto aborted;`, span);
    }
  }

  #print(statement: Statement): void {
    const { span } = statement;
    if (this.#analysis.unproved.has(statement)) this.#prove(statement, span);
    switch (statement.kind) {
      case "let":
        this.put(`${this.local(statement.local)} = ${this.expressions.condition(statement.value)};`, span);
        return;
      case "load": {
        const index = this.#index(statement.place, span);
        this.put(`${this.local(statement.local)} = ${readPlace(statement.place, this, index)};${comment(statement.place)}`, span);
        return;
      }
      case "store": {
        const index = this.#index(statement.place, span);
        this.put(
          `${writePlace(statement.place, this.expressions.condition(statement.value), this, index)}${comment(statement.place)}`,
          span,
        );
        return;
      }
      case "fits":
      case "inRange":
        return;
      case "point":
        this.#point(statement, span);
        return;
      case "alias":
        this.put(`${this.pointer(statement.pointer)} = ${statement.from === "null" ? "0" : this.pointer(statement.from)};`, span);
        return;
      case "forget":
        this.#forget(statement.local, span);
        return;
      case "cut":
        printCut(this, statement, this.#whole);
        return;
      case "if":
        this.#if(statement);
        return;
      case "block":
        this.printAll(statement.body);
        if (this.#left(statement.label)) this.lines.push({ text: `${this.#label(statement.label)}:${once(statement.label)};`, span });
        return;
      case "leave":
        this.#used.add(statement.label.id);
        this.put(`goto ${this.#label(statement.label)};`, span);
        return;
      case "return":
        this.#return(statement.verdict, span);
        return;
      case "variable":
        this.put(`${this.local(statement.local)} = ${this.#variable(statement.variable)};`, span);
        return;
      case "ambient":
        if (this.tagsApart && statement.what === "vlanPresent") {
          this.#lookForTag(this.local(statement.local), span);
          return;
        }
        this.put(`${this.local(statement.local)} = ${this.#ambient(statement.what)};`, span);
        if (settable.has(statement.what)) this.put("KEEP_APART;", span);
        return;
      case "setAmbient":
        this.put(`ctx->${statement.what === "departure" ? "tstamp" : statement.what} = ${this.expr(statement.value)};`, span);
        this.put("KEEP_APART;", span);
        return;
      case "move":
        printMove(this, statement);
        return;
      case "clear":
        this.put(`__builtin_memset(&${this.bufferName(statement.buffer)}, 0, sizeof(${this.bufferName(statement.buffer)}));`, span);
        return;
      case "copyPlace":
        this.#copy(statement);
        return;
      case "lookup":
        this.put(
          `${this.pointer(statement.pointer)} = bpf_map_lookup_elem(&${statement.map.symbol}, &${this.bufferName(statement.key)});`,
          span,
        );
        return;
      case "element": {
        const type = this.#analysis.cType(statement.index);
        this.put(`{ __u32 atSlot = ${type === "u32" ? "" : "(__u32)"}${this.expr(statement.index)};`, span);
        this.put(`${this.pointer(statement.pointer)} = bpf_map_lookup_elem(&${statement.map.symbol}, &atSlot); }`, span);
        return;
      }
      case "update": {
        const flag = statement.only === "absent" ? "BPF_NOEXIST" : "BPF_ANY";
        this.put(
          `${this.local(statement.ok)} = bpf_map_update_elem(&${statement.map.symbol}, &${this.bufferName(statement.key)}, &${this.bufferName(statement.value)}, ${flag}) == 0;`,
          span,
        );
        return;
      }
      case "delete":
        this.put(
          `${this.local(statement.ok)} = bpf_map_delete_elem(&${statement.map.symbol}, &${this.bufferName(statement.key)}) == 0;`,
          span,
        );
        return;
      case "atomicAdd": {
        const type = statement.place.scalar.bytes === 8 ? "__u64" : "__u32";
        const add = `__sync_fetch_and_add((${type} *)(${this.#address(statement.place, span)}), (${type})${this.expr(statement.value)})`;
        this.put(statement.old ? `${this.local(statement.old)} = ${add};` : `${add};`, span);
        return;
      }
      case "compareExchange": {
        const type = statement.place.scalar.bytes === 8 ? "__u64" : "__u32";
        const [expected, desired] = [this.expr(statement.expected), this.expr(statement.desired)];
        this.put(
          `${this.local(statement.ok)} = __sync_bool_compare_and_swap((${type} *)(${this.#address(statement.place, span)}), (${type})${expected}, (${type})${desired});`,
          span,
        );
        return;
      }
      case "emit":
        this.#emit(statement);
        return;
      case "flowFind":
      case "flowAdd":
      case "flowUpdate":
      case "flowMark":
      case "flowTouch":
        printFlow(this, statement);
        return;
      case "count":
        this.put(`count(&${statement.map.symbol}, ${this.#length()});`, span);
        return;
      case "mirror":
        this.put(`${this.local(statement.ok)} = bpf_clone_redirect(ctx, ${this.expr(statement.device)}, 0) == 0;`, span);
        this.reload(span);
        return;
      case "device":
        this.put(`${this.local(statement.local)} = device_at(&${statement.map.symbol}, ${this.expr(statement.key)});`, span);
        return;
      case "packetCopy":
        this.put(
          `${this.local(statement.ok)} = ${this.onTc ? "skb" : "xdp"}_copy(ctx, ${this.expr(statement.to)}, ${this.expr(statement.from)}, ${this.expr(statement.count)}, ${statement.max}, tag);`,
          span,
        );
        this.reload(span);
        return;
      case "packetSum": {
        const [offset, length] = [this.expr(statement.offset), this.expr(statement.length)];
        const all = this.#length();
        this.uses.aborted = true;
        this.put(`if (${length} > ${statement.max} || ${offset} > ${all} || ${length} > ${all} - ${offset}) goto aborted;`, span);
        this.put(
          `${this.local(statement.local)} = ${this.onTc ? "skb" : "xdp"}_sum(ctx, ${offset}, ${length}, ${statement.max}, ${this.expr(statement.initial)}, tag);`,
          span,
        );
        return;
      }
      case "checksumReplace":
        this.#replaceChecksum(statement);
        return;
      case "checksumUpdate":
        this.put(`note_change(ctx, ${this.expr(statement.difference)});`, span);
        return;
      case "synCookie": {
        const name = `${this.testing ? "test" : "kernel"}_cookie${statement.family}_${statement.does}`;
        this.put(`${this.local(statement.local)} = ${name}(${statement.operands.map(operand => this.expr(operand)).join(", ")});`, span);
        return;
      }
    }
  }

  /** An offset of the untagged frame as one of the bytes that helpers see. */
  #inFrame(offset: Expr): string {
    return `(${this.expr(offset)} + tag)`;
  }

  readonly #used = new Set<number>();
  #left(label: Label): boolean {
    return this.#used.has(label.id);
  }

  #if(statement: Extract<Statement, { kind: "if" }>): void {
    const { span } = statement;
    const decided = this.#analysis.decided(statement.condition);
    if (decided !== undefined) {
      this.printAll(decided ? statement.then : statement.else);
      return;
    }
    const condition = this.expressions.condition(statement.condition);
    const [only] = statement.then;
    const isJump = statement.then.length === 1 && statement.else.length === 0 && only?.kind === "leave" && !this.#analysis.dead.has(only);
    if (isJump && only?.kind === "leave") {
      this.#used.add(only.label.id);
      this.put(`if (${condition}) goto ${this.#label(only.label)};`, span);
      return;
    }
    this.put(`if (${condition}) {`, span);
    this.nested(() => this.printAll(statement.then));
    if (statement.else.length > 0) {
      this.put("} else {", span);
      this.nested(() => this.printAll(statement.else));
    }
    this.put("}", span);
  }

  /**
   * A run-time offset becomes a pointer: masked where the interval proves that it changes nothing, so that the verifier
   * sees a bound, and opaque to clang, so that the check stays on the register that is used. A program's own names have
   * no capitals: the helper variable cannot hide one.
   */
  #point(statement: Extract<Statement, { kind: "point" }>, span: Span): void {
    const range = this.#analysis.rangeOf(statement.offset);
    const pointer = this.pointer(statement.pointer);
    if (range.min === range.max) {
      this.put(`${pointer} = frame + ${range.max};`, span);
      return;
    }
    // a constant part is left to the accesses, each of which has a displacement
    const split = splitConstant(statement.offset);
    const { rest, constant } = this.#analysis.rangeOf(split.rest).min < 0n ? { rest: statement.offset, constant: 0n } : split;
    const most = range.max - constant;
    const bits = most.toString(2).length;
    const moved = constant === 0n ? "" : ` + ${constant}`;
    if (bits <= 15 && isBounded(rest, this.#bounded)) {
      // in 64 bits, or clang would clear the upper half, which the verifier knows to be clear
      this.put(`{ __u64 atOffset = ${this.expr(rest)};`, span);
      this.put("barrier_var(atOffset);", span);
    } else {
      this.put(`{ __u32 atOffset = ${this.expr(rest)};`, span);
      this.put("barrier_var(atOffset);", span);
      const farthest = FARTHEST - Number(constant);
      if (bits <= 15) this.put(`atOffset &= 0x${((1 << bits) - 1).toString(16)};`, span);
      else this.put(`if (atOffset > ${farthest}) atOffset = ${farthest};`, span);
    }
    this.put(`${pointer} = frame + atOffset;`, span);
    this.put(`barrier_var(${pointer});${moved === "" ? "" : ` ${pointer} = ${pointer}${moved};`} }`, span);
  }

  /** x ^ y ^ y with a y that the verifier knows nothing of, then a mask: any value of its width, as far as it can tell. */
  #forget(local: Local, span: Span): void {
    const type = this.#analysis.cType(local);
    // the two halves of a wide one are never offsets
    if (type === "u128") return;
    const { max } = this.#analysis.localRange(local);
    const name = this.local(local);
    const mask = (1n << BigInt(max.toString(2).length)) - 1n;
    const end = type === "u32" && max < 0x8000_0000n ? ` ${name} &= 0x${mask.toString(16)};` : "";
    this.uses.anyValue = true;
    if (type === "bool") {
      this.put(`{ __u32 held = ${name}; barrier_var(held);`, span);
      this.put(`held ^= any_value; barrier_var(held); held ^= any_value; barrier_var(held); ${name} = held & 1; }`, span);
      return;
    }
    this.put(`${name} ^= any_value; barrier_var(${name}); ${name} ^= any_value; barrier_var(${name});${end}`, span);
  }

  /** The text of a checked run-time index, in a packet the element's address; ends the program where it is outside. */
  #index(place: Place, span: Span): string | undefined {
    if (!place.index) return undefined;
    const { value, length, stride } = place.index;
    const name = this.#unique("index");
    this.put(`__u32 ${name} = ${this.expr(value)};`, span);
    this.put(`barrier_var(${name});`, span);
    this.uses.aborted = true;
    this.put(`if (${name} >= ${length}) goto aborted;`, span);
    if (place.memory.kind !== "packet") return name;
    // A packet pointer that a run-time number was added to is proved anew: the verifier forgets what the other reached.
    const element = this.#unique("element");
    this.put(`__u8 *${element} = ${addressOf(place, this)} + ${stride === 1 ? name : `${name} * ${stride}`};`, span);
    this.put(`barrier_var(${element});`, span);
    this.put(`if (${element} + ${place.scalar.bytes} > data_end) goto aborted;`, span);
    return element;
  }
  #address(place: Place, span: Span): string {
    const index = this.#index(place, span);
    const address = addressOf(place, this);
    return index === undefined || !place.index ? address : `${address} + ${index} * ${place.index.stride}`;
  }

  #return(verdict: Expr, span: Span): void {
    if (verdict.op !== "const" || this.testing) {
      this.uses.finish = true;
      this.put(`verdict_ = ${this.expr(verdict)};`, span);
      this.put("goto finish;", span);
      return;
    }
    const { action, detail } = decodeVerdict(Number(verdict.value));
    if (action === Action.Drop) {
      this.uses.dropped = true;
      this.put(`site = ${detail};`, span);
      this.put("goto dropped;", span);
    } else if (action === Action.Pass) this.put(`return ${this.onTc ? "TC_ACT_UNSPEC" : "XDP_PASS"};`, span);
    else if (action === Action.Reflect && !this.onTc) this.put("return XDP_TX;", span);
    else if (action === Action.Abort) {
      this.uses.aborted = true;
      this.put("goto aborted;", span);
    } else {
      this.uses.finish = true;
      this.put(`verdict_ = ${verdict.value};`, span);
      this.put("goto finish;", span);
    }
  }

  #variable(variable: VariableDecl): string {
    const section = variable.what === "param" ? "params" : variable.what === "setting" ? "settings" : "target";
    const field = `${section}.${variable.symbol}`;
    // 128 bits are stored as two words, the low one first.
    const value = variable.bits === 128 ? `((__u128)${field}[1] << 64 | ${field}[0])` : field;
    if (variable.what !== "setting") return value;
    const { min, max } = variable.range;
    // What is stored may be outside all the same: 48 bits in a word, or half of one value and half of the next.
    const width = variable.bits === 48 ? 64 : variable.bits;
    const all = (1n << BigInt(width)) - 1n;
    if (min === 0n && max === all) return value;
    if (width === 128) return `clamp128(${value}, ${wideConstant(min)}, ${wideConstant(max)})`;
    const suffix = width === 64 ? "ULL" : "U";
    return `clamp${width > 32 ? 64 : 32}(${value}, ${min}${suffix}, ${max}${suffix})`;
  }

  #length(): string {
    return this.onTc ? "(ctx->len - tag)" : "bytes_between(data_end, frame)";
  }

  #ambient(what: Extract<Statement, { kind: "ambient" }>["what"]): string {
    switch (what) {
      case "length":
        return this.#length();
      case "wireLength":
        return this.onTc ? `wire_length(ctx, ${this.#length()})` : this.#length();
      case "hash":
        return this.onTc ? "bpf_get_hash_recalc(ctx)" : "0";
      case "device":
        return this.onTc ? "ctx->ifindex" : "ctx->ingress_ifindex";
      case "mark":
        return "ctx->mark";
      case "priority":
        return "ctx->priority";
      case "departure":
        return "ctx->tstamp";
      case "vlanPresent":
        if (this.untagged) return "ctx->vlan_present";
        this.uses.tag = true;
        return "tagged";
      case "vlanId":
        this.uses.tag = true;
        return "tci & 0xfff";
      case "vlanPriority":
        this.uses.tag = true;
        return "tci >> 13";
      case "now":
        return this.testing ? "world.clock" : "bpf_ktime_get_ns()";
      case "nowCoarse":
        return this.testing ? "world.clock" : "bpf_ktime_get_coarse_ns()";
      case "ticks":
        return this.testing ? "world.clock / 4000000" : "bpf_jiffies64()";
      case "random":
        return this.testing ? "next_random()" : "bpf_get_prandom_u32()";
    }
  }

  /** What is IP is asked first, as most packets are: only where there is a tag does the frame begin elsewhere. */
  #lookForTag(present: string, span: Span): void {
    this.put("frame = front;", span);
    this.put("ether_type_ = GET16(front + 12);", span);
    this.put("if (ether_type_ != 0x0008 && (ether_type_ == 0x0081 || ether_type_ == 0xa888) && front + 18 <= data_end) {", span);
    this.nested(() => {
      this.put(`${present} = 1;`, span);
      this.put("tag = 4;", span);
      this.put("frame = front + 4;", span);
    });
    this.put("}", span);
  }

  #copy(statement: Extract<Statement, { kind: "copyPlace" }>): void {
    const at = (memory: Place["memory"], offset: number): string => {
      const place: Place = { memory, offset, scalar: { bytes: 1, order: "host", shift: 0, width: 8 }, name: "" };
      if (memory.kind === "packet") return addressOf(place, this);
      const base = memory.kind === "buffer" ? `(void *)&${this.bufferName(memory.buffer)}` : `(void *)${this.pointer(memory.pointer)}`;
      return offset === 0 ? base : `${base} + ${offset}`;
    };
    const to = at(statement.to, statement.toOffset);
    const from = at(statement.from, statement.fromOffset);
    let done = 0;
    // Read before written: the two may overlap.
    const parts: { readonly bits: number; readonly at: number }[] = [];
    // The stack is accessed at natural alignment alone, packets and maps at any.
    const aligned = (by: number): boolean =>
      (statement.to.kind !== "buffer" || (statement.toOffset + done) % by === 0) &&
      (statement.from.kind !== "buffer" || (statement.fromOffset + done) % by === 0);
    while (done < statement.bytes) {
      for (const bytes of [8, 4, 2, 1]) {
        if (statement.bytes - done < bytes || !aligned(bytes)) continue;
        parts.push({ bits: bytes * 8, at: done });
        done += bytes;
        break;
      }
    }
    const offset = (base: string, by: number): string => (by === 0 ? base : `${base} + ${by}`);
    const read = parts.map((part, i) => `__u${part.bits} part_${i} = GET${part.bits}(${offset(from, part.at)});`).join(" ");
    const write = parts.map((part, i) => `PUT${part.bits}(${offset(to, part.at)}, part_${i});`).join(" ");
    this.put(`{ ${read}`, statement.span);
    this.put(`${write} }`, statement.span);
  }

  #emit(statement: Extract<Statement, { kind: "emit" }>): void {
    const { span, map, value, capture, ok } = statement;
    const name = this.#unique("record");
    const size = `sizeof(${this.bufferName(value)})`;
    const room = map.spec.capture > 0 ? ` + 4 + ${map.spec.capture}` : "";
    this.put(`void *${name} = bpf_ringbuf_reserve(&${map.symbol}, ${size}${room}, 0);`, span);
    this.put(`${this.local(ok)} = ${name} != 0;`, span);
    this.put(`if (${name}) {`, span);
    this.nested(() => {
      this.put(`__builtin_memcpy(${name}, &${this.bufferName(value)}, ${size});`, span);
      if (map.spec.capture > 0)
        this.put(`${this.onTc ? "skb" : "xdp"}_capture(ctx, ${name} + ${size}, ${capture}, ${map.spec.capture}, tag);`, span);
      this.put(`bpf_ringbuf_submit(${name}, 0);`, span);
    });
    this.put("}", span);
  }

  #replaceChecksum(statement: Extract<Statement, { kind: "checksumReplace" }>): void {
    const { span } = statement;
    const offset = this.#inFrame(statement.offset);
    const flags = statement.udp ? " | BPF_F_MARK_MANGLED_0" : "";
    const isZero = (expr: Expr): boolean => expr.op === "const" && expr.value === 0n;
    if (!isZero(statement.addresses)) {
      this.put(`bpf_l4_csum_replace(ctx, ${offset}, 0, folded(${this.expr(statement.addresses)}), BPF_F_PSEUDO_HDR${flags});`, span);
    }
    if (!isZero(statement.others)) {
      this.put(`bpf_l4_csum_replace(ctx, ${offset}, 0, folded(${this.expr(statement.others)}), 2${flags});`, span);
    }
    this.reload(span);
  }

  /** The packet may lie elsewhere now. */
  reload(span: Span): void {
    this.put("front = packet_at(ctx->data);", span);
    this.put("data_end = packet_at(ctx->data_end);", span);
    this.found(span);
  }
  /** The frame behind `front`, which was found: what lies in front of offset 12 is proved where the program asks for it. */
  found(span: Span): void {
    if (this.#usesFront) this.put(`if (front + 14 > data_end) return ${this.onTc ? "TC_ACT_SHOT" : "XDP_ABORTED"};`, span);
    this.put("FIND_FRAME;", span);
  }
}

/** Run-time offsets reach no further: a view behind must still end within the verifier's 65,535 bytes. */
const FARTHEST = 0xfdff;

/** What of the context a program may also write. */
const settable: ReadonlySet<string> = new Set(["mark", "priority", "departure"]);

function comment(place: Place): string {
  return place.memory.kind === "packet" || place.scalar.width !== place.scalar.bytes * 8 ? ` /* ${place.name} */` : "";
}

/** Clang copies a few instructions to each of a hundred jumps rather than jump; an assembler statement it leaves where it is. */
function once(label: Label): string {
  return label.shared ? ' asm volatile("")' : "";
}
