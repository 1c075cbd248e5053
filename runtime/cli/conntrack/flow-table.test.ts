// test: timeout 180
/** `dp conntrack` and `dp map` on a pipeline whose flows are in a flow table, over flows that packets made. */
import { join } from "node:path";
import { Flows, Pipeline, type TcPacket, Verdict } from "datapath";
import { Conntrack } from "datapath/blocks";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { writeBundle } from "../../../codegen/bundle/write-bundle.js";
import { compileLive } from "../../../codegen/compile.js";
import { Lab } from "../../../test/lab/lab.js";
import { attach } from "../../attach.js";
import { dp } from "../../fixtures/dp.js";
import { temporaryFolder } from "../../fixtures/pipelines.js";

class Tracks extends Pipeline {
  readonly flows = new Flows({ maxEntries: 64, table: "flowTable", families: [4], vlan: false, fragments: false, extensions: false });
  readonly conntrack = new Conntrack({ flows: this.flows });
  override ingress(pkt: TcPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    return tracked instanceof Verdict ? tracked : (this.conntrack.commit(tracked) ?? Verdict.Pass);
  }
}

async function json(...args: readonly string[]): Promise<ReturnType<typeof JSON.parse>> {
  const { out } = await dp(...args, "--json");
  return JSON.parse(out);
}

const datagrams = (count: number, firstPort: number, each = 1): readonly string[] => [
  "python3",
  "-c",
  `import socket
for port in range(${firstPort}, ${firstPort + count}):
  with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.bind(("10.0.0.1", port))
    for _ in range(${each}): s.sendto(b"data", ("10.0.0.2", 9))`,
];

test("list, top, flush and the map's own commands", async () => {
  await using lab = await Lab.pair();
  using folder = temporaryFolder();
  const name = `tracks-${process.pid}`;
  const { bundle } = await compileLive(new Tracks(), { name });
  if (!bundle) throw new Error("it does not compile");
  const at = join(folder.path, "tracks.dpo");
  writeBundle(at, bundle);
  try {
    await using _ = await attach(at, { dev: "eth0", netns: lab.right.path }, { notice: () => {} });
    assert.ok(await lab.left.pings("10.0.0.2"));
    await lab.left.run(datagrams(5, 4000, 3));
    const count = async (...filter: readonly string[]): Promise<number> => (await json("conntrack", "list", name, ...filter)).flows.length;
    assert.is(await count(), 6);
    assert.is(await count("udp"), 5);
    assert.is(await count("icmp"), 1);
    assert.is(await count("src port 4002"), 1);
    assert.is(await count("--state", "datagram"), 5);
    const { out } = await dp("conntrack", "list", name, "src", "port", "4002");
    assert.match(out, /^udp +datagram +10.0.0.1:4002 +10.0.0.2:9 +3 +138 +0 +0 +\d s +\d+ s +unanswered$/m);

    const measured = json("conntrack", "top", name, "--by", "packets", "--count", "1");
    await lab.left.run(["ping", "-c", "8", "-i", "0.1", "10.0.0.2"]);
    const { flows } = await measured;
    assert.is(flows.length, 1);
    assert.is(flows[0].flow.protocol, "icmp");

    const { maps } = await json("map", "list", name);
    assert.ok(maps.some(({ path, kind }: { path: string; kind: string }) => path === "flows.flows4" && kind === "flowTable"));
    assert.is((await dp("map", "dump", name, "flows.flows4")).out.trim().split("\n").length, await count());
    const key = '{"low": "10.0.0.1", "high": "10.0.0.2", "lowPort": 4001, "highPort": 9, "protocol": 17, "zero": 0, "zeros": 0}';
    assert.is((await json("map", "get", name, "flows.flows4", key)).value.packets, "3");
    assert.is((await dp("map", "delete", name, "flows.flows4", key)).code, 0);
    assert.is((await dp("map", "get", name, "flows.flows4", key)).code, 1);
    assert.is(await count("udp"), 4);

    assert.equal(await json("conntrack", "flush", name, "src port 4002 or src port 4003"), { ok: true, deleted: 2 });
    assert.is(await count("udp"), 2);
    // what was flushed begins anew
    await lab.left.run(datagrams(1, 4002));
    assert.is((await json("conntrack", "list", name, "src port 4002")).flows[0].packets, "1");
    assert.equal(await json("conntrack", "flush", name, "--all"), { ok: true, deleted: 5 });
    assert.is((await dp("conntrack", "list", name)).out, "no flows\n");

    // more than it has places for: whoever came first has given way
    await lab.left.run(datagrams(400, 10_000));
    const full = await count("udp");
    assert.ok(full > 64 && full <= 128, `${full} flows`);
    assert.is(await count("src port 10399"), 1);
  } finally {
    await dp("detach", name);
  }
});

test.run();
