import { Pipeline, Verdict, type XdpPacket } from "datapath";

/** Forwards by the kernel's routes and neighbours: what every router on XDP does beside its own work. */
export default class Route extends Pipeline {
  override xdp(_pkt: XdpPacket): Verdict {
    return Verdict.route();
  }
}
