/** Who says what becomes of a packet: the pipeline's class in Node, or its program in the kernel. */

export type Outcome = "pass" | "drop" | "reflect" | "redirect" | "route" | "flood";

export interface Judgement {
  readonly outcome: Outcome;
  /** of a drop; undefined where only the count by place is known */
  readonly reason: string | undefined;
  readonly bytes: Uint8Array;
}

/** How often a place, or a reason, dropped. */
export interface DropCount {
  readonly reason: string;
  /** `edge.dp.ts:14`; undefined in Node, where a verdict does not know its line */
  readonly place: string | undefined;
  readonly packets: bigint;
}

export interface Judge extends Disposable {
  /** @param time nanoseconds: what `now()` gives, where that can be set */
  judge(bytes: Uint8Array, time: bigint): Judgement;
  drops(): readonly DropCount[];
}
