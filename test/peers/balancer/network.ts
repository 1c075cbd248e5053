/** A client, a balancer and three servers on one link: what servers send reaches the client past the balancer. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeBundle } from "../../../codegen/bundle/write-bundle.js";
import { type Compilation, compile } from "../../../codegen/compile.js";
import { attach, type Deployment, detach } from "../../../runtime/index.js";
import { Lab } from "../../lab/lab.js";
import type { Namespace } from "../../lab/namespace.js";

export const SERVICE = "192.0.2.10";
export const PORT = 8080;
export const servers = [11, 12, 13] as const;
export const serverMac = (host: number): string => `02:00:00:00:00:${host}`;

const program = fileURLToPath(new URL("server.mjs", import.meta.url));
const opener = fileURLToPath(new URL("open.fixture.dp.ts", import.meta.url));
const root = `/sys/fs/bpf/datapath-balancer-${process.pid}`;

const bundles = new Map<string, Promise<NonNullable<Compilation["bundle"]>>>();
/** Each file is built once. */
function built(file: string): Promise<NonNullable<Compilation["bundle"]>> {
  const known = bundles.get(file) ?? build(file);
  bundles.set(file, known);
  return known;
}
async function build(file: string): Promise<NonNullable<Compilation["bundle"]>> {
  const { bundle, diagnostics } = await compile(file);
  if (!bundle) throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n"));
  return bundle;
}

export class Network implements AsyncDisposable {
  readonly lab: Lab;
  readonly client: Namespace;
  readonly balancer: Namespace;
  readonly servers: readonly Namespace[];
  readonly #folder = mkdtempSync(join(tmpdir(), "datapath-balancer-"));
  readonly #attached: string[] = [];
  #count = 0;

  private constructor(lab: Lab, client: Namespace, balancer: Namespace, all: readonly Namespace[]) {
    this.lab = lab;
    this.client = client;
    this.balancer = balancer;
    this.servers = all;
  }

  static async create(): Promise<Network> {
    const lab = await Lab.create();
    const link = await lab.namespace("link");
    await link.ip("link", "add", "br0", "type", "bridge");
    await link.ip("link", "set", "br0", "up");
    const join = async (label: string, host: number): Promise<Namespace> => {
      const namespace = await lab.namespace(label);
      await lab.connect(
        { namespace: link, device: `to-${label}` },
        { namespace, device: "eth0", addresses: [`10.9.0.${host}/24`], mac: `02:00:00:00:00:${host}` },
      );
      await link.ip("link", "set", `to-${label}`, "master", "br0");
      return namespace;
    };
    const client = await join("client", 20);
    const balancer = await join("balancer", 30);
    const all: Namespace[] = [];
    for (const host of servers) {
      const server = await join(`server${host}`, host);
      await server.ip("addr", "add", `${SERVICE}/32`, "dev", "lo");
      await server.serve([process.execPath, program, "serve", `${host}`, `${PORT}`], { ready: /listening/ });
      all.push(server);
    }
    await client.ip("route", "add", `${SERVICE}/32`, "via", "10.9.0.30");
    await balancer.sysctl({ "net.ipv4.ip_forward": 1, "net.ipv4.conf.all.send_redirects": 0, "net.ipv4.conf.eth0.send_redirects": 0 });
    // Its neighbours are known before the first packet needs them.
    for (const host of servers) await balancer.ip("neigh", "replace", `10.9.0.${host}`, "lladdr", serverMac(host), "dev", "eth0");
    return new Network(lab, client, balancer, all);
  }

  /** Builds a pipeline and attaches it in a namespace. */
  async attach<P>(namespace: Namespace, file: string): Promise<Deployment<P>> {
    const bundle = await built(file);
    const folder = join(this.#folder, `${++this.#count}.dpo`);
    const name = `lab${process.pid}x${this.#count}`;
    const failed = writeBundle(folder, { ...bundle, manifest: { ...bundle.manifest, name } });
    if (failed) throw new Error(failed.message);
    const deployment = await attach<P>(folder, { netns: namespace.path, dev: "eth0" }, { root, notice: () => {} });
    this.#attached.push(name);
    return deployment;
  }
  /** Takes off what was attached last. */
  async detachLast(): Promise<void> {
    const name = this.#attached.pop();
    if (name !== undefined) await detach(name, { root });
  }
  /** What opens outer headers, in front of every server. */
  async openers(): Promise<void> {
    for (const server of this.servers) await this.attach(server, opener);
  }

  /** Opens connections one after the other; who answered how often. */
  async open(count: number): Promise<Readonly<Record<string, number>>> {
    const { stdout } = await this.client.run([process.execPath, program, "open", SERVICE, `${PORT}`, `${count}`]);
    return JSON.parse(stdout);
  }
  async fetch(bytes: number): Promise<{ readonly name: string; readonly got: number }> {
    const { stdout } = await this.client.run([process.execPath, program, "fetch", SERVICE, `${PORT}`, `${bytes}`]);
    return JSON.parse(stdout);
  }
  /** Connections that are kept busy, and how they fare. */
  async hold(count: number): Promise<() => Promise<readonly Stream[]>> {
    const holder = await this.client.serve([process.execPath, program, "hold", SERVICE, `${PORT}`, `${count}`], { ready: /report/ });
    return async () => {
      const seen = holder.output.length;
      await new Promise(resolve => setTimeout(resolve, 250));
      const reports = [...holder.output.slice(seen).matchAll(/report (.*)\n/g)];
      return JSON.parse(reports.at(-1)?.[1] ?? "[]");
    };
  }

  /** Bytes that a namespace's device got. */
  async received(namespace: Namespace): Promise<number> {
    const links: readonly { readonly stats64: { readonly rx: { readonly bytes: number } } }[] = JSON.parse(
      await namespace.ip("-json", "-stats", "link", "show", "dev", "eth0"),
    );
    return links[0]?.stats64.rx.bytes ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#attached) await detach(name, { root });
    await this.lab.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export interface Stream {
  readonly name: string;
  readonly sent: number;
  readonly got: number;
  readonly broken: string | null;
}
