// test: timeout 400
/** Hostile packets through the blocks that know no flows of packets; and that what is wrong would be found. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pipeline, u16, Verdict, type XdpPacket } from "datapath";
import { Ethernet, EtherType } from "datapath/headers";
import { withstand } from "./check.js";
import { harm } from "./run.js";
import { plain } from "./victims.js";

withstand(plain);

/** Sends IP packets back as they came, but for a length that it sets. */
class Careless extends Pipeline {
  override xdp(pkt: XdpPacket): Verdict {
    if (pkt.at(0, Ethernet)?.etherType !== EtherType.Ipv4) return Verdict.Pass;
    return pkt.write(16, u16, 60) ? Verdict.Reflect : Verdict.Pass;
  }
}

test("an answer with a wrong length is found", async () => {
  const { failed, failures } = await harm({ name: "careless", hook: "xdp", make: () => new Careless() }, 50, 1);
  assert.ok(failed > 0);
  assert.match(failures[0] ?? "", /the answer is malformed: IPv4: (length|checksum)/);
});

let made = 0;
/** Another pipeline each time it is made, so that Node and the kernel have two. */
class Fickle extends Pipeline {
  readonly type = made++ % 2 === 0 ? EtherType.Ipv4 : EtherType.Ipv6;
  override xdp(pkt: XdpPacket): Verdict {
    return pkt.at(0, Ethernet)?.etherType === this.type ? Verdict.drop("wrong type") : Verdict.Pass;
  }
}

test("other answers than Node's are found, and other counts", async () => {
  const { failed, failures } = await harm({ name: "fickle", hook: "xdp", make: () => new Fickle() }, 20, 1);
  assert.ok(failed > 0);
  assert.match(failures[0] ?? "", /verdict: Node \S+, kernel/);
  assert.match(failures.at(-1) ?? "", /"wrong type": \d+ packets were dropped, the kernel counted \d+/);
});
