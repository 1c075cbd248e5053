/** A client, a router and a server with stacks of their own: what one sends through the router comes back, or not. */
import { fileURLToPath } from "node:url";
import { Lab } from "../../lab/lab.js";
import type { Namespace } from "../../lab/namespace.js";

const script = fileURLToPath(new URL("transfer.py", import.meta.url));
export const routerMac = "02:00:00:00:00:02";
const clientAddresses = ["198.51.100.7/24", "2001:db8::7/64"];
const gateAddresses = ["198.51.100.1/24", "2001:db8::1/64"];

export interface StationsOptions {
  readonly mtu?: number;
  /** client and router are joined by VXLAN with UDP checksums: what comes out of it has its sum with it (`CHECKSUM_COMPLETE`) */
  readonly overlay?: boolean;
}

export class Stations implements AsyncDisposable {
  readonly client: Namespace;
  readonly router: Namespace;
  readonly server: Namespace;
  readonly #lab: Lab;
  readonly #overlay: boolean;
  private constructor(lab: Lab, { client, router, server }: Record<"client" | "router" | "server", Namespace>, overlay: boolean) {
    [this.#lab, this.client, this.router, this.server, this.#overlay] = [lab, client, router, server, overlay];
  }

  /** The router's devices are `left`, towards the client, and `right`. */
  static async create({ mtu = 1500, overlay = false }: StationsOptions = {}): Promise<Stations> {
    const lab = await Lab.create();
    try {
      const [client, router, server] = [await lab.namespace("client"), await lab.namespace("router"), await lab.namespace("server")];
      await lab.connect(
        { namespace: client, device: overlay ? "under" : "eth0", ...(!overlay && { addresses: clientAddresses }) },
        {
          namespace: router,
          device: overlay ? "under" : "left",
          ...(!overlay && { mac: routerMac }),
          ...(!overlay && { addresses: gateAddresses }),
        },
        { mtu },
      );
      await lab.connect(
        { namespace: router, device: "right", addresses: ["10.0.0.1/24", "fd00::1/64"] },
        { namespace: server, device: "eth0", addresses: ["10.0.0.5/24", "fd00::5/64"] },
        { mtu },
      );
      if (overlay) {
        await overlaid(client, "eth0", ["192.0.2.1", "192.0.2.2"], clientAddresses);
        await overlaid(router, "left", ["192.0.2.2", "192.0.2.1"], gateAddresses);
      }
      await router.sysctl({
        "net.ipv4.ip_forward": 1,
        "net.ipv6.conf.all.forwarding": 1,
        // On XDP an answer has the router's own address before the stack sees it.
        "net.ipv4.conf.all.accept_local": 1,
        "net.ipv4.conf.all.rp_filter": 0,
        "net.ipv4.conf.right.rp_filter": 0,
      });
      await server.ip("route", "add", "default", "via", "10.0.0.1");
      await server.ip("route", "add", "default", "via", "fd00::1");
      // A new IPv6 address answers no solicitation at first.
      for (const [namespace, address] of [
        [client, "198.51.100.1"],
        [client, "2001:db8::1"],
        [router, "10.0.0.5"],
        [router, "fd00::5"],
      ] as const)
        for (let tries = 0; tries < 10 && !(await namespace.pings(address)); tries++);
      for (const [namespace, port] of [
        [client, 8080],
        [server, 8080],
        [server, 7000],
      ] as const)
        await namespace.serve(["python3", script, "serve", `${port}`], { ready: /ready/ });
      return new Stations(lab, { client, router, server }, overlay);
    } catch (error) {
      await lab.remove();
      throw error;
    }
  }

  /** What devices do for the stacks: cut and join segments, make and check sums. */
  async offload(on: boolean): Promise<void> {
    const devices = [
      [this.client, "eth0"],
      [this.router, "left"],
      [this.router, "right"],
      [this.server, "eth0"],
      // where the outer sum is made, the receiver checks it, and keeps it for what is inside
      ...(this.#overlay ? [[this.client, "under"] as const, [this.router, "under"] as const] : []),
    ] as const;
    for (const [namespace, device] of devices) await namespace.offload(device, { tx: on, tso: on, gso: on, gro: on });
  }

  /** Checksum errors that the stacks counted. */
  async wrong(): Promise<string> {
    const counts = await Promise.all(
      [this.client, this.router, this.server].map(async namespace => {
        const { stdout } = await namespace.run(["nstat", "-as", "*InCsumErrors"]);
        return [...stdout.matchAll(/^(\S+InCsumErrors)\s+([1-9]\d*)/gm)].map(([, name, count]) => `${namespace.name} ${name} ${count}`);
      }),
    );
    return counts.flat().join(", ");
  }
  /** Whether what was sent came back: the words of `transfer.py`. */
  async same(from: Namespace, ...words: readonly (string | number)[]): Promise<boolean> {
    const { code, stderr } = await from.run(["python3", script, ...words.map(String)], { mayFail: true });
    if (stderr !== "") console.error(`${words.join(" ")}: ${stderr.trim().split("\n").at(-1)}`);
    return code === 0;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lab.remove();
  }
}

async function addressed(namespace: Namespace, device: string, addresses: readonly string[]): Promise<void> {
  for (const address of addresses) await namespace.ip("addr", "add", address, "dev", device, ...(address.includes(":") ? ["nodad"] : []));
}

async function overlaid(
  namespace: Namespace,
  device: string,
  [own, peer]: readonly [string, string],
  addresses: readonly string[],
): Promise<void> {
  await namespace.ip("addr", "add", `${own}/24`, "dev", "under");
  const ends = ["local", own, "remote", peer, "dstport", "4789", "dev", "under"];
  await namespace.ip("link", "add", device, "type", "vxlan", "id", "5", ...ends, "udpcsum");
  await namespace.ip("link", "set", device, "up");
  await addressed(namespace, device, addresses);
}
