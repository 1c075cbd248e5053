/** One network namespace of a lab: what runs in it sees its devices alone, and the machine's files and bpffs. */
import { type CommandOptions, type CommandResult, run } from "./command.js";
import { Server, type ServerOptions } from "./server.js";

/** Features that `ethtool -K` switches. */
export type Offload = "tx" | "rx" | "gso" | "gro" | "tso" | "rxvlan" | "txvlan";

export class Namespace {
  /** the name that `ip netns` knows */
  readonly name: string;
  /** what a `--netns` option takes */
  readonly path: string;
  readonly #servers = new Set<Server>();

  constructor(name: string) {
    this.name = name;
    this.path = `/run/netns/${name}`;
  }

  /** The command as it runs here: `nsenter` and not `ip netns exec`, which hides /sys/fs/bpf. */
  inside(command: readonly string[]): readonly string[] {
    return ["nsenter", `--net=${this.path}`, ...command];
  }

  run(command: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    return run(this.inside(command), options);
  }

  async serve(command: readonly string[], options?: ServerOptions): Promise<Server> {
    const server = await Server.start(this.inside(command), options);
    this.#servers.add(server);
    return server;
  }

  /** `ip` inside the namespace: `ip("addr", "add", …)`. */
  async ip(...args: readonly string[]): Promise<string> {
    return (await this.run(["ip", ...args])).stdout;
  }

  async offload(device: string, switches: Partial<Readonly<Record<Offload, boolean>>>): Promise<void> {
    const words = Object.entries(switches).flatMap(([name, on]) => [name, on ? "on" : "off"]);
    await this.run(["ethtool", "-K", device, ...words]);
  }

  async sysctl(values: Readonly<Record<string, number | string>>): Promise<void> {
    await this.run(["sysctl", "-qw", ...Object.entries(values).map(([name, value]) => `${name}=${value}`)]);
  }

  /** The interface index of a device, as programs see it. */
  async index(device: string): Promise<number> {
    const links: unknown = JSON.parse(await this.ip("-json", "link", "show", "dev", device));
    const first: unknown = Array.isArray(links) ? links[0] : undefined;
    if (typeof first === "object" && first !== null && "ifindex" in first && typeof first.ifindex === "number") return first.ifindex;
    throw new Error(`no interface index for ${device} in ${this.name}`);
  }

  /** True when one echo request is answered within a second. */
  async pings(address: string): Promise<boolean> {
    return (await this.run(["ping", "-c", "1", "-W", "1", address], { mayFail: true })).code === 0;
  }

  async stopServers(): Promise<void> {
    await Promise.all([...this.#servers].map(server => server.stop()));
    this.#servers.clear();
  }

  killServers(): void {
    for (const server of this.#servers) server.kill();
  }
}
