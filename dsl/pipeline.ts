import type { TcPacket, XdpPacket } from "./packet/types.js";
import type { Verdict } from "./verdict.js";

/**
 * What is attached to a target: the default export of a `.dp.ts` file. A method that is there is a hook.
 * @example
 * export default class Edge extends Pipeline {
 *   override ingress(pkt: TcPacket): Verdict { return Verdict.Pass; }
 * }
 */
export abstract class Pipeline {
  /** In a NIC's driver, before the stack. */
  xdp?(pkt: XdpPacket): Verdict;
  /** Traffic that enters the target. */
  ingress?(pkt: TcPacket): Verdict;
  /** Traffic that leaves the target. */
  egress?(pkt: TcPacket): Verdict;
}
