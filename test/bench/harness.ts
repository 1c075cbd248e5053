/** Runs a program on the same packet again and again, and tells what it costs above an empty one. */
import { fileURLToPath } from "node:url";
import { native } from "../../runtime/native/index.js";
import { compileC, type Loaded, loadRaw } from "./object.js";

const WORDS = 128;
const HEADER = 32;

/** The packet that programs are given, and how flows differ. */
export interface Traffic {
  readonly frame: Uint8Array;
  /** how many differ in the low half of the source address and the source port; 1 where all packets are the same */
  readonly flows: number;
  /** packets of each flow that come before it is timed: to the server, and from it (flows differ in the destination then) */
  readonly before?: readonly { readonly frame: Uint8Array; readonly reply: boolean }[];
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
  readonly #traffic: Traffic;
  /** the map that the harness jumps through */
  readonly #array: string;

  private constructor(harness: Loaded, empty: Loaded, traffic: Traffic) {
    this.#harness = harness;
    this.#empty = empty;
    this.frame = padded(traffic.frame);
    this.#traffic = traffic;
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

  /** Gives a program the packets that come before, of all flows. */
  prime(program: Loaded): void {
    this.#aim(program);
    for (const { frame, reply } of this.#traffic.before ?? []) {
      this.#setTraffic(padded(frame), reply);
      native().testRun(this.#harness.fd, { data: padded(frame), room: 0, repeat: this.#traffic.flows });
    }
    this.#setTraffic();
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
  #setTraffic(frame = this.frame, reply = false): void {
    const { flows } = this.#traffic;
    const bytes = new Uint8Array(HEADER + WORDS);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, frame.length, true);
    view.setUint32(4, flows, true);
    view.setUint32(8, stepOf(flows), true);
    view.setUint32(12, flows - stepOf(flows), true);
    // the low half of the client's address (bytes 28 and 29, or 32 and 33) and its port (bytes 34 and 35, or 36 and 37)
    const port = flows > 65_536 ? 0xffff_0000n : 0n;
    view.setBigUint64(16, flows > 1 && !reply ? 0xffff_0000_0000n : 0n, true);
    view.setBigUint64(24, flows > 1 && reply ? 0xffffn | (port << 16n) : port, true);
    bytes.set(frame.subarray(0, WORDS), HEADER);
    this.#harness.map(".data.packet").update(new Uint8Array(4), bytes, 0);
  }

  [Symbol.dispose](): void {
    this.#harness[Symbol.dispose]();
    this.#empty[Symbol.dispose]();
  }
}

/** As long as what the harness writes anew each time. */
function padded(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.max(WORDS, frame.length));
  bytes.set(frame);
  return bytes;
}

/** About the golden part of the flows, and nothing that divides their number. */
function stepOf(flows: number): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  let step = Math.max(1, Math.floor(flows * 0.618));
  while (divisor(step, flows) !== 1) step += 1;
  return flows === 1 ? 0 : step;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
