/** What shows that a translation was chosen before the flow was stored. */
import type { Tracked } from "../conntrack/tracked.js";

/** Makes a {@link Mapped}; for blocks that choose translations. */
export let mapped: (tracked: Tracked) => Mapped;

/** A tracked packet whose translation, if it is to have one, stands in its flow: `Conntrack.commit` stores both. */
export class Mapped {
  protected readonly made = true;
  readonly tracked: Tracked;

  private constructor(tracked: Tracked) {
    this.tracked = tracked;
  }
  static {
    mapped = tracked => new Mapped(tracked);
  }
}
