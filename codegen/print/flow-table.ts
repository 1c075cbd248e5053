/**
 * Flow tables in C: what `dsl/maps/flow-table-memory.ts` does in Node, and what keeps CPUs apart.
 *
 * Readers take no lock. A slot's control word counts its changes; it is odd while the slot is written. A copy is taken
 * between two reads of it, and is good where both are the same. Flags (live, established) change by a compare-exchange of
 * the whole word, never on another flow that took the slot meanwhile. Whoever adds or updates holds the lock of the region
 * that both sets of the key lie in, so that a key is in one slot alone and fingerprints are unique in their set.
 *
 * What is read between two reads of the control word is kept in order by the compiler's barrier, and by processors that
 * do not reorder loads (x86-64).
 */

import { HEAD, LOCK_BYTES, WAYS } from "../../dsl/core/flow-slots.js";
import type { FlowGeometry } from "../../dsl/core/spec.js";
import type { MapDecl } from "../ir/ir.js";
import { copyLayout } from "../specialise/flow-table-calls.js";
import type { Layouts } from "./layouts.js";

/** The section of a flow table, which is its map's name too: libbpf makes an array that can be mapped of each such section. */
export function flowSection(map: MapDecl): string {
  return `.bss.${map.symbol}`;
}

/** What the names of a table's functions and variables end in. */
export const flowNames =
  "table key where hints slot lock number holds is_fresh read find rank eldest hint insert add open close mark delete touch words new".split(
    " ",
  );

/** What a test of the table takes out, to see that it finds what is wrong then. */
export type Safeguard = "secondRead" | "oddVersion" | "lock" | "flags" | "claim";

const shared = `/* Flow tables. A control word: bit 0 while the slot is written, 1 live, 2 established; above them the version. */
#define FLOW_CHANGING 1ULL
#define FLOW_LIVE 2ULL
#define FLOW_ESTABLISHED 4ULL
#define FLOW_VERSION 8ULL
/* of a copy whose flow was deleted through it: no slot ever has it */
#define FLOW_GONE 0xfffffffffffffffbULL
#define FLOW_LANES 0x0001000100010001ULL
#define FLOW_LOW15 0x7fff7fff7fff7fffULL
#define FLOW_BARRIER asm volatile("" : : : "memory")
enum { FLOW_NEW, FLOW_HIT, FLOW_BUSY, FLOW_FULL };
struct flow_where {
	__u32 first, second, home; /* the key's two sets, and the slot of the first one that it takes where it can */
	__u64 pattern; /* its fingerprint in each lane */
};
/* Keeps clang from making branches, each of which doubles what the verifier walks, out of arithmetic. */
static __always_inline __u64 flow_hidden(__u64 value)
{
	barrier_var(value);
	return value;
}
/* An index with its bound where it is used: what a mask does not change clang leaves out, and older verifiers lose count. */
static __always_inline __u32 flow_within(__u32 index, __u32 mask)
{
	barrier_var(index);
	return index & mask;
}
/* Bit 0 of each 16-bit lane that is zero. */
static __always_inline __u64 flow_zeros(__u64 x) { return ~(((x & FLOW_LOW15) + FLOW_LOW15) | x | FLOW_LOW15) >> 15; }
/* The one lane that is set in the first four or the last four; 8 for none. */
static __always_inline __u32 flow_lane(__u64 low, __u64 high)
{
	if (!(low | high)) return 8;
	return (((low | high) * 0x0000000100020003ULL >> 48) & 3) | ((high * FLOW_LANES >> 46) & 4);
}
/* The way of a set whose hint is the fingerprint, which is unique there; 8 for none. */
static __always_inline __u32 flow_way(const __u64 *hints, __u64 pattern)
{
	return flow_lane(flow_zeros(READ_ONCE64(hints) ^ pattern), flow_zeros(READ_ONCE64(hints + 1) ^ pattern));
}
static __always_inline __u32 flow_free_ways(const __u64 *hints)
{
	return (flow_zeros(READ_ONCE64(hints)) + flow_zeros(READ_ONCE64(hints + 1))) * FLOW_LANES >> 48;
}
static __always_inline __u32 flow_first_free(const __u64 *hints)
{
	__u64 low = flow_zeros(READ_ONCE64(hints));
	__u64 high = low ? 0 : flow_zeros(READ_ONCE64(hints + 1));

	return flow_lane(low & -low, high & -high);
}
/* The higher rank, without a branch. */
static __always_inline __u64 flow_higher(__u64 a, __u64 b)
{
	__u64 difference = flow_hidden(a - b);

	return b + (difference & (flow_hidden(difference >> 63) - 1));
}
`;

const locks = `/* Tries a taken lock again, some 40 ns apart. */
#define FLOW_TRY_AGAIN do { bpf_ktime_get_ns(); if (!READ_ONCE32(lock) && !__sync_lock_test_and_set(lock, 1)) return 1; } while (0)
__attribute__((noinline)) int flow_wait(__u32 *lock)
{
	if (!lock) return 0;
	FLOW_TRY_AGAIN; FLOW_TRY_AGAIN; FLOW_TRY_AGAIN; FLOW_TRY_AGAIN; FLOW_TRY_AGAIN;
	FLOW_TRY_AGAIN; FLOW_TRY_AGAIN; FLOW_TRY_AGAIN; FLOW_TRY_AGAIN; FLOW_TRY_AGAIN;
	FLOW_TRY_AGAIN; FLOW_TRY_AGAIN; FLOW_TRY_AGAIN; FLOW_TRY_AGAIN; FLOW_TRY_AGAIN;
	return 0;
}
static __always_inline bool flow_take(__u32 *lock) { return !__sync_lock_test_and_set(lock, 1) || flow_wait(lock); }
static __always_inline void flow_release(__u32 *lock) { __sync_lock_test_and_set(lock, 0); }
`;

/** Support code of all flow tables that a program's text uses, and their memory. */
export function flowSupport(maps: readonly MapDecl[], layouts: Layouts, testing: boolean, without?: Safeguard): string {
  const tables = maps.flatMap(map => (map.spec.flow ? [{ map, geometry: map.spec.flow }] : []));
  if (tables.length === 0) return "";
  const needsLocks = tables.some(({ geometry }) => !geometry.perCpu);
  return [
    `/* ticks, the low 32 bits */\n#define FLOW_NOW ((__u32)${testing ? "(world.clock / 4000000)" : "bpf_jiffies64()"})\n${shared}`,
    ...(needsLocks ? [locks] : []),
    ...tables.map(({ map, geometry }) => new Table(map, geometry, layouts, without).text()),
  ].join("\n");
}

/** The copy of a table's entry. */
export function copyType(map: MapDecl): string {
  return `struct ${map.symbol}_copy`;
}

class Table {
  readonly #name: string;
  readonly #path: string;
  readonly #value: string;
  readonly #valueBytes: number;
  readonly #keyBytes: number;
  readonly #g: FlowGeometry;
  readonly #without: Safeguard | undefined;
  readonly #slots: number;
  /** locks, and a second look at what another CPU may change meanwhile */
  readonly #apart: boolean;

  constructor(map: MapDecl, geometry: FlowGeometry, layouts: Layouts, without: Safeguard | undefined) {
    const { key, value } = map.spec;
    if (key?.kind !== "struct" || value?.kind !== "struct") throw new TypeError(`${map.path} has no structs`);
    this.#name = map.symbol;
    this.#path = map.path;
    this.#value = layouts.typeOf(value);
    this.#valueBytes = value.size;
    this.#keyBytes = key.size;
    this.#g = geometry;
    this.#without = without;
    this.#slots = WAYS << geometry.setBits;
    this.#apart = !geometry.perCpu;
    this.#copy = copyLayout(value);
  }
  readonly #copy: { readonly control: number; readonly seen: number };

  text(): string {
    return [
      this.#memory(),
      this.#find(),
      this.#where(),
      this.#reading(),
      this.#lookup(),
      this.#rank(),
      this.#insert(),
      this.#add(),
      this.#change(),
      this.#marks(),
    ].join("");
  }

  #memory(): string {
    const [n, g] = [this.#name, this.#g];
    const regions = 2 ** (g.setBits - g.regionBits);
    const copyBytes = Math.ceil((this.#copy.seen + 8) / 8) * 8;
    return `/* ${this.#path}: ${this.#slots} slots of ${g.slotBytes} bytes */
struct ${n}_table {
	__u64 seed;
	__u32 idle[2]; /* ticks: not established, established */
	__u32 own_sets, pad[11]; /* sets of each CPU, a power of two */
	struct { __u32 taken, pad[15]; } lock[${regions}];
	__u64 hint[${2 ** g.setBits}][2];
	__u8 slot[${this.#slots}][${g.slotBytes}] __attribute__((aligned(64)));
};
_Static_assert(offsetof(struct ${n}_table, idle) == ${HEAD.idle} && offsetof(struct ${n}_table, own_sets) == ${HEAD.ownSets}, "head");
_Static_assert(offsetof(struct ${n}_table, lock) == ${g.locksAt} && sizeof(((struct ${n}_table *)0)->lock[0]) == ${LOCK_BYTES}, "locks");
_Static_assert(offsetof(struct ${n}_table, hint) == ${g.hintsAt}, "hints");
_Static_assert(offsetof(struct ${n}_table, slot) == ${g.slotsAt} && sizeof(struct ${n}_table) == ${g.size}, "slots");
struct ${n}_table ${n}_table SEC(".bss.${n}") __attribute__((aligned(64)));
struct ${n}_words {
	__u64 word[${g.keyWords}];
};
/* an entry as it was at one moment */
struct ${n}_copy {
	${this.#value} value;
	__u64 control __attribute__((aligned(8)));
	__u32 seen, now;
};
_Static_assert(offsetof(struct ${n}_copy, control) == ${this.#copy.control} && sizeof(struct ${n}_copy) == ${copyBytes}, "copy");
`;
  }

  /** The words of a key, the last one padded with zeros. */
  #find(): string {
    const n = this.#name;
    const lines: string[] = [];
    for (let i = 0; i < this.#g.keyWords; i++) {
      const parts: string[] = [];
      let at = i * 8;
      let left = Math.min(8, this.#keyBytes - at);
      let shift = 0;
      for (const bytes of [8, 4, 2, 1]) {
        if (left < bytes) continue;
        parts.push(`${shift === 0 ? "" : "(__u64)"}GET${bytes * 8}(key + ${at})${shift === 0 ? "" : ` << ${shift}`}`);
        at += bytes;
        left -= bytes;
        shift += bytes * 8;
      }
      lines.push(`\twords.word[${i}] = ${parts.join(" | ")};`);
    }
    return `static __always_inline struct ${n}_words ${n}_key(const void *key)
{
	struct ${n}_words words;

${lines.join("\n")}
	return words;
}
`;
  }

  #where(): string {
    const [n, g] = [this.#name, this.#g];
    const rounds: string[] = [];
    for (let i = 1; i < Math.max(2, g.keyWords); i++)
      rounds.push(`\thash = (hash ^ hash >> 32${i < g.keyWords ? ` ^ key->word[${i}]` : ""}) * 0xc2b2ae3d27d4eb4fULL;`);
    const mask = 2 ** g.regionBits - 1;
    const sets = g.perCpu
      ? `	own = ${n}_table.own_sets;
	where.first = (bpf_get_smp_processor_id() * own + (hash >> ${64 - g.setBits} & (own - 1))) & ${2 ** g.setBits - 1};
	where.second = where.first ^ ((((hash >> 44) & ${mask}) | 1) & (own - 1));`
      : `	where.first = hash >> ${64 - g.setBits};
	where.second = where.first ^ (((hash >> 44) & ${mask}) | 1);`;
    return `static __always_inline struct flow_where ${n}_where(const struct ${n}_words *key)
{
	struct flow_where where;
	__u64 hash = (key->word[0] ^ ${n}_table.seed) * 0x9e3779b97f4a7c15ULL;
${g.perCpu ? "\t__u64 own;\n" : ""}
${rounds.join("\n")}
${sets}
	where.home = where.first * ${WAYS} + (hash >> 25 & 7);
	where.pattern = ((__u16)(hash >> 28) | 1) * FLOW_LANES;
	return where;
}
static __always_inline const __u64 *${n}_hints(__u32 set) { return ${n}_table.hint[flow_within(set, ${2 ** g.setBits - 1})]; }
static __always_inline __u8 *${n}_slot(__u32 slot) { return ${n}_table.slot[flow_within(slot, ${this.#slots - 1})]; }
static __always_inline void *${n}_hint(__u32 slot) { return (void *)${n}_table.hint + flow_within(slot, ${this.#slots - 1}) * 2; }
static __always_inline __u32 *${n}_lock(__u32 slot)
{
	return &${n}_table.lock[slot >> ${g.regionBits + 3} & ${2 ** (g.setBits - g.regionBits) - 1}].taken;
}
/* The number of an entry's slot. */
static __always_inline __u32 ${n}_number(const void *entry)
{
	return ((__u64)entry - (__u64)${n}_table.slot) / ${g.slotBytes};
}
`;
  }

  #keyIs(slot: string, key: string): string {
    return Array.from({ length: this.#g.keyWords }, (_, i) => `GET64(${slot}${i === 0 ? "" : ` + ${i * 8}`}) == ${key}->word[${i}]`).join(
      " && ",
    );
  }

  #reading(): string {
    const [n, g] = [this.#name, this.#g];
    const hole = g.seen - g.value;
    const inside = hole >= 0 && hole < this.#valueBytes;
    const live = this.#without === "oddVersion" ? "!(seen & FLOW_LIVE)" : "(seen & 3) != FLOW_LIVE";
    const lines = [`copy->value = *(${this.#value} *)(slot + ${g.value});`, `copy->seen = GET32(slot + ${g.seen});`];
    if (inside) lines.push(`PUT32((void *)&copy->value + ${hole}, 0);`);
    const take = (indent: string): string => lines.map(line => `${indent}${line}`).join("\n");
    const twice = this.#apart && this.#without !== "secondRead";
    const control = twice
      ? `	FLOW_BARRIER;
	copy->control = READ_ONCE64(slot + ${g.control});
	if (copy->control != control) {
		/* it was written meanwhile: once more */
		if (!${n}_holds(slot, key, &control)) return 0;
${take("\t\t")}
		FLOW_BARRIER;
		copy->control = READ_ONCE64(slot + ${g.control});
		if (copy->control != control) return 0;
	}`
      : "	copy->control = control;";
    return `/* Whether a slot has this live flow, and its control word from before anything else of it is read. */
static __always_inline bool ${n}_holds(const __u8 *slot, const struct ${n}_words *key, __u64 *control)
{
	__u64 seen = READ_ONCE64(slot + ${g.control});

	FLOW_BARRIER;
	*control = seen;
	if (${live}) return 0;
	return ${this.#keyIs("slot", "key")};
}
/* Signed: another CPU may have stored a later time than the one that this CPU read. */
static __always_inline bool ${n}_is_fresh(__u64 control, __u32 seen, __u32 now)
{
	return (__s32)(GET32((void *)${n}_table.idle + (control & FLOW_ESTABLISHED)) - (now - seen)) >= 0;
}
/* The entry in a slot and a copy of it; NULL where it is not, or no longer, this flow's. */
static __always_inline ${this.#value} *${n}_read(__u8 *slot, const struct ${n}_words *key, __u64 control, __u32 now, struct ${n}_copy *copy)
{
${take("\t")}
${control}
	copy->now = now;
	return ${n}_is_fresh(copy->control, copy->seen, now) ? (${this.#value} *)(slot + ${g.value}) : 0;
}
`;
  }

  #lookup(): string {
    const n = this.#name;
    return `static __always_inline ${this.#value} *${n}_find(const void *key_, struct ${n}_copy *copy)
{
	struct ${n}_words key = ${n}_key(key_);
	struct flow_where where = ${n}_where(&key);
	__u8 *slot = ${n}_slot(where.home);
	__u64 control;
	__u32 way;

	/* else clang may keep what was never set, which the verifier refuses */
	*copy = (struct ${n}_copy){};
	if (${n}_holds(slot, &key, &control)) goto found;
	way = flow_way(${n}_hints(where.first), where.pattern);
	if (way < 8) {
		slot = ${n}_slot(where.first * ${WAYS} + way);
		if (${n}_holds(slot, &key, &control)) goto found;
	}
	way = flow_way(${n}_hints(where.second), where.pattern);
	if (way >= 8) return 0;
	slot = ${n}_slot(where.second * ${WAYS} + way);
	if (!${n}_holds(slot, &key, &control)) return 0;
found:
	return ${n}_read(slot, &key, control, FLOW_NOW, copy);
}
`;
  }

  #rank(): string {
    const [n, g] = [this.#name, this.#g];
    const ranks = Array.from(
      { length: WAYS },
      (_, i) => `\tbest = flow_higher(${n}_rank(slot${i === 0 ? "" : ` + ${i * g.slotBytes}`}, first + ${i}, now), best);`,
    );
    return `/* As a victim: 2 gone or expired, 1 not established, 0 established; then by age, then the lower one. */
static __always_inline __u64 ${n}_rank(const __u8 *slot, __u32 place, __u32 now)
{
	__u64 control = READ_ONCE64(slot + ${g.control});
	__u64 established = flow_hidden(control >> 2 & 1);
	__u64 age = (__u32)(now - READ_ONCE32(slot + ${g.seen}));
	__u64 idle = GET32((void *)${n}_table.idle + established * 4), old;

	age &= flow_hidden(age >> 31) - 1; /* later than now is no age */
	old = flow_hidden((~control >> 1 & 1) | flow_hidden(idle - age) >> 63);
	return (old << 1 | ((old | established) ^ 1)) << 40 | age << 8 | (31 - place);
}
static __always_inline __u64 ${n}_eldest(__u32 set, __u32 first, __u32 now)
{
	const __u8 *slot = ${n}_table.slot[flow_within(set, ${2 ** g.setBits - 1}) * ${WAYS}];
	__u64 best = 0;

${ranks.join("\n")}
	return best;
}
`;
  }

  /** A global function: verified once, and the way of known flows keeps its registers. */
  #insert(): string {
    const [n, g] = [this.#name, this.#g];
    const locked = this.#apart && this.#without !== "lock";
    const exchanged = this.#apart && this.#without !== "claim";
    const refuse = g.evictEstablished
      ? ""
      : `	if (best >> 40 == 0) {
		result = FLOW_FULL << 24;
		goto out;
	}
`;
    const again = g.evictEstablished ? "" : `	if (${n}_rank(slot, 0, now) >> 40 == 0) goto out; /* it was established meanwhile */\n`;
    const key = Array.from({ length: g.keyWords }, (_, i) => `	PUT64(slot${i === 0 ? "" : ` + ${i * 8}`}, new->key.word[${i}]);`).join(
      "\n",
    );
    const inside = g.seen - g.value < this.#valueBytes;
    const publish = "(control & ~7ULL) + FLOW_VERSION + FLOW_LIVE + new->established";
    return `struct ${n}_new {
	struct ${n}_words key;
	${this.#value} value;
	__u64 established __attribute__((aligned(8)));
	__u32 now, pad;
};
/* What became of it, above the number of the slot (24 bits). */
__attribute__((noinline)) int ${n}_insert(struct ${n}_new *new)
{
	struct flow_where where;
	__u64 control, best = 0;
	__u32 set, now, number, way1, way2, free1, free2;
	int result = FLOW_BUSY << 24;
	__u8 *slot;
${locked ? "\t__u32 *lock;\n" : ""}
	if (!new) return result;
	where = ${n}_where(&new->key);
	now = new->now;
${locked ? `	lock = ${n}_lock(where.first * ${WAYS});\n	if (!flow_take(lock)) return result;\n` : ""}	/* The key may have come in since the lookup, or its dead or expired entry is there and is taken again. */
	way1 = flow_way(${n}_hints(where.first), where.pattern);
	way2 = flow_way(${n}_hints(where.second), where.pattern);
	number = where.first * ${WAYS} + (way1 & 7);
	slot = ${n}_slot(number);
	if (way1 < 8 && ${this.#keyIs("slot", "(&new->key)")}) goto found;
	number = where.second * ${WAYS} + (way2 & 7);
	slot = ${n}_slot(number);
	if (way2 < 8 && ${this.#keyIs("slot", "(&new->key)")}) goto found;
	/* A free slot: in the first set until it holds five, then in the emptier one; not where another key has the fingerprint. */
	free1 = way1 < 8 ? 0 : flow_free_ways(${n}_hints(where.first));
	free2 = way2 < 8 ? 0 : flow_free_ways(${n}_hints(where.second));
	if (free1 | free2) {
		set = free1 > 3 || free1 >= free2 ? where.first : where.second;
		number = set * ${WAYS} + (flow_first_free(${n}_hints(set)) & 7);
		if (set == where.first && !READ_ONCE16(${n}_hint(where.home))) number = where.home;
		slot = ${n}_slot(number);
		control = READ_ONCE64(slot + ${g.control});
		goto claim;
	}
	/* A victim of the first set; of the second only where all of the first are established. */
	if (way1 == 8) best = ${n}_eldest(where.first, 0, now);
	else if (way2 < 8) best = ${n}_rank(${n}_slot(where.first * ${WAYS} + (way1 & 7)), way1 & 7, now);
	if (way2 == 8 && best >> 40 == 0) best = flow_higher(${n}_eldest(where.second, 8, now), best);
${refuse}	way1 = 31 - (best & 31);
	number = (way1 & 8 ? where.second : where.first) * ${WAYS} + (way1 & 7);
	slot = ${n}_slot(number);
	control = READ_ONCE64(slot + ${g.control});
${again}	goto claim;
found:
	control = READ_ONCE64(slot + ${g.control});
	if ((control & 3) == FLOW_LIVE && ${n}_is_fresh(control, READ_ONCE32(slot + ${g.seen}), now)) {
		result = FLOW_HIT << 24 | (number & ${this.#slots - 1});
		goto out;
	}
claim:
	if (control & FLOW_CHANGING) goto out;
${
  this.#without === "oddVersion"
    ? ""
    : exchanged
      ? `	if (!__sync_bool_compare_and_swap((__u64 *)(slot + ${g.control}), control, control | FLOW_CHANGING)) goto out; /* its flags changed */\n`
      : `	PUT64(slot + ${g.control}, control | FLOW_CHANGING);\n	FLOW_BARRIER;\n`
}${key}
	*(${this.#value} *)(slot + ${g.value}) = new->value;
	PUT32(slot + ${g.seen}, now);${inside ? " /* in the value's padding */" : ""}
${
  this.#apart
    ? `	__sync_lock_test_and_set((__u64 *)(slot + ${g.control}), ${publish});`
    : `	FLOW_BARRIER;\n	*(volatile __u64 *)(slot + ${g.control}) = ${publish};`
}
	PUT16(${n}_hint(number), where.pattern);
	result = FLOW_NEW << 24 | (number & ${this.#slots - 1});
out:
${locked ? "	flow_release(lock);\n" : ""}	return result;
}
`;
  }

  #add(): string {
    const n = this.#name;
    return `static __always_inline __u32 ${n}_add(const void *key, const ${this.#value} *value, __u64 established, __u32 now, struct ${n}_copy *copy, ${this.#value} **entry)
{
	struct ${n}_new new = { .key = ${n}_key(key), .value = *value, .established = established, .now = now };
	int result = ${n}_insert(&new);
	__u32 outcome = (__u32)result >> 24;
	__u8 *slot;
	__u64 control;

	outcome = outcome > FLOW_FULL ? FLOW_BUSY : outcome;
	if (!entry) return outcome; /* no one looks at it */
	*entry = 0;
	*copy = (struct ${n}_copy){};
	if (outcome > FLOW_HIT) return outcome;
	slot = ${n}_slot(result);
	/* The lock is gone: looked at again as by any reader. */
	if (${n}_holds(slot, &new.key, &control)) *entry = ${n}_read(slot, &new.key, control, now, copy);
	return *entry ? outcome : FLOW_BUSY;
}
`;
  }

  #change(): string {
    const [n, g] = [this.#name, this.#g];
    const locked = this.#apart && this.#without !== "lock";
    const back = g.control - g.value;
    const at = `(__u64 *)((void *)entry - ${-back})`;
    const lock = `${n}_lock(${n}_number(entry))`;
    const close = this.#apart
      ? `	__sync_lock_test_and_set(${at}, copy->control);`
      : `	FLOW_BARRIER;\n	*(volatile __u64 *)${at} = copy->control;`;
    const claim =
      this.#without === "oddVersion"
        ? `READ_ONCE64(${at}) == copy->control`
        : `__sync_bool_compare_and_swap(${at}, copy->control, copy->control | FLOW_CHANGING)`;
    return `/* Opens the entry that the copy is of to be written; false where it is not as it was. */
static __always_inline bool ${n}_open(${this.#value} *entry, const struct ${n}_copy *copy)
{
${locked ? `	if (!flow_take(${lock})) return 0;\n` : ""}	if (${claim}) return 1;
${locked ? `	flow_release(${lock});\n` : ""}	return 0;
}
static __always_inline void ${n}_close(${this.#value} *entry, struct ${n}_copy *copy, __u64 keep, __u64 flags)
{
	copy->control = ((copy->control & keep) | flags) + FLOW_VERSION;
${close}
${locked ? `	flow_release(${lock});\n` : ""}}
`;
  }

  #marks(): string {
    const [n, g] = [this.#name, this.#g];
    const locked = this.#apart && this.#without !== "lock";
    const at = `(__u64 *)((void *)entry - ${g.value - g.control})`;
    const exchange =
      this.#without === "flags"
        ? `	*(volatile __u64 *)${at} = next;`
        : `	if (!__sync_bool_compare_and_swap(${at}, copy->control, next)) return 0;`;
    return `/* Flags change only as long as the entry is as the copy has it. */
static __always_inline bool ${n}_mark(${this.#value} *entry, struct ${n}_copy *copy, __u64 keep, __u64 flags)
{
	__u64 next = (copy->control & keep) | flags;

${exchange}
	copy->control = next;
	return 1;
}
/* The flag is what counts; that the slot is free for others is a courtesy. */
static __always_inline bool ${n}_delete(${this.#value} *entry, struct ${n}_copy *copy)
{
	__u32 number = ${n}_number(entry);

	if (!${n}_mark(entry, copy, ~FLOW_LIVE, 0)) return 0;
${
  locked
    ? `	if (flow_take(${n}_lock(number))) {
		if (READ_ONCE64(${at}) == copy->control) PUT16(${n}_hint(number), 0);
		flow_release(${n}_lock(number));
	}`
    : `	PUT16(${n}_hint(number), 0);`
}
	copy->control = FLOW_GONE;
	return 1;
}
static __always_inline void ${n}_touch(${this.#value} *entry, const struct ${n}_copy *copy)
{
	if (copy->seen != copy->now) PUT32((void *)entry ${g.seen >= g.value ? "+" : "-"} ${Math.abs(g.seen - g.value)}, copy->now);
}
`;
  }
}
