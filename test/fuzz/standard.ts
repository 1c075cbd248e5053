/** The headers of datapath/headers that generated programs use. */
import type { Field, Header } from "./model.js";
import type { Width } from "./value.js";

const int = (name: string, bits: Width): Field => ({ name, type: "int", bits, network: true });
const bits = (name: string, width: number): Field => ({ name, type: "bits", width });
const flag = (name: string): Field => ({ name, type: "flag" });

export const standardHeaders: readonly Header[] = [
  { name: "Ethernet", size: 14, fields: [int("dst", 48), int("src", 48), int("etherType", 16)], fixed: [] },
  {
    name: "Arp",
    size: 28,
    fields: [
      int("hardwareType", 16),
      int("protocolType", 16),
      int("hardwareLength", 8),
      int("protocolLength", 8),
      int("operation", 16),
      int("senderMac", 48),
      int("senderIp", 32),
      int("targetMac", 48),
      int("targetIp", 32),
    ],

    fixed: [],
  },
  {
    name: "Ipv4",
    size: 20,
    fields: [
      bits("version", 4),
      bits("ihl", 4),
      bits("dscp", 6),
      bits("ecn", 2),
      int("totalLength", 16),
      int("identification", 16),
      flag("reserved"),
      flag("dontFragment"),
      flag("moreFragments"),
      bits("fragmentOffset", 13),
      int("ttl", 8),
      int("protocol", 8),
      int("checksum", 16),
      int("src", 32),
      int("dst", 32),
    ],

    fixed: [],
  },
  {
    name: "Ipv6",
    size: 40,
    fields: [
      bits("version", 4),
      bits("trafficClass", 8),
      bits("flowLabel", 20),
      int("payloadLength", 16),
      int("nextHeader", 8),
      int("hopLimit", 8),
      int("src", 128),
      int("dst", 128),
    ],

    fixed: [],
  },
  {
    name: "Tcp",
    size: 20,
    fields: [
      int("srcPort", 16),
      int("dstPort", 16),
      int("sequence", 32),
      int("acknowledgement", 32),
      bits("dataOffset", 4),
      bits("reserved", 4),
      { name: "flags", type: "flags", names: ["cwr", "ece", "urg", "ack", "psh", "rst", "syn", "fin"] },
      int("window", 16),
      int("checksum", 16),
      int("urgent", 16),
    ],

    fixed: ["checksum"],
  },
  {
    name: "Udp",
    size: 8,
    fields: [int("srcPort", 16), int("dstPort", 16), int("length", 16), int("checksum", 16)],

    fixed: ["checksum"],
  },
  {
    name: "Icmp",
    size: 8,
    fields: [int("type", 8), int("code", 8), int("checksum", 16), int("rest", 32)],

    fixed: ["checksum"],
  },
  {
    name: "Icmpv6",
    size: 8,
    fields: [int("type", 8), int("code", 8), int("checksum", 16), int("rest", 32)],

    fixed: ["checksum"],
  },
  {
    name: "Vxlan",
    size: 8,
    fields: [
      flag("groupPolicy"),
      bits("reservedHigh", 3),
      flag("validIdentifier"),
      bits("reservedLow", 3),
      flag("dontLearn"),
      flag("policyApplied"),
      int("groupId", 16),
      bits("networkIdentifier", 24),
      int("reserved", 8),
    ],

    fixed: [],
  },
  {
    name: "Gre",
    size: 4,
    fields: [flag("hasChecksum"), flag("hasKey"), flag("hasSequence"), bits("version", 3), int("protocol", 16)],

    fixed: [],
  },
];
