/** DP4xxx: maps and params. */
import { bodies, type CodeEntry } from "../code-entry.js";

const stations = {
  use: "hashMap, struct, u32, u64, u8",
  before: "class Seen extends struct({ packets: u64, small: u8 }) {}",
  members: "readonly stations = hashMap(u32, Seen, { maxEntries: 100 });",
};

const talks = {
  use: "flowTable, struct, u32, SECOND",
  before: "class Key extends struct({ number: u32 }) {}\nclass Talk extends struct({ state: u32 }) {}",
  members: "readonly talks = flowTable(Key, Talk, { maxEntries: 100, idle: { fresh: 60n * SECOND, established: 3600n * SECOND } });",
};

export const mapCodes = {
  DP4101: {
    title: "an entry that may be gone",
    explanation:
      "`set` and `delete` on a hash map end the views of its entries: the entry may have been freed, and on LRU maps any insert may recycle it.",
    hint: "read what you need into a const first, or `get()` the entry again",
    example: bodies(
      "const seen = this.stations.get(1);\nif (!seen) return Verdict.Pass;\nthis.stations.delete(1);\nif (seen.packets === 1n) return Verdict.drop('one');",
      "const seen = this.stations.get(1);\nif (!seen) return Verdict.Pass;\nconst packets = seen.packets;\nthis.stations.delete(1);\nif (packets === 1n) return Verdict.drop('one');",
      stations,
    ),
  },
  DP4102: {
    title: "no atomic add of this width",
    explanation: "`+=` on a field of a map that CPUs share is one atomic add, which eBPF has for 32 and 64 bits in host order.",
    hint: "make the field u32 or u64 in host order, or keep the map per CPU",
    example: bodies(
      "const seen = this.stations.get(1);\nif (seen) seen.small += 1;",
      "const seen = this.stations.get(1);\nif (seen) seen.packets += 1n;",
      stations,
    ),
  },
  DP4103: {
    title: "a call that this kind of map does not have",
    explanation: "Each kind of map has its own calls in the kernel.",
    hint: "see the reference of the map's kind",
    example: { situation: "iterating a hash map, or `size`, in datapath code" },
  },
  DP4104: {
    title: "a constant index outside the map",
    explanation: "The array map has fewer entries than this index asks for.",
    hint: "correct the index, or make the map longer",
    example: bodies("this.totals.at(4).packets += 1n;", "this.totals.at(3).packets += 1n;", {
      use: "arrayMap, struct, u64",
      before: "class Total extends struct({ packets: u64 }) {}",
      members: "readonly totals = arrayMap(Total, 4);",
    }),
  },
  DP4105: {
    title: "more bytes than the event may take",
    explanation: "How much of a packet goes with an event at most is said where the ring is declared.",
    hint: "declare it: `events(S, { bytes: n })`",
    example: bodies("this.hits.emit({ length: pkt.length }, { bytes: 128 });", "this.hits.emit({ length: pkt.length }, { bytes: 64 });", {
      use: "events, struct, u32",
      before: "class Hit extends struct({ length: u32 }) {}",
      members: "readonly hits = events(Hit, { bytes: 64 });",
    }),
  },
  DP4106: {
    title: "a device map of both XDP and tc",
    explanation: "The kernel keeps each device map for one kind of program: the first that uses it.",
    hint: "make one map for the XDP hook and one for the tc hooks",
    example: {
      situation: "`ports.get(n)` in `xdp` and in `ingress` of one pipeline, where `ports` is one devMap",
    },
  },
  DP4107: {
    title: "`established` is not known when the program is built",
    explanation: "Whether an entry of a flow table is marked as established stands in the instruction that stores it.",
    hint: "choose with an `if` between two calls",
    example: bodies(
      "const talk = this.talks.get({ number: 1 });\nif (talk && !talk.establish(pkt.length > 100)) return Verdict.drop('busy');",
      "const talk = this.talks.get({ number: 1 });\nif (talk && pkt.length > 100 && !talk.establish()) return Verdict.drop('busy');",
      talks,
    ),
  },
  DP4108: {
    title: "what became of `add` is not looked at",
    explanation:
      "A flow table may be full, or busy with another CPU: then there is no entry, and the program must say what becomes of the packet.",
    hint: "look at `entry` or `outcome`",
    example: bodies(
      "this.talks.add({ number: 1 }, { state: 1 });",
      "if (!this.talks.add({ number: 1 }, { state: 1 }).entry) return Verdict.drop('full');",
      talks,
    ),
  },
  DP4110: {
    title: "a value of a prefix table is changed",
    explanation:
      "What a program reads of a `prefixTable` is made anew from the prefixes with each of user space's changes, and twice there.",
    hint: "user space writes it; keep what a program counts in a map of its own",
    example: bodies(
      "const owner = this.owners.get(1);\nif (owner) owner.seen = 1;",
      "const owner = this.owners.get(1);\nif (owner && owner.seen === 1) return Verdict.drop('seen');",
      {
        use: "prefixTable, struct, u32",
        before: "class Owner extends struct({ seen: u32 }) {}",
        members: "readonly owners = prefixTable(Owner, { maxEntries: 10 });",
      },
    ),
  },
} as const satisfies Record<string, CodeEntry>;
