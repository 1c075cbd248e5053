// test: timeout 400
/** PortMap and Nat44 against nftables: the same frames, out of the same devices. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { writeBundle } from "../../../codegen/bundle/write-bundle.js";
import { compile } from "../../../codegen/compile.js";
import { attach, detach } from "../../../runtime/attach.js";
import { main } from "../../../runtime/cli/main.js";
import { Terminal } from "../../../runtime/cli/terminal.js";
import { Network, type Sent } from "./network.js";
import { Stations } from "./stations.js";
import { EXPIRES, type Step, steps } from "./steps.js";

const ruleset = `
table inet filter {
  chain forward { type filter hook forward priority 0; ct state invalid drop; }
}
table ip nat {
  chain before { type nat hook prerouting priority -100;
    ip daddr 198.51.100.1 tcp dport 80 dnat to 10.0.0.5:8080
    ${Array.from({ length: 10 }, (_, i) => `ip daddr 198.51.100.1 udp dport ${6000 + i} dnat to 10.0.0.5:${7000 + i}`).join("\n    ")}
  }
  chain after { type nat hook postrouting priority 100;
    ip saddr 10.0.0.0/24 ip daddr 10.0.0.5 masquerade
    ip saddr 10.0.0.0/24 oifname "left" udp dport 9999 masquerade to :30000-30001
    ip saddr 10.0.0.0/24 oifname "left" masquerade
  }
}
table ip6 nat {
  chain before { type nat hook prerouting priority -100;
    ip6 daddr 2001:db8::1 tcp dport 80 dnat to [fd00::5]:8080
  }
  chain after { type nat hook postrouting priority 100; }
}
`;

interface Answer {
  readonly what: string;
  readonly out: readonly string[];
}

/** Where the port or identifier that a router chose is, in an untagged frame of IPv4 without options, and the checksum over it. */
function chosenAt(frame: Uint8Array): { readonly port: number; readonly checksum: number } {
  const protocol = frame[23];
  if (protocol === 1) return { port: 38, checksum: 36 };
  return { port: 34, checksum: protocol === 17 ? 40 : 50 };
}

async function answers(network: Network, which: readonly Step[]): Promise<readonly Answer[]> {
  const chosen = new Map<string, number>();
  const found: Answer[] = [];
  for (const step of which) {
    const out = await network.send({ device: step.device, frame: step.frame(chosen) });
    found.push({ what: step.what, out: out.map(sent => described(sent, step, chosen)) });
  }
  return found;
}
function described({ device, frame }: Sent, { what, chooses }: Step, chosen: Map<string, number>): string {
  const shown = frame.slice();
  if (what === EXPIRES) shown.fill(0, 18, 20).fill(0, 24, 26);
  if (chooses !== undefined) {
    const view = new DataView(shown.buffer);
    const { port, checksum } = chosenAt(frame);
    chosen.set(chooses, view.getUint16(port));
    // A wrong sum would show in what the answer becomes only by chance: it is put right for port 0, and so compared.
    const sum = 0xffff - view.getUint16(checksum) + 0xffff - view.getUint16(port);
    view.setUint16(checksum, 0xffff - ((sum % 0x10000) + Math.trunc(sum / 0x10000)));
    view.setUint16(port, 0);
  }
  return `${device} ${Buffer.from(shown).toString("hex")}`;
}

let expected: readonly Answer[] = [];
test("nftables answers", async () => {
  await using network = await Network.create();
  await network.router.run(["nft", "-f", "-"], { input: ruleset });
  expected = await answers(network, steps);
  const lost = expected.filter(({ out }) => out.length === 0).map(({ what }) => what);
  assert.equal(lost, silent);
});
/** What nftables lets through is compared; this is what it does not, so that a silent peer proves nothing. */
const silent = ["an error about a connection that is not", "an error that quotes less than eight bytes", "a redirect", "no port is left"];

const root = `/sys/fs/bpf/datapath-test-${process.pid}`;
for (const [hook, devices] of [
  ["tc", ["left"]],
  ["xdp", ["left", "right"]],
] as const) {
  test(`${hook} answers as nftables does`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "datapath-nat-"));
    await using network = await Network.create();
    const name = `nat-${hook}-${process.pid}`;
    try {
      const { bundle, diagnostics } = await compile(fileURLToPath(new URL(`${hook}.dp.ts`, import.meta.url)), { name });
      if (!bundle) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
      await writeBundle(folder, bundle);
      for (const dev of devices) {
        await using _attached = await attach(folder, { netns: network.router.path, dev }, { root, notice: () => {} });
      }
      const which = steps.filter(({ hairpin, what }) => hook === "xdp" || !(hairpin || what.startsWith("IPv6")));
      const found = await answers(network, which);
      const differing = which.flatMap((step, i) => {
        const { what } = step;
        const [theirs, ours] = [expected[steps.indexOf(step)]?.out, found[i]?.out];
        return JSON.stringify(theirs) === JSON.stringify(ours) ? [] : [{ what, theirs, ours }];
      });
      assert.equal(differing, []);
      assert.is(found.length, which.length);
      if (hook === "tc") await carries(folder, name);
    } finally {
      await detach(name, { root });
      rmSync(folder, { recursive: true });
    }
  });
}

async function dp(...args: readonly string[]): Promise<number> {
  const terminal = new Terminal({ write: () => true }, { write: text => process.stderr.write(text) }, {});
  return main(args, terminal);
}

/**
 * Real TCP through what was compiled already, long enough for segments to be joined, and a port that is published and taken back by
 * `dp map`; every other case of traffic is `npm run soak`'s.
 */
async function carries(folder: string, name: string): Promise<void> {
  await using network = await Stations.create();
  const { client, router, server } = network;
  try {
    await using _attached = await attach(folder, { netns: router.path, dev: "left" }, { notice: () => {} });
    for (const offloads of [true, false]) {
      await network.offload(offloads);
      const how = offloads ? "with offloads" : "without";
      assert.ok(await network.same(client, "tcp", "198.51.100.1", 80, 300_000), `to a published port ${how}`);
      assert.ok(await network.same(client, "udp", "198.51.100.1", 6000, 1, 1400), `datagrams ${how}`);
      assert.ok(await network.same(server, "tcp", "198.51.100.7", 8080, 300_000), `from inside ${how}`);
    }
    assert.is(await network.wrong(), "");

    const published = JSON.stringify({ address: "198.51.100.1", port: 81, protocol: 6, generation: 0 });
    const live = ["ports.mappings4", published] as const;
    const reaches = (): Promise<boolean> => network.same(client, "tcp", "198.51.100.1", 81, 1000);
    assert.is(await reaches(), false);
    assert.is(await dp("map", "set", name, ...live, JSON.stringify({ address: "10.0.0.5", port: 8080, zero: 0 })), 0);
    assert.is(await reaches(), true);
    assert.is(await dp("map", "delete", name, ...live), 0);
    assert.is(await reaches(), false);
  } finally {
    await detach(name);
  }
}

test.run();
