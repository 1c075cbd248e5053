/** A router between two devices of a namespace that says nothing of its own: frames go in by hand. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { mac } from "datapath";
import { Lab } from "../../lab/lab.js";
import type { Namespace } from "../../lab/namespace.js";

export type Side = "left" | "right";
export interface Sent {
  readonly device: Side;
  readonly frame: Uint8Array;
}

/** Stations of the left are outside, those of the right inside. */
export const macs = {
  left: mac("02:00:00:00:00:01"),
  routerLeft: mac("02:00:00:00:00:02"),
  routerRight: mac("02:00:00:00:00:03"),
  right: mac("02:00:00:00:00:04"),
} as const;
export const routed = { left: ["198.51.100.1/24", "2001:db8::1/64"], right: ["10.0.0.1/24", "fd00::1/64"] } as const;
const neighbours = {
  left: ["198.51.100.7", "198.51.100.8", "2001:db8::7"],
  right: ["10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.8", "fd00::5"],
} as const;

const script = fileURLToPath(new URL("frames.py", import.meta.url));
const text = (address: number): string =>
  address
    .toString(16)
    .padStart(12, "0")
    .replace(/..(?!$)/g, "$&:");

export class Network implements AsyncDisposable {
  readonly router: Namespace;
  readonly #lab: Lab;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(lab: Lab, router: Namespace, child: ChildProcess, lines: AsyncIterator<string>) {
    this.#lab = lab;
    this.router = router;
    this.#child = child;
    this.#lines = lines;
  }

  static async create(): Promise<Network> {
    const lab = await Lab.create();
    try {
      const outer = await lab.namespace("outer");
      const router = await lab.namespace("router");
      for (const side of ["left", "right"] as const) {
        await lab.connect(
          { namespace: outer, device: side, mac: text(macs[side]) },
          { namespace: router, device: side, mac: text(side === "left" ? macs.routerLeft : macs.routerRight), addresses: routed[side] },
        );
        // What XDP redirects is taken by a veth whose other end polls.
        await outer.offload(side, { gro: true });
        for (const address of neighbours[side])
          await router.ip("neigh", "replace", address, "lladdr", text(macs[side]), "dev", side, "nud", "permanent");
      }
      await router.sysctl({ "net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1, "net.ipv4.icmp_ratelimit": 0 });
      const [program = "", ...args] = outer.inside(["python3", script]);
      const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      await lines.next();
      return new Network(lab, router, child, lines);
    } catch (error) {
      await lab.remove();
      throw error;
    }
  }

  /** What the router makes of a frame. */
  async send({ device, frame }: Sent): Promise<readonly Sent[]> {
    this.#child.stdin?.write(`${JSON.stringify({ device, frame: Buffer.from(frame).toString("hex") })}\n`);
    const { value } = await this.#lines.next();
    const answers: unknown = JSON.parse(String(value));
    if (!Array.isArray(answers)) throw new TypeError(`no list of frames: ${String(value)}`);
    return answers.map(answer => ({ device: answer.device, frame: Uint8Array.from(Buffer.from(answer.frame, "hex")) }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end();
    this.#child.kill("SIGKILL");
    await this.#lab.remove();
  }
}
