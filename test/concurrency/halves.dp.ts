import {
  arrayMap,
  atomic,
  flowTable,
  hashMap,
  Pipeline,
  perCpuArrayMap,
  SECOND,
  struct,
  u8,
  u32,
  u64,
  Verdict,
  type XdpPacket,
} from "../../dsl/index.js";

/** Each packet adds the same to both halves of a field: what is read with two halves that differ was read in two parts. */
const BOTH = 0x1_0000_0001n;

class Key extends struct({ number: u32, zero: u32 }) {}
class Halves extends struct({ first: u8, early: atomic(u64), between: u32, late: atomic(u64), last: u8 }) {}
class Plain extends struct({ early: u64, between: u32, late: u64 }) {}

export default class HalvesOf extends Pipeline {
  readonly array = arrayMap(Halves, 1);
  readonly hash = hashMap(u32, Halves, { maxEntries: 1 });
  readonly perCpu = perCpuArrayMap(Plain, 1);
  readonly flows = flowTable(Key, Halves, { maxEntries: 64, idle: { fresh: 3600n * SECOND, established: 3600n * SECOND } });

  override xdp(_pkt: XdpPacket): Verdict {
    this.add(this.array.at(0));
    const own = this.perCpu.at(0);
    own.early = u64(own.early + BOTH);
    own.late = u64(own.late + BOTH);
    if (!this.hash.has(7)) this.hash.set(7, { first: 0, between: 0, last: 0 });
    const entry = this.hash.get(7);
    if (entry) this.add(entry);
    const flow = this.flows.add({ number: 1, zero: 0 }, { first: 0, between: 0, last: 0 }).entry;
    if (flow) {
      flow.touch();
      this.add(flow.value);
    }
    return Verdict.Pass;
  }

  add(halves: { readonly early: { add(by: u64): u64 }; readonly late: { add(by: u64): u64 } }): void {
    halves.early.add(BOTH);
    halves.late.add(BOTH);
  }
}
