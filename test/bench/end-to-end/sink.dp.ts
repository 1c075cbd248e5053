import { Pipeline, Verdict, type XdpPacket } from "datapath";

/** Takes all that arrives, as cheaply as can be: the device counts it. */
export default class Sink extends Pipeline {
  override xdp(_pkt: XdpPacket): Verdict {
    return Verdict.drop("arrived");
  }
}
