import {
  type ArrayMap,
  array,
  arrayMap,
  Block,
  type HashMap,
  hashMap,
  type Ipv4Layers,
  type Ipv6Layers,
  type LpmTrie,
  lpmTrie,
  type Packet,
  type PrefixTable,
  prefixTable,
  struct,
  u8,
  u32,
  u48,
  u64,
  u128,
} from "datapath";
import type { Field } from "../tree/field.js";
import { type Facts, valueFor } from "../values.dp.js";
import { runtimeFields, type SmallField, smallFields, usualFields } from "./fields.js";
import type { RuntimeOptions } from "./options.js";
import { MOST_CLASSES } from "./regions.js";
import { Halves, tablesFor, writeTables } from "./tables.js";

/** In which regions a value can be: bits, of those that allow and of those that deny. */
export class Regions extends struct({ allow: u64, deny: u64 }) {}
class Cells extends struct({ cells: array(u8, 256) }) {}
class Half extends struct({ half: u8 }) {}

/** What run-time rules decide of a packet. */
export const Judgement = { None: 0, Allow: 1, Deny: 2 } as const;

interface Found {
  readonly allow: u64;
  readonly deny: u64;
}
type Two<T> = readonly [T, T];
type Table4 = LpmTrie<u32, Regions> | PrefixTable<Regions>;

/** One field that is looked up by its value: chunks of 256 cells, each the class of a value, for each half and family; and the regions of a class. */
interface SmallTable {
  readonly field: Field;
  readonly chunks: number;
  readonly cells: ArrayMap<Cells>;
  readonly regions: ArrayMap<Regions>;
}
function smallTable(name: SmallField): SmallTable {
  const chunks = (runtimeFields[name].greatest >>> 8) + 1;
  return {
    field: { kind: "named", name: runtimeFields[name].tests },
    chunks,
    cells: arrayMap(Cells, 4 * chunks),
    regions: arrayMap(Regions, 4 * MOST_CLASSES),
  };
}

/**
 * Rules that change while the program runs. All tables are there twice: packets read one half while user space writes the
 * other, so that a new list becomes visible in one moment.
 */
export class RuntimeRules extends Block<RuntimeOptions> {
  private readonly fields = this.options.fields ?? usualFields;
  readonly half = arrayMap(Half, 1);
  readonly source4: Two<Table4> = two(() => table4(this.options));
  readonly destination4: Two<Table4> = two(() => table4(this.options));
  readonly source6: Two<LpmTrie<u128, Regions>> = two(() => lpmTrie(u128, Regions, { maxEntries: this.options.maxPrefixes + 1 }));
  readonly destination6: Two<LpmTrie<u128, Regions>> = two(() => lpmTrie(u128, Regions, { maxEntries: this.options.maxPrefixes + 1 }));
  readonly stationSource4: Two<HashMap<u48, Regions>> = two(() => stations(this.options));
  readonly stationSource6: Two<HashMap<u48, Regions>> = two(() => stations(this.options));
  readonly stationDestination4: Two<HashMap<u48, Regions>> = two(() => stations(this.options));
  readonly stationDestination6: Two<HashMap<u48, Regions>> = two(() => stations(this.options));
  /** of addresses that are not listed: source and destination, for each half and family */
  readonly otherStations = arrayMap(Regions, 8);
  readonly small: { readonly [name in SmallField]?: SmallTable } = Object.fromEntries(
    smallFields(this.fields).map(name => [name, smallTable(name)]),
  );
  private readonly list: readonly SmallTable[] = Object.values(this.small);
  readonly #halves = new Halves(this);
  readonly initial: undefined = this.replace(this.options.rules ?? []);

  /**
   * Build time and tests: puts these rules in the place of all that there were.
   * @throws {FilterError} for a rule that cannot be read, RuntimeRuleError for rules that cannot be looked up
   */
  replace(rules: readonly string[]): undefined {
    writeTables(tablesFor(rules, this.fields), this.#halves);
    return undefined;
  }

  judge4(pkt: Packet, layers: Ipv4Layers, facts: Facts): u8 {
    const half = this.half.at(0).half & 1;
    let allow = ALL;
    let deny = ALL;
    if (this.fields.includes("source")) {
      const found = half === 0 ? this.in4(this.source4[0], layers.source) : this.in4(this.source4[1], layers.source);
      if (!found) return Judgement.None;
      allow = found.allow;
      deny = found.deny;
    }
    if (this.fields.includes("destination")) {
      const found = half === 0 ? this.in4(this.destination4[0], layers.destination) : this.in4(this.destination4[1], layers.destination);
      if (!found) return Judgement.None;
      allow &= found.allow;
      deny &= found.deny;
    }
    if (this.fields.includes("stationSource")) {
      const found = this.station(half === 0 ? this.stationSource4[0] : this.stationSource4[1], facts.ethernet.src, half * 2);
      allow &= found.allow;
      deny &= found.deny;
    }
    if (this.fields.includes("stationDestination")) {
      const found = this.station(half === 0 ? this.stationDestination4[0] : this.stationDestination4[1], facts.ethernet.dst, half * 2 + 4);
      allow &= found.allow;
      deny &= found.deny;
    }
    return this.narrowed(allow, deny, half * 2, pkt, facts);
  }

  judge6(pkt: Packet, layers: Ipv6Layers, facts: Facts): u8 {
    const half = this.half.at(0).half & 1;
    let allow = ALL;
    let deny = ALL;
    if (this.fields.includes("source")) {
      const found = half === 0 ? this.in6(this.source6[0], layers.source) : this.in6(this.source6[1], layers.source);
      if (!found) return Judgement.None;
      allow = found.allow;
      deny = found.deny;
    }
    if (this.fields.includes("destination")) {
      const found = half === 0 ? this.in6(this.destination6[0], layers.destination) : this.in6(this.destination6[1], layers.destination);
      if (!found) return Judgement.None;
      allow &= found.allow;
      deny &= found.deny;
    }
    if (this.fields.includes("stationSource")) {
      const found = this.station(half === 0 ? this.stationSource6[0] : this.stationSource6[1], facts.ethernet.src, half * 2 + 1);
      allow &= found.allow;
      deny &= found.deny;
    }
    if (this.fields.includes("stationDestination")) {
      const found = this.station(half === 0 ? this.stationDestination6[0] : this.stationDestination6[1], facts.ethernet.dst, half * 2 + 5);
      allow &= found.allow;
      deny &= found.deny;
    }
    return this.narrowed(allow, deny, half * 2 + 1, pkt, facts);
  }

  /** The packet's regions lie in those of every field; there is one at most. */
  private narrowed(allowed: u64, denied: u64, part: number, pkt: Packet, facts: Facts): u8 {
    let allow = allowed;
    let deny = denied;
    for (const table of this.list) {
      const value = valueFor(table.field, pkt, facts);
      const chunk = table.cells.at(part * table.chunks + (value >>> 8));
      const found = table.regions.at(part * MOST_CLASSES + (chunk.cells[value & 255] ?? 0));
      allow &= found.allow;
      deny &= found.deny;
    }
    if (allow !== 0n) return Judgement.Allow;
    return deny !== 0n ? Judgement.Deny : Judgement.None;
  }

  private in4(table: Table4, address: u32): Found | undefined {
    const found = table.get(address);
    return found ? { allow: found.allow, deny: found.deny } : undefined;
  }
  private in6(table: LpmTrie<u128, Regions>, address: u128): Found | undefined {
    const found = table.get(address);
    return found ? { allow: found.allow, deny: found.deny } : undefined;
  }
  private station(table: HashMap<u48, Regions>, address: u48, other: number): Found {
    const found = table.get(address);
    if (found) return { allow: found.allow, deny: found.deny };
    const others = this.otherStations.at(other);
    return { allow: others.allow, deny: others.deny };
  }
}

const ALL: u64 = 0xffff_ffff_ffff_ffffn;
function two<T>(make: () => T): Two<T> {
  return [make(), make()];
}
function table4({ table = "lpmTrie", maxPrefixes }: RuntimeOptions): Table4 {
  const options = { maxEntries: maxPrefixes + 1 };
  return table === "prefixTable" ? prefixTable(Regions, options) : lpmTrie(u32, Regions, options);
}
function stations({ maxStations = 1024 }: RuntimeOptions): HashMap<u48, Regions> {
  return hashMap(u48, Regions, { maxEntries: maxStations });
}
