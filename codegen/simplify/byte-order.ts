/**
 * Fields in network order that are only compared, tested for a bit, or stored as they are: read as they lie in memory,
 * in pieces that one load can take. What swaps bytes and what puts 48 or 128 bits together falls away.
 */
import type { Scalar } from "../../dsl/core/shape.js";
import type { Expr, Local, Place, Program, Statement } from "../ir/ir.js";
import { assigned, countLocals, expressionsOf, mapBodies, mapExpressions, operandsOf, visitStatements } from "../ir/walk.js";
import { byteOf } from "./scalar-bytes.js";

type Load = Extract<Statement, { kind: "load" }>;

/** One piece of a field. */
interface Piece {
  readonly local: Local;
  /** bytes from the field's start */
  readonly at: number;
  readonly bytes: 2 | 4 | 8;
}

const PIECES: { readonly [Bytes in Scalar["bytes"]]: readonly (2 | 4 | 8)[] } = { 1: [], 2: [2], 4: [4], 6: [4, 2], 8: [8], 16: [8, 8] };

export function keepByteOrder(program: Program, freshLocal: (name: string, domain: Local["domain"]) => Local): Program {
  const fields = fieldsOf(program);
  if (fields.size === 0) return program;
  const pieces = new Map<number, readonly Piece[]>();
  for (const [id, load] of fields) {
    let at = 0;
    const own = PIECES[load.place.scalar.bytes].map((bytes): Piece => {
      const local = freshLocal(`${load.local.name}_bytes`, bytes === 8 ? "bigint" : "number");
      at += bytes;
      return { local, at: at - bytes, bytes };
    });
    pieces.set(id, own);
  }
  return { ...program, body: new Rebuilder(fields, pieces).all(program.body) };
}

/** The loads whose every use can do with the pieces. */
function fieldsOf(program: Program): Map<number, Load> {
  const { reads, writes } = countLocals(program.body);
  const fields = new Map<number, Load>();
  const single = new Map<number, Load>();
  visitStatements(program.body, statement => {
    if (statement.kind !== "load" || writes.get(statement.local.id) !== 1) return;
    const { index, scalar, memory } = statement.place;
    if (index || scalar.order !== "network" || scalar.shift !== 0 || scalar.width !== scalar.bytes * 8) return;
    if ((memory.kind === "entry" && memory.map.shared) || !isAligned(statement.place)) return;
    const several = scalar.bytes === 6 || scalar.bytes === 16;
    if (PIECES[scalar.bytes].length === 1) single.set(statement.local.id, statement);
    // clang swaps one constant by itself
    if (PIECES[scalar.bytes].length > 0 && (several || (reads.get(statement.local.id) ?? 0) > 1)) fields.set(statement.local.id, statement);
  });
  for (const [joined, sources] of joins(program, single)) {
    const [first] = sources;
    if (!first) continue;
    for (const source of sources) fields.set(source.local.id, source);
    fields.set(joined.id, { ...first, local: joined });
  }
  // a use that can't, or a comparison with a field that can't, takes a field out; until none is left to take out
  for (;;) {
    const out = new Set<number>();
    visitStatements(program.body, statement => {
      if (statement.kind === "store" && isWholeStore(statement, fields)) return;
      if (statement.kind === "let" && fields.has(statement.local.id)) {
        // one way to a joined field: all of them or none
        if (statement.value.op === "local" && fields.has(statement.value.local.id)) return;
        out.add(statement.local.id);
      }
      for (const expr of expressionsOf(statement)) collectOther(expr, fields, out);
    });
    if (out.size === 0) return fields;
    for (const id of out) fields.delete(id);
  }
}

/** Locals that are one of several fields of the same size, by the path, each with those fields. */
function joins(program: Program, single: ReadonlyMap<number, Load>): Map<Local, readonly Load[]> {
  const found = new Map<number, { readonly local: Local; readonly sources: Load[] }>();
  const others = new Set<number>();
  visitStatements(program.body, statement => {
    const local = assigned(statement);
    if (!local) return;
    const source = statement.kind === "let" && statement.value.op === "local" ? single.get(statement.value.local.id) : undefined;
    const known = found.get(local.id) ?? { local, sources: [] };
    if (!source || (known.sources[0] && known.sources[0].place.scalar.bytes !== source.place.scalar.bytes)) others.add(local.id);
    else found.set(local.id, { local, sources: [...known.sources, source] });
  });
  return new Map([...found.values()].filter(({ local }) => !others.has(local.id)).map(({ local, sources }) => [local, sources]));
}

/** Fields that an expression uses for anything but what the pieces can do. */
function collectOther(expr: Expr, fields: ReadonlyMap<number, Load>, out: Set<number>): void {
  if (equalityOf(expr, fields) || bitsOf(expr, fields)) return;
  if (expr.op === "local" && fields.has(expr.local.id)) out.add(expr.local.id);
  for (const operand of operandsOf(expr)) collectOther(operand, fields, out);
}

/** A comparison for equality of a field with a constant or another field. */
function equalityOf(expr: Expr, fields: ReadonlyMap<number, Load>): Extract<Expr, { op: "compare" }> | undefined {
  return expr.op === "compare" && isEquality(expr, fields) ? expr : undefined;
}
function isEquality(expr: Extract<Expr, { op: "compare" }>, fields: ReadonlyMap<number, Load>): boolean {
  if (expr.operator !== "==" && expr.operator !== "!=") return false;
  const [left, right] = [fieldOf(expr.left, fields), fieldOf(expr.right, fields)];
  if (left && right) return left.place.scalar.bytes === right.place.scalar.bytes;
  const field = left ?? right;
  const other = left ? expr.right : expr.left;
  return field !== undefined && other.op === "const" && other.value >= 0n && other.value >> BigInt(field.place.scalar.width) === 0n;
}
function fieldOf(expr: Expr, fields: ReadonlyMap<number, Load>): Load | undefined {
  return expr.op === "local" ? fields.get(expr.local.id) : undefined;
}

interface Bits {
  readonly field: Load;
  /** in the value, from the lowest bit */
  readonly shift: number;
  readonly width: number;
}
/** `(field / 2^shift) % 2^width`, of bits in one byte. */
function bitsOf(expr: Expr, fields: ReadonlyMap<number, Load>): Bits | undefined {
  if (expr.op !== "binary" || expr.operator !== "%" || expr.right.op !== "const") return undefined;
  const width = powerOf(expr.right.value);
  const inner = expr.left;
  const quotient = inner.op === "binary" && inner.operator === "/" && inner.right.op === "const" ? inner : undefined;
  const shift = quotient?.right.op === "const" ? powerOf(quotient.right.value) : 0;
  const field = fieldOf(quotient ? quotient.left : inner, fields);
  if (!field || width === undefined || shift === undefined || width === 0) return undefined;
  if (Math.floor(shift / 8) !== Math.floor((shift + width - 1) / 8) || shift + width > field.place.scalar.width) return undefined;
  return { field, shift, width };
}
function powerOf(value: bigint): number | undefined {
  return value > 0n && (value & (value - 1n)) === 0n ? value.toString(2).length - 1 : undefined;
}

function isWholeStore(store: Extract<Statement, { kind: "store" }>, fields: ReadonlyMap<number, Load>): boolean {
  const field = fieldOf(store.value, fields);
  const { scalar, index, memory } = store.place;
  if (!field || index || (memory.kind === "entry" && memory.map.shared) || !isAligned(store.place)) return false;
  return scalar.order === "network" && scalar.bytes === field.place.scalar.bytes && scalar.shift === 0 && scalar.width === scalar.bytes * 8;
}

/** Whether each piece lies at a multiple of its size, which the stack and map values want; packets take any. */
function isAligned({ memory, offset, scalar }: Place): boolean {
  if (memory.kind === "packet") return true;
  let at = offset;
  return PIECES[scalar.bytes].every(bytes => {
    const aligned = at % bytes === 0;
    at += bytes;
    return aligned;
  });
}

class Rebuilder {
  private readonly fields: ReadonlyMap<number, Load>;
  private readonly pieces: ReadonlyMap<number, readonly Piece[]>;

  constructor(fields: ReadonlyMap<number, Load>, pieces: ReadonlyMap<number, readonly Piece[]>) {
    this.fields = fields;
    this.pieces = pieces;
  }

  all(body: readonly Statement[]): readonly Statement[] {
    return body.flatMap(statement => this.one(statement));
  }

  private one(statement: Statement): readonly Statement[] {
    if (statement.kind === "load") {
      const pieces = this.pieces.get(statement.local.id);
      if (pieces) return pieces.map(piece => ({ ...statement, local: piece.local, place: pieceOf(statement.place, piece) }));
    }
    if (statement.kind === "let" && statement.value.op === "local") {
      const [to, from] = [this.pieces.get(statement.local.id)?.[0], this.pieces.get(statement.value.local.id)?.[0]];
      if (to && from) return [{ ...statement, local: to.local, value: get(from) }];
    }
    if (statement.kind === "store" && isWholeStore(statement, this.fields) && statement.value.op === "local") {
      return (this.pieces.get(statement.value.local.id) ?? []).map(piece => ({
        ...statement,
        place: pieceOf(statement.place, piece),
        value: { op: "local", local: piece.local },
        fit: { ...statement.fit, bits: piece.bytes * 8 },
      }));
    }
    return [
      mapBodies(
        mapExpressions(statement, expr => this.expr(expr)),
        body => this.all(body),
      ),
    ];
  }

  private expr(expr: Expr): Expr {
    const equality = equalityOf(expr, this.fields);
    if (equality) return this.equality(equality);
    const bits = bitsOf(expr, this.fields);
    if (bits && expr.op === "binary") return this.bits(expr, bits);
    switch (expr.op) {
      case "binary":
      case "compare":
      case "and":
      case "or":
        return { ...expr, left: this.expr(expr.left), right: this.expr(expr.right) };
      case "unary":
      case "wrap":
      case "convert":
      case "not":
        return { ...expr, operand: this.expr(expr.operand) };
      case "const":
      case "local":
      case "bounds":
      case "present":
        return { ...expr };
    }
  }

  private equality(expr: Extract<Expr, { op: "compare" }>): Expr {
    const left = this.partsOf(expr.left);
    const right = this.partsOf(expr.right);
    const [field, other] = left.length > 0 ? [left, right] : [right, left];
    const { span, operator } = expr;
    const constant = expr.left.op === "const" ? expr.left : expr.right.op === "const" ? expr.right : undefined;
    const scalar = (fieldOf(expr.left, this.fields) ?? fieldOf(expr.right, this.fields))?.place.scalar;
    // 48 bits that are all zero: the pieces' bits together are
    const [high, low] = field;
    if (constant?.value === 0n && scalar?.bytes === 6 && high && low) {
      const both: Expr = { op: "binary", operator: "|", domain: "number", left: get(high), right: get(low), span };
      return {
        op: "compare",
        operator,
        left: { op: "wrap", bits: 32, operand: both, span },
        right: { op: "const", domain: "number", value: 0n },
        span,
      };
    }
    const tests = field.map((piece, i): Expr => {
      const partner = other[i];
      const against: Expr =
        constant && scalar
          ? { op: "const", domain: piece.local.domain, value: pieceValue(scalar, constant.value, piece) }
          : get(partner ?? piece);
      return { op: "compare", operator, left: get(piece), right: against, span };
    });
    return tests.reduce((a, b) => ({ op: operator === "==" ? "and" : "or", left: a, right: b }));
  }

  private bits(expr: Extract<Expr, { op: "binary" }>, { field, shift, width }: Bits): Expr {
    const { bytes } = field.place.scalar;
    const byte = bytes - 1 - Math.floor(shift / 8);
    const piece = (this.pieces.get(field.local.id) ?? []).find(({ at, bytes: size }) => byte >= at && byte < at + size);
    if (!piece) return expr;
    const down = BigInt(8 * (byte - piece.at) + (shift % 8));
    const { span } = expr;
    const { domain } = piece.local;
    const moved: Expr =
      down === 0n
        ? get(piece)
        : { op: "binary", operator: "/", domain, left: get(piece), right: { op: "const", domain, value: 1n << down }, span };
    const cut: Expr = {
      op: "binary",
      operator: "%",
      domain,
      left: moved,
      right: { op: "const", domain, value: 1n << BigInt(width) },
      span,
    };
    return domain === expr.domain ? cut : { op: "convert", domain: expr.domain, operand: cut, span };
  }

  private partsOf(expr: Expr): readonly Piece[] {
    return expr.op === "local" ? (this.pieces.get(expr.local.id) ?? []) : [];
  }
}

function get(piece: Piece): Expr {
  return { op: "local", local: piece.local };
}
function pieceOf(place: Place, piece: Piece): Place {
  const scalar: Scalar = { bytes: piece.bytes, order: "host", shift: 0, width: piece.bytes * 8 };
  return { ...place, offset: place.offset + piece.at, scalar };
}
/** The piece's bytes of a value in the field's order, read in host order. */
function pieceValue(scalar: Scalar, value: bigint, piece: Piece): bigint {
  let word = 0n;
  for (let i = piece.bytes - 1; i >= 0; i--) word = (word << 8n) | BigInt(byteOf(scalar, value, piece.at + i));
  return word;
}
