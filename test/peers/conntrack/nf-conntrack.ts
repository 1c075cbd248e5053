/** The peer: a namespace that forwards between two devices under the kernel's nf_conntrack. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Lab } from "../../lab/lab.js";
import { addresses, type FlowTuple, macs, type Step } from "./frames.js";

export type PacketClass = "invalid" | "new" | "established" | "related" | "untracked" | "lost";

/** nf_conntrack's entry after a packet; state by its number for the protocol, timeout in seconds. */
export interface PeerEntry {
  readonly state: number;
  readonly timeout: number;
  readonly status: number;
}
export interface PeerAnswer {
  readonly class: PacketClass;
  /** against the direction of the packet that began the flow */
  readonly reply: boolean;
  readonly entry: PeerEntry | null;
}
export interface PeerSequence {
  readonly steps: readonly Step[];
  readonly flow: FlowTuple;
}

const script = fileURLToPath(new URL("nf_conntrack.py", import.meta.url));

/** What the classes of `ct state` are written as: the upper five bits of the DSCP, the direction the lowest. */
const classes = ["invalid", "new", "established", "related", "untracked"];

function ruleset(): string {
  const rules = ["ip", "ip6"].flatMap(family =>
    classes.flatMap((name, index) =>
      ["original", "reply"].map((direction, bit) => {
        const protocol = family === "ip" ? "ipv4" : "ipv6";
        const which = name === "invalid" || name === "untracked" ? (bit === 0 ? "" : undefined) : ` ct direction ${direction}`;
        return which === undefined
          ? ""
          : `    meta nfproto ${protocol} ct state ${name}${which} ${family} dscp set ${(index + 1) * 2 + bit} accept`;
      }),
    ),
  );
  return ["table inet peer {", "  chain forward {", "    type filter hook forward priority 0;", ...rules, "  }", "}"].join("\n");
}

/**
 * Sends sequences one after another and says what nf_conntrack made of each packet.
 * @param sysctls of `net.netfilter`
 */
export async function ask(
  sequences: readonly PeerSequence[],
  sysctls: Readonly<Record<string, number>>,
): Promise<readonly (readonly PeerAnswer[])[]> {
  await using lab = await Lab.create();
  const outer = await lab.namespace("outer");
  const router = await lab.namespace("router");
  const links = { mtu: 4000 };
  await lab.connect(
    { namespace: outer, device: "left", mac: macs.client },
    { namespace: router, device: "left", mac: macs.routerToClient, addresses: ["10.0.0.1/24", "fd00:a::1/64"] },
    links,
  );
  await lab.connect(
    { namespace: outer, device: "right", mac: macs.server },
    { namespace: router, device: "right", mac: macs.routerToServer, addresses: ["10.1.0.1/24", "fd00:b::1/64"] },
    links,
  );
  await router.run(["nft", "-f", "-"], { input: ruleset() });
  await router.sysctl({
    "net.ipv4.ip_forward": 1,
    "net.ipv6.conf.all.forwarding": 1,
    ...Object.fromEntries(Object.entries(sysctls).map(([name, value]) => [`net.netfilter.${name}`, value])),
  });
  for (const family of [4, 6] as const) {
    for (const [side, device, address] of [
      ["client", "left", macs.client],
      ["server", "right", macs.server],
    ] as const) {
      await router.ip("neigh", "replace", addresses[family][side], "lladdr", address, "dev", device, "nud", "permanent");
    }
  }
  const input = sequences.map(({ steps, flow }) =>
    steps.map(({ from, after, frame }) => ({
      from: from === "client" ? 0 : 1,
      after,
      flow,
      frame: Buffer.from(frame).toString("hex"),
    })),
  );
  const { stdout } = await outer.run(["python3", script, router.path], { input: JSON.stringify(input), timeout: 60_000 });
  return readAnswers(JSON.parse(stdout));
}

function readAnswers(document: unknown): readonly (readonly PeerAnswer[])[] {
  if (Array.isArray(document)) return document;
  throw new TypeError("the peer did not answer");
}

/** nf_conntrack's own numbers (enum tcp_conntrack, enum sctp_conntrack of linux/netfilter). */
export const tcpStates = [
  "none",
  "synSent",
  "synReceived",
  "established",
  "finWait",
  "closeWait",
  "lastAck",
  "timeWait",
  "close",
  "synSent2",
] as const;
export const sctpStates = [
  "none",
  "closed",
  "cookieWait",
  "cookieEchoed",
  "established",
  "shutdownSent",
  "shutdownReceived",
  "shutdownAckSent",
  "heartbeatSent",
] as const;

/** Whether nf_conntrack is in this kernel and its ruleset can be loaded. */
export function hasNfConntrack(): boolean {
  try {
    readFileSync("/proc/sys/net/netfilter/nf_conntrack_max");
    return true;
  } catch {
    return false;
  }
}
