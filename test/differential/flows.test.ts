/** The table of flows in Node and in the kernel: keys, parts, companions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Block, Flows, ipv4, ipv6, type Packet, Pipeline, u16, u32, Verdict, type XdpPacket } from "datapath";
import { Ethernet, Ipv4, Ipv6, Tcp, Udp } from "datapath/headers";
import { both, packet, rows } from "datapath/testing";
import { simulate } from "../../testing/simulate.js";

const server = ipv4("10.0.0.2");

class Marks extends Block<{ flows: Flows }> {
  readonly part = this.options.flows.part("marks", { seen: u16, total: u32 });

  /** Redirects the port 53 of 10.0.0.9 to 10.0.0.2, by flows with a companion. */
  handle(pkt: Packet): Verdict {
    const { flows } = this.options;
    const layers = pkt.layers();
    if (layers.family === 0) return Verdict.drop("not IP");
    const known = flows.find(pkt, layers);
    if (known) {
      flows.touch(pkt, known);
      if (known.entry.companion) return Verdict.drop("companion");
      if (known.reply) known.become(known.state, true, true);
      const part = this.part.of(known);
      part.seen = u16(part.seen + 1);
      return known.replied ? Verdict.drop("both ways") : Verdict.drop("known");
    }
    const { sourcePort, destinationPort, protocol } = layers;
    if (layers.family === 6) {
      const flow = flows.begin6({ source: layers.source, destination: layers.destination, sourcePort, destinationPort, protocol });
      return flows.store(flow) ? Verdict.drop("new") : Verdict.drop("full");
    }
    const flow = flows.begin4({ source: layers.source, destination: layers.destination, sourcePort, destinationPort, protocol });
    flow.mark = 7;
    this.part.of(flow).total = 9;
    if (destinationPort === 53) {
      const back = flows.companion4();
      this.part.in(back).total = 10;
      const reply = { source: server, destination: layers.source, sourcePort: 5353, destinationPort: sourcePort, protocol };
      if (!flows.reserve4(flow, reply)) return Verdict.drop("taken");
    }
    return flows.store(flow) ? Verdict.drop("new") : Verdict.drop("full");
  }
}

class Tracking extends Pipeline {
  readonly flows: Flows;
  readonly marks: Marks;
  constructor(table: "lruHash" | "flowTable" = "lruHash") {
    super();
    this.flows = new Flows({ maxEntries: 64, table });
    this.marks = new Marks({ flows: this.flows });
    this.flows.translates();
  }
  override xdp(pkt: XdpPacket): Verdict {
    return this.marks.handle(pkt);
  }
}

const a = ipv4("10.0.0.1");
const b = ipv4("10.0.0.9");
const there = packet(Ethernet.of(), Ipv4.of({ src: a, dst: b }), Tcp.of({ srcPort: 1000, dstPort: 80 }));
const back = packet(Ethernet.of(), Ipv4.of({ src: b, dst: a }), Tcp.of({ srcPort: 80, dstPort: 1000 }));
const query = packet(Ethernet.of(), Ipv4.of({ src: a, dst: b }), Udp.of({ srcPort: 2000, dstPort: 53 }));
const answer = packet(Ethernet.of(), Ipv4.of({ src: ipv4("10.0.0.2"), dst: a }), Udp.of({ srcPort: 5353, dstPort: 2000 }));
const other = packet(Ethernet.of(), Ipv4.of({ src: a, dst: b + 1 }), Udp.of({ srcPort: 2000, dstPort: 53 }));
const wide = packet(Ethernet.of(), Ipv6.of({ src: ipv6("fd00::1"), dst: ipv6("fd00::2") }), Udp.of({ srcPort: 1, dstPort: 2 }));
const wideBack = packet(Ethernet.of(), Ipv6.of({ src: ipv6("fd00::2"), dst: ipv6("fd00::1") }), Udp.of({ srcPort: 2, dstPort: 1 }));
const self = packet(Ethernet.of(), Ipv4.of({ src: a, dst: a }), Udp.of({ srcPort: 9, dstPort: 8 }));
const selfBack = packet(Ethernet.of(), Ipv4.of({ src: a, dst: a }), Udp.of({ srcPort: 8, dstPort: 9 }));

const expected = {
  "a first packet begins a flow": { in: there, verdict: Verdict.drop("new") },
  "the second one finds it": { in: there, verdict: Verdict.drop("known"), after: 2 },
  "and so does an answer": { in: back, verdict: Verdict.drop("both ways") },
  "which the next packet knows": { in: there, verdict: Verdict.drop("both ways") },
  "a translated flow has a companion": { in: query, verdict: Verdict.drop("new") },
  "that replies find": { in: answer, verdict: Verdict.drop("companion") },
  "the flow's own packets find the flow": { in: query, verdict: Verdict.drop("known") },
  "a tuple that a companion has is taken": { in: other, verdict: Verdict.drop("taken") },
  "IPv6 in a map of its own": { in: wide, verdict: Verdict.drop("new") },
  "found from both sides": { in: wideBack, verdict: Verdict.drop("both ways") },
  "a host talks to itself": { in: self, verdict: Verdict.drop("new") },
  "and answers itself": { in: selfBack, verdict: Verdict.drop("both ways") },
};
rows(() => new Tracking(), "xdp", expected);
rows(
  () => new Tracking("flowTable"),
  "xdp",
  Object.fromEntries(Object.entries(expected).map(([what, row]) => [`in a flow table, ${what}`, row])),
);

/** A flow that was found in one of two places, and is changed behind both. */
class FoundInTwoPlaces extends Pipeline {
  readonly flows = new Flows({ maxEntries: 64, table: "flowTable", families: [4] });
  readonly part = this.flows.part("part", { times: u16 });
  override xdp(pkt: XdpPacket): Verdict {
    const layers = pkt.layers(this.flows.layers);
    if (layers.family !== 4) return Verdict.Pass;
    const tuple = { source: layers.source, destination: layers.destination, sourcePort: 0, destinationPort: 0, protocol: layers.protocol };
    const found = layers.tcp ? this.flows.find4({ ...tuple, sourcePort: 1, destinationPort: 2 }) : this.flows.find4(tuple);
    if (!found) {
      const begun = this.flows.begin4(layers.tcp ? { ...tuple, sourcePort: 1, destinationPort: 2 } : tuple);
      return this.flows.store(begun) ? Verdict.drop("new") : Verdict.drop("full");
    }
    const part = this.part.of(found);
    part.times = u16(part.times + 1);
    return part.times === 2 ? Verdict.drop("twice") : Verdict.drop("known");
  }
}
rows(() => new FoundInTwoPlaces(), "xdp", {
  "found in two places: TCP": { in: there, verdict: Verdict.drop("new") },
  "found in two places: UDP": { in: query, verdict: Verdict.drop("new") },
  "found in two places: TCP again": { in: there, verdict: Verdict.drop("known") },
  "found in two places: UDP again": { in: query, verdict: Verdict.drop("known") },
  "found in two places: TCP twice": { in: there, verdict: Verdict.drop("twice") },
});

test("an entry holds the parts of all blocks", async () => {
  const { pipeline } = await both(() => new Tracking(), "xdp", query);
  const { flows } = pipeline;
  const tuple = { source: a, destination: b, sourcePort: 2000, destinationPort: 53, protocol: 17 };
  const entry = flows.find4(tuple)?.entry;
  assert.equal(entry?.mark, 7);
  assert.ok(entry);
  assert.equal(pipeline.marks.part.in(entry).total, 9);
  const companion = flows.find4({ ...tuple, destination: server, destinationPort: 5353 })?.entry;
  assert.ok(companion?.companion);
  assert.equal(companion.becomes4.sourcePort, 53);
  assert.equal(pipeline.marks.part.in(companion).total, 10);
});

test("packets and bytes count each way", () => {
  const pipeline = new Tracking();
  for (const frame of [there, there, back, there]) simulate(pipeline, "xdp", frame);
  const entry = pipeline.flows.find4({ source: a, destination: b, sourcePort: 1000, destinationPort: 80, protocol: 6 })?.entry;
  assert.deepEqual([entry?.packets.load(), entry?.replyPackets.load(), entry?.bytes.load()], [2n, 1n, BigInt(2 * there.length)]);
});

test("options out of range are refused", () => {
  assert.throws(() => new Flows({ maxEntries: 3 }), /Flows: the option maxEntries is 3; allowed is/);
  assert.throws(() => new Flows({ maxEntries: 8, families: [] }), /Flows: the option families/);
});
