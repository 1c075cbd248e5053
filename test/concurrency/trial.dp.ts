import {
  array,
  atomic,
  type FlowCopy,
  FlowTable,
  flowTable,
  MILLISECOND,
  Pipeline,
  perCpuArrayMap,
  random,
  SECOND,
  struct,
  u8,
  u32,
  u64,
  Verdict,
  type XdpPacket,
} from "../../dsl/index.js";

class Key extends struct({ number: u32, zero: u32 }) {}
/**
 * Each field follows from the owner and one number: a copy of two entries, or of half a change, shows. They lie on both
 * lines of the slot: what is on one line is as good as written at once.
 */
class State extends struct({ owner: u32, mark: u64, between: array(u64, 5), turned: u64, sum: u64, hits: atomic(u64) }) {}
class Mine extends struct({ established: u32 }) {}
class Added extends struct({ count: u64 }) {}

export const SHARED = 300;
/** Keys from here on belong to one CPU: eight for each. */
export const OWN = 1000;
/** Both CPUs count here, and no one deletes it. */
export const COUNTED = 2000;
const TURN = 0x5555_aaaa_3333_ccccn;

/** Random operations on a table that is too small; what must not be is dropped, by its name. */
export default class Trial extends Pipeline {
  readonly flows = flowTable(Key, State, { maxEntries: 64, idle: { fresh: 20n * MILLISECOND, established: 3600n * SECOND } });
  readonly mine = perCpuArrayMap(Mine, 8);
  readonly added = perCpuArrayMap(Added, 1);

  override xdp(pkt: XdpPacket): Verdict {
    const who = pkt.read(14, u8);
    if (who === undefined) return Verdict.Pass;
    const dice = random();
    const asked = dice & 15;
    if (asked > 10 && asked < 14) return this.own((dice >>> 4) & 7, who, random());
    if (asked === 14) return this.counted();
    const number = (dice >>> 8) % SHARED;
    const mark = BigInt(random());
    if (asked < 4) {
      const { entry } = this.flows.add({ number, zero: 0 }, stateOf(number, mark));
      return entry ? this.check(entry, number) : Verdict.Pass;
    }
    const entry = this.flows.get({ number, zero: 0 });
    if (!entry) return Verdict.Pass;
    const wrong = this.wrong(entry, number);
    if (wrong) return wrong;
    entry.touch();
    switch (asked) {
      case 6:
      case 7:
        return entry.update(stateOf(number, mark)) ? this.check(entry, number) : Verdict.Pass;
      case 8:
        return entry.establish() ? Verdict.Pass : Verdict.Reflect;
      case 9:
        return entry.establish(false) ? Verdict.Pass : Verdict.Reflect;
      case 10:
        return entry.delete() ? Verdict.Pass : Verdict.Reflect;
      default:
        entry.value.hits.add(1n);
        return Verdict.Pass;
    }
  }

  /** A flow that this CPU established, and it alone deletes: it must be there. */
  private own(index: number, who: u8, dice: u32): Verdict {
    const number = u32(OWN + who * 8 + (index & 7));
    const mine = this.mine.at(index & 7);
    const entry = this.flows.get({ number, zero: 0 });
    const mark = BigInt(dice);
    if (!entry) {
      if (mine.established === 1) {
        mine.established = 0;
        return Verdict.drop("lost");
      }
      const added = this.flows.add({ number, zero: 0 }, stateOf(number, mark));
      if (added.outcome === FlowTable.New && added.entry.establish()) mine.established = 1;
      return Verdict.Pass;
    }
    const wrong = this.wrong(entry, number);
    if (wrong) return wrong;
    if (mine.established === 0) {
      if (entry.establish()) mine.established = 1;
      return Verdict.Pass;
    }
    if (!entry.established) return Verdict.drop("flag lost");
    if ((dice & 1) === 0) {
      if (entry.delete()) mine.established = 0;
      else return Verdict.drop("changed by another");
    } else if (entry.update(stateOf(number, mark))) return this.check(entry, number);
    return Verdict.Pass;
  }

  private counted(): Verdict {
    const { entry } = this.flows.add({ number: COUNTED, zero: 0 }, stateOf(COUNTED, 1n), { established: true });
    if (!entry) return Verdict.Pass;
    entry.value.hits.add(1n);
    const added = this.added.at(0);
    added.count = u64(added.count + 1n);
    return this.check(entry, COUNTED);
  }

  private check(entry: FlowCopy<State>, number: u32): Verdict {
    return this.wrong(entry, number) ?? Verdict.Pass;
  }
  private wrong(entry: FlowCopy<State>, number: u32): Verdict | undefined {
    const { value } = entry;
    const { owner, mark, turned, sum } = value;
    if (owner !== number) return Verdict.drop("foreign");
    if (turned !== (mark ^ TURN) || sum !== u64(mark + BigInt(number))) return Verdict.drop("mixed");
    return undefined;
  }
}

function stateOf(owner: u32, mark: u64): { owner: u32; mark: u64; turned: u64; sum: u64 } {
  return { owner, mark, turned: mark ^ TURN, sum: u64(mark + BigInt(owner)) };
}

/** Whether what user space read of an entry can be. */
export function isWhole(
  number: number,
  { owner, mark, turned, sum }: { owner: number; mark: bigint; turned: bigint; sum: bigint },
): boolean {
  return owner === number && turned === (mark ^ TURN) && sum === BigInt.asUintN(64, mark + BigInt(owner));
}
