/** `dp conntrack` on a pipeline that is attached, over flows put into its tables by hand. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Lab } from "../../../test/lab/lab.js";
import { attach } from "../../attach.js";
import type { Deployment } from "../../deployment/deployment.js";
import { dp } from "../../fixtures/dp.js";
import { companionEntry, type FlowKey, flowBundle, flowEntry, flowKey, HIGH6, LOW6 } from "../../fixtures/flows.js";
import { countingBundle, temporaryFolder } from "../../fixtures/pipelines.js";

async function json(...args: readonly string[]): Promise<ReturnType<typeof JSON.parse>> {
  const { out } = await dp(...args, "--json");
  return JSON.parse(out);
}

const PUBLIC = 0xc0000201; // 192.0.2.1

/** A connection, one that waits, one that is over, a datagram, a translated one and its companion; an echo over IPv6. */
function fill(deployment: Deployment): void {
  const flows4 = deployment.mapByPath<FlowKey, object>("flows.flows4");
  const flows6 = deployment.mapByPath<FlowKey, object>("flows.flows6");
  const counted = { packets: 10n, bytes: 1000n, replyPackets: 8n, replyBytes: 5000n };
  flows4.set(flowKey(1001), flowEntry(4, 3, 2, { replied: true, mark: 7, ...counted }));
  flows4.set(flowKey(1002), flowEntry(4, 3, 1, { fromLow: false }));
  flows4.set(flowKey(1003), flowEntry(4, 40, 1));
  flows4.set(flowKey(53, { protocol: 17, highPort: 5353 }), flowEntry(4, 0, 2));
  flows4.set(flowKey(1004), flowEntry(4, 1, 2, { replied: true, ...counted }));
  // 10.0.0.1:1004 is 192.0.2.1:4004 to who answers: 10.0.0.2, the lower one
  const key = flowKey(80, { low: 0x0a000002, high: PUBLIC, highPort: 4004 });
  flows4.set(key, companionEntry(4, 1, 1004, { fromLow: false, replyPackets: 100n, replyBytes: 900n }));
  flows6.set(flowKey(77, { low: LOW6, high: HIGH6, highPort: 77, protocol: 58 }), flowEntry(6, 2, 1));
}

async function attached(work: (name: string, deployment: Deployment) => Promise<void>): Promise<void> {
  await using lab = await Lab.pair();
  using folder = temporaryFolder();
  const name = `flows-${process.pid}`;
  flowBundle(folder.path, name);
  try {
    await using deployment = await attach(folder.path, { dev: "eth0", netns: lab.right.path }, { notice: () => {} });
    fill(deployment);
    await work(name, deployment);
  } finally {
    await dp("detach", name);
  }
}

test("list, flush and top", async () => {
  await attached(async (name, deployment) => {
    const { out } = await dp("conntrack", "list", name);
    const line = (what: string): string => out.split("\n").find(one => one.includes(what)) ?? "";
    assert.is(out.trim().split("\n").length, 6, out);
    assert.match(line("10.0.0.1:1001"), /^tcp +established +10.0.0.1:1001 +10.0.0.2:80 +10 +1000 +8 +5000 +\d s +59 min +mark 7$/);
    assert.match(line(":1002"), /^tcp +synSent +10.0.0.2:80 +10.0.0.1:1002 +0 +0 +0 +0 +\d+ s +\d+ s +unanswered$/);
    assert.match(line(":5353"), /^udp +established +10.0.0.1:53 +10.0.0.2:5353/);
    assert.match(line("10.0.0.1:1004"), /10 +1000 +108 +5900 +\d s +59 min +replies 10.0.0.2:80 to 192.0.2.1:4004$/);
    assert.match(line("icmp6"), /^icmp6 +synSent +fd00:: +fd00::2 .* unanswered, id 77$/);

    const { flows } = await json("conntrack", "list", name, "src", "port", "1001");
    assert.is(flows.length, 1);
    const { source, destination, state, packets, replyBytes, parts, family } = flows[0];
    assert.equal(
      { source, destination, state, packets, replyBytes, parts, family },
      {
        source: "10.0.0.1",
        destination: "10.0.0.2",
        state: "established",
        packets: "10",
        replyBytes: "5000",
        parts: { quota: { warned: 0 } },
        family: 4,
      },
    );

    const count = async (...filter: readonly string[]): Promise<number> => (await json("conntrack", "list", name, ...filter)).flows.length;
    assert.is(await count("tcp"), 3);
    assert.is(await count("tcp and established"), 2);
    assert.is(await count("not", "established"), 3);
    assert.is(await count("dst host 10.0.0.1"), 1);
    assert.is(await count("dst host 10.0.0.1 or udp"), 2);
    assert.is(await count("net 10.0.0.0/8 and portrange 1000-1002"), 2);
    assert.is(await count("ip6 and icmp6"), 1);
    assert.is(await count("mark 7"), 1);
    assert.is(await count("proto 17"), 1);
    assert.is(await count("host fd00::2"), 1);
    assert.is(await count("--state", "synsent"), 2);
    assert.is(await count("tcp", "--state", "synSent,none"), 1);

    const flows4 = deployment.mapByPath<FlowKey, object>("flows.flows4");
    let round = 0n;
    const carry = (): void => {
      round++;
      flows4.set(flowKey(1001), flowEntry(4, 0, 2, { replied: true, packets: 100n * round, bytes: 6000n * round }));
      flows4.set(flowKey(1002), flowEntry(4, 0, 1, { fromLow: false, packets: 10n * round, bytes: 15_000n * round }));
    };
    carry();
    const traffic = setInterval(carry, 20);
    try {
      const top = async (...args: readonly string[]): Promise<{ flow: { sourcePort: number }; packets: number }[]> =>
        (await json("conntrack", "top", name, ...args)).flows;
      const byPackets = await top("--by", "packets", "tcp");
      assert.equal(
        byPackets.map(({ flow }) => flow.sourcePort),
        [1001, 80],
      );
      assert.ok(Math.abs((byPackets[0]?.packets ?? 0) / (byPackets[1]?.packets ?? 1) - 10) < 0.01);
      assert.equal(
        (await top("--count", "1")).map(({ flow }) => flow.sourcePort),
        [80],
      );
    } finally {
      clearInterval(traffic);
    }

    assert.is((await dp("conntrack", "flush", name)).code, 2);
    assert.is((await dp("conntrack", "flush", name, "src port 1004")).out, "1 flow is deleted\n");
    assert.is(flows4.size, 4, "its companion went with it");
    assert.equal(await json("conntrack", "flush", name, "--state", "synSent"), { ok: true, deleted: 2 });
    assert.is(await count(), 2);
    assert.equal(await json("conntrack", "flush", name, "--all"), { ok: true, deleted: 2 });
    assert.is((await dp("conntrack", "list", name)).out, "no flows\n");
    const { maps } = await json("map", "sweep", name);
    assert.is(maps[0].deleted, 1);

    const wrong: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [["list", name, "tcp port http"], /expected a port number/],
      [["list", name, "tcp[13] = 2"], /a flow has no bytes or length/],
      [["list", name, "vlan 5"], /a flow has no VLAN tag/],
      [["list", name, "ether host 02:00:00:00:00:01"], /a flow has no Ethernet address/],
      [["list", name, "--state", "synsend"], /no state "synsend"/],
      [["top", name, "--by", "flows"], /--by cannot be flows/],
      [["top", name, "--count", "0"], /--count cannot be 0/],
      [["lits", name], /no `lits`/],
      [[], /does one of/],
    ];
    for (const [args, message] of wrong) {
      const { code, err } = await dp("conntrack", ...args);
      assert.is(code, 2, args.join(" "));
      assert.match(err, message);
    }
  });
});

test("a pipeline without flows is told so", async () => {
  await using lab = await Lab.pair();
  using folder = temporaryFolder();
  const name = `noflows-${process.pid}`;
  countingBundle(folder.path, { name });
  try {
    await using _ = await attach(folder.path, { dev: "eth0", netns: lab.right.path }, { notice: () => {} });
    const { code, err } = await dp("conntrack", "list", name);
    assert.is(code, 1);
    assert.match(err, /has no table of flows/);
  } finally {
    await dp("detach", name);
  }
});

test.run();
