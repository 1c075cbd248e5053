import { type Block, type Packet, Pipeline, type TcPacket, Verdict, type XdpPacket } from "../dsl/index.js";

/** A pipeline of one block, on every hook. */
export interface Hosted<B> extends Pipeline {
  readonly block: B;
  xdp(pkt: XdpPacket): Verdict;
  ingress(pkt: TcPacket): Verdict;
  egress(pkt: TcPacket): Verdict;
}

/**
 * A pipeline of one block, for its tests: what the block has no verdict for passes.
 * @param block makes the block, once for each pipeline
 * @param handle the datapath code that calls it
 * @example
 * const alone = hosting(() => new GtpDecap({}), (gtp, pkt) => gtp.handle(pkt));
 * simulate(alone(), "ingress", bytes);
 */
export function hosting<B extends Block>(block: () => B, handle: (block: B, pkt: Packet) => Verdict | undefined): () => Hosted<B> {
  class Host extends Pipeline implements Hosted<B> {
    readonly block = block();
    override xdp(pkt: XdpPacket): Verdict {
      return handle(this.block, pkt) ?? Verdict.Pass;
    }
    override ingress(pkt: TcPacket): Verdict {
      return handle(this.block, pkt) ?? Verdict.Pass;
    }
    override egress(pkt: TcPacket): Verdict {
      return handle(this.block, pkt) ?? Verdict.Pass;
    }
  }
  return () => new Host();
}
