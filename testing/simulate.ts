import { IndexError } from "../dsl/core/array.js";
import { pathsOf } from "../dsl/core/paths.js";
import { specOf } from "../dsl/core/spec.js";
import { within } from "../dsl/core/world.js";
import { type Pipeline, Verdict } from "../dsl/index.js";
import { NodePacket } from "../dsl/packet/packet.js";
import { assignVariable } from "../dsl/param.js";
import type { Built, Hook } from "./hook.js";
import { deviceIndex, surroundingsOf, type World } from "./world.js";

/** What a pipeline did with a packet. */
export interface Result<P> {
  readonly verdict: Verdict;
  /** why a packet was dropped */
  readonly reason: string | undefined;
  /** the packet as the pipeline left it, as it is on the wire; also where it was dropped */
  readonly bytes: Uint8Array;
  readonly pipeline: P;
  /** where `redirect`, or `route` with a device, sends the packet: an interface index */
  readonly device: number | undefined;
  /** tc: the packet's mark afterwards */
  readonly mark: number;
  /** tc: the packet's priority afterwards */
  readonly priority: number;
  /** tc: the packet's earliest departure afterwards, nanoseconds; 0 where there is none */
  readonly departure: bigint;
  /** copies that `mirror` sent */
  readonly mirrored: readonly { readonly device: number; readonly bytes: Uint8Array }[];
}

/** The reason of a packet that a run-time index outside of its bytes ended; the kernel counts it under the same. */
export const ABORTED = "aborted";

/**
 * Runs a pipeline's own class in Node on one packet. Its maps keep what it stored, for the next one.
 * @param bytes the frame as it is on the wire, a VLAN tag included; 14 bytes or more
 * @throws RangeError for a shorter frame, or a value that does not fit its field; StaleViewError for a view that was
 * used after its packet or map changed. The compiler refuses programs that could do either.
 * @example
 * const { verdict } = simulate(new Edge(), "ingress", packet(Ethernet.of(), Ipv4.of(), Udp.of({ dstPort: 53 })));
 */
export function simulate<P extends Pipeline>(pipeline: P, hook: Built<P>, bytes: Uint8Array, world: World = {}): Result<P> {
  const packet = new NodePacket(bytes, {
    kind: hook === "xdp" ? "xdp" : "tc",
    device: deviceIndex(world),
    mark: world.mark ?? 0,
    priority: world.priority ?? 0,
    departure: world.departure ?? 0n,
  });
  const restore = assignParams(pipeline, world.params ?? {});
  try {
    const verdict = within(
      surroundingsOf(world, () => packet.frameBytes()),
      () => judge(pipeline, hook, packet),
    );
    const detail = Verdict.detailOf(verdict);
    return {
      verdict,
      reason: detail.kind === "drop" ? detail.reason : undefined,
      bytes: packet.toBytes(),
      pipeline,
      device: detail.kind === "redirect" || detail.kind === "route" ? detail.device : undefined,
      mark: packet.mark,
      priority: packet.priority,
      departure: packet.departure,
      mirrored: packet.mirrored,
    };
  } finally {
    restore();
  }
}

function judge(pipeline: Pipeline, hook: Hook, packet: NodePacket): Verdict {
  if (!pipeline[hook]) throw new TypeError(`${pipeline.constructor.name} has no hook ${hook}`);
  try {
    const verdict: unknown = pipeline[hook](packet);
    if (verdict instanceof Verdict) return verdict;
    throw new TypeError(`${pipeline.constructor.name}.${hook} returned ${String(verdict)}, not a Verdict`);
  } catch (error) {
    if (error instanceof IndexError) return Verdict.drop(ABORTED);
    throw error;
  }
}

/** Sets params and settings by path; gives the way back. */
function assignParams(pipeline: Pipeline, params: NonNullable<World["params"]>): () => void {
  const wanted = Object.entries(params);
  if (wanted.length === 0) return () => {};
  const variables = new Map<string, { readonly live: object; readonly before: number | bigint | boolean }>();
  for (const [live, path] of pathsOf(pipeline)) {
    const spec = specOf(live);
    if ((spec?.what === "param" || spec?.what === "setting") && "value" in live) {
      const { value } = live;
      if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
        variables.set(path, { live, before: value });
    }
  }
  const undo: (() => void)[] = [];
  for (const [path, value] of wanted) {
    const variable = variables.get(path);
    if (!variable) {
      const known = [...variables.keys()].map(name => `"${name}"`).join(", ") || "none";
      throw new RangeError(`world.params: there is no param or setting "${path}"; the pipeline has ${known}`);
    }
    assignVariable(variable.live, value, path);
    undo.push(() => assignVariable(variable.live, variable.before, path));
  }
  return () => {
    for (const step of undo) step();
  };
}
