import { ipv4, Verdict } from "datapath";
import { Ethernet, Ipv4, Udp } from "datapath/headers";
import { both, packet } from "datapath/testing";
import { test } from "uvu";
import * as assert from "uvu/assert";
import Drop from "./drop.dp.js";

const from = (address: string) => packet(Ethernet.of(), Ipv4.of({ src: ipv4(address) }), Udp.of({ dstPort: 53 }));

class Blocking extends Drop {
  constructor() {
    super();
    this.blocked.set(ipv4("192.0.2.7"), 0n);
  }
}

test("a packet of an address in the map is dropped, others pass", async () => {
  const dropped = await both(() => new Blocking(), "xdp", from("192.0.2.7"));
  assert.is(dropped.verdict, Verdict.drop("blocked"));
  const passed = await both(() => new Blocking(), "xdp", from("192.0.2.8"));
  assert.is(passed.verdict, Verdict.Pass);
});

test.run();
