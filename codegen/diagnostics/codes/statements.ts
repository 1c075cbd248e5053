/** DP1101–DP1106, DP1119, DP1121, DP1128, DP1129, DP1134: statements that are not datapath code. */
import { bodies, type CodeEntry, ingress } from "../code-entry.js";

export const statementCodes = {
  DP1101: {
    title: "an unbounded loop",
    explanation:
      "The kernel's verifier follows every step that a program may take, so every loop must end after a number of rounds that is known at build time. Such a loop is unrolled.",
    hint: "write `for (let i = 0; i < N; i++)` with a bound that is known at build time",
    example: bodies(
      "let zeros = 0;\nwhile (pkt.read(zeros, u8) === 0) zeros += 1;\nif (zeros > 14) return Verdict.drop('zeros');",
      "let zeros = 0;\nfor (let i = 0; i < 16; i++) {\n  if (pkt.read(i, u8) !== 0) break;\n  zeros += 1;\n}\nif (zeros > 14) return Verdict.drop('zeros');",
      { use: "u8" },
    ),
  },
  DP1102: {
    title: "for … in",
    explanation: "The names of an object's properties are text, and the program in the kernel has neither names nor text.",
    hint: "go over a build-time list with `for … of`",
    example: bodies(
      "for (const name in this.ports) if (name === 'http') return Verdict.drop('http');",
      "for (const port of this.list) if (pkt.length === port) return Verdict.drop('http');",
      { members: "readonly ports = { http: 80, https: 443 };\nreadonly list = Object.values(this.ports);" },
    ),
  },
  DP1103: {
    title: "throw",
    explanation: "A packet's program always ends in a verdict; there is no one to catch what it throws.",
    hint: 'return a verdict: `Verdict.drop("why")`',
    example: bodies("if (pkt.length < 60) throw new Error('short');", "if (pkt.length < 60) return Verdict.drop('short');"),
  },
  DP1104: {
    title: "try",
    explanation: "Datapath code throws nothing: what may fail gives undefined or false, and TypeScript asks for the test.",
    hint: "test what the call returns",
    example: bodies(
      "try {\n  if (pkt.length < 60) return Verdict.drop('short');\n} finally {\n  pkt.mark = 1;\n}",
      "pkt.mark = 1;\nif (pkt.length < 60) return Verdict.drop('short');",
    ),
  },
  DP1105: {
    title: "async and await",
    explanation: "A packet waits for nothing: its verdict is there when the hook returns.",
    hint: "do it at build time, or in user space over a map or events",
    example: bodies(
      "const later = async (): Promise<number> => pkt.length;\nvoid later();",
      "const later = (): number => pkt.length;\nvoid later();",
    ),
  },
  DP1106: {
    title: "a generator",
    explanation: "A generator keeps its place between calls, and nothing lives between two steps of a packet's program.",
    hint: "make the list at build time, in a field or at the top of the module",
    example: bodies("const ports = function* () {\n  yield 80;\n};\nvoid ports;", "const ports = () => 80;\nvoid ports;"),
  },
  DP1119: {
    title: "a label",
    explanation: "Leaving several loops at once by a label is not part of the language.",
    hint: "put the loops into a method and `return` from it",
    example: bodies(
      "outer: for (let i = 0; i < 3; i++) {\n  for (let j = 0; j < 3; j++) if (pkt.read(i + j, u8) === 0) break outer;\n}",
      "for (let i = 0; i < 3; i++) if (pkt.read(i, u8) === 0) break;",
      { use: "u8" },
    ),
  },
  DP1121: {
    title: "var",
    explanation: "A `var` is visible outside its block and before its line, which hides when a value is set.",
    hint: "write `const` or `let`",
    example: bodies(
      "var length = pkt.length;\nif (length < 60) return Verdict.drop('short');",
      "const length = pkt.length;\nif (length < 60) return Verdict.drop('short');",
    ),
  },
  DP1128: {
    title: "a class inside a function",
    explanation: "Classes are made at build time; one inside a datapath function would be made anew for each packet.",
    hint: "move the class to the top of the module",
    example: {
      failing: ingress("class Size {\n  readonly bytes = 60;\n}\nif (pkt.length < 60) return Verdict.drop('short');"),
      passing: ingress("if (pkt.length < new Size().bytes) return Verdict.drop('short');", {
        before: "class Size {\n  readonly bytes = 60;\n}",
      }),
    },
  },
  DP1129: {
    title: "debugger",
    explanation: "There is no debugger in the kernel; run the pipeline in Node by `simulate` or `dp sim`, where one can step through it.",
    hint: "remove the line",
    example: bodies("debugger;", ""),
  },
  DP1134: {
    title: "using",
    explanation: "`using` calls a method when its block ends, and nothing in datapath code has to be disposed of.",
    hint: "write `const`",
    example: bodies("using view = this.resource;\nvoid view;", "const view = this.resource;\nvoid view;", {
      members: "readonly resource = { [Symbol.dispose]() {} };",
    }),
  },
} as const satisfies Record<string, CodeEntry>;
