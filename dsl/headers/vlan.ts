import { bits, flag } from "../core/fields.js";
import { header } from "../core/header.js";
import { u16 } from "../core/integers.js";

/**
 * A VLAN tag (IEEE 802.1Q) behind the EtherType that announced it. The outermost tag of a packet is `pkt.vlan` and
 * never in the bytes that a program sees; this is for the tags inside.
 */
export class Vlan extends header("Vlan", { priority: bits(3), dropEligible: flag, id: bits(12), etherType: u16 }) {}
