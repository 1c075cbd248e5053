/** What limiting and pacing have in common: rates, buckets, and whose bucket a packet takes from. */
import { Block, type IpLayers, net, type Packet, prefixOf, setting, struct, u8, u16, u32, u64, u128, type ViewClass } from "datapath";
import { type Buckets, bucketsOf, type Charge, indexedBuckets, type Outcome, Taken } from "./buckets.dp.js";
import { type BucketOptions, type KeyPlan, maxRate, type Plan, planOf } from "./options.js";

export class Address4 extends struct({ address: net(u32) }) {}
export class Address6 extends struct({ address: net(u128) }) {}
const ports = { sourcePort: net(u16), destinationPort: net(u16), protocol: u8 };
export class Flow4 extends struct({ source: net(u32), destination: net(u32), ...ports }) {}
export class Flow6 extends struct({ source: net(u128), destination: net(u128), ...ports }) {}
export class Own extends struct({ key: u64 }) {}

/** Ports, and one behind them for packets without. */
const PORTS = 65_537;

/** Of a packet that has no bucket: not IP, or without a key. */
function unlimited(): Outcome {
  return { taken: Taken.Unlimited, time: 0n, start: 0n };
}

/** A block that has buckets. */
export abstract class Limiter<Options extends BucketOptions> extends Block<Options> {
  protected readonly plan: Plan = planOf(this.constructor.name, this.options);
  /** `unit` a second, of each bucket. */
  readonly rate = setting(u32, this.plan.rate, { min: 1, max: maxRate(this.plan.unit) });
  private readonly addresses4 = this.buckets("address", Address4, this.plan.four);
  private readonly addresses6 = this.buckets("address", Address6, this.plan.six);
  private readonly flows4 = this.buckets("flow", Flow4, this.plan.four);
  private readonly flows6 = this.buckets("flow", Flow6, this.plan.six);
  private readonly own = this.buckets("own", Own, true);
  private readonly ports = this.plan.key.kind === "port" ? indexedBuckets(this.plan.table, PORTS) : undefined;
  private readonly all = this.plan.key.kind === "all" ? indexedBuckets(this.plan.table, 1) : undefined;

  private buckets<K>(kind: Plan["key"]["kind"], key: ViewClass<K>, wanted: boolean): Buckets<K> | undefined {
    return wanted && this.plan.key.kind === kind ? bucketsOf(this.plan.table, key, this.plan.maxEntries) : undefined;
  }

  /** What a packet costs where a second is worth `second`, to the nearest. */
  protected costOf(pkt: Packet, second: u64): u64 {
    const rate = BigInt(this.rate.value);
    if (this.plan.unit === "packets") return (second + rate / 2n) / rate;
    return (second * BigInt(pkt.length) + rate / 2n) / rate;
  }

  /** What taking a packet from its bucket means, now. */
  protected abstract charge(pkt: Packet): Charge;

  /** Takes a packet's cost from its bucket. */
  protected takeFor(pkt: Packet): Outcome {
    const { key, walk } = this.plan;
    if (key.kind === "all") return this.all?.take(0, this.charge(pkt)) ?? unlimited();
    const layers = pkt.layers(walk);
    if (layers.family === 0) return unlimited();
    switch (key.kind) {
      case "own": {
        const own = key.of(layers, pkt);
        if (own === undefined) return unlimited();
        return this.own?.take({ key: own }, this.charge(pkt)) ?? unlimited();
      }
      case "port":
        return (
          this.ports?.take(layers.tcp || layers.udp || layers.sctp ? layers.destinationPort : PORTS - 1, this.charge(pkt)) ?? unlimited()
        );
      case "flow":
        return this.takeFlow(layers, this.charge(pkt));
      case "address":
        return this.takeAddress(layers, key, this.charge(pkt));
    }
  }

  private takeFlow(layers: IpLayers, charge: Charge): Outcome {
    const { sourcePort, destinationPort, protocol } = layers;
    if (layers.family === 4)
      return (
        this.flows4?.take({ source: layers.source, destination: layers.destination, sourcePort, destinationPort, protocol }, charge) ??
        unlimited()
      );
    return (
      this.flows6?.take({ source: layers.source, destination: layers.destination, sourcePort, destinationPort, protocol }, charge) ??
      unlimited()
    );
  }

  private takeAddress(layers: IpLayers, key: Extract<KeyPlan, { kind: "address" }>, charge: Charge): Outcome {
    if (layers.family === 4) {
      const address = key.of === "source" ? layers.source : layers.destination;
      return this.addresses4?.take({ address: prefixOf(address, key.ipv4) }, charge) ?? unlimited();
    }
    const address = key.of === "source" ? layers.source : layers.destination;
    return this.addresses6?.take({ address: prefixOf(address, key.ipv6) }, charge) ?? unlimited();
  }
}
