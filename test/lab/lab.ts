/**
 * Network namespaces joined by veth pairs, for tests that send real packets. Everything is named for the process that
 * made it (`dp-<pid>-…`) and is gone when the lab is disposed, when the process exits or is interrupted, and, where it
 * was killed outright, when the next lab begins.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { run } from "./command.js";
import { Namespace } from "./namespace.js";

/** One end of a veth pair. */
export interface End {
  readonly namespace: Namespace;
  readonly device: string;
  /** with their prefix length, of either family: `10.0.0.1/24` */
  readonly addresses?: readonly string[];
  readonly mac?: string;
}

export interface LinkOptions {
  readonly mtu?: number;
  /** transmit and receive queues of both ends, for native XDP on several CPUs */
  readonly queues?: number;
}

const prefix = "dp-";
const living = new Set<Lab>();
let guarded = false;
let labs = 0;

export class Lab implements AsyncDisposable {
  readonly #id = ++labs;
  readonly #namespaces = new Map<string, Namespace>();

  private constructor() {
    living.add(this);
  }

  static async create(): Promise<Lab> {
    guard();
    removeOrphans();
    return new Lab();
  }

  /** Two namespaces, `left` (10.0.0.1, eth0) and `right` (10.0.0.2, eth0), joined by a veth pair. */
  static async pair(options?: LinkOptions): Promise<Lab & { readonly left: Namespace; readonly right: Namespace }> {
    const lab = await Lab.create();
    try {
      const left = await lab.namespace("left");
      const right = await lab.namespace("right");
      await lab.connect(
        { namespace: left, device: "eth0", addresses: ["10.0.0.1/24", "fd00::1/64"] },
        { namespace: right, device: "eth0", addresses: ["10.0.0.2/24", "fd00::2/64"] },
        options,
      );
      return Object.assign(lab, { left, right });
    } catch (error) {
      await lab.remove();
      throw error;
    }
  }

  /** A new namespace with its loopback up, that says nothing of its own accord: no router solicitations, no MLD. */
  async namespace(label: string): Promise<Namespace> {
    if (this.#namespaces.has(label)) throw new Error(`this lab has a namespace "${label}" already`);
    const namespace = new Namespace(`${prefix}${process.pid}-${this.#id}-${label}`);
    this.#namespaces.set(label, namespace);
    await run(["ip", "netns", "add", namespace.name]);
    await namespace.sysctl({
      "net.ipv6.conf.default.accept_ra": 0,
      "net.ipv6.conf.default.router_solicitations": 0,
      "net.ipv6.conf.default.addr_gen_mode": 1, // none: no link-local address
    });
    await namespace.ip("link", "set", "lo", "up");
    return namespace;
  }

  /** Joins two namespaces by a veth pair, both ends up and addressed. */
  async connect(a: End, b: End, options: LinkOptions = {}): Promise<void> {
    const queues = options.queues === undefined ? [] : ["numtxqueues", `${options.queues}`, "numrxqueues", `${options.queues}`];
    await a.namespace.ip(
      ...["link", "add", a.device, ...queues, "type", "veth"],
      ...["peer", "name", b.device, "netns", b.namespace.name, ...queues],
    );
    for (const end of [a, b]) {
      const { namespace, device } = end;
      if (end.mac !== undefined) await namespace.ip("link", "set", device, "address", end.mac);
      if (options.mtu !== undefined) await namespace.ip("link", "set", device, "mtu", `${options.mtu}`);
      await namespace.ip("link", "set", device, "up");
    }
    // Only now: an IPv6 address given to a device that is down answers no solicitation for its first second.
    for (const { namespace, device, addresses } of [a, b]) {
      for (const address of addresses ?? []) {
        const flags = address.includes(":") ? ["nodad"] : [];
        await namespace.ip("addr", "add", address, "dev", device, ...flags);
      }
    }
  }

  /** Stops what was started inside and removes every namespace, and with it its devices. */
  async remove(): Promise<void> {
    for (const namespace of this.#namespaces.values()) await namespace.stopServers();
    this.removeNow();
  }

  /** The same for the way out of the process, where nothing can be awaited. */
  removeNow(): void {
    living.delete(this);
    for (const namespace of this.#namespaces.values()) {
      namespace.killServers();
      spawnSync("ip", ["netns", "delete", namespace.name], { stdio: "ignore" });
    }
    this.#namespaces.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove();
  }
}

function guard(): void {
  if (guarded) return;
  guarded = true;
  const removeAll = () => {
    for (const lab of living) lab.removeNow();
  };
  process.on("exit", removeAll);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      removeAll();
      process.kill(process.pid, signal); // the handler is gone by now: end as the signal says
    });
  }
}

/** Removes namespaces of test processes that were killed before they could. */
function removeOrphans(): void {
  if (!existsSync("/run/netns")) return;
  for (const name of readdirSync("/run/netns")) {
    const pid = /^dp-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) spawnSync("ip", ["netns", "delete", name], { stdio: "ignore" });
  }
}
