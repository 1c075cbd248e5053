/** Packet fields held against constants, as bytes under masks; several that lie together become one load and compare. */
import type { Scalar } from "../../dsl/core/shape.js";
import type { Expr, Local, Place, Pointer, Span, Statement } from "../ir/ir.js";
import { framePointer } from "../ir/ir.js";
import { byteOf } from "./scalar-bytes.js";

type If = Extract<Statement, { kind: "if" }>;
type Load = Extract<Statement, { kind: "load" }>;

/** `if (local != value) fail`, where the local is a field of the packet. */
export interface ByteTest {
  readonly local: Local;
  readonly value: bigint;
  readonly place: Place;
  readonly pointer: Pointer;
  /** positions of the load and of the check in their chain */
  readonly at: number;
  readonly check: number;
}

/** Tests that become one. */
export interface MergedTest {
  readonly tests: readonly ByteTest[];
  /** the load, the check that fails as `like` does, and the fields' values for who reads them behind it */
  readonly statements: (like: If) => readonly Statement[];
}

/** A check that fails unless a loaded packet field has one value; undefined for any other. */
export function byteTestOf(check: If, loadOf: (local: number) => Load | undefined): ByteTest | undefined {
  const { condition } = check;
  const negated = condition.op === "not";
  const compare = negated ? condition.operand : condition;
  if (compare.op !== "compare" || (compare.operator !== "==" && compare.operator !== "!=")) return undefined;
  const [local, other] = compare.left.op === "local" ? [compare.left.local, compare.right] : [compare.right, compare.left];
  if (!("id" in local) || other.op !== "const") return undefined;
  const load = loadOf(local.id);
  if (!load || load.place.index || load.place.memory.kind !== "packet" || other.value < 0n) return undefined;
  const { width } = load.place.scalar;
  if (other.value >> BigInt(width) !== 0n) return undefined;
  const failsUnlessEqual = negated === (compare.operator === "==");
  if (!failsUnlessEqual && width !== 1) return undefined;
  const value = failsUnlessEqual ? other.value : 1n - other.value;
  return { local, value, place: load.place, pointer: load.place.memory.pointer, at: 0, check: 0 };
}

interface TestedByte {
  readonly mask: number;
  readonly value: number;
}
interface Window {
  readonly start: number;
  readonly size: 1 | 2 | 4 | 8;
}
const SIZES = [1, 2, 4, 8] as const;

/** The groups worth merging: fewer instructions than one load and compare a field. */
export function mergeByteTests(
  tests: readonly ByteTest[],
  reach: (pointer: number) => number,
  freshLocal: (name: string, domain: Local["domain"]) => Local,
): readonly MergedTest[] {
  const byPointer = new Map<number, ByteTest[]>();
  for (const test of tests) byPointer.set(test.pointer.id, [...(byPointer.get(test.pointer.id) ?? []), test]);
  return [...byPointer.values()].flatMap(own => {
    const [first] = own;
    const bytes = first && bytesOf(own);
    if (!first || !bytes) return [];
    const low = first.pointer.id === framePointer.id ? 12 : 0;
    const windows = cover(bytes, low, reach(first.pointer.id));
    return groups(own, windows).flatMap(group => mergeGroup(group.tests, group.windows, bytes, freshLocal));
  });
}

/** Every tested byte; undefined where two tests contradict each other. */
function bytesOf(tests: readonly ByteTest[]): Map<number, TestedByte> | undefined {
  const bytes = new Map<number, TestedByte>();
  for (const { place, value } of tests) {
    for (let i = 0; i < place.scalar.bytes; i++) {
      const own = {
        mask: byteOf(place.scalar, maskOf(place.scalar), i),
        value: byteOf(place.scalar, value << BigInt(place.scalar.shift), i),
      };
      if (own.mask === 0) continue;
      const before = bytes.get(place.offset + i) ?? { mask: 0, value: 0 };
      if (((before.value ^ own.value) & before.mask & own.mask) !== 0) return undefined;
      bytes.set(place.offset + i, { mask: before.mask | own.mask, value: before.value | own.value });
    }
  }
  return bytes;
}
function maskOf(scalar: Scalar): bigint {
  return ((1n << BigInt(scalar.width)) - 1n) << BigInt(scalar.shift);
}

/** The cheapest windows that hold every tested byte, by dynamic programming from the last byte back. */
function cover(bytes: ReadonlyMap<number, TestedByte>, low: number, high: number): readonly Window[] {
  const offsets = [...bytes.keys()].sort((a, b) => a - b);
  const best: { cost: number; windows: readonly Window[] }[] = [];
  best[offsets.length] = { cost: 0, windows: [] };
  for (let i = offsets.length - 1; i >= 0; i--) {
    for (const size of SIZES) {
      // to the right of the first byte where there is room, else back from the end
      const start = Math.min(offsets[i] ?? 0, high - size);
      if (start < low || start < 0) continue;
      const rest = offsets.findIndex((offset, at) => at > i && offset >= start + size);
      const next = best[rest < 0 ? offsets.length : rest];
      if (!next) continue;
      const cost = costOf({ start, size }, bytes) + next.cost;
      const known = best[i];
      // of what costs the same, the fewer branches
      if (!known || cost < known.cost || (cost === known.cost && next.windows.length + 1 < known.windows.length))
        best[i] = { cost, windows: [{ start, size }, ...next.windows] };
    }
  }
  return best[0]?.windows ?? [];
}

/** Instructions: the load, the mask, the constant where it takes more than 32 bits, the compare. */
function costOf(window: Window, bytes: ReadonlyMap<number, TestedByte>): number {
  const masked = Array.from({ length: window.size }, (_, i) => bytes.get(window.start + i)?.mask ?? 0).some(mask => mask !== 0xff);
  if (window.size < 8) return masked ? 3 : 2;
  return masked ? 7 : 4;
}

/** Instructions of one field's own load and compare. */
function costApart(scalar: Scalar): number {
  switch (scalar.bytes) {
    case 6:
      return 6;
    case 8:
      return 4;
    case 16:
      return 8;
    default:
      return scalar.width < scalar.bytes * 8 ? 3 : 2;
  }
}

/** Tests and windows that have to do with each other: a field may lie in two windows, a window over several fields. */
function groups(tests: readonly ByteTest[], windows: readonly Window[]): { tests: ByteTest[]; windows: Window[] }[] {
  let found: { tests: ByteTest[]; windows: Window[] }[] = windows.map(window => ({ tests: [], windows: [window] }));
  for (const test of tests) {
    const touched = found.filter(group =>
      group.windows.some(
        window => test.place.offset < window.start + window.size && window.start < test.place.offset + test.place.scalar.bytes,
      ),
    );
    found = found.filter(group => !touched.includes(group));
    found.push({ tests: [...touched.flatMap(group => group.tests), test], windows: touched.flatMap(group => group.windows) });
  }
  return found;
}

function mergeGroup(
  tests: readonly ByteTest[],
  windows: readonly Window[],
  bytes: ReadonlyMap<number, TestedByte>,
  freshLocal: (name: string, domain: Local["domain"]) => Local,
): readonly MergedTest[] {
  const [first] = tests;
  if (!first || tests.length < 2) return [];
  const apart = tests.reduce((sum, { place }) => sum + costApart(place.scalar), 0);
  if (windows.reduce((sum, window) => sum + costOf(window, bytes), 0) >= apart) return [];
  const memory = first.place.memory;
  const statements = (like: If): readonly Statement[] => [
    ...windows.flatMap(window => {
      const own = tests.filter(
        test => test.place.offset < window.start + window.size && window.start < test.place.offset + test.place.scalar.bytes,
      );
      return testWindow(window, own, bytes, memory, like, freshLocal);
    }),
    ...tests.map(
      (test): Statement => ({
        kind: "let",
        local: test.local,
        value: { op: "const", domain: test.local.domain, value: test.value },
        span: like.span,
      }),
    ),
  ];
  return [{ tests, statements }];
}

function testWindow(
  window: Window,
  tests: readonly ByteTest[],
  bytes: ReadonlyMap<number, TestedByte>,
  memory: Place["memory"],
  like: If,
  freshLocal: (name: string, domain: Local["domain"]) => Local,
): readonly Statement[] {
  let mask = 0n;
  let value = 0n;
  // host order: the first byte is the lowest
  for (let i = window.size - 1; i >= 0; i--) {
    const byte = bytes.get(window.start + i) ?? { mask: 0, value: 0 };
    mask = (mask << 8n) | BigInt(byte.mask);
    value = (value << 8n) | BigInt(byte.value);
  }
  const ordered = [...tests].sort((a, b) => a.place.offset - b.place.offset);
  const names = ordered.map(test => test.local.name);
  const domain = window.size === 8 ? "bigint" : "number";
  const local = freshLocal(names.length > 1 ? `${names[0]}_to_${names.at(-1)}` : (names[0] ?? "bytes"), domain);
  const name = ordered.map(test => test.place.name).join(", ");
  const scalar: Scalar = { bytes: window.size, order: "host", shift: 0, width: window.size * 8 };
  const { span } = like;
  return [
    { kind: "load", local, place: { memory, offset: window.start, scalar, name }, span },
    {
      ...like,
      condition: {
        op: "compare",
        operator: "!=",
        left: masked(local, mask, window.size, span),
        right: { op: "const", domain, value },
        span,
      },
    },
  ];
}

function masked(local: Local, mask: bigint, size: number, span: Span): Expr {
  const whole: Expr = { op: "local", local };
  if (mask === (1n << BigInt(size * 8)) - 1n) return whole;
  const cut: Expr = {
    op: "binary",
    operator: "&",
    domain: local.domain,
    left: whole,
    right: { op: "const", domain: local.domain, value: mask },
    span,
  };
  return local.domain === "number" ? { op: "wrap", bits: 32, operand: cut, span } : cut;
}
