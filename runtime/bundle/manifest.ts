/** The manifest's fields, as read from JSON that may be anything. */
import type { FlowGeometry, Manifest, Shape } from "../../codegen/bundle/manifest.js";
import { bool, byKind, count, digest, integerText, list, matching, object, oneOf, optional, text } from "./validate.js";

/** deeper than any struct that fits a map's value, and no stack is lost on a hostile file */
const DEEPEST = 32;
/** of a flow table: eight million slots */
const MOST_SET_BITS = 20;

const source = object({ file: text, line: count, column: count });
/** Also a path of the BPF file system, so it must hold no dot or slash. */
const name = matching(/^[A-Za-z0-9][A-Za-z0-9-]{0,39}$/, "a name of letters, digits and hyphens, at most 40");
const symbol = matching(/^[A-Za-z_.][A-Za-z0-9_.]*$/, "a name of C");
const base64 = matching(/^[A-Za-z0-9+/]*={0,2}$/, "base64");

function shape(value: unknown, at: string): Shape {
  return shapeAt(0)(value, at);
}

function shapeAt(depth: number): (value: unknown, at: string) => Shape {
  return (value, at) => {
    if (depth > DEEPEST) throw new RangeError(`${at} is nested too deeply`);
    const inner = shapeAt(depth + 1);
    const field = object({ name: text, shape: inner, offset: count, bit: count });
    return byKind({
      int: object({ kind: oneOf("int"), bits: oneOf(8, 16, 32, 48, 64, 128), order: oneOf("host", "network") }),
      bool: object({ kind: oneOf("bool") }),
      bits: object({ kind: oneOf("bits"), width: count }),
      flag: object({ kind: oneOf("flag") }),
      flags: object({ kind: oneOf("flags"), names: list(text) }),
      array: object({ kind: oneOf("array"), of: inner, length: count }),
      overlay: object({ kind: oneOf("overlay"), views: list(field), size: count, align: count }),
      atomic: object({ kind: oneOf("atomic"), bits: oneOf(32, 64) }),
      struct: object({ kind: oneOf("struct"), name: text, fields: list(field), size: count, align: count }),
      header: object({ kind: oneOf("header"), name: text, fields: list(field), size: count, align: oneOf(1), length: () => undefined }),
    })(value, at);
  };
}

const variable = object({
  path: text,
  bits: oneOf(8, 16, 32, 48, 64, 128),
  boolean: bool,
  offset: count,
  size: count,
  initial: integerText,
  min: integerText,
  max: integerText,
  source,
});

/** Where a flow table's parts lie: the runtime goes by it into mapped memory, so all must lie inside. */
function flow(value: unknown, at: string): FlowGeometry {
  const read = object({
    setBits: count,
    regionBits: count,
    keyWords: count,
    control: count,
    seen: count,
    value: count,
    slotBytes: oneOf(32, 64, 128, 256),
    locksAt: count,
    hintsAt: count,
    slotsAt: count,
    size: count,
    perCpu: bool,
    evictEstablished: bool,
    idle: list(integerText),
  })(value, at);
  const { setBits, regionBits, keyWords, control, seen, slotBytes, locksAt, hintsAt, slotsAt, size } = read;
  const sets = 2 ** setBits;
  const inside =
    setBits <= MOST_SET_BITS &&
    regionBits <= setBits &&
    keyWords * 8 === control &&
    control + 8 <= slotBytes &&
    seen + 4 <= slotBytes &&
    read.value <= slotBytes &&
    locksAt + 64 * (sets >> regionBits) <= hintsAt &&
    hintsAt + 16 * sets <= slotsAt &&
    [locksAt, hintsAt, slotsAt, slotBytes].every(each => each % 64 === 0 || each % 16 === 0) &&
    size === slotsAt + 8 * sets * slotBytes;
  const [fresh, established] = read.idle;
  if (!inside || fresh === undefined || established === undefined) throw new RangeError(`${at} does not describe a flow table`);
  return { ...read, idle: [fresh, established] };
}

const map = object({
  path: text,
  symbol,
  kind: oneOf(
    ...([
      "hash",
      "lruHash",
      "perCpuHash",
      "perCpuLruHash",
      "lpmTrie",
      "prefixTable",
      "array",
      "perCpuArray",
      "devMap",
      "ring",
      "counter",
      "scratch",
      "flowTable",
    ] as const),
  ),
  key: optional(shape),
  value: optional(shape),
  keySize: count,
  valueSize: count,
  maxEntries: count,
  scope: oneOf("pipeline", "target"),
  shared: optional(name),
  expires: optional(object({ field: text, after: integerText })),
  states: optional(list(object({ name: text, timeout: count }))),
  initial: list(object({ key: base64, value: base64 })),
  flow: optional(flow),
});

/** Reads a manifest of format 1. Throws `Mismatch` or `RangeError` with the place that is wrong. */
export const readManifest: (value: unknown, at: string) => Manifest = object({
  format: oneOf(1),
  name,
  compiler: text,
  hooks: list(
    object({
      hook: oneOf("xdp", "ingress", "egress"),
      program: symbol,
      section: text,
      parts: optional(object({ map: symbol, programs: list(symbol) })),
    }),
  ),
  params: list(variable),
  settings: list(variable),
  target: list(
    object({
      name: oneOf("address", "address6", "gateway", "mac", "ifindex", "mtu", "ticksPerSecond", "position"),
      offset: count,
      size: count,
    }),
  ),
  maps: list(map),
  drops: list(object({ reason: text, block: text, source })),
  lines: list(object({ line: count, source })),
  features: list(object({ name: text, since: text })),
  sources: list(object({ file: text, sha256: text })),
  object: digest,
  code: digest,
  hash: text,
});
