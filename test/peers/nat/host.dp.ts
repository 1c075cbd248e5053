/** A host whose containers have published ports, and are masqueraded: on tc at the outer device, on XDP at both. */
import { Flows, ipv4, ipv6, type Packet, Pipeline, type TcPacket, Verdict, type XdpPacket } from "datapath";
import { Conntrack, Nat44, PortMap } from "datapath/blocks";

const gate = ipv4("198.51.100.1");
const to = { address: ipv4("10.0.0.5"), port: 8080 };
const to6 = { address: ipv6("fd00::5"), port: 8080 };

abstract class Host extends Pipeline {
  readonly flows = new Flows({ maxEntries: 4096, fragments: false, extensions: false });
  readonly conntrack = new Conntrack({ flows: this.flows });
  readonly ports = new PortMap({
    flows: this.flows,
    mappings: (["tcp", "udp"] as const).flatMap(protocol => [
      { protocol, address: gate, port: 80, to },
      { protocol, address: ipv6("2001:db8::1"), port: 80, to: to6 },
    ]),
  });
  readonly nat = new Nat44({ flows: this.flows, inside: ["10.0.0.0/24"], address: gate });

  protected handle(pkt: Packet): Verdict | undefined {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    const published = this.ports.map(tracked);
    if (published instanceof Verdict) return published;
    const mapped = this.nat.map(published);
    if (mapped instanceof Verdict) return mapped;
    return this.conntrack.commit(mapped) ?? this.nat.translate(pkt, mapped);
  }
}
export class HostOnTc extends Host {
  override ingress(pkt: TcPacket): Verdict {
    return this.handle(pkt) ?? Verdict.Pass;
  }
  override egress(pkt: TcPacket): Verdict {
    return this.handle(pkt) ?? Verdict.Pass;
  }
}
/** The stack forwards what was translated. */
export class HostOnXdp extends Host {
  override xdp(pkt: XdpPacket): Verdict {
    return this.handle(pkt) ?? Verdict.Pass;
  }
}

/** A VLAN device in two hooks: IPv4 has a tag outside, and none inside. */
export class Tags extends Pipeline {
  override ingress(pkt: TcPacket): Verdict {
    return untagged(pkt);
  }
  override egress(pkt: TcPacket): Verdict {
    tag(pkt);
    return Verdict.Pass;
  }
}
/** The same in front of the translation, which sees tags. */
export class TaggedHost extends Host {
  override ingress(pkt: TcPacket): Verdict {
    return this.handle(pkt) ?? untagged(pkt);
  }
  override egress(pkt: TcPacket): Verdict {
    tag(pkt);
    return this.handle(pkt) ?? Verdict.Pass;
  }
}

function tag(pkt: TcPacket): void {
  if (pkt.layers({ vlan: false, fragments: false, extensions: false }).family === 4) pkt.vlan = { id: 10 };
}
function untagged(pkt: TcPacket): Verdict {
  pkt.vlan = undefined;
  return Verdict.Pass;
}
