/**
 * A program as a tree of text: enough structure to print it, to count what it uses and to take pieces out of it
 * until only what matters is left.
 */

/** A statement or an expression. */
export interface Fragment {
  readonly kind: "fragment";
  /** what it covers: "for", "map.get", "insert" */
  readonly sort: string;
  parts: readonly Part[];
  /** texts that may stand here instead, simplest first: the shrinker tries them */
  readonly simpler: readonly Part[];
}

/** The statements between two braces. */
export interface Body {
  readonly kind: "body";
  statements: Fragment[];
}

export type Part = string | Fragment | Body;

export function fragment(sort: string, parts: readonly Part[], simpler: readonly Part[] = []): Fragment {
  return { kind: "fragment", sort, parts, simpler };
}

export function body(statements: Fragment[] = []): Body {
  return { kind: "body", statements };
}

/** Puts values between the pieces of a template: `code\`pkt.read(${offset}, u8)\``. */
export function code(texts: TemplateStringsArray, ...values: readonly Part[]): readonly Part[] {
  const parts: Part[] = [];
  texts.forEach((text, i) => {
    if (text !== "") parts.push(text);
    const value = values[i];
    if (value !== undefined) parts.push(value);
  });
  return parts;
}

export function print(parts: readonly Part[], indent = ""): string {
  return parts
    .map(part => {
      if (typeof part === "string") return part.replaceAll("\n", `\n${indent}`);
      if (part.kind === "fragment") return print(part.parts, part.sort === "member" ? `${indent}  ` : indent);
      const inner = `${indent}  `;
      const lines = part.statements.map(statement => `${inner}${print([statement], inner)}\n`);
      return `{\n${lines.join("")}${indent}}`;
    })
    .join("");
}

/** Every fragment below, the outer before the inner. */
export function* fragmentsOf(parts: readonly Part[]): Generator<Fragment> {
  for (const part of parts) {
    if (typeof part === "string") continue;
    if (part.kind === "body") {
      for (const statement of part.statements) yield* fragmentsOf([statement]);
    } else {
      yield part;
      yield* fragmentsOf(part.parts);
    }
  }
}

export function* bodiesOf(parts: readonly Part[]): Generator<Body> {
  for (const part of parts) {
    if (typeof part === "string") continue;
    if (part.kind === "body") {
      yield part;
      for (const statement of part.statements) yield* bodiesOf(statement.parts);
    } else {
      yield* bodiesOf(part.parts);
    }
  }
}
