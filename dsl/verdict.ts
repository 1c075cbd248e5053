import { intrinsic } from "./core/intrinsic.js";
import type { Device, DevMap } from "./maps/device.js";

/** What a verdict says, for the compiler and for tests. */
export type VerdictDetail =
  | { readonly kind: "pass" }
  | { readonly kind: "reflect" }
  | { readonly kind: "drop"; readonly reason: string }
  | { readonly kind: "redirect"; readonly device: number }
  | { readonly kind: "route"; readonly device: number | undefined }
  | { readonly kind: "flood"; readonly to: DevMap };

const drops = new Map<string, Verdict>();
const redirects = new Map<number, Verdict>();
const routes = new Map<number | undefined, Verdict>();
const floods = new WeakMap<DevMap, Verdict>();

function known<K>(cache: { get(key: K): Verdict | undefined; set(key: K, value: Verdict): unknown }, key: K, make: () => Verdict): Verdict {
  const found = cache.get(key);
  if (found) return found;
  const made = make();
  cache.set(key, made);
  return made;
}

/**
 * What happens to a packet. Equal verdicts are the same object: compare with `===`.
 * @example return Verdict.drop("over the rate");
 */
export class Verdict {
  readonly #detail: VerdictDetail;

  private constructor(detail: VerdictDetail) {
    this.#detail = Object.freeze(detail);
    Object.freeze(this);
  }

  /** The packet goes on: on tc the next program on the hook still runs, on XDP the stack gets it. */
  static readonly Pass: Verdict = new Verdict({ kind: "pass" });
  /** Turn round, towards where the packet came from; the pipeline's other hook does not judge it again. */
  static readonly Reflect: Verdict = new Verdict({ kind: "reflect" });

  /**
   * The packet ends here, and is counted by reason and by line.
   * @param reason a build-time string
   */
  static drop(reason: string): Verdict {
    return known(drops, reason, () => new Verdict({ kind: "drop", reason }));
  }
  /** Leaves by this device. */
  static redirect(to: Device): Verdict {
    return known(redirects, to.index, () => new Verdict({ kind: "redirect", device: to.index }));
  }
  /** By the kernel's neighbour table (tc), or its FIB (XDP); `to` names the device where the route is known. */
  static route(to?: Device): Verdict {
    return known(routes, to?.index, () => new Verdict({ kind: "route", device: to?.index }));
  }
  /** One copy to each device of the map but the one it came from. */
  static flood(to: DevMap): Verdict {
    return known(floods, to, () => new Verdict({ kind: "flood", to }));
  }

  /** @internal */
  static detailOf(verdict: Verdict): VerdictDetail {
    return verdict.#detail;
  }
  /** The verdict as people say it. */
  toString(): string {
    const detail = this.#detail;
    switch (detail.kind) {
      case "drop":
        return `drop (${detail.reason})`;
      case "redirect":
        return `redirect to device ${detail.device}`;
      case "route":
        return detail.device === undefined ? "route" : `route by device ${detail.device}`;
      case "pass":
      case "reflect":
      case "flood":
        return detail.kind;
    }
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `Verdict: ${this.toString()}`;
  }
}

intrinsic("verdictDrop", Verdict.drop);
intrinsic("verdictRedirect", Verdict.redirect);
intrinsic("verdictRoute", Verdict.route);
intrinsic("verdictFlood", Verdict.flood);
