/** DP1200–DP1299: what the compiler finds out with live values in hand, while it follows a hook. */
import { bodies, type CodeEntry, ingress } from "../code-entry.js";

export const meaningCodes = {
  DP1200: {
    title: "no meaning in datapath code",
    explanation: "The construct is known in other places and has no meaning in this one.",
    hint: "move it to the constructor or a field, where TypeScript is unrestricted",
    example: bodies("if (super.ingress) return Verdict.drop('some');", ""),
  },
  DP1201: {
    title: "not what is needed here",
    explanation: "A value of another kind stands where a number, a view, a list or a field is needed.",
    hint: "give a value of the kind that the message names",
    example: {
      failing: ingress("if (pkt.length < this.limit) return Verdict.drop('short');", {
        members: "readonly limit: number = JSON.parse('\"60\"');",
      }),
      passing: ingress("if (pkt.length < this.limit) return Verdict.drop('short');", {
        members: "readonly limit: number = JSON.parse('60');",
      }),
    },
  },
  DP1202: {
    title: "a place with more than one unknown",
    explanation:
      "A field is read at one place: its offset, and at most one run-time index. Two run-time indexes, or things of different kinds that a variable holds on different paths, are not one place.",
    hint: "handle each where it is found",
    example: bodies(
      "const entry = this.grids.get(1);\nif (entry && entry.cells[pkt.length % 4][pkt.mark % 4] === 1) return Verdict.drop('one');",
      "const entry = this.grids.get(1);\nif (entry && entry.cells[1][pkt.mark % 4] === 1) return Verdict.drop('one');",
      {
        use: "array, arrayMap, struct, u8",
        before: "class Grid extends struct({ cells: array(array(u8, 4), 4) }) {}",
        members: "readonly grids = arrayMap(Grid, 4);",
      },
    ),
  },
  DP1203: {
    title: "a call that cannot be compiled",
    explanation:
      "A call is inlined from the function's TypeScript, so that must be there. Functions of JavaScript packages, native ones and most methods of lists have none.",
    hint: "call functions written in TypeScript, or what `datapath` exports",
    example: {
      failing: ingress("if (Math.hypot(pkt.length, 1) > 1500) return Verdict.drop('long');"),
      passing: ingress("if (pkt.length > 1500) return Verdict.drop('long');"),
    },
  },
  DP1204: {
    title: "recursion without end",
    explanation: "Calls are inlined, so a function may call itself only as often as build-time values say.",
    hint: "recursion must end on a build-time value; at run time there is none",
    example: {
      failing: ingress("if (this.zeros(pkt, 0) > 3) return Verdict.drop('zeros');", {
        use: "u8",
        members: "zeros(pkt: TcPacket, at: number): number {\n  return pkt.read(at, u8) === 0 ? this.zeros(pkt, at + 1) : at;\n}",
      }),
      passing: ingress("if (this.zeros(pkt, 0) > 3) return Verdict.drop('zeros');", {
        use: "u8",
        members:
          "zeros(pkt: TcPacket, at: number): number {\n  if (at === 8) return at;\n  return pkt.read(at, u8) === 0 ? this.zeros(pkt, at + 1) : at;\n}",
      }),
    },
  },
  DP1205: {
    title: "neither true nor false",
    explanation: "A condition turned out to be a number or text, which TypeScript's types did not show.",
    hint: "compare it: `x !== 0`, or `x !== undefined`",
    example: {
      failing: ingress("if (this.isSet(pkt.length)) return Verdict.drop('set');", {
        members: "isSet(value: unknown): boolean {\n  return value ? true : false;\n}",
      }),
      passing: ingress("if (this.isSet(pkt.length)) return Verdict.drop('set');", {
        members: "isSet(value: unknown): boolean {\n  return value !== undefined;\n}",
      }),
    },
  },
  DP1206: {
    title: "`this` without an object",
    explanation: "The function is called without an object, so `this` has nothing to stand for.",
    hint: "call it on the object that it belongs to, or make it an arrow function",
    example: {
      failing: ingress("const test = this.isLong;\nif (test(pkt)) return Verdict.drop('long');", {
        members: "readonly most = 1500;\nisLong(pkt: TcPacket): boolean {\n  return pkt.length > this.most;\n}",
      }),
      passing: ingress("if (this.isLong(pkt)) return Verdict.drop('long');", {
        members: "readonly most = 1500;\nisLong(pkt: TcPacket): boolean {\n  return pkt.length > this.most;\n}",
      }),
    },
  },
  DP1207: {
    title: "a name without a value",
    explanation: "The name has no value on some path to this place, or it is a build-time name whose value could not be found.",
    hint: "give it a value where it is declared",
    example: { situation: "`let offset: number;` that only one branch assigns, read behind the branches through a closure" },
  },
  DP1208: {
    title: "a build-time list with a run-time index",
    explanation: "A list of the build exists in the compiler alone; the kernel's program holds the values that it was asked for.",
    hint: "put it into an `arrayMap`, or loop over it and compare",
    example: {
      failing: ingress("if (this.sizes[pkt.length % 4] === 60) return Verdict.drop('sixty');", {
        members: "readonly sizes = [60, 100, 200, 300];",
      }),
      passing: ingress("for (const size of this.sizes) if (size === pkt.length) return Verdict.drop('known');", {
        members: "readonly sizes = [60, 100, 200, 300];",
      }),
    },
  },
  DP1209: {
    title: "a spread of what is not known",
    explanation: "`...` takes its parts at build time, so the list or object must be known then.",
    hint: "name the fields one by one",
    example: {
      failing: ingress(
        "const eth = pkt.at(0, Ethernet);\nif (!eth) return Verdict.Pass;\nconst copy = { ...eth };\nif (copy.src === 1) return Verdict.drop('one');",
        { headers: "Ethernet" },
      ),
      passing: ingress(
        "const eth = pkt.at(0, Ethernet);\nif (!eth) return Verdict.Pass;\nconst copy = { src: eth.src };\nif (copy.src === 1) return Verdict.drop('one');",
        { headers: "Ethernet" },
      ),
    },
  },
  DP1210: {
    title: "a verdict's argument",
    explanation:
      "Reasons of drops are numbered and counted, so they are build-time text; `redirect` and `mirror` take a device that was found, `flood` a devMap.",
    hint: "give a build-time string, a found device or a devMap",
    example: {
      failing: ingress("return Verdict.drop(this.reason(pkt.length));", {
        members: "reason(length: number): string {\n  return length > 60 ? 'long' : 'short';\n}",
      }),
      passing: ingress("return pkt.length > 60 ? Verdict.drop('long') : Verdict.drop('short');"),
    },
  },
  DP1211: {
    title: "a verdict that is not returned",
    explanation: "Making a verdict decides nothing; returning it does. One that is made and dropped was meant to be returned.",
    hint: "return it, or test it: `if (verdict) return verdict`",
    example: bodies("if (pkt.length < 60) Verdict.drop('short');", "if (pkt.length < 60) return Verdict.drop('short');"),
  },
  DP1212: {
    title: "a change of what the build fixed",
    explanation: "Objects of the build are constants to every packet, whatever name they are reached by.",
    hint: "keep what changes in a map, or in a variable of the method",
    example: {
      failing: ingress("const state = this.state;\nstate.packets += 1;", { members: "readonly state = { packets: 0 };" }),
      passing: ingress("this.packets.add(pkt);", { use: "counter", members: "readonly packets = counter();" }),
    },
  },
  DP1213: {
    title: "not a class that can be made here",
    explanation: "Objects made for a packet are of classes written in TypeScript, whose constructors assign their fields.",
    hint: "make it in a field or constructor, or use an object literal",
    example: { situation: "`new Matcher(pkt.length)` where Matcher is a class of a JavaScript package" },
  },
  DP1214: {
    title: "a loop whose rounds are not known",
    explanation: "Loops are unrolled, so how often one runs at most is a build-time number, and one that a verifier can follow.",
    hint: "write `for (let i = 0; i < N; i++)` with a build-time N, and `break` inside",
    example: bodies(
      "let zeros = 0;\nfor (let i = 0; i < pkt.length; i++) if (pkt.read(i, u8) === 0) zeros += 1;\nif (zeros > 14) return Verdict.drop('zeros');",
      "let zeros = 0;\nfor (let i = 0; i < 64; i++) {\n  if (i >= pkt.length) break;\n  if (pkt.read(i, u8) === 0) zeros += 1;\n}\nif (zeros > 14) return Verdict.drop('zeros');",
      { use: "u8" },
    ),
  },
  DP1215: {
    title: "a hook without a verdict",
    explanation: "On some path the hook gives undefined where a verdict is needed; the types of what it calls did not show it.",
    hint: "end it with `?? Verdict.Pass`",
    example: { situation: "a hook whose block was typed by an assertion to return a Verdict and returns undefined" },
  },
} as const satisfies Record<string, CodeEntry>;
