/** IR as text, for tests and for who looks at what a pass did. */
import type { Expr, Memory, Move, Place, Program, Statement } from "./ir.js";

export function showProgram(program: Program): string {
  return `${program.name} (${program.hook})\n${showStatements(program.body, 1)}`;
}

export function showStatements(body: readonly Statement[], depth = 0): string {
  return body.map(statement => showStatement(statement, depth)).join("");
}

function showStatement(statement: Statement, depth: number): string {
  const line = (text: string): string => `${"  ".repeat(depth)}${text}\n`;
  switch (statement.kind) {
    case "let":
      return line(`${local(statement.local)} = ${showExpr(statement.value)}`);
    case "load":
      return line(`${local(statement.local)} = ${showPlace(statement.place)}`);
    case "store":
      return line(`${showPlace(statement.place)} = ${showExpr(statement.value)}`);
    case "fits":
      return line(`fits ${showExpr(statement.value)} in ${statement.fit.bits} bits`);
    case "inRange":
      return line(`in range ${showExpr(statement.value)} of ${statement.length}`);
    case "point":
      return line(`${pointer(statement.pointer)} = packet + ${showExpr(statement.offset)}`);
    case "alias":
      return line(`${pointer(statement.pointer)} = ${statement.from === "null" ? "NULL" : pointer(statement.from)}`);
    case "if":
      return (
        line(`if ${showExpr(statement.condition)}`) +
        showStatements(statement.then, depth + 1) +
        (statement.else.length > 0 ? line("else") + showStatements(statement.else, depth + 1) : "")
      );
    case "forget":
      return line(`forget ${local(statement.local)}`);
    case "cut": {
      const { locals, pointers, buffers } = statement.carried;
      const names = [...locals.map(one => local(one.local)), ...pointers.map(pointer), ...buffers.map(({ name }) => name)];
      return line(`cut ${statement.part}: ${names.join(", ")}`);
    }
    case "block":
      return line(`block ${label(statement.label)}`) + showStatements(statement.body, depth + 1);
    case "leave":
      return line(`leave ${label(statement.label)}`);
    case "variable":
      return line(`${local(statement.local)} = ${statement.variable.what} ${statement.variable.path}`);
    case "return":
      return line(`return ${showExpr(statement.verdict)}`);
    case "ambient":
      return line(`${local(statement.local)} = ${statement.what}`);
    case "setAmbient":
      return line(`${statement.what} = ${showExpr(statement.value)}`);
    case "move":
      return line(`${local(statement.ok)} = ${showMove(statement.move)}`);
    case "clear":
      return line(`clear ${statement.buffer.name}`);
    case "copyPlace":
      return line(
        `${showMemory(statement.to)}[${statement.toOffset}] = ${statement.bytes} bytes of ${showMemory(statement.from)}[${statement.fromOffset}]`,
      );
    case "lookup":
      return line(`${pointer(statement.pointer)} = lookup ${statement.map.path} by ${statement.key.name}`);
    case "element":
      return line(`${pointer(statement.pointer)} = element ${statement.map.path} at ${showExpr(statement.index)}`);
    case "update":
      return line(
        `${local(statement.ok)} = update ${statement.map.path} of ${statement.key.name} with ${statement.value.name}, ${statement.only}`,
      );
    case "delete":
      return line(`${local(statement.ok)} = delete ${statement.map.path} of ${statement.key.name}`);
    case "atomicAdd":
      return line(
        `${statement.old ? `${local(statement.old)} = ` : ""}atomic ${showPlace(statement.place)} += ${showExpr(statement.value)}`,
      );
    case "compareExchange":
      return line(
        `${local(statement.ok)} = exchange ${showPlace(statement.place)} from ${showExpr(statement.expected)} to ${showExpr(statement.desired)}`,
      );
    case "emit":
      return line(`${local(statement.ok)} = emit ${statement.map.path} of ${statement.value.name}`);
    case "flowFind":
      return line(`${pointer(statement.pointer)}, ${pointer(statement.copy)} = flow of ${statement.map.path} by ${statement.key.name}`);
    case "flowAdd":
      return line(
        `${local(statement.outcome)}, ${pointer(statement.pointer)}, ${pointer(statement.copy)} = add to ${statement.map.path} ${statement.key.name} with ${statement.value.name}${statement.established ? ", established" : ""}`,
      );
    case "flowUpdate":
      return line(
        `${local(statement.ok)} = update ${pointer(statement.pointer)} as ${pointer(statement.copy)} at ${statement.ranges.map(range => `${range.offset}+${range.bytes}`).join()} with ${statement.value.name}${statement.established === undefined ? "" : `, established ${statement.established}`}`,
      );
    case "flowMark":
      return line(`${local(statement.ok)} = mark ${pointer(statement.pointer)} as ${pointer(statement.copy)}: ${statement.mark}`);
    case "flowTouch":
      return line(`touch ${pointer(statement.pointer)}`);
    case "count":
      return line(`count ${statement.map.path}`);
    case "mirror":
      return line(`${local(statement.ok)} = mirror to ${showExpr(statement.device)}`);
    case "device":
      return line(`${local(statement.local)} = device ${statement.map.path} at ${showExpr(statement.key)}`);
    case "packetCopy":
      return line(
        `${local(statement.ok)} = copy ${showExpr(statement.count)} bytes to ${showExpr(statement.to)} from ${showExpr(statement.from)}`,
      );
    case "packetSum":
      return line(`${local(statement.local)} = checksum of ${showExpr(statement.length)} bytes at ${showExpr(statement.offset)}`);
    case "checksumReplace":
      return line(`checksum at ${showExpr(statement.offset)} by ${showExpr(statement.addresses)} and ${showExpr(statement.others)}`);
    case "checksumUpdate":
      return line(`checksum state by ${showExpr(statement.difference)}`);
    case "synCookie":
      return line(`${local(statement.local)} = ${statement.does} a SYN cookie of ${statement.operands.map(showExpr).join(", ")}`);
  }
}

export function showExpr(expr: Expr): string {
  switch (expr.op) {
    case "const":
      return expr.domain === "boolean" ? `${expr.value !== 0n}` : `${expr.value}${expr.domain === "number" ? "" : "n"}`;
    case "local":
      return local(expr.local);
    case "binary":
      return `(${showExpr(expr.left)} ${expr.operator} ${showExpr(expr.right)})`;
    case "compare":
      return `(${showExpr(expr.left)} ${expr.operator} ${showExpr(expr.right)})`;
    case "and":
    case "or":
      return `(${showExpr(expr.left)} ${expr.op} ${showExpr(expr.right)})`;
    case "unary":
      return `${expr.operator}${showExpr(expr.operand)}`;
    case "wrap":
      return `u${expr.bits}(${showExpr(expr.operand)})`;
    case "convert":
      return `${expr.domain}(${showExpr(expr.operand)})`;
    case "not":
      return `not ${showExpr(expr.operand)}`;
    case "bounds":
      return `${pointer(expr.pointer)} has ${expr.size}`;
    case "present":
      return `${pointer(expr.pointer)} is there`;
  }
}

function showPlace(place: Place): string {
  const { bytes, order, shift, width } = place.scalar;
  const bits = shift === 0 && width === bytes * 8 ? `u${width}` : `bits ${shift}+${width} of u${bytes * 8}`;
  const index = place.index ? ` + ${place.index.stride}*${showExpr(place.index.value)}` : "";
  return `${showMemory(place.memory)}[${place.offset}${index}] ${order} ${bits}`;
}
function showMemory(memory: Memory): string {
  return memory.kind === "buffer" ? memory.buffer.name : pointer(memory.pointer);
}
function showMove(move: Move): string {
  switch (move.kind) {
    case "insert":
    case "remove":
      return `${move.kind} ${showExpr(move.bytes)} at ${showExpr(move.offset)}`;
    case "grow":
    case "shrink":
    case "pull":
      return `${move.kind} ${showExpr(move.bytes)}`;
    case "trim":
      return `trim to ${showExpr(move.length)}`;
    case "vlanSet":
      return `vlan ${showExpr(move.id)}`;
    case "vlanPop":
      return "no vlan";
  }
}
function local(of: { readonly name: string; readonly id: number }): string {
  return `${of.name}.${of.id}`;
}
function pointer(of: { readonly name: string; readonly id: number }): string {
  return `*${of.name}.${of.id}`;
}
function label(of: { readonly name: string; readonly id: number }): string {
  return `${of.name}.${of.id}`;
}
