/** Runs a program on the same packet again and again, and tells what it costs above an empty one. */
import { fileURLToPath } from "node:url";
import { native } from "../../runtime/native/index.js";
import { compileC, type Loaded, loadRaw } from "./object.js";

const WORDS = 128;
const HEADER = 32;

/** The packet that programs are given, and how flows differ. */
export interface Traffic {
  readonly frame: Uint8Array;
  /** a power of two; 1 where all packets are the same */
  readonly flows: number;
  /** tc: for programs that keep the packet's length */
  readonly tc?: boolean;
}

export interface Outcome {
  readonly verdict: number;
  readonly bytes: Uint8Array;
}

export class Harness implements Disposable {
  readonly #harness: Loaded;
  readonly #empty: Loaded;
  /** the packet of the first flow, as long as what is written anew each time */
  readonly frame: Uint8Array;
  readonly #flows: number;
  /** the map that the harness jumps through */
  readonly #array: string;

  private constructor(harness: Loaded, empty: Loaded, traffic: Traffic) {
    this.#harness = harness;
    this.#empty = empty;
    this.frame = new Uint8Array(Math.max(WORDS, traffic.frame.length));
    this.frame.set(traffic.frame);
    this.#flows = traffic.flows;
    this.#array = traffic.tc ? "under_test_tc" : "under_test";
    this.#setTraffic();
  }

  static async create(traffic: Traffic): Promise<Harness> {
    const object = await compileC(fileURLToPath(new URL("harness.bpf.c", import.meta.url)));
    const suffix = traffic.tc ? "_tc" : "";
    return new Harness(loadRaw(object, `harness${suffix}`), loadRaw(object, `empty${suffix}`), traffic);
  }

  /** One packet of the first flow, to see what becomes of it. */
  once(program: Loaded): Outcome {
    this.#aim(program);
    this.#setTraffic();
    const { retval, data } = native().testRun(this.#harness.fd, { data: this.frame, room: this.frame.length + 256, repeat: 1 });
    return { verdict: retval, bytes: data };
  }

  /** Nanoseconds a packet above the empty program, for each program: the median of the rounds, each with its own floor. */
  compare(programs: readonly Loaded[], options: { readonly rounds: number; readonly repeat: number }): readonly number[] {
    const nets: number[][] = programs.map(() => []);
    for (const program of programs) this.#time(program, options.repeat / 10); // warms caches and maps
    for (let round = 0; round < options.rounds; round++) {
      const before = this.#time(this.#empty, options.repeat);
      // another order each round: what runs first is not always the same
      const order = programs.map((_, i) => (i + round) % programs.length);
      const grosses = new Map(order.map(i => [i, this.#time(programs[i] ?? this.#empty, options.repeat)]));
      const floor = (before + this.#time(this.#empty, options.repeat)) / 2;
      for (const [i, gross] of grosses) nets[i]?.push(gross - floor);
    }
    return nets.map(median);
  }

  #time(program: Loaded, repeat: number): number {
    this.#aim(program);
    return native().testRun(this.#harness.fd, { data: this.frame, room: 0, repeat: Math.ceil(repeat) }).duration;
  }

  #aim(program: Loaded): void {
    const fd = new Uint8Array(4);
    new DataView(fd.buffer).setUint32(0, program.fd, true);
    this.#harness.map(this.#array).update(new Uint8Array(4), fd, 0);
  }

  /** The packet, and the first flow as the next. */
  #setTraffic(): void {
    const step = 0x9e3779b1;
    const flows = this.#flows;
    const bytes = new Uint8Array(HEADER + WORDS);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, this.frame.length, true);
    view.setUint32(4, flows, true);
    view.setUint32(8, step, true);
    view.setUint32(12, 2 ** 32 - step, true);
    // the low half of the IPv4 source address (bytes 28, 29) and the source port (bytes 34, 35)
    view.setBigUint64(16, flows > 1 ? 0xffff_0000_0000n : 0n, true);
    view.setBigUint64(24, flows > 65_536 ? 0xffff_0000n : 0n, true);
    bytes.set(this.frame.subarray(0, WORDS), HEADER);
    this.#harness.map(".data.packet").update(new Uint8Array(4), bytes, 0);
  }

  [Symbol.dispose](): void {
    this.#harness[Symbol.dispose]();
    this.#empty[Symbol.dispose]();
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
