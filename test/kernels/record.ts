/** Runs the tests of blocks and examples with their kernel side recorded. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile, manifestOf } from "../../runtime/fixtures/compile.js";
import type { Recording } from "./recording.js";

export async function record(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  for (const [section, context, hook, verdict] of [
    ["xdp", "xdp_md", "xdp", 2],
    ["tc", "__sk_buff", "ingress", 0xffff_ffff],
  ] as const) {
    const object = compile(`SEC("${section}") int fixture(struct ${context} *ctx) { return (int)${verdict}; }`);
    const packet = Buffer.alloc(60, 1).toString("base64");
    const recording: Recording = {
      title: "fixture",
      hook,
      manifest: manifestOf({ name: `fixture-${hook}`, hooks: [{ hook, program: "fixture", section }] }),
      object: object.toString("base64"),
      code: "// fixture\n",
      attachable: false,
      params: {},
      runs: [{ packet, clock: "0", random: [], mark: 0, priority: 0, verdict, result: packet, maps: {} }],
    };
    writeFileSync(join(folder, `${hook}.json`), JSON.stringify(recording));
  }
  return folder;
}
