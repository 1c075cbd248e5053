/** DP3xxx: packets. 30xx by range analysis, 31xx while the hook is followed. */
import { bodies, type CodeEntry } from "../code-entry.js";

const ip = "const ip = pkt.at(14, Ipv4);\nif (!ip) return Verdict.Pass;\n";
const headers = "Ipv4";

export const packetCodes = {
  DP3001: {
    title: "an offset that may be negative",
    explanation: "An offset counts from the packet's first byte; in front of it there is nothing to read.",
    hint: "test that it is not negative first",
    example: bodies(
      `${ip}if (pkt.read(ip.totalLength - 20, u8) === 0) return Verdict.drop('zero');`,
      `${ip}if (ip.totalLength >= 34 && pkt.read(ip.totalLength - 20, u8) === 0) return Verdict.drop('zero');`,
      { headers, use: "u8" },
    ),
  },
  DP3002: {
    title: "an offset beyond the first 65,535 bytes",
    explanation: "Views end within the first 65,535 bytes: it is what the kernel's verifier can follow.",
    hint: "test the offset against a limit first",
    example: bodies(
      `${ip}if (pkt.read(ip.src, u8) === 0) return Verdict.drop('zero');`,
      `${ip}if (ip.src >= 14 && ip.src < 1500 && pkt.read(ip.src, u8) === 0) return Verdict.drop('zero');`,
      { headers, use: "u8" },
    ),
  },
  DP3003: {
    title: "a view that may end beyond the first 65,535 bytes",
    explanation: "Views end within the first 65,535 bytes, their own size included.",
    hint: "test the offset against a limit first",
    example: bodies(
      `${ip}if (pkt.read(ip.totalLength, u32) === 0) return Verdict.drop('zero');`,
      `${ip}if (ip.totalLength >= 14 && ip.totalLength < 9000 && pkt.read(ip.totalLength, u32) === 0) return Verdict.drop('zero');`,
      { headers, use: "u32" },
    ),
  },
  DP3004: {
    title: "a length out of range",
    explanation: "The lengths given to copy, checksum, insert and the like have limits that must be proved.",
    hint: "test it first, or limit it with Math.min and Math.max",
    example: { situation: "`pkt.trim(length)` with a length that may be negative" },
  },
  DP3101: {
    title: "a view of a packet that has moved",
    explanation:
      "insert, remove, grow, shrink, trim, pull and a change of the VLAN tag end every view: what stood there may stand elsewhere now.",
    hint: "take it again with `pkt.at()` after the move",
    example: bodies(
      `${ip}if (!pkt.trim(60)) return Verdict.drop('no');\nif (ip.ttl === 1) return Verdict.drop('last hop');`,
      `${ip}const ttl = ip.ttl;\nif (!pkt.trim(60)) return Verdict.drop('no');\nif (ttl === 1) return Verdict.drop('last hop');`,
      { headers },
    ),
  },
  DP3102: {
    title: "a constant index outside the array",
    explanation: "The array has fewer elements than this index asks for.",
    hint: "correct the index",
    example: bodies(
      "const bytes = pkt.bytes(0, 4);\nif (bytes && bytes[4] === 0) return Verdict.drop('zero');",
      "const bytes = pkt.bytes(0, 4);\nif (bytes && bytes[3] === 0) return Verdict.drop('zero');",
    ),
  },
  DP3103: {
    title: "bytes on both sides of the VLAN tag's place",
    explanation:
      "A tag is never part of offsets, yet on XDP it stands in the frame behind the addresses: bytes on both sides of offset 12 are not neighbours there. A run-time offset must be proved to lie behind them, so that nothing has to be told apart for each packet.",
    hint: "read the addresses and the type apart",
    example: bodies(
      "if (pkt.read(10, u32) === 0) return Verdict.drop('zero');",
      "if (pkt.read(8, u32) === 0) return Verdict.drop('zero');",
      { use: "u32" },
    ),
  },
  DP3104: {
    title: "not an offset",
    explanation: "An offset is an integer of 0…65,534.",
    hint: "give an integer of 0…65,534",
    example: bodies("if (pkt.read(-1, u8) === 0) return Verdict.drop('zero');", "if (pkt.read(0, u8) === 0) return Verdict.drop('zero');", {
      use: "u8",
    }),
  },
  DP3105: {
    title: "an offset of a packet that has moved",
    explanation: "A number that came from a view's or layer's offset says where something stood before the packet moved.",
    hint: "compute it again after the move; lengths stay good",
    example: bodies(
      `${ip}const end = pkt.endOf(ip);\nif (!pkt.remove(0, 4)) return Verdict.drop('no');\nif (pkt.read(end, u8) === 0) return Verdict.drop('zero');`,
      `${ip}const end = pkt.endOf(ip);\nif (pkt.read(end, u8) === 0) return Verdict.drop('zero');`,
      { headers, use: "u8" },
    ),
  },
  DP3106: {
    title: "a count that is not known",
    explanation: "How many bytes a view, a copy or a checksum covers at most is a build-time number.",
    hint: "give a build-time number, or a limit: `{ max: n }`",
    example: bodies(
      "const bytes = pkt.bytes(0, pkt.length);\nif (bytes && bytes[0] === 0) return Verdict.drop('zero');",
      "const bytes = pkt.bytes(0, 4);\nif (bytes && bytes[0] === 0) return Verdict.drop('zero');",
    ),
  },
  DP3107: {
    title: "a move whose success is not looked at",
    explanation:
      "insert, remove, grow, shrink and trim may fail, as where there is no room; a program that goes on as if they had not writes to the wrong place.",
    hint: "test it: `if (!pkt.…) return Verdict.drop(…)`",
    example: bodies("pkt.trim(60);", "if (!pkt.trim(60)) return Verdict.drop('no');"),
  },
  DP3108: {
    title: "more bytes than are copied or summed at once",
    explanation:
      "copy takes at most 511 bytes at once and checksum 2,032, which is what the program has room for. Their `max` is an integer within that, and a count that is always above `max` would never be copied, or end every packet as an abort.",
    hint: "copy or sum in several steps",
    example: bodies(
      "if (!pkt.copy(14, 34, 512, { max: 512 })) return Verdict.drop('short');",
      "if (!pkt.copy(14, 34, 256, { max: 256 }) || !pkt.copy(270, 290, 256, { max: 256 })) return Verdict.drop('short');",
    ),
  },
} as const satisfies Record<string, CodeEntry>;
