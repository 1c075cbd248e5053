/** A pipeline's class, run in Node. */

import type { HookName } from "../../../codegen/bundle/manifest.js";
import type { TcPacket, XdpPacket } from "../../../dsl/index.js";
import { Pipeline, Verdict } from "../../../dsl/index.js";
import { simulate } from "../../../testing/simulate.js";
import { CommandError } from "../command-error.js";
import { ExitCode } from "../exit-code.js";
import type { Judge, Judgement } from "./judge.js";

/** A pipeline of which it is not known which hooks it has; `simulate` looks itself. */
type AnyPipeline = Pipeline & { xdp(pkt: XdpPacket): Verdict; ingress(pkt: TcPacket): Verdict; egress(pkt: TcPacket): Verdict };

export function hooksOf(pipeline: object): HookName[] {
  const hooks: readonly HookName[] = ["xdp", "ingress", "egress"];
  return hooks.filter(hook => typeof Reflect.get(pipeline, hook) === "function");
}

export class NodeJudge implements Judge {
  readonly #pipeline: AnyPipeline;
  readonly #hook: HookName;
  readonly #params: Readonly<Record<string, bigint>>;
  readonly #drops = new Map<string, bigint>();

  constructor(pipeline: object, hook: HookName, params: Readonly<Record<string, bigint>>) {
    if (!isPipeline(pipeline)) throw new TypeError("not a pipeline");
    this.#pipeline = pipeline;
    this.#hook = hook;
    this.#params = params;
  }

  judge(bytes: Uint8Array, time: bigint): Judgement {
    const { verdict, reason, bytes: left } = this.#simulate(bytes, time);
    if (reason !== undefined) this.#drops.set(reason, (this.#drops.get(reason) ?? 0n) + 1n);
    return { outcome: Verdict.detailOf(verdict).kind, reason, bytes: left };
  }

  drops(): { reason: string; place: undefined; packets: bigint }[] {
    return [...this.#drops].map(([reason, packets]) => ({ reason, place: undefined, packets }));
  }

  [Symbol.dispose](): void {}

  #simulate(bytes: Uint8Array, time: bigint): ReturnType<typeof simulate> {
    try {
      return simulate(this.#pipeline, this.#hook, bytes, { clock: time, params: this.#params });
    } catch (error) {
      // A value that does not fit, a stale view, a param that is not there: the program's or the options' fault.
      throw new CommandError(ExitCode.WrongInput, error instanceof Error ? error.message : String(error), {
        hint: "`dp check` finds what a packet can make go wrong",
      });
    }
  }
}

function isPipeline(value: object): value is AnyPipeline {
  return value instanceof Pipeline;
}
