/**
 * What `this` stands for in an arrow function that was made at build time: the object whose initialiser, constructor or method
 * made it. V8 keeps it in the function's context and does not show it, so it is found among the pipeline's objects: an
 * instance of the class that the arrow stands in, through whose own field the arrow is reached.
 */
import { ts } from "ts-morph";
import type { Resolved } from "../evaluate/evaluation.js";
import { reachableFrom } from "../evaluate/object-graph.js";
import type { FunctionNode } from "./declaration-at.js";

export interface LexicalThis {
  readonly pipeline: object;
  /** the declaration of a live class or function */
  declarationOf(fn: object): FunctionNode | undefined;
}

/** Not found where no object, or more than one, can be meant. */
export function lexicalThis(fn: object, arrow: ts.ArrowFunction, { pipeline, declarationOf }: LexicalThis): Resolved {
  const made = madeIn(arrow);
  if (made === undefined) return { found: false };
  const { owner, field } = made;
  const instances = [...reachableFrom(pipeline)].filter(object => typeof object !== "function" && isInstance(object, owner, declarationOf));
  // What lies behind the same field of another instance was made by that one.
  const others = new Set(instances);
  const passes = (holder: object, property: string): boolean => property !== field || !others.has(holder);
  const candidates = instances.filter(object => {
    const from: unknown = field === undefined ? object : Object.getOwnPropertyDescriptor(object, field)?.value;
    return reachableFrom(from, field === undefined ? undefined : passes).has(fn);
  });
  const [only] = candidates;
  return candidates.length === 1 ? { found: true, value: only } : { found: false };
}

interface Made {
  readonly owner: ts.ClassLikeDeclaration;
  /** the field whose initialiser holds the arrow; undefined for constructors and methods */
  readonly field: string | undefined;
}

/** What `this` is lexically: arrows hand it on, static members mean the class, other functions their own caller's. */
function madeIn(arrow: ts.ArrowFunction): Made | undefined {
  for (let node: ts.Node = arrow.parent; !ts.isSourceFile(node); node = node.parent) {
    if (ts.isPropertyDeclaration(node)) {
      if (isStatic(node) || ts.isComputedPropertyName(node.name)) return undefined;
      return { owner: node.parent, field: ts.isPrivateIdentifier(node.name) ? undefined : node.name.text };
    }
    if (ts.isConstructorDeclaration(node)) return { owner: node.parent, field: undefined };
    if (ts.isMethodDeclaration(node) || ts.isGetAccessorDeclaration(node) || ts.isSetAccessorDeclaration(node)) {
      return ts.isClassLike(node.parent) && !isStatic(node) ? { owner: node.parent, field: undefined } : undefined;
    }
    if (ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node) || ts.isClassStaticBlockDeclaration(node)) return undefined;
  }
  return undefined;
}

function isStatic(node: ts.Node): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some(modifier => modifier.kind === ts.SyntaxKind.StaticKeyword);
}

function isInstance(object: object, owner: ts.ClassLikeDeclaration, declarationOf: LexicalThis["declarationOf"]): boolean {
  for (let at: unknown = Object.getPrototypeOf(object); typeof at === "object" && at !== null; at = Object.getPrototypeOf(at)) {
    const maker: unknown = Object.getOwnPropertyDescriptor(at, "constructor")?.value;
    if (typeof maker !== "function") continue;
    const declaration = declarationOf(maker);
    if (declaration === owner || (declaration !== undefined && ts.isConstructorDeclaration(declaration) && declaration.parent === owner))
      return true;
  }
  return false;
}
