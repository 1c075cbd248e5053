/** Tags that are set and popped where the program has changed what the kernel took for the packet's protocol. */
import { test } from "uvu";
import { Ethernet, Ipv4, Udp, Vlan } from "../../dsl/headers/index.js";
import { Encap, type Packet, Pipeline, type TcPacket, u8, u16, u32, Verdict, type XdpPacket } from "../../dsl/index.js";
import { packet } from "../../testing/packet.js";
import { agree, type Case } from "./agree.js";

/** The first four bytes say what to do. */
class Steps extends Pipeline {
  change(pkt: Packet, step: u8): boolean {
    if (step === 1) return pkt.write(12, u16, 0x0800);
    if (step === 2) return pkt.write(12, u16, 0x8100);
    if (step === 3) return pkt.write(12, u32, 0x88a8_2123);
    if (step === 4) return pkt.grow(4);
    if (step === 5) return pkt.trim(16);
    return this.tag(pkt, step);
  }
  tag(pkt: Packet, step: u8): boolean {
    if (step === 8) pkt.vlan = { id: 300, priority: 3 };
    if (step === 9) pkt.vlan = undefined;
    return true;
  }
  room(pkt: Packet, step: u8): boolean {
    if (step === 6) return pkt.insert(14, 20, Encap.Ip4);
    if (step === 7) return pkt.remove(40, 8);
    return true;
  }
  move(pkt: Packet): Verdict {
    const first = pkt.read(0, u8);
    const second = pkt.read(1, u8);
    const third = pkt.read(2, u8);
    const fourth = pkt.read(3, u8);
    if (first === undefined || second === undefined || third === undefined || fourth === undefined) return Verdict.Pass;
    if (!this.change(pkt, first)) return Verdict.drop("first");
    if (!this.change(pkt, second)) return Verdict.drop("second");
    if (!this.tag(pkt, third)) return Verdict.drop("third");
    if (!this.room(pkt, fourth)) return Verdict.drop("fourth");
    const length = pkt.length;
    return pkt.write(0, u8, length % 256) ? Verdict.Pass : Verdict.drop("cut");
  }
  override xdp(pkt: XdpPacket): Verdict {
    return this.move(pkt);
  }
  override ingress(pkt: TcPacket): Verdict {
    return this.move(pkt);
  }
}
function* steps(): Generator<Case> {
  const tags = [[], [Vlan.of({ id: 10 })], [Vlan.of({ id: 10 }), Vlan.of({ id: 20 })]];
  for (const front of tags) {
    for (const first of [0, 1, 3, 4, 5, 8]) {
      for (const second of [0, 1, 2, 4, 8, 9]) {
        for (const third of [8, 9]) {
          for (const fourth of [0, 6, 7]) {
            const bytes = packet(
              Ethernet.of(),
              ...front,
              Ipv4.of(),
              Udp.of(),
              new Uint8Array(60).map((_, i) => i),
            );
            bytes.set([first, second, third, fourth]);
            yield { what: `${front.length} tags; ${first}, ${second}, ${third}, ${fourth}`, bytes };
          }
        }
      }
    }
  }
}
test("tags go by the frame's bytes, whatever was written and moved before", async () => {
  await agree(() => new Steps(), ["xdp", "ingress"], [...steps()]);
});

test.run();
