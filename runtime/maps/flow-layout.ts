/** Where the fields of a flow lie in a table's entries, and what stored bytes say of a flow. */
import type { FlowState, MapEntry } from "../../codegen/bundle/manifest.js";
import type { Field, Shape } from "../../dsl/core/shape.js";
import type { Ticks } from "../machine/ticks.js";
import { decode, sizeOf, type Value } from "./codec.js";
import { type Expiry, fieldOf, viewOf } from "./expiry.js";
import type { RawEntry } from "./raw.js";

/** Two ends, in the direction of a packet. An echo's identifier is in both ports. */
export interface FlowTuple {
  readonly source: bigint;
  readonly destination: bigint;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** A flow in a table. */
export interface FlowRecord extends FlowTuple {
  /** the table, by its path in the pipeline */
  readonly path: string;
  readonly family: 4 | 6;
  readonly protocol: number;
  /** what the tracking block calls the state; undefined where none tracks */
  readonly state: string | undefined;
  /** whether packets went both ways */
  readonly replied: boolean;
  /** seconds since the last packet, and until the flow is gone (undefined: until its place is needed) */
  readonly idle: number;
  readonly left: number | undefined;
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly replyPackets: bigint;
  readonly replyBytes: bigint;
  readonly mark: number;
  readonly user: number;
  /** what replies look like before they are translated back; undefined where nothing is translated */
  readonly replies: FlowTuple | undefined;
  /** what other blocks keep for the flow, by their parts' names */
  readonly parts: { readonly [name: string]: Value };
}

const common: ReadonlySet<string> = new Set([
  ...["seen", "state", "fromLow", "replied", "companion", "mark", "user"],
  ...["packets", "bytes", "replyPackets", "replyBytes", "becomes4", "becomes6"],
]);

type KeyFields = { readonly [F in "low" | "high" | "lowPort" | "highPort" | "protocol"]: Field };
type ValueFields = { readonly [F in "state" | "fromLow" | "replied" | "companion"]: Field };

/** How one table stores its flows. */
export class FlowLayout {
  readonly #path: string;
  readonly #states: readonly FlowState[];
  readonly #key: KeyFields;
  readonly #value: ValueFields;
  /** of maps that do not keep the time themselves */
  readonly #seen: Field | undefined;
  readonly #marks: readonly (Field | undefined)[];
  readonly #counters: readonly (Field | undefined)[];
  readonly #becomes: Field | undefined;
  readonly #parts: readonly Field[];
  readonly #keySize: number;

  private constructor(entry: MapEntry, key: KeyFields, value: ValueFields) {
    this.#path = entry.path;
    this.#states = entry.states ?? [];
    this.#key = key;
    this.#value = value;
    this.#seen = fieldOf(entry, "seen");
    this.#marks = ["mark", "user"].map(name => fieldOf(entry, name));
    this.#counters = ["packets", "bytes", "replyPackets", "replyBytes"].map(name => fieldOf(entry, name));
    this.#becomes = fieldOf(entry, "becomes4") ?? fieldOf(entry, "becomes6");
    this.#parts = entry.value?.kind === "struct" ? entry.value.fields.filter(field => !common.has(field.name)) : [];
    // A flow table is one value of an array: the map has other keys than its flows.
    this.#keySize = entry.key ? sizeOf(entry.key) : entry.keySize;
  }

  /** Undefined for a map that holds no flows. */
  static of(entry: MapEntry): FlowLayout | undefined {
    const inKey = (name: string): Field | undefined => memberOf(entry.key, name);
    const inValue = (name: string): Field | undefined => memberOf(entry.value, name);
    const [low, high, lowPort, highPort, protocol] = ["low", "high", "lowPort", "highPort", "protocol"].map(inKey);
    const [state, fromLow, replied, companion] = ["state", "fromLow", "replied", "companion"].map(inValue);
    if (!low || !high || !lowPort || !highPort || !protocol) return undefined;
    if (!state || !fromLow || !replied || !companion) return undefined;
    return new FlowLayout(entry, { low, high, lowPort, highPort, protocol }, { state, fromLow, replied, companion });
  }

  get #addressBytes(): number {
    return this.#key.high.offset - this.#key.low.offset;
  }

  /** By the state that a flow is in; undefined where nothing describes states. A state that is not described does not end. */
  get expiry(): Expiry | undefined {
    if (this.#states.length === 0) return undefined;
    return (entry, { ticks }) => {
      const timeout = this.#stateOf(entry[1])?.timeout;
      return timeout !== undefined && this.idleTicks(entry, ticks) >= timeout * ticks.perSecond;
    };
  }

  #stateOf(value: Uint8Array): FlowState | undefined {
    return this.#states[value[this.#value.state.offset] ?? 0];
  }

  isCompanion([, value]: RawEntry): boolean {
    return this.#becomes !== undefined && value[this.#value.companion.offset] !== 0;
  }

  /** Ticks since the last packet. The counter wraps: differences are signed 32-bit ones. */
  idleTicks([, value, kept]: RawEntry, { now, ahead }: Ticks): number {
    const seen = kept ?? (this.#seen ? viewOf(value).getUint32(this.#seen.offset, true) : now);
    return (now - ahead - seen) | 0;
  }

  /** The key of the flow itself, of an entry that its replies find. */
  keyOfMain([key, value]: RawEntry): Uint8Array | undefined {
    const { low, high, lowPort, highPort, protocol } = this.#key;
    const becomes = this.#becomes;
    if (!becomes) return undefined;
    const part = (name: string, count: number): Uint8Array => {
      const start = becomes.offset + (memberOf(becomes.shape, name)?.offset ?? 0);
      return value.subarray(start, start + count);
    };
    const size = this.#addressBytes;
    // All in network order, where bytes compare as the numbers do.
    const ends = [
      { address: part("source", size), port: part("sourcePort", 2) },
      { address: part("destination", size), port: part("destinationPort", 2) },
    ].sort((a, b) => Buffer.compare(a.address, b.address) || Buffer.compare(a.port, b.port));
    const main = new Uint8Array(this.#keySize);
    for (const [at, address, port] of [
      [0, low, lowPort],
      [1, high, highPort],
    ] as const) {
      main.set(ends[at]?.address ?? [], address.offset);
      main.set(ends[at]?.port ?? [], port.offset);
    }
    main[protocol.offset] = key[protocol.offset] ?? 0;
    return main;
  }

  /** Both ends of the direction that began the flow. */
  tupleOf([key, value]: RawEntry): FlowTuple {
    const { low, high, lowPort, highPort } = this.#key;
    const a = { address: decodeInteger(key, low), port: Number(decodeInteger(key, lowPort)) };
    const b = { address: decodeInteger(key, high), port: Number(decodeInteger(key, highPort)) };
    const [from, to] = value[this.#value.fromLow.offset] !== 0 ? [a, b] : [b, a];
    return { source: from.address, destination: to.address, sourcePort: from.port, destinationPort: to.port };
  }

  /** @param companion the entry of its replies, where it is translated */
  read(entry: RawEntry, companion: RawEntry | undefined, ticks: Ticks): FlowRecord {
    const [key, value] = entry;
    const state = this.#stateOf(value);
    const idle = Math.max(0, this.idleTicks(entry, ticks)) / ticks.perSecond;
    const [mark = 0, user = 0] = this.#marks.map(field => (field ? viewOf(value).getUint32(field.offset, true) : 0));
    const counts = (bytes: Uint8Array): readonly bigint[] =>
      this.#counters.map(field => (field ? viewOf(bytes).getBigUint64(field.offset, true) : 0n));
    const [packets = 0n, bytes = 0n, replyPackets = 0n, replyBytes = 0n] = counts(value);
    const [, , morePackets = 0n, moreBytes = 0n] = companion ? counts(companion[1]) : [];
    return {
      path: this.#path,
      family: this.#addressBytes === 4 ? 4 : 6,
      protocol: key[this.#key.protocol.offset] ?? 0,
      ...this.tupleOf(entry),
      state: state?.name,
      replied: value[this.#value.replied.offset] !== 0,
      idle,
      left: state && Math.max(0, state.timeout - idle),
      packets,
      bytes,
      replyPackets: replyPackets + morePackets,
      replyBytes: replyBytes + moreBytes,
      mark,
      user,
      replies: companion && reversed(this.tupleOf(companion)),
      parts: Object.fromEntries(this.#parts.map(({ name, shape, offset }) => [name, decode(shape, value.subarray(offset))])),
    };
  }
}

function memberOf(shape: Shape | undefined, name: string): Field | undefined {
  return shape?.kind === "struct" ? shape.fields.find(field => field.name === name) : undefined;
}

function decodeInteger(bytes: Uint8Array, { shape, offset }: Field): bigint {
  const value = decode(shape, bytes.subarray(offset));
  return typeof value === "bigint" || typeof value === "number" ? BigInt(value) : 0n;
}

function reversed({ source, destination, sourcePort, destinationPort }: FlowTuple): FlowTuple {
  return { source: destination, destination: source, sourcePort: destinationPort, destinationPort: sourcePort };
}
