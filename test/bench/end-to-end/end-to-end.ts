/**
 * From veth to veth through a router that publishes a port: packets a second of ours on XDP, and of nftables, which is handed
 * the same frames by the same device. Frames are made in the kernel, and the receiver's device counts what arrives. All is on
 * one CPU: what a frame takes is sender, router and receiver together, and the rows beside say how much of it is neither's.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ipv4, mac } from "datapath";
import { Ethernet, Ipv4, Udp } from "datapath/headers";
import { packet } from "datapath/testing";
import { writeBundle } from "../../../codegen/bundle/write-bundle.js";
import { compile } from "../../../codegen/compile.js";
import { attach, detach } from "../../../runtime/attach.js";
import { Lab } from "../../lab/lab.js";
import type { Namespace } from "../../lab/namespace.js";
import { median } from "../harness.js";
import { compileC, type Loaded, loadRaw } from "../object.js";
import { table } from "../report.js";

/** One way through the router. */
export interface EndToEnd {
  readonly name: string;
  readonly packetsPerSecond: number;
  /** of the kernel's own way, where there is one; `ratio` is of the medians */
  readonly peer: { readonly what: string; readonly packetsPerSecond: number; readonly ratio: number; readonly target?: number } | undefined;
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const stations = { client: "02:00:00:00:00:01", outside: "02:00:00:00:00:02", inside: "02:00:00:00:00:03", server: "02:00:00:00:00:04" };
const ruleset = `
table ip nat {
  chain before { type nat hook prerouting priority -100; ip daddr 198.51.100.1 udp dport 80 dnat to 10.0.0.5:8080; }
}`;
function datagram(to: string): Uint8Array {
  return packet(
    Ethernet.of({ src: mac(stations.client), dst: mac(stations.outside) }),
    Ipv4.of({ src: ipv4("198.51.100.7"), dst: ipv4(to), ttl: 64 }),
    Udp.of({ srcPort: 1024, dstPort: 80, checksum: 0 }),
    new Uint8Array(22),
  );
}
const published = datagram("198.51.100.1");
const routed = datagram("10.0.0.5");
const root = `/sys/fs/bpf/datapath-bench-${process.pid}`;

/** Three namespaces in a row; the receiver's device takes all and counts. */
class Road implements AsyncDisposable {
  readonly router: Namespace;
  readonly #receiver: Namespace;
  readonly #lab: Lab;
  readonly #send: Loaded;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(lab: Lab, router: Namespace, receiver: Namespace, send: Loaded, child: ChildProcess, lines: AsyncIterator<string>) {
    this.#lab = lab;
    this.router = router;
    this.#receiver = receiver;
    this.#send = send;
    this.#child = child;
    this.#lines = lines;
  }

  static async create(): Promise<Road> {
    const lab = await Lab.create();
    try {
      const [sender, router, receiver] = [await lab.namespace("sender"), await lab.namespace("router"), await lab.namespace("receiver")];
      await lab.connect(
        { namespace: sender, device: "out", mac: stations.client },
        { namespace: router, device: "left", mac: stations.outside, addresses: ["198.51.100.1/24"] },
      );
      await lab.connect(
        { namespace: router, device: "right", mac: stations.inside, addresses: ["10.0.0.1/24"] },
        { namespace: receiver, device: "in", mac: stations.server },
      );
      // a veth takes XDP's frames where its other end polls
      await router.offload("left", { gro: true });
      await router.ip("neigh", "replace", "10.0.0.5", "lladdr", stations.server, "dev", "right", "nud", "permanent");
      await router.sysctl({ "net.ipv4.ip_forward": 1 });
      const send = loadRaw(await compileC(here("send.bpf.c")), "send");
      const [program = "", ...args] = sender.inside(["python3", here("send.py"), `${await sender.index("out")}`]);
      const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit", send.fd] });
      if (!child.stdout) throw new Error("python3 says nothing");
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      await lines.next();
      return new Road(lab, router, receiver, send, child, lines);
    } catch (error) {
      await lab.remove();
      throw error;
    }
  }

  get receiver(): Namespace {
    return this.#receiver;
  }

  /** Sends so many frames, and says how many a second the receiver's device had: or that of the router, where it is said to drop. */
  async measure(frame: Uint8Array, frames: number, receives: boolean): Promise<number> {
    const data = new Uint8Array(72);
    data.set(frame.subarray(0, 64));
    this.#send.map(".data.frame").update(new Uint8Array(4), data, 0);
    const before = await this.#count();
    this.#child.stdin?.write(`${frames}\n`);
    const { value } = await this.#lines.next();
    const came = receives ? (await this.#count()) - before : frames;
    if (came < frames * 0.9) throw new Error(`of ${frames} frames ${came} arrived`);
    return (came * 1e9) / Number(value);
  }

  async #count(): Promise<number> {
    const links: unknown = JSON.parse(await this.#receiver.ip("-s", "-json", "link", "show", "dev", "in"));
    const [link]: readonly { readonly stats64: { readonly rx: { readonly packets: number } } }[] = Array.isArray(links) ? links : [];
    return link?.stats64.rx.packets ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end();
    this.#send[Symbol.dispose]();
    await this.#lab.remove();
  }
}

/** A pipeline at a device, until it is disposed. */
async function attached(file: string, namespace: Namespace, dev: string): Promise<AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), "dp-bench-road-"));
  const name = `road-${dev}-${process.pid}`;
  const { bundle, diagnostics } = await compile(here(file), { name });
  if (!bundle) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  writeBundle(folder, bundle);
  await using _deployment = await attach(folder, { netns: namespace.path, dev }, { root, notice: () => {} });
  return {
    async [Symbol.asyncDispose]() {
      await detach(name, { root });
      rmSync(folder, { recursive: true });
    },
  };
}

/** In turns, each round all of them; `frames` is what XDP is sent, the stack a quarter. */
export async function endToEnd(rounds: number, frames: number): Promise<readonly EndToEnd[]> {
  await using road = await Road.create();
  await using _sink = await attached("sink.dp.ts", road.receiver, "in");
  const rates = new Map<string, number[]>();
  const measure = async (what: string, frame: Uint8Array, count: number, receives = true): Promise<void> => {
    await road.measure(frame, count / 10, receives); // flows begin
    rates.set(what, [...(rates.get(what) ?? []), await road.measure(frame, count, receives)]);
  };
  const onXdp = async (file: string, frame: Uint8Array, receives = true): Promise<void> => {
    await using _router = await attached(file, road.router, "left");
    await measure(file, frame, frames, receives);
  };
  for (let round = 0; round < rounds; round++) {
    await onXdp("sink.dp.ts", published, false);
    await onXdp("route.dp.ts", routed);
    await measure("stack", routed, frames / 4);
    await onXdp("port-map.dp.ts", published);
    await road.router.run(["nft", "-f", "-"], { input: ruleset });
    await measure("nftables", published, frames / 4);
    await road.router.run(["nft", "flush", "ruleset"]);
  }
  const rate = (what: string): number => median(rates.get(what) ?? []);
  const row = (name: string, file: string, peer?: { readonly what: string; readonly target?: number }): EndToEnd => ({
    name: `end-to-end/${name}/veth`,
    packetsPerSecond: rate(file),
    peer: peer && { ...peer, packetsPerSecond: rate(peer.what), ratio: rate(file) / rate(peer.what) },
  });
  return [
    row("drop", "sink.dp.ts"),
    row("forward", "route.dp.ts", { what: "stack" }),
    row("port-map", "port-map.dp.ts", { what: "nftables", target: 4 }),
  ];
}

export function endToEndTable(rows: readonly EndToEnd[]): string {
  return table(
    ["", "packets/s", "ns", "beside", "packets/s", "ns", "ratio", "at least"],
    rows.map(({ name, packetsPerSecond, peer }) => [
      name,
      packetsPerSecond.toFixed(0),
      (1e9 / packetsPerSecond).toFixed(0),
      peer?.what ?? "",
      peer?.packetsPerSecond.toFixed(0) ?? "",
      peer ? (1e9 / peer.packetsPerSecond).toFixed(0) : "",
      peer?.ratio.toFixed(2) ?? "",
      `${peer?.target ?? ""}`,
    ]),
  );
}
