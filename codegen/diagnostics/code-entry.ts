/** One row of the table of diagnostics. */
import type { Severity } from "./diagnostic.js";

export interface CodeEntry {
  /** what is wrong, in a few words, for the reference's contents */
  readonly title: string;
  /** why it is refused and what holds instead: a paragraph */
  readonly explanation: string;
  /** what to do, shown with the diagnostic unless the place that raises it knows better */
  readonly hint?: string;
  /** "error" where left out */
  readonly severity?: Severity;
  readonly example: Example;
}

/** Two whole `.dp.ts` files, the second as near to the first as can be; or, where no program shows it, the situation in words. */
export type Example = { readonly failing: string; readonly passing: string } | { readonly situation: string };

interface Parts {
  /** imported from "datapath" beside Pipeline, Verdict and the packet's type: `u8, now` */
  readonly use?: string;
  /** imported from "datapath/headers" */
  readonly headers?: string;
  /** in front of the class */
  readonly before?: string;
  /** members of the class in front of the hook */
  readonly members?: string;
}

/** An example's file: a pipeline whose `ingress` has this body; a body without `return` passes the packet. */
export function ingress(body: string, parts: Parts = {}): string {
  const uses = ["Pipeline", "Verdict", ...(parts.use === undefined ? [] : [parts.use]), "type TcPacket"];
  const lines = [`import { ${uses.join(", ")} } from "datapath";`];
  if (parts.headers !== undefined) lines.push(`import { ${parts.headers} } from "datapath/headers";`);
  lines.push("");
  if (parts.before !== undefined) lines.push(...outdent(parts.before), "");
  lines.push("export default class Example extends Pipeline {");
  if (parts.members !== undefined) lines.push(...outdent(parts.members).map(indent(1)), "");
  const text = outdent(body);
  const last = text.at(-1) ?? "";
  if (!last.startsWith("return ")) text.push("return Verdict.Pass;");
  lines.push("  override ingress(pkt: TcPacket): Verdict {", ...text.map(indent(2)), "  }", "}", "");
  return lines.join("\n");
}

function indent(levels: number): (line: string) => string {
  return line => (line === "" ? "" : "  ".repeat(levels) + line);
}

/** The lines of a text without the indentation that they share and without blank lines at both ends. */
function outdent(text: string): string[] {
  const lines = text.replace(/^\s*\n|\s+$/g, "").split("\n");
  const depth = Math.min(...lines.filter(line => line.trim() !== "").map(line => line.length - line.trimStart().length));
  return lines.map(line => line.slice(depth).trimEnd());
}

/** Two examples that differ in the hook's body alone. */
export function bodies(failing: string, passing: string, parts: Parts = {}): Example {
  return { failing: ingress(failing, parts), passing: ingress(passing, parts) };
}
