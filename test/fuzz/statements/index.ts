/** Random statements: picks a sort, lets it make one, and goes on until the method has enough. */
import type { Scope } from "../scope.js";
import { type Body, body, type Fragment } from "../tree.js";
import { callStatements } from "./calls.js";
import { controlStatements } from "./control.js";
import { exit } from "./exit.js";
import { flowStatements } from "./flows.js";
import { localStatements } from "./locals.js";
import { mapStatements } from "./maps.js";
import { moveStatements } from "./moves.js";
import { packetStatements } from "./packet.js";

/** Makes a statement, or nothing where the scope has not what it needs. */
export type Maker = (scope: Scope) => Fragment | undefined;

const makers: readonly (readonly [weight: number, make: Maker])[] = [
  ...localStatements,
  ...controlStatements,
  ...packetStatements,
  ...moveStatements,
  ...mapStatements,
  ...flowStatements,
  ...callStatements,
];

/** Between one and `most` statements; ends with a `return` where the caller says so. */
export function block(scope: Scope, most: number, options: { returns?: boolean } = {}): Body {
  const { method } = scope;
  const statements: Fragment[] = [];
  const count = 1 + method.random.below(most);
  for (let tries = 0; tries < count * 3 && statements.length < count && method.budget > 0; tries++) {
    const made = method.random.weighted(makers)(scope);
    if (!made) continue;
    method.budget -= 1;
    statements.push(made);
  }
  if (options.returns) statements.push(exit(scope));
  return body(statements);
}
