/** Draws an explanation: three columns where there is room for them, one under the other where there is not. */
import type { Terminal } from "../terminal.js";
import type { ExplainedLine, ExplainedProgram } from "./explain.js";

/** A narrower terminal gets the C and the instructions under the TypeScript. */
const roomForColumns = 110;

/** @param source the text of a line of TypeScript, undefined where its file is not at hand */
export function renderProgram(
  program: ExplainedProgram,
  source: (file: string, line: number) => string | undefined,
  terminal: Terminal,
): string[] {
  const lines = [`${terminal.style("bold", program.hook)}  ${program.program}, ${count(program.instructions)}`];
  const draw = terminal.width >= roomForColumns ? columns : stacked;
  let file = "";
  for (const line of program.lines) {
    if (line.file !== file) {
      file = line.file;
      lines.push("", terminal.style("underline", file));
    }
    lines.push(...draw(line, source(line.file, line.line)?.trim() ?? "", terminal));
  }
  return lines;
}

function columns(line: ExplainedLine, text: string, terminal: Terminal): string[] {
  const room = terminal.width - 6 - 6;
  const [first, second, third] = [Math.floor(room * 0.36), Math.floor(room * 0.34), Math.floor(room * 0.3)];
  const rows = Math.max(1, line.c.length, line.instructions.length);
  const left = [text, line.instructions.length > 0 ? count(line.instructions.length) : ""];
  return Array.from({ length: rows }, (_, row) => {
    const number = row === 0 ? `${line.line}` : "";
    const cells = [fit(left[row] ?? "", first), fit(line.c[row] ?? "", second), fit(line.instructions[row] ?? "", third).trimEnd()];
    const [typescript = "", c = "", ebpf = ""] = cells;
    const shown = row === 0 ? typescript : terminal.style("dim", typescript);
    return `${number.padStart(5)} ${shown} │ ${terminal.style("cyan", c)} │ ${terminal.style("green", ebpf)}`.trimEnd();
  });
}

function stacked(line: ExplainedLine, text: string, terminal: Terminal): string[] {
  return [
    `${`${line.line}`.padStart(5)} ${text}`,
    ...line.c.map(c => `      ${terminal.style("cyan", c)}`),
    ...line.instructions.map(instruction => `        ${terminal.style("green", instruction)}`),
  ];
}

function fit(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

function count(instructions: number): string {
  return `${instructions} ${instructions === 1 ? "instruction" : "instructions"}`;
}
