// test: timeout 300
/**
 * Full tables of flows under floods of new ones, in Node; in the kernel too with `FULL_TABLES=kernel`, as in `npm run soak`. A flow
 * table does the same in both, slot by slot. What gives way in the kernel's LRU map is its own choice: there each packet that is
 * let by must still be translated rightly.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Flows, ipv4, Pipeline, Verdict, type XdpPacket } from "datapath";
import { Conntrack, Nat44, PortMap } from "datapath/blocks";
import { Ethernet, Ipv4, Tcp, Udp } from "datapath/headers";
import { packet, simulate } from "datapath/testing";
import { specOf } from "../../dsl/core/spec.js";
import { compareRun } from "../../testing/both.js";
import { type KernelSession, kernelRunner } from "../../testing/kernel.js";
import type { World } from "../../testing/world.js";

const gate = ipv4("198.51.100.1");
const web = ipv4("172.17.0.2");
const client = ipv4("203.0.113.7");
const server = ipv4("203.0.113.99");
const alice = ipv4("10.0.0.5");

class Host extends Pipeline {
  readonly flows: Flows;
  readonly conntrack: Conntrack;
  readonly ports: PortMap;
  readonly nat: Nat44;
  constructor(table: "lruHash" | "flowTable", maxEntries: number) {
    super();
    this.flows = new Flows({ maxEntries, table, families: [4], vlan: false, fragments: false, extensions: false });
    this.conntrack = new Conntrack({ flows: this.flows });
    const to = { address: web, port: 8080 };
    this.ports = new PortMap({ flows: this.flows, mappings: [{ protocol: "tcp", address: gate, port: 80, to }] });
    this.nat = new Nat44({
      flows: this.flows,
      inside: ["10.0.0.0/8"],
      address: gate,
      ports: { first: 30_000, last: 30_003 },
      tries: 4,
      report: true,
    });
  }
  override xdp(pkt: XdpPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    const published = this.ports.map(tracked);
    if (published instanceof Verdict) return published;
    const mapped = this.nat.map(published);
    if (mapped instanceof Verdict) return mapped;
    return this.conntrack.commit(mapped) ?? this.nat.translate(pkt, mapped) ?? Verdict.Reflect;
  }
}

interface Ends {
  readonly src: number;
  readonly dst: number;
  readonly srcPort: number;
  readonly dstPort: number;
}
const back = ({ src, dst, srcPort, dstPort }: Ends): Ends => ({ src: dst, dst: src, srcPort: dstPort, dstPort: srcPort });
const tcp = ({ src, dst, ...ports }: Ends, flags: object): Uint8Array =>
  packet(Ethernet.of(), Ipv4.of({ src, dst }), Tcp.of({ ...ports, flags }));
const udp = ({ src, dst, ...ports }: Ends): Uint8Array => packet(Ethernet.of(), Ipv4.of({ src, dst }), Udp.of(ports), "data");
const [syn, synAck, ack] = [{ syn: true }, { syn: true, ack: true }, { ack: true }];
/** What a client sends to the published port, and what the container gets. */
const asked = (n: number): Ends => ({ src: client + (n >>> 8), dst: gate, srcPort: 10_000 + (n & 255), dstPort: 80 });
const given = (n: number): Ends => ({ ...asked(n), dst: web, dstPort: 8080 });

/** A pipeline in Node, and the same in the kernel where that is asked for. */
class Machine {
  readonly pipeline: Host;
  readonly #session: KernelSession | undefined;
  clock = 1_000_000_000n;
  constructor(pipeline: Host, session: KernelSession | undefined) {
    this.pipeline = pipeline;
    this.#session = session;
  }
  static async make(table: "lruHash" | "flowTable", maxEntries: number): Promise<Machine> {
    const make = (): Host => new Host(table, maxEntries);
    const session = process.env.FULL_TABLES === "kernel" ? await (await kernelRunner()).open(make, "xdp") : undefined;
    if (session) after(() => session.close());
    return new Machine(make(), session);
  }
  /** The verdict, and the packet afterwards. */
  async send(frame: Uint8Array, world: World = {}): Promise<{ readonly verdict: Verdict; readonly bytes: Uint8Array }> {
    this.clock += 4_000_000n;
    const all = { ...world, clock: this.clock };
    return this.#session ? compareRun(this.#session, this.pipeline, "xdp", frame, all) : simulate(this.pipeline, "xdp", frame, all);
  }
  /** Sends what must come out as this. */
  async becomes(frame: Uint8Array, out: Uint8Array, what: string): Promise<void> {
    const { verdict, bytes } = await this.send(frame);
    assert.equal(verdict, Verdict.Reflect, what);
    assert.deepEqual(Buffer.from(bytes), Buffer.from(out), what);
  }
  /** A connection to the published port, both of whose ends have sent data; false where it was refused. */
  async opens(n: number): Promise<boolean> {
    const { verdict } = await this.send(tcp(asked(n), syn));
    if (verdict !== Verdict.Reflect) {
      assert.equal(verdict, Verdict.drop("flow table full"));
      return false;
    }
    await this.becomes(tcp(back(given(n)), synAck), tcp(back(asked(n)), synAck), `SYN ACK of ${n}`);
    await this.goesOn(n);
    return true;
  }
  async goesOn(n: number): Promise<void> {
    await this.becomes(tcp(asked(n), ack), tcp(given(n), ack), `data to ${n}`);
    await this.becomes(tcp(back(given(n)), ack), tcp(back(asked(n)), ack), `data from ${n}`);
  }
  /** The flows' keys, companions' too, as text. */
  keys(): string[] {
    const spec = specOf(this.pipeline.flows.flows4);
    if (spec?.what !== "map") throw new Error("no map");
    return [...spec.entries()].map(([key]) => Buffer.from(key).toString("hex")).sort();
  }
}

test("flow table: a flood of SYNs takes no place of a connection, which goes on in both directions", async () => {
  const machine = await Machine.make("flowTable", 8);
  assert.equal(await machine.opens(0), true);
  for (let n = 1; n <= 150; n++) {
    const { verdict } = await machine.send(tcp(asked(n), syn));
    assert.ok(verdict === Verdict.Reflect || verdict === Verdict.drop("flow table full"), String(verdict));
    if (n % 10 === 0) await machine.goesOn(0);
  }
});

test("flow table: full of connections it refuses a new one, which leaves no state; theirs go on, and make room when over", async () => {
  const machine = await Machine.make("flowTable", 8);
  const open: number[] = [];
  let refused = 0;
  for (let n = 0; refused < 8; n++) {
    const before = machine.keys();
    if (await machine.opens(n)) open.push(n);
    else {
      refused++;
      assert.deepEqual(machine.keys(), before, `what ${n} left`);
    }
  }
  assert.ok(open.length >= 6, `${open.length} connections`);
  for (const n of open) await machine.goesOn(n);
  machine.clock += 22_000n * 1_000_000_000n;
  assert.equal(await machine.opens(1000), true);
});

test("flow table: where one place is left a translated flow, which takes two, is refused and leaves none of both", async () => {
  const machine = await Machine.make("flowTable", 8);
  for (let n = 0; n < 7; n++) assert.equal(await machine.opens(n), true);
  const own = { ...asked(0), dstPort: 81 };
  for (const [frame, what] of [
    [tcp(own, syn), "SYN"],
    [tcp(back(own), synAck), "SYN ACK"],
    [tcp(own, ack), "ACK"],
  ] as const)
    await machine.becomes(frame, frame, what);
  const before = machine.keys();
  assert.equal(before.length, 15);
  for (let n = 7; n < 12; n++) {
    assert.equal(await machine.opens(n), false);
    assert.deepEqual(machine.keys(), before);
  }
  for (let n = 0; n < 7; n++) await machine.goesOn(n);
});

test("lruHash: full, it takes every new flow, and translates it", async () => {
  const machine = await Machine.make("lruHash", 8);
  for (let n = 0; n < 100; n++) await machine.becomes(tcp(asked(n), syn), tcp(given(n), syn), `SYN ${n}`);
});

const asking = (n: number): Ends => ({ src: alice + n, dst: server, srcPort: 5000, dstPort: 53 });
for (const table of ["flowTable", "lruHash"] as const) {
  test(`${table}: without a port left a flow is refused and reported; those that have one go on`, async () => {
    const machine = await Machine.make(table, 64);
    const world = { random: [0] };
    const leaves = (n: number): Ends => ({ ...asking(n), src: gate, srcPort: n === 0 ? 5000 : 29_999 + n });
    for (let n = 0; n < 5; n++) await machine.becomes(udp(asking(n)), udp(leaves(n)), `station ${n}`);
    const before = machine.keys();
    for (let n = 5; n < 8; n++) assert.equal((await machine.send(udp(asking(n)), world)).verdict, Verdict.drop("no port left"));
    assert.deepEqual(machine.keys(), before);
    for (let n = 0; n < 5; n++) await machine.becomes(udp(back(leaves(n))), udp(back(asking(n))), `answer to ${n}`);
    const reported = [...machine.pipeline.nat.exhausted.take()].map(({ event }) => event.source - alice);
    assert.deepEqual(reported, [5, 6, 7]);
  });
}
