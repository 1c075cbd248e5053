/** A new pipeline: one that drops what comes from some addresses, with a test, ready to build. */
import type { ProjectName } from "./names.js";
import { compilerOptions, developmentTools, gitignore, json, type ProjectFiles, testScript } from "./shared-files.js";

export function pipelineProject({ kebab, pascal }: ProjectName, version: string): ProjectFiles {
  return {
    "package.json": json({
      name: kebab,
      version: "0.1.0",
      private: true,
      type: "module",
      scripts: {
        check: `dp check ${kebab}.dp.ts`,
        build: `dp build ${kebab}.dp.ts`,
        typecheck: "tsc --noEmit",
        test: `${testScript} ${kebab}.test.ts`,
      },
      dependencies: { datapath: `^${version}` },
      devDependencies: developmentTools,
    }),
    "tsconfig.json": json({ compilerOptions: { ...compilerOptions, noEmit: true }, include: ["*.ts"] }),
    ".gitignore": gitignore,
    [`${kebab}.dp.ts`]: pipelineSource(pascal),
    [`${kebab}.test.ts`]: pipelineTest(kebab, pascal),
    "README.md": readme(kebab),
  };
}

function pipelineSource(name: string): string {
  return `/** Drops IPv4 packets from blocked addresses; lets everything else through. */
import { hashMap, Pipeline, struct, type TcPacket, u32, u64, Verdict } from "datapath";
import { Ethernet, EtherType, Ipv4 } from "datapath/headers";

/** What is known of a blocked address. */
export class Blocked extends struct({ packets: u64 }) {}

export default class ${name} extends Pipeline {
  /** Addresses that are refused: \`dp map set\` adds to them while the pipeline runs. */
  readonly blocked = hashMap(u32, Blocked, { maxEntries: 10_000 });

  override ingress(pkt: TcPacket): Verdict {
    const ethernet = pkt.at(0, Ethernet);
    if (!ethernet || ethernet.etherType !== EtherType.Ipv4) return Verdict.Pass;
    const ip = pkt.after(ethernet, Ipv4);
    if (!ip) return Verdict.Pass;

    const entry = this.blocked.get(ip.src);
    if (!entry) return Verdict.Pass;
    entry.packets += 1n;
    return Verdict.drop("blocked");
  }
}
`;
}

function pipelineTest(kebab: string, name: string): string {
  return `import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, Verdict } from "datapath";
import { Ethernet, Ipv4, Udp } from "datapath/headers";
import { packet, simulate } from "datapath/testing";
import ${name} from "./${kebab}.dp.js";

const from = (source: string): Uint8Array => packet(Ethernet.of(), Ipv4.of({ src: ipv4(source) }), Udp.of({ dstPort: 53 }));

test("a blocked address is dropped and counted, another passes", () => {
  const pipeline = new ${name}();
  pipeline.blocked.set(ipv4("192.0.2.1"), { packets: 0n });

  assert.equal(simulate(pipeline, "ingress", from("192.0.2.1")).verdict, Verdict.drop("blocked"));
  assert.equal(simulate(pipeline, "ingress", from("192.0.2.2")).verdict, Verdict.Pass);
  assert.equal(pipeline.blocked.get(ipv4("192.0.2.1"))?.packets, 1n);
});
`;
}

function readme(name: string): string {
  return `# ${name}

A Linux packet path in TypeScript, made with datapath.

    npm install
    npm test                                          # in Node
    npx dp check ${name}.dp.ts                        # what the compiler has to say
    npx dp build ${name}.dp.ts                        # gives ${name}.dpo
    sudo npx dp attach ${name}.dpo --dev eth0
    sudo npx dp map set ${name} blocked 192.0.2.1 '{"packets": 0}'
    sudo npx dp status
    sudo npx dp detach ${name} --dev eth0
`;
}
