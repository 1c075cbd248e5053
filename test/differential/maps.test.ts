// test: timeout 400
import { test } from "uvu";
import {
  arrayMap,
  atomic,
  counter,
  events,
  FNV_START,
  fnv1a,
  hashEnd,
  hashMap,
  hashWord,
  lpmTrie,
  lruHashMap,
  net,
  now,
  octet,
  Pipeline,
  perCpuArrayMap,
  perCpuHashMap,
  random,
  struct,
  u8,
  u16,
  u32,
  u64,
  Verdict,
  type XdpPacket,
} from "../../dsl/index.js";
import { agree, type Case } from "./agree.js";
import { frames } from "./frames.js";

class Key extends struct({ address: net(u32), port: u16, protocol: u8 }) {}
class Flow extends struct({ packets: u64, bytes: u64, few: u32, seen: u64, total: atomic(u64) }) {}
class Hit extends struct({ length: u32, port: u16 }) {}
class Route extends struct({ port: u32, uses: u64 }) {}

class Maps extends Pipeline {
  readonly flows = hashMap(Key, Flow, { maxEntries: 4 });
  readonly ageing = hashMap(u16, Flow, { maxEntries: 8, expires: { field: "seen", after: 10n } });
  readonly recent = lruHashMap(u32, u32, { maxEntries: 64 });
  readonly own = perCpuHashMap(u16, Flow, { maxEntries: 8 });
  readonly sizes = arrayMap(u64Count, 4);
  readonly cells = perCpuArrayMap(u64Count, 16);
  readonly routes = lpmTrie(u32, Route, { maxEntries: 4 });
  readonly all = counter();
  readonly hits = events(Hit, { bytes: 16 });

  constructor() {
    super();
    this.routes.set({ prefix: 0xc600_0000, length: 8 }, { port: 1, uses: 0n });
    this.routes.set({ prefix: 0, length: 0 }, { port: 2, uses: 0n });
  }

  override xdp(pkt: XdpPacket): Verdict {
    this.all.add(pkt);
    const l = pkt.layers();
    if (l.family !== 4) return Verdict.drop("not IPv4");

    const flow = this.flows.getOrInsert(
      { address: l.source, port: l.destinationPort, protocol: l.protocol },
      { packets: 0n, bytes: 0n, few: 0, seen: now() },
    );
    if (!flow) return Verdict.drop("full");
    flow.packets += 1n;
    flow.bytes += BigInt(pkt.length);
    flow.few += 3;
    flow.total.add(5n);

    const known = this.ageing.has(l.destinationPort);
    if (!known) this.ageing.set(l.destinationPort, { packets: 1n, bytes: 0n, few: 0, seen: now() });
    this.recent.set(l.sourcePort, pkt.length);
    const mine = this.own.getOrInsert(l.destinationPort, { packets: 0n, bytes: 0n, few: 0, seen: 0n });
    if (mine) mine.packets = u64(mine.packets + 1n);

    this.sizes.at(pkt.length % 4).n += 1n;
    let hash = FNV_START;
    for (let i = 0; i < 4; i++) hash = fnv1a(hash, octet(l.source, i));
    const cell = this.cells.get(hashEnd(hashWord(hash, l.destination)) % 16);
    if (cell) cell.n = u64(cell.n + BigInt(random()));

    const route = this.routes.get(l.destination);
    if (route) route.uses += 1n;
    this.hits.emit({ length: pkt.length, port: l.destinationPort }, { bytes: 16 });
    return known ? Verdict.Pass : Verdict.Reflect;
  }
}
class u64Count extends struct({ n: u64 }) {}

test("maps hold the same bytes in the kernel after each packet", async () => {
  const worlds: Case[] = [];
  for (const [round, clock] of [100n, 105n, 110n, 130n].entries()) {
    for (const { what, bytes } of frames) worlds.push({ what: `${what}, round ${round}`, bytes, world: { clock, random: [round, 7] } });
  }
  await agree(() => new Maps(), ["xdp"], worlds);
});

test.run();
