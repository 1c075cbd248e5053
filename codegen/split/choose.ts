/** Where a program is cut: the two parts about as large as one another, with as little as possible carried from one to the other. */
import type { Analysis } from "../analyse/analyse.js";
import type { Carried, Interval, Local, Program, Statement } from "../ir/ir.js";
import { bodiesOf, visitStatements } from "../ir/walk.js";
import { liveBefore, type SetBefore, setBefore, type Things } from "./live.js";
import type { Parts } from "./parts.js";

export interface Place {
  /** the statement of the whole program that is the first behind the cut */
  readonly before: Statement;
  readonly carried: Carried;
}

/** Which of the places where a part could be cut: the best, or for tests any, by a number. */
export type Choice = "best" | number;

/** What something that is carried weighs, as a share of the larger part: it is stored, and loaded, by every packet that comes by. */
const CARRIED = 1 / 200;

/** The best place to cut one part, undefined where it has none. */
export function choosePlace(
  whole: Program,
  { parts, origins }: Parts,
  part: number,
  analysis: Analysis,
  choice: Choice = "best",
): Place | undefined {
  const program = parts[part];
  if (!program) return undefined;
  const live = liveBefore(whole.body);
  const set = setBefore(whole.body);
  const times = new Map<Statement, number>();
  visitStatements(whole.body, statement => times.set(statement, (times.get(statement) ?? 0) + 1));
  const places: { readonly place: Place; readonly score: number }[] = [];
  const weights = new Map<Statement, number>();
  const total = weightOf(program.body, weights, analysis);
  const walk = (body: readonly Statement[], behind: number, outermost: boolean): void => {
    let after = behind;
    for (let i = body.length; i-- > 0; ) {
      const statement = body[i];
      if (!statement || analysis.dead.has(statement)) continue;
      for (const inner of bodiesOf(statement)) walk(inner, after, false);
      after += weights.get(statement) ?? 0;
      if ((i === 0 && outermost) || body[i - 1]?.kind === "cut" || !goesOn(statement)) continue;
      const before = originOf(statement, origins);
      if (times.get(before) !== 1) continue;
      const carried = carriedAt(live.get(before), set.get(before), analysis);
      if (!carried) continue;
      const first = total - (after - behind);
      const count = carried.locals.length + 2 * carried.pointers.length + 4 * carried.buffers.length;
      // what is behind a branch that is cut inside is in both
      const twice = first + after - total;
      places.push({ place: { before, carried }, score: (Math.max(first, after) + twice / 2) * (1 + count * CARRIED) });
    }
  };
  walk(program.body, 0, true);
  if (choice !== "best") return places[choice % places.length]?.place;
  return places.reduce<(typeof places)[number] | undefined>((best, one) => (best && best.score <= one.score ? best : one), undefined)
    ?.place;
}

function originOf(statement: Statement, origins: ReadonlyMap<Statement, Statement>): Statement {
  const origin = origins.get(statement);
  return origin ? originOf(origin, origins) : statement;
}

/** A tail call for nothing but the end is none. */
function goesOn({ kind }: Statement): boolean {
  return kind !== "return" && kind !== "leave" && kind !== "cut";
}

/** Undefined where an entry of a map is still needed: its pointer is good in the program that looked it up alone. */
function carriedAt(live: Things | undefined, set: SetBefore | undefined, analysis: Analysis): Carried | undefined {
  if (!live || !set) return undefined;
  const locals: Carried["locals"][number][] = [];
  const pointers: Carried["pointers"][number][] = [];
  const buffers: Carried["buffers"][number][] = [];
  for (const [key, thing] of live) {
    switch (thing.kind) {
      case "local":
        if (set.some.has(key)) locals.push({ local: thing.local, range: knownOf(thing.local, analysis) });
        break;
      case "pointer":
        if (thing.pointer.to !== "packet" || !set.pointers.has(key)) return undefined;
        pointers.push(thing.pointer);
        break;
      case "buffer":
        if (set.some.has(key)) buffers.push(thing.buffer);
        break;
    }
  }
  const byId = (a: { readonly id: number }, b: { readonly id: number }): number => a.id - b.id;
  locals.sort((a, b) => byId(a.local, b.local));
  return { locals, pointers: pointers.sort(byId), buffers: buffers.sort(byId) };
}

/** What a mask of as many bits as the local has tells the verifier. */
function knownOf(local: Local, analysis: Analysis): Interval {
  const { min, max } = analysis.localRange(local);
  if (local.domain === "boolean") return { min: 0n, max: 1n };
  return min < 0n ? { min, max } : { min: 0n, max: (1n << BigInt(max.toString(2).length)) - 1n };
}

/** Instructions, roughly. */
function weightOf(body: readonly Statement[], weights: Map<Statement, number>, analysis: Analysis): number {
  let sum = 0;
  for (const statement of body) {
    if (analysis.dead.has(statement)) continue;
    let own = ownWeight(statement);
    for (const inner of bodiesOf(statement)) own += weightOf(inner, weights, analysis);
    weights.set(statement, own);
    sum += own;
  }
  return sum;
}

function ownWeight(statement: Statement): number {
  switch (statement.kind) {
    case "fits":
    case "inRange":
    case "block":
    case "alias":
      return 0;
    case "move":
    case "packetCopy":
    case "packetSum":
    case "flowFind":
    case "synCookie":
      return 60;
    case "flowAdd":
    case "flowUpdate":
    case "emit":
      return 20;
    case "lookup":
    case "element":
    case "update":
    case "delete":
    case "count":
    case "checksumReplace":
      return 6;
    default:
      return 2;
  }
}
