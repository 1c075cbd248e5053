/** DP1001–DP1099: the module as a whole, and its evaluation. */
import type { CodeEntry } from "../code-entry.js";
import { ingress } from "../code-entry.js";

const passing = ingress("");

export const programCodes = {
  DP1001: {
    title: "no default export",
    explanation: "A pipeline is the default export of its file. A file that only exports blocks has nothing to compile.",
    hint: "write `export default class Name extends Pipeline { … }`",
    example: { failing: passing.replace("export default class", "export class"), passing },
  },
  DP1002: {
    title: "the default export is not a pipeline",
    explanation: "The default export must be a class that extends Pipeline and can be made without arguments: `new Name()`.",
    hint: "write `export default class Name extends Pipeline { … }`",
    example: {
      failing: `import { Pipeline } from "datapath";\n\nclass Example extends Pipeline {}\n\nexport default new Example();\n`,
      passing,
    },
  },
  DP1003: {
    title: "the pipeline's constructor threw",
    explanation:
      "The compiler makes the pipeline once, with its field initialisers and those of its blocks. What they throw ends the build; the place shown is the first line of the stack that is not datapath's own.",
    example: {
      failing: ingress("", {
        before: `function port(text: string): number {\n  const value = Number(text);\n  if (!Number.isInteger(value)) throw new Error(\`"\${text}" is not a port\`);\n  return value;\n}`,
        members: `readonly port = port("http");`,
      }),
      passing: ingress("", {
        before: `function port(text: string): number {\n  const value = Number(text);\n  if (!Number.isInteger(value)) throw new Error(\`"\${text}" is not a port\`);\n  return value;\n}`,
        members: `readonly port = port("80");`,
      }),
    },
  },
  DP1004: {
    title: "the module threw",
    explanation: "Top-level code of the pipeline's module, or of a module that it imports, threw while Node evaluated it.",
    example: {
      failing: ingress("", { before: `const rules: readonly string[] = JSON.parse("[");`, members: "readonly rules = rules;" }),
      passing: ingress("", { before: `const rules: readonly string[] = JSON.parse("[]");`, members: "readonly rules = rules;" }),
    },
  },
  DP1005: {
    title: "an import was not found",
    explanation: "Node could not find a module that the pipeline imports, although TypeScript may know its types.",
    hint: "install the package, or correct the path; relative imports end in `.js`",
    example: { situation: '`import { limit } from "./limits.js"` beside a `limits.d.ts` without a `limits.ts` or `limits.js`' },
  },
  DP1006: {
    title: "the package is CommonJS",
    explanation: "Pipelines are ES modules. In a CommonJS package Node would load the module by `require`, and datapath a second time.",
    hint: 'add `"type": "module"` to the package.json',
    example: { situation: 'a package.json without `"type": "module"` above the pipeline\'s file' },
  },
  DP1007: {
    title: "two copies of datapath",
    explanation:
      "The pipeline's classes come from another copy of datapath than the compiler that reads them, so their schemas and functions are not the ones that it knows.",
    hint: "run the project's own command, `npx dp`, and make block packages name datapath under peerDependencies",
    example: { situation: "a `dp` installed globally while the project has its own datapath in node_modules" },
  },
  DP1008: {
    title: "a syntax error",
    explanation: "The module could not be parsed. TypeScript's own message, where there is one, is shown instead.",
    example: { situation: "an imported `.js` file with a missing bracket" },
  },
  DP1009: {
    title: "no such file",
    explanation: "The file that was to be compiled does not exist.",
    example: { situation: "`dp build edg.dp.ts` in a folder that holds `edge.dp.ts`" },
  },
  DP1010: {
    title: "the build is not cached",
    explanation:
      "Evaluation used the network, the time, random numbers, another process or facts of this machine. Whether the result would be the same the next time is unknown, so the next build evaluates again.",
    severity: "notice",
    example: {
      failing: ingress("", { members: "readonly started = Date.now();" }),
      passing: ingress("", { members: "readonly started = 0;" }),
    },
  },
} as const satisfies Record<string, CodeEntry>;
