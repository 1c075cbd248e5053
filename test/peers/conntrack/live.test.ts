// test: timeout 600
/** A pipeline with Conntrack at a device of a namespace whose nf_conntrack sees the same traffic: both list the same flows. */
import { join } from "node:path";
import { Flows, Pipeline, type TcPacket, Verdict } from "datapath";
import { Conntrack } from "datapath/blocks";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { writeBundle } from "../../../codegen/bundle/write-bundle.js";
import { compileLive } from "../../../codegen/compile.js";
import { main } from "../../../runtime/cli/main.js";
import { Terminal } from "../../../runtime/cli/terminal.js";
import { temporaryFolder } from "../../../runtime/fixtures/pipelines.js";
import { Lab } from "../../lab/lab.js";
import type { Namespace } from "../../lab/namespace.js";
import type { Server } from "../../lab/server.js";

export class Watcher extends Pipeline {
  readonly flows = new Flows({ maxEntries: 1024, vlan: false, fragments: false, extensions: false });
  readonly conntrack = new Conntrack({ flows: this.flows, window: true, timeouts: { query: 1, datagram: 3600 } });

  override ingress(pkt: TcPacket): Verdict {
    return this.judge(pkt);
  }
  override egress(pkt: TcPacket): Verdict {
    return this.judge(pkt);
  }
  private judge(pkt: TcPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    return this.conntrack.commit(tracked) ?? Verdict.Pass;
  }
}

async function dp(...args: readonly string[]): Promise<ReturnType<typeof JSON.parse>> {
  let out = "";
  const terminal = new Terminal({ write: text => (out += text) }, { write: () => {} }, {});
  await main([...args, "--json"], terminal);
  return JSON.parse(out);
}

interface ListedFlow {
  readonly protocol: string;
  readonly state: string;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly packets: string;
  readonly bytes: string;
  readonly replyPackets: string;
  readonly replyBytes: string;
}

const ETHERNET = 14;

/** One line a flow, as both sides can say it: IP bytes, and states that TCP alone has. */
function ourLine(flow: ListedFlow): string {
  const bytes = (all: string, packets: string): number => Number(all) - ETHERNET * Number(packets);
  const ports = flow.protocol.startsWith("icmp") ? `id ${flow.sourcePort}` : `${flow.sourcePort} ${flow.destinationPort}`;
  const state = flow.protocol === "tcp" ? `${flow.state.toUpperCase().replace(/[^A-Z]/g, "")} ` : "";
  const counters = `${flow.packets}/${bytes(flow.bytes, flow.packets)} ${flow.replyPackets}/${bytes(flow.replyBytes, flow.replyPackets)}`;
  return `${flow.protocol} ${state}${flow.source} ${flow.destination} ${ports}: ${counters}`;
}

/** From the lines of `conntrack -L -o extended`. */
function peerLine(line: string): string {
  const [, protocol = "", state = ""] = /^\S+ +\d+ +(\S+) +\d+ +\d+ +(?:([A-Z_]+) +)?/.exec(line) ?? [];
  const all = (name: string): string[] => [...line.matchAll(new RegExp(`\\b${name}=(\\S+)`, "g"))].map(([, value = ""]) => value);
  const [source = "", destination = ""] = [all("src")[0], all("dst")[0]];
  const name = protocol === "icmpv6" ? "icmp6" : protocol;
  const ports = name.startsWith("icmp") ? `id ${all("id")[0]}` : `${all("sport")[0]} ${all("dport")[0]}`;
  const [packets, replyPackets = "0"] = all("packets");
  const [bytes, replyBytes = "0"] = all("bytes");
  const shown = state === "" ? "" : `${state.replaceAll("_", "")} `;
  return `${name} ${shown}${source} ${destination} ${ports}: ${packets}/${bytes} ${replyPackets}/${replyBytes}`;
}

async function peerFlows(namespace: Namespace): Promise<string[]> {
  const lists = ["ipv4", "ipv6"].map(family => namespace.run(["conntrack", "-L", "-f", family, "-o", "extended"]));
  const lines = (await Promise.all(lists)).flatMap(({ stdout }) => stdout.trim().split("\n"));
  return lines
    .filter(line => line !== "")
    .map(peerLine)
    .sort();
}

test("the same flows as conntrack -L, and what is flushed or idles too long is gone", async () => {
  const { bundle } = await compileLive(new Watcher());
  assert.ok(bundle);
  await using lab = await Lab.pair();
  using folder = temporaryFolder();
  const name = `watcher-${process.pid}`;
  const at = join(folder.path, `${name}.dpo`);
  writeBundle(at, { ...bundle, manifest: { ...bundle.manifest, name } });
  const rules = "table inet peer { chain input { type filter hook input priority 0; ct state new accept; }; }";
  await lab.right.run(["nft", "-f", "-"], { input: rules });
  await lab.right.sysctl({ "net.netfilter.nf_conntrack_acct": 1 });
  try {
    await dp("attach", at, "--netns", lab.right.path, "--dev", "eth0");
    const sinks = await Promise.all([4, 6].map(family => sink(lab.right, family)));
    assert.is(sinks.length, 2);
    assert.is(await lab.left.pings("10.0.0.2"), true);
    assert.is(await lab.left.pings("fd00::2"), true);
    await lab.left.run(["nc.openbsd", "-N", "-w", "2", "10.0.0.2", "8080"], { input: "x".repeat(5000) });
    await lab.left.run(["nc.openbsd", "-N", "-w", "2", "fd00::2", "8080"], { input: "y" });
    await lab.left.run(["nc.openbsd", "-w", "1", "10.0.0.2", "9"], { input: "z", mayFail: true }); // refused
    await lab.left.run(["nc.openbsd", "-u", "-w", "1", "10.0.0.2", "5353"], { input: "datagram", mayFail: true });
    const held = await lab.left.serve(["nc.openbsd", "10.0.0.2", "8080"]);
    await until(async () => (await dp("conntrack", "list", name, "--state", "established")).flows.length === 1);
    assert.is(held.running, true);

    const { flows }: { flows: ListedFlow[] } = await dp("conntrack", "list", name, "not", "icmp", "and", "not", "icmp6");
    const ours = flows.map(ourLine).sort();
    // A refused connection nf_conntrack forgets at once; here it stays as closed for some seconds.
    const refused = ours.filter(line => line.startsWith("tcp CLOSED "));
    assert.is(refused.length, 1);
    const theirs = (await peerFlows(lab.right)).filter(line => !line.startsWith("icmp"));
    assert.equal(
      ours.filter(line => !refused.includes(line)),
      theirs,
    );

    await until(async () => (await dp("map", "sweep", name)).maps.some(({ deleted }: { deleted: number }) => deleted > 0));
    assert.is((await dp("conntrack", "list", name, "icmp")).flows.length, 0);
    assert.equal(await dp("conntrack", "flush", name, "tcp and established and dst port 8080", "--state", "timeWait"), {
      ok: true,
      deleted: 2,
    });
    assert.is((await dp("conntrack", "list", name, "tcp", "--state", "established")).flows.length, 1);
  } finally {
    await dp("detach", name);
  }
});

/** Takes connections on port 8080 and says nothing. */
function sink(namespace: Namespace, family: number): Promise<Server> {
  return namespace.serve(["nc.openbsd", "-n", `-${family}`, "-l", "-k", "-v", "8080"], { ready: /Listening/ });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await condition()) return;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new Error("it did not come to pass");
}

test.run();
