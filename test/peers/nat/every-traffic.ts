/**
 * Real traffic through Conntrack, PortMap and Nat44, for `npm run soak`: long TCP in segments that the devices cut and join,
 * datagrams, frames whose headers are not in the linear part, tags, and checksums that nobody, the stack or the device
 * made. What arrives is what was sent, and no stack found a checksum wrong. `nat.test.ts` has a short case of it.
 */
import { join } from "node:path";
import type { Pipeline } from "datapath";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { writeBundle } from "../../../codegen/bundle/write-bundle.js";
import { compileLive } from "../../../codegen/compile.js";
import { attach, detach } from "../../../runtime/attach.js";
import { temporaryFolder } from "../../../runtime/fixtures/pipelines.js";
import type { Namespace } from "../../lab/namespace.js";
import { HostOnTc, HostOnXdp, TaggedHost, Tags } from "./host.dp.js";
import { routerMac, Stations } from "./stations.js";

const LONG = 4_000_000;
const root = `/sys/fs/bpf/datapath-traffic-${process.pid}`;

interface Case {
  readonly what: string;
  readonly of: Name;
  readonly offloads: boolean;
  readonly overlay?: boolean;
}
const cases: readonly Case[] = [
  { what: "tc, all left to devices", of: "tc", offloads: true },
  { what: "tc, all done by the stacks", of: "tc", offloads: false },
  { what: "tc, sums that came with the packets", of: "tc", offloads: false, overlay: true },
  { what: "tc, tags that the device puts in", of: "tagged", offloads: true },
  { what: "tc, tags, all done by the stacks", of: "tagged", offloads: false },
  // A program on XDP sees no mark of a sum that is still to be made.
  { what: "XDP, all done by the stacks", of: "xdp", offloads: false },
];

const pipelines = {
  tc: () => new HostOnTc(),
  xdp: () => new HostOnXdp(),
  tagged: () => new TaggedHost(),
  tags: () => new Tags(),
} satisfies Record<string, () => Pipeline>;
type Name = keyof typeof pipelines;

/** Each is compiled once: where its bundle is, and its name. */
const bundles = new Map<Name, string>();
const folder = temporaryFolder();
test.after(() => folder[Symbol.dispose]());
const nameOf = (of: Name): string => `traffic-${of}-${process.pid}`;
async function bundleOf(of: Name): Promise<string> {
  const at = bundles.get(of) ?? join(folder.path, `${of}.dpo`);
  if (!bundles.has(of)) {
    const { bundle, diagnostics } = await compileLive(pipelines[of](), { name: nameOf(of) });
    if (!bundle) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
    writeBundle(at, bundle);
    bundles.set(of, at);
  }
  return at;
}
/** Attaches until the scope's end. */
async function attached(of: Name, namespace: Namespace, devices: readonly string[]): Promise<AsyncDisposable> {
  const at = await bundleOf(of);
  for (const dev of devices) {
    await using _deployment = await attach(at, { netns: namespace.path, dev }, { root, notice: () => {} });
  }
  return { [Symbol.asyncDispose]: () => detach(nameOf(of), { root }).then(() => {}) };
}

for (const { what, of, offloads, overlay = false } of cases) {
  test(`${what}: what arrives is what was sent`, async () => {
    // compiled first: without link-local addresses stations forget one another while they wait
    for (const each of of === "tagged" ? (["tagged", "tags"] as const) : [of]) await bundleOf(each);
    await using network = await Stations.create({ mtu: of === "tc" ? 9000 : 1500, overlay });
    const { client, router, server } = network;
    await network.offload(offloads);
    await using _host = await attached(of, router, of === "xdp" ? ["left", "right"] : ["left"]);
    await using _tags = of === "tagged" ? await attached("tags", client, ["eth0"]) : undefined;
    // published ports, of both families; then what the container begins
    for (const gate of ["198.51.100.1", "2001:db8::1"]) {
      assert.ok(await network.same(client, "tcp", gate, 80, LONG), `TCP to ${gate}`);
      assert.ok(await network.same(client, "udp", gate, 80, 0, 1, 2, 999, 1400), `UDP to ${gate}`);
    }
    assert.ok(await network.same(server, "tcp", "198.51.100.7", 8080, LONG), "TCP from inside");
    assert.ok(await network.same(server, "udp", "198.51.100.7", 8080, 1, 1400), "UDP from inside");
    if (of === "tc" && !overlay) {
      for (const who of ["machine", "sender"])
        assert.ok(
          await network.same(client, "raw", "eth0", routerMac, "198.51.100.7", 5000, "198.51.100.1", 80, 8001, who),
          `a frame with headers in pages, its checksum the ${who}'s`,
        );
    }
    assert.is(await network.wrong(), "");
  });
}

test.run();
