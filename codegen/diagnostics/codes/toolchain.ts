/** DP5xxx: clang and the bundle. */
import type { CodeEntry } from "../code-entry.js";

export const toolchainCodes = {
  DP5001: {
    title: "no clang",
    explanation:
      "The generated C is compiled by clang, which knows the eBPF instruction set. It is needed where a bundle is built, not where it is attached.",
    hint: "install it: `sudo apt-get install clang` (version 14 or newer)",
    example: { situation: "a machine without clang, or a PATH that does not name its folder" },
  },
  DP5002: {
    title: "clang is too old",
    explanation: "The newest clang of the search path is older than version 14, the first with which generated programs were seen to load.",
    hint: "install a newer one: `sudo apt-get install clang-19`, or whatever `apt-cache search --names-only '^clang-[0-9]+$'` lists",
    example: { situation: "a machine whose only clang is version 11" },
  },
  DP5003: {
    title: "clang refused the generated C",
    explanation:
      "This is a bug of the compiler, never of the pipeline. The C and clang's output are kept in a folder that the message names.",
    hint: "please report it with that folder; until then, change the line that is shown",
    example: { situation: "none is known" },
  },
  DP5004: {
    title: "the bundle cannot be written",
    explanation: "A bundle replaces only a bundle: a folder of that name that holds anything else is left alone.",
    hint: "choose another folder with `-o`, or move what is there",
    example: { situation: "a folder `edge.dpo` that has no manifest.json" },
  },
  DP5005: {
    title: "a program needs more stack than there is",
    explanation:
      "The kernel gives a program 512 bytes of stack. A pipeline that wants more is split over several programs, wherever no entry of a map that was looked up is still in use; here no such place was left.",
    hint: "look entries up later, or be done with them sooner: what is read or written once more behind a step keeps the two in one program",
    example: { situation: "a hook that looks up an entry of a map first, and changes it last, behind more than one program can hold" },
  },
  DP5006: {
    title: "too much work for the verifier, as far as can be told",
    explanation:
      "The kernel verifies a million instructions of a program at most, counting each as often as a path comes by. The compiler made paths converge, and its estimate is still over the limit. The estimate is made not to be below the verifier's count, and may be above: where the process may load programs, the verifier is asked instead.",
    hint: "`sudo dp check --load` asks the verifier; less work for it: `pkt.layers()` without what is not needed, fewer calls that move the packet, smaller loops",
    example: { situation: "a loop of 64 turns whose every turn branches on the packet, checked by a user who may not load programs" },
  },
} as const satisfies Record<string, CodeEntry>;
