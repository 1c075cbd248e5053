/** DP2xxx: integers. 20xx by range analysis, 21xx while the hook is followed. */
import { bodies, type CodeEntry, ingress } from "../code-entry.js";

const ip = "const ip = pkt.at(14, Ipv4);\nif (!ip) return Verdict.Pass;\n";
const headers = "Ipv4";

export const integerCodes = {
  DP2001: {
    title: "a value may not fit",
    explanation:
      "What is stored, passed or returned must be proved to lie inside the target's width. In Node the store would throw; a kernel cannot.",
    hint: "test it first, or wrap it on purpose with u8(…), u16(…) …",
    example: bodies(`${ip}ip.ttl = ip.ttl - 1;`, `${ip}if (ip.ttl > 1) ip.ttl = ip.ttl - 1;`, { headers }),
  },
  DP2002: {
    title: "a number that is not exact",
    explanation: "JavaScript's numbers hold integers exactly within ±2^53; beyond that they are rounded, which no integer of C is.",
    hint: "use Math.imul for a product that wraps at 32 bits, or bigint",
    example: bodies(`${ip}pkt.mark = (ip.src * ip.dst) % 1024;`, `${ip}pkt.mark = (Math.imul(ip.src, ip.dst) >>> 0) % 1024;`, { headers }),
  },
  DP2003: {
    title: "a bit operator on more than 32 bits",
    explanation:
      "JavaScript's `& | ^ ~ << >> >>>` cut their operands to 32 bits. A MAC address has 48, so `address & mask` on it would lose the upper ones.",
    hint: "cut it with u32(…) first, divide by a power of two, or compute with bigint",
    example: bodies(
      "const eth = pkt.at(0, Ethernet);\nif (!eth) return Verdict.Pass;\nif ((eth.dst & 0xff) === 1) return Verdict.drop('one');",
      "const eth = pkt.at(0, Ethernet);\nif (!eth) return Verdict.Pass;\nif (eth.dst % 256 === 1) return Verdict.drop('one');",
      { headers: "Ethernet" },
    ),
  },
  DP2004: {
    title: "a shift count out of range",
    explanation: "JavaScript shifts a bigint by any count, C by less than its width only.",
    hint: "test the count first, or mask it",
    example: bodies(
      `${ip}const word = BigInt(ip.src) << BigInt(ip.ttl);\nif (u64(word) === 1n) return Verdict.drop('one');`,
      `${ip}const word = BigInt(ip.src) << BigInt(ip.ttl & 31);\nif (u64(word) === 1n) return Verdict.drop('one');`,
      { headers, use: "u64" },
    ),
  },
  DP2005: {
    title: "a divisor that may be zero",
    explanation: "JavaScript gives Infinity or NaN, or throws for a bigint; eBPF gives zero. The divisor must be proved not to be zero.",
    hint: "return before where it is zero, or use Math.max(1, …)",
    example: bodies(
      `${ip}if (pkt.length % ip.ttl === 1) return Verdict.drop('one');`,
      `${ip}if (pkt.length % Math.max(1, ip.ttl) === 1) return Verdict.drop('one');`,
      { headers },
    ),
  },
  DP2006: {
    title: "a bigint that may have wrapped",
    explanation:
      "JavaScript's bigints grow; C's wrap at 64 bits. Where wrapping could change a comparison, a division, a right shift or a conversion, it must be proved not to have happened, or be asked for by u64(…).",
    hint: "limit the operands first, or wrap the value with u64(…)",
    example: bodies(
      "const elapsed = now() * 1_000n;\nif (elapsed / 7n > 5n) return Verdict.drop('late');",
      "const elapsed = u64(now() * 1_000n);\nif (elapsed / 7n > 5n) return Verdict.drop('late');",
      { use: "now, u64" },
    ),
  },
  DP2007: {
    title: "a signed result against an unsigned value",
    explanation: "JavaScript's bit operators give signed 32-bit results, so for half of all addresses `(a & mask) === net` is never true.",
    hint: "write `(…) >>> 0` to read the result as unsigned",
    example: bodies(
      `${ip}if ((ip.src & ip.dst) === ip.src) return Verdict.drop('inside');`,
      `${ip}if ((ip.src & ip.dst) >>> 0 === ip.src) return Verdict.drop('inside');`,
      {
        headers,
      },
    ),
  },
  DP2008: {
    title: "a comparison that is never true",
    explanation:
      "No value under this mask equals the constant, often because a bit operator's result is negative where the constant is not.",
    hint: "write `(…) >>> 0`, or correct the mask or the constant",
    example: bodies(
      `${ip}if ((ip.ttl & 0xf0) === 0x0f) return Verdict.drop('never');`,
      `${ip}if ((ip.ttl & 0xf0) === 0x40) return Verdict.drop('sixty-four');`,
      { headers },
    ),
  },
  DP2009: {
    title: "a conversion that may not fit",
    explanation: "`Number(x)` of a bigint beyond ±2^53 would be rounded, and `BigInt` has no width of its own to cut to.",
    hint: "wrap the value with u32(…) or u48(…), or test it first",
    example: bodies("if (Number(now()) % 2 === 1) return Verdict.drop('odd');", "if (u32(now()) % 2 === 1) return Verdict.drop('odd');", {
      use: "now, u32",
    }),
  },
  DP2010: {
    title: "an index that is not proved",
    explanation: "An element is read without a test, so the index must be proved to lie inside.",
    hint: "test it first, or cut it with `% length`",
    example: bodies(`${ip}this.totals.at(ip.ttl).packets += 1n;`, `${ip}this.totals.at(ip.ttl % 16).packets += 1n;`, {
      headers,
      use: "arrayMap, struct, u64",
      before: "class Total extends struct({ packets: u64 }) {}",
      members: "readonly totals = arrayMap(Total, 16);",
    }),
  },
  DP2011: {
    title: "an operator that u128 does not have",
    explanation:
      "128-bit values are two words: comparing them, bit operators and constant shifts cost little, and `* / %` have no instruction.",
    hint: "cut to 64 bits with u64(…)",
    example: { situation: "`key % 7n` on a u128 that only the analysis knows to be one" },
  },
  DP2101: {
    title: "a constant that does not fit",
    explanation: "A build-time value lies outside the width that it is stored, passed or returned in.",
    hint: "wrap it on purpose with u8(…), u16(…) …, or give a value that fits",
    example: {
      failing: ingress("if (this.isPort(300)) return Verdict.drop('port');", {
        use: "type u8",
        members: "isPort(port: u8): boolean {\n  return port === 80;\n}",
      }),
      passing: ingress("if (this.isPort(30)) return Verdict.drop('port');", {
        use: "type u8",
        members: "isPort(port: u8): boolean {\n  return port === 80;\n}",
      }),
    },
  },
  DP2102: {
    title: "a number that is no integer",
    explanation: "Datapath numbers are integers; a fraction has no meaning in the kernel.",
    hint: "cut it at build time: `Math.trunc(…)`",
    example: bodies("pkt.mark = 1.5;", "pkt.mark = 1;"),
  },
  DP2103: {
    title: "a division that may give a fraction",
    explanation: "`/` on numbers gives a fraction in JavaScript, and eBPF has integers alone.",
    hint: "write `Math.trunc(a / b)`",
    example: bodies("pkt.mark = pkt.length / 2;", "pkt.mark = Math.trunc(pkt.length / 2);"),
  },
  DP2104: {
    title: "a u128 used as a 64-bit value",
    explanation: "A 128-bit value has `=== !== & | ^ ~`, `+`, `-` and shifts by constants.",
    hint: "cut to 64 bits with u64(…)",
    example: bodies(
      "const ip = pkt.at(14, Ipv6);\nif (!ip) return Verdict.Pass;\nif (ip.src >> BigInt(ip.hopLimit & 31) === 1n) return Verdict.drop('one');",
      "const ip = pkt.at(14, Ipv6);\nif (!ip) return Verdict.Pass;\nif (ip.src >> 64n === 1n) return Verdict.drop('one');",
      { headers: "Ipv6" },
    ),
  },
  DP2105: {
    title: "a computation that throws",
    explanation: "JavaScript throws for this computation on build-time values, as for a division by 0n.",
    hint: "correct the constants",
    example: {
      failing: ingress("if (now() > 10n / this.unit) return Verdict.drop('late');", { use: "now", members: "readonly unit = 0n;" }),
      passing: ingress("if (now() > 10n / this.unit) return Verdict.drop('late');", { use: "now", members: "readonly unit = 2n;" }),
    },
  },
  DP2106: {
    title: "a prefix length that is not known",
    explanation: "`prefixOf` makes a mask of its length, at build time.",
    hint: "give a build-time length, or keep prefixes in an lpmTrie",
    example: bodies(
      `${ip}if (prefixOf(ip.src, ip.ttl & 31) === 0) return Verdict.drop('none');`,
      `${ip}if (prefixOf(ip.src, 24) === 0) return Verdict.drop('none');`,
      {
        headers,
        use: "prefixOf",
      },
    ),
  },
} as const satisfies Record<string, CodeEntry>;
