/** A bundle's program, run by the kernel off every device. */
import type { HookName, Manifest } from "../../../codegen/bundle/manifest.js";
import { loadForTest, type TestProgram } from "../../test-run/load.js";
import type { DropCount, Judge, Judgement, Outcome } from "./judge.js";

/** linux/bpf.h, enum xdp_action */
const xdpActions: readonly Outcome[] = ["drop", "drop", "pass", "reflect", "redirect"];
/** linux/pkt_cls.h */
const TC_ACT_SHOT = 2;
const TC_ACT_REDIRECT = 7;

export class KernelJudge implements Judge {
  readonly #program: TestProgram;
  readonly #manifest: Manifest;
  readonly #hook: HookName;

  constructor(object: Uint8Array, manifest: Manifest, hook: HookName, params: Readonly<Record<string, bigint>>) {
    this.#program = loadForTest(object, manifest, { params });
    this.#manifest = manifest;
    this.#hook = hook;
  }

  judge(bytes: Uint8Array, time: bigint): Judgement {
    const before = this.drops();
    const result = this.#program.run(this.#hook, bytes, { clock: time });
    const outcome = this.#hook === "xdp" ? (xdpActions[result.retval] ?? "drop") : tcOutcome(result.retval);
    const reason = outcome === "drop" ? this.drops().find((now, index) => now.packets > (before[index]?.packets ?? 0n))?.reason : undefined;
    return { outcome, reason, bytes: result.bytes };
  }

  drops(): DropCount[] {
    const { drops: sites, maps } = this.#manifest;
    if (!maps.some(map => map.path === ":drops")) return [];
    const map = this.#program.map(":drops");
    return sites.map((site, index) => ({
      reason: site.reason,
      place: `${site.source.file}:${site.source.line}`,
      packets: sum(map.get(Uint8Array.of(index & 255, index >> 8, 0, 0))),
    }));
  }

  [Symbol.dispose](): void {
    this.#program.close();
  }
}

/** On tc a reflected packet is one that is redirected to the device that it came by; the action does not tell them apart. */
function tcOutcome(action: number): Outcome {
  return action === TC_ACT_SHOT ? "drop" : action === TC_ACT_REDIRECT ? "redirect" : "pass";
}

/** The total of a per-CPU value of u64. */
function sum(bytes: Uint8Array | undefined): bigint {
  if (!bytes) return 0n;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let total = 0n;
  for (let at = 0; at + 8 <= bytes.byteLength; at += 8) total += view.getBigUint64(at, true);
  return total;
}
