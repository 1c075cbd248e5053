/** Packets of the tests: clients, services, backends and what stands between. */
import { ipv4, ipv6, mac } from "datapath";
import { Ethernet, Ipv4, Ipv6, Tcp, Udp } from "datapath/headers";
import { packet } from "datapath/testing";

export const router = mac("02:00:00:00:00:01");
export const own = mac("02:00:00:00:00:02");
export const client4 = ipv4("198.51.100.7");
export const client6 = ipv6("2001:db8:c::7");
export const service4 = "192.0.2.10";
export const service6 = "2001:db8:5::10";

export interface Sent {
  readonly from?: number | bigint;
  readonly to?: string;
  readonly port?: number;
  readonly sourcePort?: number;
  readonly syn?: boolean;
  readonly bytes?: number | Uint8Array;
  readonly dscp?: number;
  readonly ecn?: number;
  readonly dontFragment?: boolean;
}

const ethernet = Ethernet.of({ src: router, dst: own });
const payload = (bytes: number | Uint8Array): Uint8Array => (typeof bytes === "number" ? new Uint8Array(bytes).fill(0x5a) : bytes);

/** A TCP packet to a service. */
export function tcp(sent: Sent = {}): Uint8Array {
  const { port = 443, sourcePort = 40_000, syn = false, bytes = 10 } = sent;
  return packet(
    ethernet,
    ip(sent),
    Tcp.of({ srcPort: sourcePort, dstPort: port, flags: syn ? { syn: true } : { ack: true } }),
    payload(bytes),
  );
}
/** A UDP packet to a service. */
export function udp(sent: Sent = {}): Uint8Array {
  const { port = 443, sourcePort = 40_000, bytes = 10 } = sent;
  return packet(ethernet, ip(sent), Udp.of({ srcPort: sourcePort, dstPort: port }), payload(bytes));
}

function ip({ from, to = service4, dscp = 0, ecn = 0, dontFragment = true }: Sent) {
  return to.includes(":")
    ? Ipv6.of({ src: typeof from === "bigint" ? from : client6, dst: ipv6(to), trafficClass: dscp * 4 + ecn })
    : Ipv4.of({ src: typeof from === "number" ? from : client4, dst: ipv4(to), dscp, ecn, dontFragment });
}
