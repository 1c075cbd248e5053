import assert from "node:assert/strict";
import { test } from "node:test";
import { Verdict } from "datapath";
import { Counter } from "datapath/blocks";
import { Arp, Ethernet, Ipv4, Udp } from "datapath/headers";
import { both, hosting, packet } from "datapath/testing";

const alone = hosting(
  () => new Counter(),
  (counter, pkt) => {
    counter.count(pkt);
    return undefined;
  },
);

test("every packet is counted, with its bytes", async () => {
  const frame = packet(Ethernet.of(), Ipv4.of(), Udp.of({ dstPort: 53 }), "0123456789");
  const { verdict, pipeline } = await both(alone, "xdp", frame);
  assert.equal(verdict, Verdict.Pass);
  assert.equal(pipeline.block.total.packets, 1n);
  assert.equal(pipeline.block.total.bytes, BigInt(frame.length));
});

test("what is not IP counts too", async () => {
  const { pipeline } = await both(alone, "ingress", packet(Ethernet.of(), Arp.of()));
  assert.equal(pipeline.block.total.packets, 1n);
});
