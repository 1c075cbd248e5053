/** A whole C file: prelude, layouts, maps, variables, and one function a hook. */
import type { Analysis } from "../analyse/analyse.js";
import type { MapDecl, Program, Span, VariableDecl } from "../ir/ir.js";
import type { Registry } from "../specialise/registry.js";
import { Action } from "../specialise/verdict.js";
import { carriedBuffers, cutSupport, resume } from "./cuts.js";
import { flowSupport, type Safeguard } from "./flow-table.js";
import { Layouts } from "./layouts.js";
import { moveSupport } from "./move-support.js";
import { takenNames } from "./names.js";
import { prelude } from "./prelude.js";
import { type Line, StatementPrinter } from "./statements.js";
import { supportFor } from "./support.js";
import { layOutVariables, type VariableLayout } from "./variables.js";

export interface PrintOptions {
  /** time and random numbers from a map that the test sets */
  readonly testing: boolean;
  /** flow tables without one of their safeguards, to see that a test finds it missing */
  readonly without?: Safeguard;
}
export interface SourceLine {
  /** of the C file, from 1 */
  readonly line: number;
  readonly span: Span;
}
export interface Printed {
  readonly code: string;
  readonly lines: readonly SourceLine[];
  readonly variables: VariableLayout;
  /** maps in the order of the file, the compiler's own not among them */
  readonly maps: readonly MapDecl[];
}

export interface Analysed {
  readonly program: Program;
  readonly analysis: Analysis;
  /** what it is split into: the program itself where it is not */
  readonly parts: readonly Program[];
}

/** What all parts of a hook's program go by. */
interface Whole {
  readonly all: readonly Analysed[];
  /** tc: the tag lies beside the frame */
  readonly aside: boolean;
  /** tc: how far constant offsets reach */
  readonly reach: number;
}

/** The slot of `:drops` where programs count that they ended themselves; it is behind the drop sites. */
export function abortSlot(registry: Registry): number {
  return registry.drops.length;
}

export function printProgram(programs: readonly Analysed[], registry: Registry, options: PrintOptions): Printed {
  if (registry.actions.has(Action.Reflect) && programs.some(({ program }) => program.hook !== "xdp")) registry.usePosition();
  const layouts = new Layouts();
  const bodies: Line[][] = [];
  const printers: StatementPrinter[] = [];
  const taken = takenNames(registry);
  const cuts: string[] = [];
  for (const { program: whole, analysis, parts } of programs) {
    const printed = parts.map(program => {
      const printer = new StatementPrinter(program, analysis, layouts, options.testing, taken, whole.name);
      printer.printAll(program.body);
      return { program, printer };
    });
    const text = printed.flatMap(({ printer }) => printer.lines.map(line => line.text)).join("\n");
    const aside = whole.hook !== "xdp" && movesBytes(text) && !whole.untagged;
    const reach = Math.max(...printed.map(({ printer }) => reachOf(printer)));
    for (const { program, printer } of printed) {
      printers.push(printer);
      bodies.push(wrapFunction(program, printer, registry, { all: programs, aside, reach }));
    }
    if (parts.length > 1) cuts.push(cutSupport(whole, parts, analysis, layouts));
  }
  const maps = [...registry.maps.values()];
  const variables = layOutVariables([...registry.variables.values()]);
  const mapText = maps.map(map => printMap(map, layouts)).join("\n");
  const bodyText = bodies.flatMap(body => body.map(line => line.text)).join("\n");
  const flowText = flowSupport(maps, layouts, options.testing, options.without);
  const head = [
    prelude,
    layouts.text,
    mapText,
    printCounters(registry, printers),
    printVariables(variables, options.testing),
    flowText,
    ...cuts,
    supportFor(bodyText),
    moveSupport(bodyText),
  ].filter(part => part !== "");
  const text: string[] = head.join("\n").split("\n");
  const lines: SourceLine[] = [];
  for (const body of bodies) {
    let last: Span | undefined;
    for (const line of body) {
      if (line.span && (line.span.file !== last?.file || line.span.line !== last.line)) {
        text.push(`#line ${line.span.line} ${JSON.stringify(line.span.file)}`);
        last = line.span;
      } else if (line.span) {
        // The next line of C would count on by itself: hold it at the same line of TypeScript.
        text.push(`#line ${line.span.line}`);
      }
      text.push(line.text.replaceAll(farCheck, "if (lies_beyond($1, $2, data_end))"));
      if (line.span) lines.push({ line: text.length, span: line.span });
    }
    text.push("");
  }
  text.push('char _license[] SEC("license") = "Dual BSD/GPL";', "");
  return { code: text.join("\n"), lines, variables, maps };
}

/** A check of a pointer that is computed: it gets a copy of its own. */
const farCheck = /\bif \((?!front\b|frame\b)(\w+) \+ (\d+) > data_end\)/g;

/** Where each local stands at each instruction: nobody reads it, and it is three quarters of what clang does for a large program. */
const withoutLocals = "#pragma clang attribute push(__attribute__((nodebug)), apply_to = variable(unless(is_parameter)))";

function wrapFunction(program: Program, printer: StatementPrinter, registry: Registry, { all, aside, reach }: Whole): Line[] {
  const { uses, onTc } = printer;
  const none = `return ${onTc ? "TC_ACT_SHOT" : "XDP_ABORTED"};`;
  const lines: Line[] = [];
  const span = program.body[0]?.span;
  const put = (text: string): void => {
    lines.push({ text, span });
  };
  const text = printer.lines.map(line => line.text).join("\n");
  const routes = uses.finish && registry.actions.has(Action.Route);
  const needsFrame =
    routes || program.resumes !== undefined || /\b(frame|FIND_FRAME|tag)\b/.test(text) || uses.tag || /\b(xdp|skb)_\w+\(ctx/.test(text);
  const needsPacket = needsFrame || /\b(front|data_end)\b/.test(text);
  const context = onTc ? "struct __sk_buff" : "struct xdp_md";
  const resumed = resume(printer, program, none, { found: needsFrame, tag: !aside && !program.untagged && !program.tagsApart });
  put(withoutLocals);
  put(`SEC("${onTc ? "tc" : "xdp"}")`);
  put(`int ${program.name}(${context} *ctx)`);
  put("{");
  if (needsPacket) {
    put("\t__u8 *front = packet_at(ctx->data);");
    put("\t__u8 *data_end = packet_at(ctx->data_end);");
    put("\t__u8 *frame = front;");
  }
  if (needsFrame) {
    if (!program.untagged && !program.resumes) put("\t__u32 ether_type_ = 0;");
    put("\t__u32 tag = 0;");
  }
  if (/\bmac_length\b/.test(text) || (onTc && program.resumes)) put("\t__u32 mac_length = 14;");
  if (uses.tag) {
    put("\tbool tagged = 0;");
    put("\t__u32 tci = 0;");
  }
  if (uses.dropped || uses.aborted || uses.finish || needsPacket || printer.testing) put("\t__u32 site = 0;");
  if (uses.finish) put("\t__u64 verdict_ = 0;");
  if (uses.dropped || uses.finish) put("\tint action = 0;");
  for (const { name, type } of printer.locals.values()) put(`\t${type} ${name} = 0;`);
  for (const { name, type } of printer.pointers.values()) put(`\t${type}${name} = 0;`);
  for (const { name, type } of printer.copies.values()) put(`\t${type} ${name};`);
  const forgetsTag = needsFrame && !aside && !program.resumes && !program.tagsApart && printer.lines.length > LONG;
  if (uses.anyValue || forgetsTag) put(`\t__u32 any_value = ${onTc ? "ctx->hash" : "ctx->rx_queue_index"};`);
  const spilled = spill(printer, program.name);
  for (const { name, type } of printer.buffers.values()) if (!spilled) put(`\t${type} ${name} __attribute__((aligned(8)));`);
  if (spilled) {
    put(`\t__u32 first_ = 0;`);
    put(`\tstruct ${spilled.struct} *buffers_ = bpf_map_lookup_elem(&${spilled.map}, &first_);`);
    put("");
    put(`\tif (!buffers_) ${none}`);
  }
  put("");
  const carried = carriedBuffers(program);
  for (const [id, { name }] of printer.buffers) if (carried.has(id)) put(`\t__builtin_memset(&${name}, 0, sizeof(${name}));`);
  if (uses.anyValue || forgetsTag) put("\tbarrier_var(any_value);");
  const reflects =
    registry.actions.has(Action.Reflect) && all.some(other => other.program.hook !== program.hook && other.program.hook !== "xdp");
  if (onTc && reflects && !program.resumes) {
    put("\tif (ctx->tc_index == REFLECTED) {");
    put("\t\tctx->tc_index = 0;");
    put("\t\treturn TC_ACT_UNSPEC;");
    put("\t}");
  }
  if (needsPacket) {
    if (onTc && !program.resumes) {
      put(`\tif (front + ${reach} > data_end && bytes_between(data_end, front) < ctx->len) {`);
      put(`\t\tbpf_skb_pull_data(ctx, ctx->len < ${reach} ? ctx->len : ${reach});`);
      put("\t\tfront = packet_at(ctx->data);");
      put("\t\tdata_end = packet_at(ctx->data_end);");
      put("\t\tframe = front;");
      put("\t}");
    }
    // The kernel hands over no shorter frame: this is for the verifier alone.
    if (!program.untagged || program.resumes || !beginsWithCheck(printer)) put(`\tif (front + 14 > data_end) ${none}`);
    if (needsFrame && !program.untagged && !program.tagsApart && !program.resumes) {
      for (const line of findTag(onTc, aside, none)) put(`\t${line}`);
      // or clang keeps whether there is a tag beside how long it is
      if (!aside && /\bxdp_insert\(/.test(text)) put("\tbarrier_var(tag);");
      if (aside || uses.tag) put("\tFIND_FRAME;");
      // Last: it proves the frame's first bytes again, for the pointer that the program then uses.
      if (forgetsTag) for (const line of forgetTag(none)) put(`\t${line}`);
    }
  }
  for (const line of resumed) put(`\t${line}`);
  lines.push(...printer.lines);
  const tail = (line: string): void => {
    lines.push({ text: line, span: undefined });
  };
  if (uses.finish) {
    tail("finish:");
    if (printer.testing) for (const line of tellTest(onTc, "verdict_")) tail(`\t${line}`);
    for (const line of finishLines(registry, onTc, program.hook, printer.testing)) tail(`\t${line}`);
    uses.dropped = uses.dropped || registry.actions.has(Action.Drop);
  }
  const aborts = uses.aborted || printer.testing;
  if (aborts) {
    tail("aborted: __attribute__((unused));");
    if (printer.testing) for (const line of tellTest(onTc, `${Action.Abort}`)) tail(`\t${line}`);
    tail(`\tsite = ${abortSlot(registry)};`);
    if (uses.dropped) {
      tail(`\taction = ${onTc ? "TC_ACT_SHOT" : "XDP_ABORTED"};`);
      tail("\tgoto counted;");
    }
  }
  if (uses.dropped) {
    tail("dropped: __attribute__((unused));");
    tail(`\taction = ${onTc ? "TC_ACT_SHOT" : "XDP_DROP"};`);
    tail("counted: __attribute__((unused));");
  }
  if (aborts || uses.dropped) {
    tail("\tcount_drop(site);");
    tail(`\treturn ${uses.dropped ? "action" : onTc ? "TC_ACT_SHOT" : "XDP_ABORTED"};`);
  }
  tail("}");
  tail("#pragma clang attribute pop");
  if (spilled) {
    lines.unshift(...spilled.before.map(text => ({ text, span: undefined })));
    lines.push(...spilled.after.map(text => ({ text, span: undefined })));
  }
  const define = findFrame(onTc, uses.tag, aside);
  return needsFrame
    ? [...define.map(line => ({ text: line, span: undefined })), ...lines, { text: "#undef FIND_FRAME", span: undefined }]
    : lines;
}

/** Whether a program's first statement is a bounds check of the frame: it proves the Ethernet header too. */
function beginsWithCheck(printer: StatementPrinter): boolean {
  const [first, then] = printer.lines.map(({ text }) => text.trim()).filter(text => text !== "");
  return /^if \(frame \+ \d+ > data_end\) \{$/.test(first ?? "") && /^(return|goto)\b/.test(then ?? "");
}

/** How far constant offsets of a program reach: what tc pulls once, at entry. */
function reachOf(printer: StatementPrinter): number {
  let reach = 14;
  for (const line of printer.lines) {
    for (const match of line.text.matchAll(/\b\w+ \+ (\d+) (?:<=|>) data_end/g)) reach = Math.max(reach, Number(match[1]));
  }
  // Run-time offsets: as far as a header chain usually goes.
  return printer.pointers.size > 0 && /frame \+ atOffset/.test(printer.lines.map(l => l.text).join("\n")) ? 256 : Math.min(256, reach + 4);
}

/** Keys and values beyond this go into a per-CPU map: a program has 512 bytes of stack, and clang spills some itself. */
const STACK_FOR_BUFFERS = 256;

interface Spilled {
  readonly struct: string;
  readonly map: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** The buffers of a program as one struct in a per-CPU map, where they would not fit on the stack. */
function spill(printer: StatementPrinter, program: string): Spilled | undefined {
  const buffers = [...printer.buffers.values()];
  if (buffers.reduce((sum, buffer) => sum + Math.ceil(buffer.size / 8) * 8, 0) <= STACK_FOR_BUFFERS) return undefined;
  const struct = `${program}_buffers`;
  const map = `${program}_scratch`;
  const members = buffers.map(({ name, type }) => `\t${type} ${name} __attribute__((aligned(8)));`);
  return {
    struct,
    map,
    before: [
      "/* Keys and values that do not fit on the stack. */",
      `struct ${struct} {`,
      ...members,
      "};",
      "struct {",
      "\t__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);",
      "\t__uint(max_entries, 1);",
      "\t__type(key, __u32);",
      `\t__type(value, struct ${struct});`,
      `} ${map} SEC(".maps");`,
      ...buffers.map(({ name }) => `#define ${name} (buffers_->${name})`),
    ],
    after: buffers.map(({ name }) => `#undef ${name}`),
  };
}

/** What of tc changes where a packet's bytes begin: such a program wants the tag beside the frame. */
function movesBytes(text: string): boolean {
  return /\bskb_(insert|remove|grow|shrink|set_tag|pop_tag)\(/.test(text);
}

/**
 * Looks for a tag in the frame, once: from then on the program knows where it is. One comparison after the other, and the
 * pointer opaque in its branch: clang would make selects of it, which cost every packet more than a tagged one.
 */
function findTag(onTc: boolean, aside: boolean, end: string): string[] {
  const found = aside
    ? [
        `\tif (!skb_tag_aside(ctx)) ${end}`,
        "\tfront = packet_at(ctx->data);",
        "\tdata_end = packet_at(ctx->data_end);",
        `\tif (front + 14 > data_end) ${end}`,
      ]
    : ["\ttag = 4;", "\tframe = front + 4;", "\tbarrier_var(frame);"];
  return [
    "frame = front;",
    ...(onTc ? ["if (ctx->vlan_present) goto plain_frame;"] : []),
    "ether_type_ = GET16(front + 12);",
    "if (ether_type_ == 0x0081) goto tagged_frame; /* 802.1Q */",
    "barrier_var(ether_type_);",
    "if (ether_type_ != 0xa888) goto plain_frame; /* 802.1ad */",
    "tagged_frame:",
    'asm volatile(""); /* or clang repeats what follows for each of the two */',
    "if (front + 18 <= data_end) {",
    ...found,
    "}",
    "plain_frame:;",
  ];
}

/** Lines of C beyond which the verifier's work counts for more than a few instructions. */
const LONG = 400;

/** x ^ y ^ y with an unknown y: with and without a tag become one state, or the verifier would walk all that follows twice. */
function forgetTag(end: string): string[] {
  return [
    "tag ^= any_value; barrier_var(tag); tag ^= any_value; barrier_var(tag); tag &= 4;",
    "frame = front + tag;",
    "barrier_var(frame);",
    `if (frame + 14 > data_end) ${end}`,
  ];
}

/** The frame behind a tag that is in it; a tag that the hardware took off is in the context. */
function findFrame(onTc: boolean, needsTag: boolean, aside: boolean): string[] {
  const parts = [aside ? "frame = front;" : "frame = front + tag;"];
  if (needsTag && !aside) {
    parts.push("tagged = 0; tci = 0; if (tag && front + 18 <= data_end) { tagged = 1; tci = be16(front + 14); }");
    if (onTc) parts.push("if (ctx->vlan_present) { tagged = 1; tci = ctx->vlan_tci; }");
  } else if (needsTag) parts.push("tagged = ctx->vlan_present; tci = tagged ? ctx->vlan_tci : 0;");
  return [`#define FIND_FRAME do { ${parts.join(" ")} } while (0)`];
}

/** A test build says which verdict it came to, and which tag the packet's metadata holds: a test run shows neither. */
function tellTest(onTc: boolean, verdict: string): string[] {
  const lines = [`world.verdict = ${verdict};`];
  if (onTc) lines.push("KEEP_APART;", "world.tag = (__u64)ctx->vlan_present << 48 | (__u64)ctx->vlan_proto << 16 | ctx->vlan_tci;");
  return lines;
}

function finishLines(registry: Registry, onTc: boolean, hook: Program["hook"], testing: boolean): string[] {
  const { actions } = registry;
  const lines: string[] = [];
  const has = (action: number): boolean => actions.has(action);
  if (has(Action.Drop)) {
    lines.push(`if ((verdict_ & 255) == ${Action.Drop}) {`, "\tsite = verdict_ >> 8;", "\tgoto dropped;", "}");
  }
  if (testing) lines.push(`if ((verdict_ & 255) == ${Action.Abort}) goto aborted;`);
  if (has(Action.Reflect) && onTc) {
    // At the host's end of a container's veth what enters the container leaves the device.
    const [atDevice, atHost] = hook === "egress" ? ["BPF_F_INGRESS", "0"] : ["0", "BPF_F_INGRESS"];
    lines.push(`if ((verdict_ & 255) == ${Action.Reflect}) {`);
    lines.push("\tctx->tc_index = REFLECTED;", `\treturn bpf_redirect(ctx->ifindex, target.position ? ${atHost} : ${atDevice});`, "}");
  }
  if (has(Action.Redirect)) {
    lines.push(`if ((verdict_ & 255) == ${Action.Redirect}) return bpf_redirect(verdict_ >> 8, 0);`);
  }
  if (has(Action.Route)) {
    const route = onTc ? "route_skb(ctx, frame, data_end, verdict_ >> 8)" : "route_xdp(ctx, front, frame, data_end, verdict_ >> 8)";
    lines.push(`if ((verdict_ & 255) == ${Action.Route}) return ${testing ? (onTc ? "TC_ACT_UNSPEC" : "XDP_PASS") : route};`);
  }
  if (has(Action.Flood)) {
    registry.floods.forEach((map, i) => {
      const test = `if (verdict_ == ${Action.Flood + i * 256})`;
      if (testing) lines.push(`${test} return ${onTc ? "TC_ACT_SHOT" : "XDP_DROP"};`);
      else if (onTc) {
        lines.push(`${test} {`);
        for (let slot = 0; slot < map.spec.maxEntries; slot++) lines.push(`\tflood_to(ctx, &${map.symbol}, ${slot});`);
        lines.push("\treturn TC_ACT_SHOT;", "}");
      } else lines.push(`${test} return bpf_redirect_map(&${map.symbol}, 0, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS);`);
    });
  }
  lines.push(onTc ? "return TC_ACT_UNSPEC;" : "return verdict_ & 255;");
  return lines;
}

const mapTypes: { readonly [K in Exclude<MapDecl["spec"]["kind"], "flowTable">]: string } = {
  hash: "HASH",
  lruHash: "LRU_HASH",
  perCpuHash: "PERCPU_HASH",
  perCpuLruHash: "LRU_PERCPU_HASH",
  lpmTrie: "LPM_TRIE",
  prefixTable: "LPM_TRIE",
  array: "ARRAY",
  perCpuArray: "PERCPU_ARRAY",
  devMap: "DEVMAP",
  ring: "RINGBUF",
  counter: "PERCPU_ARRAY",
  scratch: "PERCPU_ARRAY",
};

function printMap(map: MapDecl, layouts: Layouts): string {
  const { spec } = map;
  if (spec.kind === "flowTable") return "";
  const lines = [`__uint(type, BPF_MAP_TYPE_${mapTypes[spec.kind]});`, `__uint(max_entries, ${spec.maxEntries});`];
  if (spec.kind === "lpmTrie" || spec.kind === "prefixTable") lines.push("__uint(map_flags, BPF_F_NO_PREALLOC);");
  if (spec.kind !== "ring") {
    const value = spec.value ? layouts.typeOfShape(spec.value) : "__u32";
    const key =
      spec.key &&
      spec.kind !== "array" &&
      spec.kind !== "perCpuArray" &&
      spec.kind !== "counter" &&
      spec.kind !== "scratch" &&
      spec.kind !== "devMap"
        ? layouts.typeOf(keyLayout(map))
        : "__u32";
    lines.push(`__type(key, ${key});`, `__type(value, ${spec.kind === "devMap" ? "__u32" : value});`);
  }
  return `/* ${map.path} */\nstruct {\n${lines.map(line => `\t${line}`).join("\n")}\n} ${map.symbol} SEC(".maps");\n`;
}

/** Keys are looked up through buffers, which are structs. */
function keyLayout(map: MapDecl) {
  const { key } = map.spec;
  if (key?.kind === "struct") return key;
  const shape = key ?? { kind: "int", bits: 32, order: "host" };
  const size = shape.kind === "int" ? shape.bits / 8 : 4;
  const align = shape.kind === "int" ? (shape.bits === 48 ? 2 : Math.min(8, size)) : 4;
  return { kind: "struct", name: `${map.symbol}_key`, fields: [{ name: "value", shape, offset: 0, bit: 0 }], size, align } as const;
}

function printCounters(registry: Registry, printers: readonly StatementPrinter[]): string {
  if (!printers.some(printer => printer.uses.dropped || printer.uses.aborted || printer.uses.finish)) return "";
  return `/* packets by the place that dropped them; the last slot counts what ended itself */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ${registry.drops.length + 1});
	__type(key, __u32);
	__type(value, __u64);
} drops SEC(".maps");

static __always_inline void count_drop(__u32 site)
{
	__u64 *packets = bpf_map_lookup_elem(&drops, &site);

	if (packets) *packets += 1;
}
`;
}

function printVariables(layout: VariableLayout, testing: boolean): string {
  const section = (name: string, qualifier: string, fields: VariableLayout["params"], elf: string): string => {
    if (fields.length === 0) return "";
    const members = fields.map(
      field => `\t__u${field.size * 8 > 64 ? 64 : field.size * 8} ${field.variable.symbol}${field.size === 16 ? "[2]" : ""};`,
    );
    const asserts = fields.map(
      field => `_Static_assert(offsetof(struct ${name}, ${field.variable.symbol}) == ${field.offset}, "${field.variable.path}");`,
    );
    const values = fields.map(field => `\t.${field.variable.symbol} = ${initial(field.variable)},`);
    return `struct ${name} {\n${members.join("\n")}\n};\n${asserts.join("\n")}\n${qualifier} struct ${name} ${name} SEC("${elf}") = {\n${values.join("\n")}\n};\n`;
  };
  const parts = [
    section("params", "const volatile", layout.params, ".rodata.params"),
    section("settings", "volatile", layout.settings, ".data.settings"),
    section("target", "const volatile", layout.target, ".rodata.target"),
  ];
  if (testing)
    parts.push(
      'struct {\n\t__u64 clock, count, index;\n\t__u32 random[64];\n\t__u64 verdict, tag;\n} volatile world SEC(".data.world") = { 0 };\n',
    );
  return parts.filter(part => part !== "").join("\n");
}

function initial(variable: VariableDecl): string {
  if (variable.bits !== 128) return `${variable.initial}ULL`;
  return `{ ${variable.initial & ((1n << 64n) - 1n)}ULL, ${variable.initial >> 64n}ULL }`;
}
