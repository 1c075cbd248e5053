/** A bundle's program, run by the kernel off every device. */
import type { HookName, Manifest } from "../../../codegen/bundle/manifest.js";
import { Action, decodeVerdict } from "../../../codegen/specialise/verdict.js";
import { joinFrame } from "../../../dsl/packet/frame.js";
import { ABORTED } from "../../../testing/simulate.js";
import { randomNumbers } from "../../../testing/world.js";
import { loadForTest, type RunResult, type TestProgram } from "../../test-run/load.js";
import type { DropCount, Judge, Judgement, Outcome } from "./judge.js";

const decided: Readonly<Record<number, Outcome>> = {
  [Action.Pass]: "pass",
  [Action.Reflect]: "reflect",
  [Action.Redirect]: "redirect",
  [Action.Route]: "route",
  [Action.Flood]: "flood",
};
/** The most that a test build holds: Node's own of a world that lists none. */
const randomList = ((): readonly number[] => {
  const next = randomNumbers({});
  return Array.from({ length: 64 }, next);
})();
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
    const result = this.#program.run(this.#hook, bytes, { clock: time, random: randomList });
    const left = frameOf(result);
    if (result.verdict !== undefined) return { ...this.#recorded(result.verdict), bytes: left };
    const outcome = this.#hook === "xdp" ? (xdpActions[result.retval] ?? "drop") : tcOutcome(result.retval);
    return { outcome, reason: undefined, bytes: left };
  }

  /** A test build says what it decided; the kernel's own code cannot tell reflecting from redirecting. */
  #recorded(verdict: bigint): { outcome: Outcome; reason: string | undefined } {
    const { action, detail } = decodeVerdict(Number(verdict));
    const outcome = decided[action] ?? "drop";
    if (outcome !== "drop") return { outcome, reason: undefined };
    return { outcome, reason: action === Action.Abort ? ABORTED : this.#manifest.drops[detail]?.reason };
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

/** The frame as it is on the wire: a tag that tc keeps beside it is put back. */
function frameOf({ bytes, tag }: RunResult): Uint8Array {
  if (!tag) return bytes;
  const { tpid, tci } = tag;
  return joinFrame({ bytes, tag: { tpid, id: tci & 0xfff, priority: tci >> 13, dropEligible: (tci & 0x1000) !== 0 } });
}

/** The total of a per-CPU value of u64. */
function sum(bytes: Uint8Array | undefined): bigint {
  if (!bytes) return 0n;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let total = 0n;
  for (let at = 0; at + 8 <= bytes.byteLength; at += 8) total += view.getBigUint64(at, true);
  return total;
}
