/** What the rules ask of types. */
import { ts } from "ts-morph";

export function isStringLike(type: ts.Type): boolean {
  return some(type, part => (part.flags & ts.TypeFlags.StringLike) !== 0);
}

/** Whether 0, 0n or "" may be among the values: what makes a condition on them a trap. */
export function isScalar(type: ts.Type): boolean {
  return some(type, part => (part.flags & (ts.TypeFlags.NumberLike | ts.TypeFlags.BigIntLike | ts.TypeFlags.StringLike)) !== 0);
}

export function isNumeric(type: ts.Type): boolean {
  return some(type, part => (part.flags & (ts.TypeFlags.NumberLike | ts.TypeFlags.BigIntLike)) !== 0);
}

/** The widths that a scalar's flavour admits (`u8` says 8, 16 …); undefined for plain numbers. */
export function widthsOf(checker: ts.TypeChecker, type: ts.Type): readonly number[] | undefined {
  const property = type.getProperty("~bits");
  if (property === undefined) return undefined;
  const bits = checker.getTypeOfSymbol(property);
  const parts = bits.isUnion() ? bits.types : [bits];
  return parts.flatMap(part => (part.isNumberLiteral() ? [part.value] : []));
}

/** A class on Block or Pipeline: its instances are build-time state. */
export function isBuildTimeObject(type: ts.Type): boolean {
  return classesOf(type).some(name => name === "Block" || name === "Pipeline");
}

export function isVerdict(type: ts.Type): boolean {
  return classesOf(type).includes("Verdict");
}

/** A live view: an instance of what `struct` or `header` made, or of a subclass; a run of bytes. */
export function isView(type: ts.Type): boolean {
  if (type.getProperty("~header") !== undefined || type.symbol?.name === "FixedArray") return true;
  return (type.symbol?.declarations ?? []).some(declaration => ts.isClassLike(declaration) && extendsSchema(declaration));
}

function extendsSchema(declaration: ts.ClassLikeDeclaration): boolean {
  const parent = declaration.heritageClauses?.find(clause => clause.token === ts.SyntaxKind.ExtendsKeyword)?.types[0]?.expression;
  return (
    parent !== undefined &&
    ts.isCallExpression(parent) &&
    ts.isIdentifier(parent.expression) &&
    /^(struct|header)$/.test(parent.expression.text)
  );
}

/** The names of a type's classes, its own first. */
function classesOf(type: ts.Type): readonly string[] {
  const names: string[] = [];
  for (let current: ts.Type | undefined = type.isTypeParameter() ? type.getConstraint() : type; current !== undefined; ) {
    if (current.symbol === undefined) break;
    names.push(current.symbol.name);
    current = current.isClassOrInterface() || isReference(current) ? current.getBaseTypes()?.[0] : undefined;
  }
  return names;
}

function isReference(type: ts.Type): boolean {
  return (type.flags & ts.TypeFlags.Object) !== 0 && type.isClass();
}

export function some(type: ts.Type, test: (part: ts.Type) => boolean): boolean {
  if (type.isUnion()) return type.types.some(part => some(part, test));
  if (type.isIntersection()) return type.types.some(part => some(part, test));
  return test(type);
}

/** The parts of a union without undefined and null. */
export function presentParts(type: ts.Type): readonly ts.Type[] {
  const parts = type.isUnion() ? type.types : [type];
  return parts.filter(part => (part.flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Null | ts.TypeFlags.Void)) === 0);
}
