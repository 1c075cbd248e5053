/** Where buckets are kept, and how a packet takes from one: datapath code. */
import {
  type ArrayMap,
  arrayMap,
  atomic,
  type FlowTable as FlowTableOf,
  flowTable,
  type HashMap,
  type KeyInit,
  lruHashMap,
  max,
  perCpuArrayMap,
  perCpuLruHashMap,
  SECOND,
  struct,
  u64,
  type ViewClass,
} from "datapath";

/** A bucket is one number: when what was taken so far will have flowed in again (GCRA's theoretical arrival time). */
export class Bucket extends struct({ arrival: atomic(u64) }) {}
/** The same where one CPU alone comes to it. */
export class OwnBucket extends struct({ arrival: u64 }) {}

/** What taking from a bucket came to. */
export const Taken = {
  Within: 0,
  Over: 1,
  /** there is no bucket: the table is full */
  None: 2,
  /** no bucket is wanted for it */
  Unlimited: 3,
} as const;

export interface Outcome {
  /** one of `Taken` */
  readonly taken: number;
  /** the packet's moment by the block's clock */
  readonly time: u64;
  /** when the packet's turn is, not before `time`; of `Within` alone */
  readonly start: u64;
}

/** A packet's moment, what it takes, and how far ahead a bucket may be; in units of the block's clock. */
export interface Charge {
  readonly time: u64;
  readonly cost: u64;
  readonly tolerance: u64;
}

/** Attempts at a bucket that other CPUs take from too. */
const ATTEMPTS = 3;

/** GCRA: one compare-exchange is the lock. */
export function take(bucket: Bucket, charge: Charge): Outcome {
  const { time, cost, tolerance } = charge;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = bucket.arrival.load();
    const start = max(before, time);
    const after = u64(start + cost);
    if (u64(after - time) > tolerance) return { taken: Taken.Over, time, start };
    if (bucket.arrival.compareExchange(before, after)) return { taken: Taken.Within, time, start };
  }
  // Other CPUs were quicker each time, so that there was room a moment ago: it passes, and is charged.
  return { taken: Taken.Within, time, start: max(bucket.arrival.add(cost), time) };
}

/** The same without other CPUs. */
export function takeAlone(bucket: OwnBucket, charge: Charge): Outcome {
  const { time, cost, tolerance } = charge;
  const start = max(bucket.arrival, time);
  const after = u64(start + cost);
  if (u64(after - time) > tolerance) return { taken: Taken.Over, time, start };
  bucket.arrival = after;
  return { taken: Taken.Within, time, start };
}

/** Buckets by key. */
export abstract class Buckets<K> {
  abstract take(key: KeyInit<K>, charge: Charge): Outcome;
}

/** In an LRU hash map. */
export class LruBuckets<K> extends Buckets<K> {
  readonly entries: HashMap<K, Bucket>;
  constructor(key: ViewClass<K>, maxEntries: number) {
    super();
    this.entries = lruHashMap(key, Bucket, { maxEntries });
  }
  override take(key: KeyInit<K>, charge: Charge): Outcome {
    const bucket = this.entries.getOrInsert(key, {});
    return bucket ? take(bucket, charge) : { taken: Taken.None, time: charge.time, start: charge.time };
  }
}

/** In an LRU hash map for each CPU. */
export class OwnBuckets<K> extends Buckets<K> {
  readonly entries: HashMap<K, OwnBucket>;
  constructor(key: ViewClass<K>, maxEntries: number) {
    super();
    this.entries = perCpuLruHashMap(key, OwnBucket, { maxEntries });
  }
  override take(key: KeyInit<K>, charge: Charge): Outcome {
    const bucket = this.entries.getOrInsert(key, { arrival: 0n });
    return bucket ? takeAlone(bucket, charge) : { taken: Taken.None, time: charge.time, start: charge.time };
  }
}

/** A bucket that nobody took from for so long is full again, unless its burst is of more than a minute. */
const IDLE = 60n * SECOND;

/** In a flow table. */
export class TableBuckets<K> extends Buckets<K> {
  readonly entries: FlowTableOf<K, Bucket>;
  constructor(key: ViewClass<K>, maxEntries: number) {
    super();
    this.entries = flowTable(key, Bucket, { maxEntries, idle: { fresh: IDLE, established: IDLE } });
  }
  override take(key: KeyInit<K>, charge: Charge): Outcome {
    const entry = this.entries.get(key) ?? this.entries.add(key, {}).entry;
    if (!entry) return { taken: Taken.None, time: charge.time, start: charge.time };
    entry.touch();
    return take(entry.value, charge);
  }
}

/** In an array, by index: every bucket there could be. */
export interface IndexedBuckets {
  take(index: number, charge: Charge): Outcome;
}

class ArrayBuckets implements IndexedBuckets {
  readonly entries: ArrayMap<Bucket>;
  constructor(length: number) {
    this.entries = arrayMap(Bucket, length);
  }
  take(index: number, charge: Charge): Outcome {
    return take(this.entries.at(index), charge);
  }
}

class OwnArrayBuckets implements IndexedBuckets {
  readonly entries: ArrayMap<OwnBucket>;
  constructor(length: number) {
    this.entries = perCpuArrayMap(OwnBucket, length);
  }
  take(index: number, charge: Charge): Outcome {
    return takeAlone(this.entries.at(index), charge);
  }
}

export function indexedBuckets(table: "lruHash" | "flowTable" | "perCpu", length: number): IndexedBuckets {
  return table === "perCpu" ? new OwnArrayBuckets(length) : new ArrayBuckets(length);
}

/** The kind of table that an option asks for. */
export function bucketsOf<K>(table: "lruHash" | "flowTable" | "perCpu", key: ViewClass<K>, maxEntries: number): Buckets<K> {
  switch (table) {
    case "lruHash":
      return new LruBuckets(key, maxEntries);
    case "perCpu":
      return new OwnBuckets(key, maxEntries);
    case "flowTable":
      return new TableBuckets(key, maxEntries);
  }
}
