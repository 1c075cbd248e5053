/** A new block in a package of its own: its TypeScript for the compiler, its JavaScript for Node, and a test. */
import type { ProjectName } from "./names.js";
import { compilerOptions, developmentTools, gitignore, json, type ProjectFiles, testScript } from "./shared-files.js";

export function blockProject({ kebab, pascal }: ProjectName, version: string): ProjectFiles {
  const range = `^${version}`;
  return {
    "package.json": json({
      name: `datapath-${kebab}`,
      version: "0.1.0",
      description: `${pascal}: a building block for datapath`,
      license: "Apache-2.0",
      type: "module",
      keywords: ["datapath-block"],
      files: ["src", "dist", "!**/*.test.*"],
      exports: {
        ".": { datapath: `./src/${kebab}.dp.ts`, types: `./dist/${kebab}.dp.d.ts`, default: `./dist/${kebab}.dp.js` },
      },
      scripts: {
        build: "tsc -p tsconfig.build.json",
        prepack: "npm run build",
        typecheck: "tsc --noEmit",
        test: `${testScript} src/${kebab}.test.ts`,
      },
      peerDependencies: { datapath: range },
      devDependencies: { ...developmentTools, datapath: range },
    }),
    "tsconfig.json": json({ compilerOptions, include: ["src"] }),
    "tsconfig.build.json": json({
      extends: "./tsconfig.json",
      compilerOptions: { rootDir: "src", outDir: "dist", declaration: true },
      exclude: ["**/*.test.ts"],
    }),
    ".gitignore": gitignore,
    [`src/${kebab}.dp.ts`]: blockSource(pascal),
    [`src/${kebab}.test.ts`]: blockTest(kebab, pascal),
    "README.md": readme(kebab, pascal),
  };
}

function blockSource(name: string): string {
  return `import { Block, type Packet, Verdict } from "datapath";

export interface ${name}Options {
  /** the shortest time to live, in hops, that is let through; 1…255 */
  readonly minimum: number;
}

/**
 * Drops IP packets that have come too far: their time to live, or hop limit, is below \`minimum\`.
 *
 * @example
 * readonly near = new ${name}({ minimum: 64 });
 * override ingress(pkt: TcPacket): Verdict {
 *   return this.near.handle(pkt) ?? Verdict.Pass;
 * }
 */
export class ${name} extends Block<${name}Options> {
  handle(pkt: Packet): Verdict | undefined {
    const layers = pkt.layers();
    if (layers.family === 4) return layers.ip.ttl < this.options.minimum ? Verdict.drop("came too far") : undefined;
    if (layers.family === 6) return layers.ip.hopLimit < this.options.minimum ? Verdict.drop("came too far") : undefined;
    return undefined;
  }
}
`;
}

function blockTest(kebab: string, name: string): string {
  return `import assert from "node:assert/strict";
import { test } from "node:test";
import { Verdict } from "datapath";
import { Ethernet, Ipv4, Ipv6, Udp } from "datapath/headers";
import { hosting, packet, simulate } from "datapath/testing";
import { ${name} } from "./${kebab}.dp.js";

const pipeline = hosting(
  () => new ${name}({ minimum: 64 }),
  (block, pkt) => block.handle(pkt),
);
const verdictOf = (bytes: Uint8Array): Verdict => simulate(pipeline(), "ingress", bytes).verdict;

test("a packet that has come too far is dropped", () => {
  assert.equal(verdictOf(packet(Ethernet.of(), Ipv4.of({ ttl: 63 }), Udp.of())), Verdict.drop("came too far"));
  assert.equal(verdictOf(packet(Ethernet.of(), Ipv6.of({ hopLimit: 63 }), Udp.of())), Verdict.drop("came too far"));
});

test("a packet from nearby passes", () => {
  assert.equal(verdictOf(packet(Ethernet.of(), Ipv4.of({ ttl: 64 }), Udp.of())), Verdict.Pass);
  assert.equal(verdictOf(packet(Ethernet.of(), Ipv6.of({ hopLimit: 64 }), Udp.of())), Verdict.Pass);
});
`;
}

function readme(kebab: string, name: string): string {
  return `# datapath-${kebab}

A building block for datapath: drops IP packets that have come too far.

\`\`\`ts
import { Pipeline, type TcPacket, Verdict } from "datapath";
import { ${name} } from "datapath-${kebab}";

export default class Edge extends Pipeline {
  readonly near = new ${name}({ minimum: 64 });

  override ingress(pkt: TcPacket): Verdict {
    return this.near.handle(pkt) ?? Verdict.Pass;
  }
}
\`\`\`

| option | meaning |
|---|---|
| \`minimum\` | the shortest time to live, in hops, that is let through; 1…255 |

\`npm test\` runs the tests in Node; \`npm publish\` builds \`dist\` first. The package gives its TypeScript to the compiler (the
export condition \`datapath\`) and its JavaScript to Node.
`;
}
