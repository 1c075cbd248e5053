/**
 * Programs that leave tagged packets alone: where what comes of a tagged packet is also what comes of its type, that of a
 * tag, taken for the packet's own, no one needs to look for a tag in the frame.
 */
import type { Label, Program, Statement } from "../ir/ir.js";
import { framePointer } from "../ir/ir.js";
import { assigned } from "../ir/walk.js";
import { type Behind, constantOf, neverTagged, presentOf } from "./tags.js";

/** 802.1Q and 802.1ad */
const TAG_TYPES = [0x8100n, 0x88a8n];
/** Bounds the walk: a program that goes on longer with a type that is no protocol's does more than leave it alone. */
const MOST_STEPS = 200;

export function leaveTags(program: Program): Program {
  const present = presentOf(program);
  if (!present) return program;
  const outcome = (has: bigint, type: bigint | undefined): bigint | undefined =>
    new Walk(type).from({ body: program.body, from: 0, then: undefined }, new Map([[present.local.id, has]]));
  const tagged = outcome(1n, undefined);
  if (tagged === undefined || !TAG_TYPES.every(type => outcome(0n, type) === tagged)) return program;
  // on tc the tag that the hardware took off is still asked for
  if (program.hook !== "xdp") return { ...program, untagged: true };
  return { ...program, body: neverTagged(program.body, present), untagged: true };
}

/** What has no effect but on locals and pointers. */
function isQuiet(statement: Statement): boolean {
  switch (statement.kind) {
    case "let":
    case "point":
    case "alias":
    case "forget":
    case "variable":
      return true;
    case "load":
      return !statement.place.index?.guarded;
    case "ambient":
      return statement.what !== "random";
    default:
      return false;
  }
}

/** The verdict that every way through the program comes to, without an effect, where the frame's type is this one. */
class Walk {
  private readonly labels = new Map<Label["id"], Behind | undefined>();
  private readonly type: bigint | undefined;
  private steps = 0;

  constructor(type: bigint | undefined) {
    this.type = type;
  }

  from(start: Behind | undefined, known: Map<number, bigint>): bigint | undefined {
    let at = start;
    while (at && this.steps++ < MOST_STEPS) {
      const statement: Statement | undefined = at.body[at.from];
      const next: Behind = { ...at, from: at.from + 1 };
      switch (statement?.kind) {
        case undefined:
          at = at.then;
          break;
        case "return":
          return statement.verdict.op === "const" ? statement.verdict.value : undefined;
        case "leave":
          at = this.labels.get(statement.label.id);
          break;
        case "block":
          this.labels.set(statement.label.id, next);
          at = { body: statement.body, from: 0, then: next };
          break;
        case "if": {
          const truth = constantOf(statement.condition, known);
          const arm = (body: readonly Statement[]): Behind => ({ body, from: 0, then: next });
          if (truth === undefined) {
            const then = this.from(arm(statement.then), new Map(known));
            return then !== undefined && then === this.from(arm(statement.else), new Map(known)) ? then : undefined;
          }
          at = arm(truth !== 0n ? statement.then : statement.else);
          break;
        }
        default: {
          if (!isQuiet(statement)) return undefined;
          const local = assigned(statement);
          const value = statement.kind === "let" ? constantOf(statement.value, known) : isType(statement) ? this.type : undefined;
          // whether there is a tag was decided by who asks
          if (statement.kind === "ambient" && statement.what === "vlanPresent") at = next;
          else if (local && value === undefined) known.delete(local.id);
          else if (local && value !== undefined) known.set(local.id, value);
          at = next;
        }
      }
    }
    return undefined;
  }
}

/** Whether a statement reads the type of what the frame carries. */
function isType(statement: Statement): boolean {
  if (statement.kind !== "load") return false;
  const { memory, offset, index, scalar } = statement.place;
  if (memory.kind !== "packet" || memory.pointer.id !== framePointer.id || index) return false;
  return offset === 12 && scalar.bytes === 2 && scalar.order === "network" && scalar.shift === 0 && scalar.width === 16;
}
