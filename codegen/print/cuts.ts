/**
 * Between the parts of a split program: one leaves what is carried in a slot of this processor and calls the next, which
 * does not come back. Nothing runs between the two that could write the slot.
 */
import type { Analysis } from "../analyse/analyse.js";
import type { Carried, Program, Statement } from "../ir/ir.js";
import { partName } from "../split/parts.js";
import { typeName } from "./expressions.js";
import type { Layouts } from "./layouts.js";
import type { StatementPrinter } from "./statements.js";

/** The map that has a hook's parts, each at its number less one. */
export function partsMap(whole: string): string {
  return `${whole}_parts`;
}

const memberOf = (of: { readonly name: string; readonly id: number }, what: "l" | "p" | "b"): string => `${what}${of.id}_${of.name}`;

/** What the parts of one hook need around them: the slots, and the programs. */
export function cutSupport(whole: Program, parts: readonly Program[], analysis: Analysis, layouts: Layouts): string {
  const slots = parts.flatMap(({ name, resumes }) => (resumes ? [slotOf(name, resumes.carried, analysis, layouts)] : []));
  return `${slots.join("")}/* The programs that go on where ${whole.name} ends. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, ${parts.length - 1});
	__type(key, __u32);
	__type(value, __u32);
} ${partsMap(whole.name)} SEC(".maps");
`;
}

function slotOf(name: string, carried: Carried, analysis: Analysis, layouts: Layouts): string {
  const members = [
    ...carried.locals.map(({ local }) => `${typeName(analysis.cType(local))} ${memberOf(local, "l")}`),
    ...carried.buffers.map(buffer => `${layouts.typeOf(buffer.layout)} ${memberOf(buffer, "b")} __attribute__((aligned(8)))`),
    ...carried.pointers.map(pointer => `__u32 ${memberOf(pointer, "p")}`),
    "__u32 tag",
    "__u32 mac_length",
  ];
  return `/* What ${name} goes on with. */
struct ${name}_carried {
${members.map(member => `\t${member};`).join("\n")}
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ${name}_carried);
} ${name}_slot SEC(".maps");
`;
}

function openSlot(part: string, none: string): string[] {
  return [
    "__u32 first_ = 0;",
    `struct ${part}_carried *carried_ = bpf_map_lookup_elem(&${part}_slot, &first_);`,
    "",
    `if (!carried_) ${none}`,
  ];
}

export function printCut(printer: StatementPrinter, statement: Extract<Statement, { kind: "cut" }>, whole: string): void {
  const { carried, part, span } = statement;
  const next = partName({ name: whole, hook: printer.hook, body: [] }, part);
  const put = (text: string): void => printer.put(text, span);
  printer.uses.aborted = true;
  put("{");
  printer.nested(() => {
    for (const line of openSlot(next, "goto aborted;")) put(line);
    for (const { local } of carried.locals) put(`carried_->${memberOf(local, "l")} = ${printer.local(local)};`);
    for (const pointer of carried.pointers) put(`carried_->${memberOf(pointer, "p")} = bytes_between(${printer.pointer(pointer)}, frame);`);
    for (const buffer of carried.buffers) {
      const name = printer.bufferName(buffer);
      put(`__builtin_memcpy(&carried_->${memberOf(buffer, "b")}, &${name}, sizeof(${name}));`);
    }
    if (!printer.untagged) put("carried_->tag = tag;");
    if (printer.onTc) put("carried_->mac_length = mac_length;");
    put(`bpf_tail_call(ctx, &${partsMap(whole)}, ${part - 1});`);
    put("goto aborted;");
  });
  put("}");
}

/** Beyond it an offset of the packet is none that the verifier takes. */
const FARTHEST = 0xfdff;

/** What a part begins with, behind what finds the packet. `tag` says whether the frame has one that the part must step over. */
export function resume(
  printer: StatementPrinter,
  program: Program,
  end: string,
  frame: { readonly found: boolean; readonly tag: boolean },
): string[] {
  const { resumes } = program;
  if (!resumes) return [];
  const { locals, pointers, buffers } = resumes.carried;
  const lines = ["{", ...openSlot(program.name, end).map(line => (line === "" ? "" : `\t${line}`))];
  if (frame.tag) lines.push("\ttag = carried_->tag & 4;", "\tbarrier_var(tag);");
  if (frame.found) lines.push("\tFIND_FRAME;");
  if (printer.onTc) lines.push("\tmac_length = carried_->mac_length;");
  for (const { local, range } of locals) {
    const name = printer.local(local);
    const type = printer.typeOf(local);
    const from = `carried_->${memberOf(local, "l")}`;
    if (type === "bool") lines.push(`\t${name} = (${from} & 1) != 0;`);
    else if (range.min >= 0n && range.max < 0x8000_0000n) lines.push(`\t${name} = ${from} & 0x${range.max.toString(16)};`);
    else lines.push(`\t${name} = ${from};`);
  }
  for (const pointer of pointers) {
    const name = printer.pointer(pointer);
    lines.push(`\t{ __u32 atOffset = carried_->${memberOf(pointer, "p")};`, "\tbarrier_var(atOffset);");
    lines.push(`\tif (atOffset > ${FARTHEST}) atOffset = ${FARTHEST};`, `\t${name} = frame + atOffset;`, `\tbarrier_var(${name}); }`);
  }
  for (const buffer of buffers) {
    const name = printer.bufferName(buffer);
    lines.push(`\t__builtin_memcpy(&${name}, &carried_->${memberOf(buffer, "b")}, sizeof(${name}));`);
  }
  return [...lines, "}"];
}

/** The memory that a part hands over is read as a whole: nothing of it may be what nobody wrote. */
export function carriedBuffers(program: Program): ReadonlySet<number> {
  const found = new Set<number>();
  const walk = (body: readonly Statement[]): void => {
    for (const statement of body) {
      if (statement.kind === "cut") for (const { id } of statement.carried.buffers) found.add(id);
      if (statement.kind === "block") walk(statement.body);
      if (statement.kind === "if") {
        walk(statement.then);
        walk(statement.else);
      }
    }
  };
  walk(program.body);
  return found;
}
