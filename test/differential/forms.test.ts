/** Every way to write a function and to reach a value: each must mean the same in the kernel as in Node. */
import { test } from "uvu";
import { Block, hashMap, type Packet, Pipeline, type TcPacket, u8, u32, Verdict } from "../../dsl/index.js";
import { agree, type Case } from "./agree.js";
import * as fixture from "./forms.fixture.js";
import seven, { short as isShort } from "./forms.fixture.js";

type Test = (pkt: Packet) => boolean;
const MARGIN = 5;
const Modes = { Drop: 1, Pass: 2 } as const;

class Filter extends Block<{ test: Test; reason: string }> {
  /** an arrow in a field: `this` is the block */
  readonly matches = (pkt: Packet): boolean => this.options.test(pkt);
  check(pkt: Packet): Verdict | undefined {
    return this.matches(pkt) ? Verdict.drop(this.options.reason) : undefined;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: TypeScript asks for it of a mixin
type BlockClass = new (...parameters: any[]) => Block<object>;
const counted = <T extends BlockClass>(Base: T) =>
  class extends Base {
    odd(pkt: Packet): boolean {
      return pkt.length % 2 === 1;
    }
  };

class Plain extends Block<{ limit?: number }> {
  #limit = this.options.limit ?? 190;
  get limit(): number {
    return this.#limit;
  }
  protected over(pkt: Packet): boolean {
    return pkt.length > this.limit;
  }
  isOver(pkt: Packet): boolean {
    return this.over(pkt);
  }
  static twice(n: number): number {
    return n * 2;
  }
}
class Derived extends Plain {
  protected override over(pkt: Packet): boolean {
    return super.over(pkt) && pkt.length < Plain.twice(100);
  }
}
class Counted extends counted(Plain) {
  oddAndOver(pkt: Packet): boolean {
    return this.odd(pkt) && this.isOver(pkt);
  }
}

function atLeast(length: number): Test {
  const MARGIN = 1;
  return pkt => pkt.length >= length - MARGIN;
}
const exact = [100, 120].map(size => (pkt: Packet) => pkt.length === size + MARGIN);

class Forms extends Pipeline {
  readonly high = 188;
  readonly mode: 1 | 2 = Modes.Drop;
  readonly arrow = new Filter({ test: pkt => pkt.length === this.high, reason: "arrow" });
  readonly closure = new Filter({ test: atLeast(200), reason: "closure" });
  readonly list = new Filter({ test: pkt => exact.some(is => is(pkt)), reason: `list ${MARGIN}` });
  readonly imported = new Filter({
    test: pkt => isShort(pkt.length) || fixture.short(pkt.length - seven),
    reason: "imported",
  });
  readonly plain = new Plain({ limit: 195 });
  readonly derived = new Derived({ limit: 192 });
  readonly counted = new Counted({ limit: 180 });
  readonly handlers = {
    one: (pkt: Packet) => pkt.read(0, u8) === 1,
    two(pkt: Packet) {
      return pkt.read(0, u8) === this.byte;
    },
    byte: 2,
  };
  readonly lengths = hashMap(u32, u32, { maxEntries: 100 });

  override ingress(pkt: TcPacket): Verdict {
    if (this.mode === Modes.Pass) return Verdict.Pass;
    this.lengths.set(pkt.length, pkt.read(0, u8) ?? 0);
    if (this.handlers.one(pkt)) return Verdict.drop("one");
    if (this.handlers.two(pkt)) return Verdict.drop("two");
    if (this.plain.isOver(pkt)) return Verdict.drop("plain");
    if (this.derived.isOver(pkt)) return Verdict.drop("derived");
    if (this.counted.oddAndOver(pkt)) return Verdict.drop("counted");
    const isFirst = (limit: number): boolean => pkt.length < limit && this.high > limit;
    if (isFirst(64)) return Verdict.drop("first");
    return this.arrow.check(pkt) ?? this.closure.check(pkt) ?? this.list.check(pkt) ?? this.imported.check(pkt) ?? Verdict.Pass;
  }
}

function cases(): Case[] {
  const made: Case[] = [];
  for (const first of [0, 1, 2]) {
    for (let length = first === 0 ? 34 : 60; length < (first === 0 ? 210 : 62); length++) {
      const bytes = new Uint8Array(length);
      bytes[0] = first;
      made.push({ what: `${length} bytes that begin with ${first}`, bytes });
    }
  }
  return made;
}

/** What one way through a round has learnt must not be believed where another way left it. */
class Rounds extends Pipeline {
  readonly on: boolean = true;
  override ingress(pkt: TcPacket): Verdict {
    let protocol: u8 = pkt.read(12, u8) ?? 0;
    let seen: u8 = 0;
    for (let i = 0; i < 1; i++) {
      if (this.on && protocol === 44) {
        seen = pkt.read(13, u8) ?? 0;
        protocol = 3;
      } else {
        break;
      }
    }
    pkt.write(20, u8, protocol);
    pkt.write(21, u8, seen);
    return Verdict.Pass;
  }
}

test("a break leaves with what held where it stands", async () => {
  const made: Case[] = [44, 3, 0, 255].map(byte => {
    const bytes = new Uint8Array(60);
    bytes[12] = byte;
    bytes[13] = 7;
    return { what: `byte ${byte}`, bytes };
  });
  await agree(() => new Rounds(), ["ingress"], made);
});

test("methods, overrides, mixins, getters, arrows, closures and imports mean the same in the kernel", async () => {
  await agree(() => new Forms(), ["ingress"], cases());
});

test.run();
