/** DP1107–DP1150 but for statements: expressions that are not datapath code. */
import { bodies, type CodeEntry, ingress } from "../code-entry.js";

export const expressionCodes = {
  DP1107: {
    title: "new of what the kernel cannot hold",
    explanation:
      "JavaScript's own objects (Map, Set, Array, typed arrays) need a heap. Classes written in TypeScript whose fields are scalars and views can be made.",
    hint: "use one of datapath's maps as a field of the class",
    example: bodies(
      "const seen = new Set([pkt.length]);\nif (seen.size > 1) return Verdict.drop('twice');",
      "if (pkt.length > 1500) return Verdict.drop('long');",
    ),
  },
  DP1108: {
    title: "any",
    explanation: "A value of type any has no width, so no C can be made of it, and TypeScript checks nothing that is done with it.",
    hint: "give it its type: u8 … u128, a header, or a class on struct",
    example: bodies(
      "const length: any = pkt.length;\nif (length < 60) return Verdict.drop('short');",
      "const length: u32 = pkt.length;\nif (length < 60) return Verdict.drop('short');",
      {
        use: "type u32",
      },
    ),
  },
  DP1109: {
    title: "the assertion !",
    explanation:
      "`!` claims that a value is there without a test. For a packet's view that test is the bounds check, so it cannot be left out.",
    hint: "test it: `if (!view) return …`",
    example: bodies(
      "const eth = pkt.at(0, Ethernet)!;\neth.src = 2;",
      "const eth = pkt.at(0, Ethernet);\nif (!eth) return Verdict.Pass;\neth.src = 2;",
      { headers: "Ethernet" },
    ),
  },
  DP1110: {
    title: "an assertion that changes a width",
    explanation: "`x as u8` changes nothing about the value: Node would go on with all its bits. Wrapping is a call of the width.",
    hint: "wrap the value by calling the width: `u8(x)`",
    example: bodies("pkt.mark = pkt.length as u8;", "pkt.mark = u8(pkt.length);", { use: "u8" }),
  },
  DP1111: {
    title: "text",
    explanation:
      "Text is for build time: a packet's program has no heap to put it together in. A string that stands in the source, as a drop's reason or to compare an option with, is a constant and fine.",
    hint: "make the text at build time, in a field of the class or at the top of the module",
    example: {
      failing: ingress(`if (pkt.length > this.most) return Verdict.drop(\`over \${this.most}\`);`, { members: "readonly most = 1500;" }),
      passing: ingress("if (pkt.length > this.most) return Verdict.drop(this.why);", {
        members: `readonly most = 1500;\nreadonly why = \`over \${this.most}\`;`,
      }),
    },
  },
  DP1112: {
    title: "a regular expression",
    explanation: "Regular expressions work on text, and packets are bytes.",
    hint: "compare bytes: `pkt.read(offset, u8)`",
    example: bodies("if (/GET/.test('GET')) return Verdict.drop('http');", "if (pkt.read(54, u8) === 0x47) return Verdict.drop('http');", {
      use: "u8",
    }),
  },
  DP1113: {
    title: "the calendar",
    explanation: "The kernel's program knows a clock that only goes forward, not the date.",
    hint: "use `now()`, nanoseconds since the machine started",
    example: bodies("if (Date.now() > 0) return Verdict.drop('late');", "if (now() > 0n) return Verdict.drop('late');", { use: "now" }),
  },
  DP1114: {
    title: "a property by a name that is computed",
    explanation: "The name of a property must be known at build time; the program in the kernel has offsets, not names.",
    hint: "use a map, an array with an index, or a `switch`",
    example: bodies(
      "const name = pkt.length > 100 ? 'long' : 'short';\npkt.mark = this.marks[name];",
      "pkt.mark = pkt.length > 100 ? this.marks.long : this.marks.short;",
      { members: "readonly marks = { long: 1, short: 2 };" },
    ),
  },
  DP1115: {
    title: "assignment to build-time state",
    explanation:
      "Fields of blocks and pipelines, statics and variables of the module are constants to every packet: what a packet would store there, the next one could not see.",
    hint: "keep what changes in a map, a counter or a setting",
    example: {
      failing: ingress("this.packets += 1;", { members: "packets = 0;" }),
      passing: ingress("this.packets.add(pkt);", { use: "counter", members: "readonly packets = counter();" }),
    },
  },
  DP1116: {
    title: "delete",
    explanation: "`delete` changes the shape of an object, and shapes are fixed at build time.",
    hint: "assign undefined, or use a map's own `delete()`",
    example: bodies(
      "const seen: { length?: number } = { length: pkt.length };\ndelete seen.length;",
      "let seen: number | undefined = pkt.length;\nseen = undefined;\nvoid seen;",
    ),
  },
  DP1117: {
    title: "in",
    explanation: "`in` asks for a property by name at run time.",
    hint: "use `map.has(key)`, or `list.includes(value)` on a build-time list",
    example: bodies(
      "if ('length' in pkt) return Verdict.drop('length');",
      "if (this.sizes.includes(pkt.length)) return Verdict.drop('length');",
      { members: "readonly sizes = [60, 1514];" },
    ),
  },
  DP1118: {
    title: "typeof",
    explanation: "Types are known at build time; values of the kernel carry none.",
    hint: "test for undefined, or tell classes apart by `instanceof`",
    example: bodies(
      "if (typeof pkt.read(0, u8) === 'number') return Verdict.drop('some');",
      "if (pkt.read(0, u8) !== undefined) return Verdict.drop('some');",
      { use: "u8" },
    ),
  },
  DP1120: {
    title: "a conversion before a comparison",
    explanation: "`==` and `!=` convert their operands before they compare them, as unary `+` does; datapath code says what it means.",
    hint: "write `===` or `!==`",
    example: bodies("if (pkt.length == 60) return Verdict.drop('short');", "if (pkt.length === 60) return Verdict.drop('short');"),
  },
  DP1122: {
    title: "the comma operator",
    explanation: "The comma operator computes its left side and throws it away.",
    hint: "write two statements",
    example: bodies(
      "let size = 0;\nif (((size = pkt.length), size > 60)) return Verdict.drop('long');",
      "const size = pkt.length;\nif (size > 60) return Verdict.drop('long');",
    ),
  },
  DP1124: {
    title: "code made at run time",
    explanation: "`eval` and `Function` make code out of text, which nobody can compile ahead.",
    hint: "write it as a function; compute at build time what differs",
    example: bodies("eval('1');", "void 1;"),
  },
  DP1125: {
    title: "a function that is kept",
    explanation:
      "A function inside datapath code may be called, given a name or handed to a call that is known at build time: it is inlined there. One that is returned or stored would have to exist in the kernel.",
    hint: "call it here, or make it at build time in a field",
    example: {
      failing: ingress("if (this.test(60)(pkt.length)) return Verdict.drop('short');", {
        members: "test(limit: number): (length: number) => boolean {\n  return length => length < limit;\n}",
      }),
      passing: ingress("if (this.test(60, pkt.length)) return Verdict.drop('short');", {
        members: "test(limit: number, length: number): boolean {\n  return length < limit;\n}",
      }),
    },
  },
  DP1126: {
    title: "a getter that changes something",
    explanation: "Reading a property looks free of effects, and the compiler may read it once where it is written twice.",
    hint: "make it a method",
    example: {
      failing: ingress("const info = pkt.at(0, Info);\nif (info && info.next === 1) return Verdict.drop('one');", {
        use: "header, u8",
        before:
          'class Info extends header("Info", { hops: u8 }) {\n  get next(): number {\n    this.hops = 1;\n    return this.hops;\n  }\n}',
      }),
      passing: ingress("const info = pkt.at(0, Info);\nif (info && info.next() === 1) return Verdict.drop('one');", {
        use: "header, u8",
        before: 'class Info extends header("Info", { hops: u8 }) {\n  next(): number {\n    this.hops = 1;\n    return this.hops;\n  }\n}',
      }),
    },
  },
  DP1127: {
    title: "null",
    explanation: "One way to say that something is missing is enough: every call of the language gives undefined.",
    hint: "write `undefined`",
    example: bodies(
      "const length = pkt.length > 60 ? pkt.length : null;\nif (length !== null) return Verdict.drop('long');",
      "const length = pkt.length > 60 ? pkt.length : undefined;\nif (length !== undefined) return Verdict.drop('long');",
    ),
  },
  DP1130: {
    title: "a global of JavaScript",
    explanation:
      "Most of JavaScript's and Node's own objects have no meaning in the kernel. `Math.trunc`, `floor`, `min`, `max`, `imul`, `Number` and `BigInt` have.",
    hint: "compute it at build time, in a field of the class",
    example: {
      failing: ingress("if (pkt.length > parseInt('1500', 10)) return Verdict.drop('long');"),
      passing: ingress("if (pkt.length > this.most) return Verdict.drop('long');", { members: "readonly most = parseInt('1500', 10);" }),
    },
  },
  DP1131: {
    title: "modules at run time",
    explanation: "Modules are loaded when the pipeline is built; `import()` and `import.meta` mean nothing to a packet.",
    hint: "import at the top of the file",
    example: bodies("void import.meta;", ""),
  },
  DP1132: {
    title: "arguments",
    explanation: "`arguments` is a list that JavaScript makes for each call.",
    hint: "name the parameters",
    example: bodies("if (arguments.length > 2) return Verdict.drop('many');", "if (pkt.length > 2) return Verdict.drop('many');"),
  },
  DP1133: {
    title: "a decorator",
    explanation: "A decorator may replace the method that it stands on, so what runs in Node would not be what is compiled.",
    hint: "remove it; wrap the call in a method",
    example: { situation: "`@logged` in front of a hook or of a method that a hook calls" },
  },
  DP1136: {
    title: "a method on an object that a packet makes",
    explanation: "Objects that are made for a packet become local values: scalars and views, without methods of their own.",
    hint: "write a function or a method of the class",
    example: bodies(
      "const size = {\n  isShort(): boolean {\n    return pkt.length < 60;\n  },\n};\nvoid size;",
      "const isShort = (): boolean => pkt.length < 60;\nif (isShort()) return Verdict.drop('short');",
    ),
  },
  DP1140: {
    title: "the truth of a number",
    explanation:
      "Zero is false in JavaScript, so `if (map.get(key))` cannot tell a stored 0 from an entry that is missing. Conditions are booleans, or views that may be undefined.",
    hint: "compare it: `!== 0` or `!== undefined`",
    example: bodies(
      "const first = pkt.read(0, u8);\nif (first) return Verdict.drop('some');",
      "const first = pkt.read(0, u8);\nif (first !== undefined) return Verdict.drop('some');",
      { use: "u8" },
    ),
  },
  DP1141: {
    title: "=== between views",
    explanation:
      "Two views of the same bytes are different objects in JavaScript, and whether two views are one object depends on how they were had.",
    hint: "compare fields, or arrays by `equals()`",
    example: bodies(
      "const one = pkt.at(0, Ethernet);\nconst two = pkt.at(0, Ethernet);\nif (one && two && one === two) return Verdict.drop('same');",
      "const one = pkt.at(0, Ethernet);\nconst two = pkt.at(0, Ethernet);\nif (one && two && one.src === two.src) return Verdict.drop('same');",
      { headers: "Ethernet" },
    ),
  },
  DP1150: {
    title: "not part of the language",
    explanation: "A construct that the language does not know. What it knows is listed in the language reference.",
    example: { situation: "JavaScript that is newer than this compiler" },
  },
} as const satisfies Record<string, CodeEntry>;
