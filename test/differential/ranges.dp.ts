import { arrayMap, Pipeline, setting, struct, type TcPacket, u8, u16, u32, u48, u64, u128, Verdict } from "../../dsl/index.js";

class Read extends struct({ u8: u8, u16: u16, u32: u32, u48: u48, whole48: u48, u64: u64, u128: u128, high128: u128 }) {}

/** Each width's setting with a range, and what a program reads of it. */
export default class Ranges extends Pipeline {
  readonly u8 = setting(u8, 7, { min: 3, max: 200 });
  readonly u16 = setting(u16, 700, { min: 68, max: 9000 });
  readonly u32 = setting(u32, 70_000, { min: 1, max: 0xffff_fffe });
  readonly u48 = setting(u48, 0x0200_0000_0001, { min: 0x0200_0000_0000, max: 0xfeff_ffff_ffff });
  readonly whole48 = setting(u48, 0x0200_0000_0001);
  readonly u64 = setting(u64, 1n << 40n, { min: 2n, max: 0xffff_ffff_ffff_fff0n });
  readonly u128 = setting(u128, 5n, { min: 3n, max: (1n << 64n) + 9n });
  readonly high128 = setting(u128, 0xfd00n << 112n, { min: 0xfd00n << 112n, max: (0xfd01n << 112n) - 1n });
  readonly read = arrayMap(Read, 1);

  override ingress(pkt: TcPacket): Verdict {
    const read = this.read.at(0);
    read.u8 = this.u8.value;
    read.u16 = this.u16.value;
    read.u32 = this.u32.value;
    read.u48 = this.u48.value;
    read.whole48 = this.whole48.value;
    read.u64 = this.u64.value;
    read.u128 = this.u128.value;
    read.high128 = this.high128.value;
    return pkt.length > 0 ? Verdict.Pass : Verdict.drop("empty");
  }
}
