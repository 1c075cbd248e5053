/** Filter expressions for the comparison with libpcap: written by hand, and made at random from the grammar. */
import { addresses4, addresses6, ports } from "./frames.fixture.js";

export const written: readonly string[] = [
  "",
  "ip",
  "ip6",
  "arp",
  "rarp",
  "tcp",
  "udp",
  "sctp",
  "icmp",
  "icmp6",
  "igmp",
  "pim",
  "vrrp",
  "ah",
  "esp",
  "host 10.0.0.1",
  "src host 10.0.0.1",
  "dst host 10.0.0.1",
  "src or dst host 10.0.0.1",
  "src and dst host 10.0.0.1",
  "dst or src host 10.0.0.2",
  "src 10.0.0.1",
  "dst 10.1.2.3",
  "ip host 10.0.0.1",
  "arp host 10.0.0.1",
  "arp src host 10.0.0.1",
  "rarp dst host 10.0.0.2",
  "ip src 10.0.0.1 and dst 10.1.2.3",
  "host 10",
  "host 0x0a000001",
  "net 10",
  "net 10.0",
  "net 10.0.0",
  "net 10.0.0.0",
  "src net 10.0.0.0/8",
  "dst net 192.168.0.0/16",
  "net 10.0.0.0/30",
  "net 0.0.0.0/0",
  "net 10.0.0.0 mask 255.0.0.0",
  "net 10.0.0.0 mask 255.0.255.0",
  "net 0x0a01",
  "ip net 10.0.0.0/8",
  "arp net 10.0.0.0/8",
  "not net 10.0.0.0/8",
  "host 2001:db8::1",
  "src host 2001:db8::1",
  "dst host fe80::5",
  "ip6 host 2001:db8::1",
  "net 2001:db8::/32",
  "src net 2001:db8:0:1::/64",
  "dst net ff00::/8",
  "net ::/0",
  "ip6 net 2001:db8::/33",
  "host ::ffff:10.0.0.1",
  "not host 2001:db8::1",
  "port 80",
  "src port 80",
  "dst port 80",
  "src or dst port 80",
  "src and dst port 80",
  "tcp port 80",
  "udp port 53",
  "sctp port 22",
  "tcp src port 443",
  "udp dst port 53",
  "port 0x50",
  "port 010",
  "not port 80",
  "portrange 80-443",
  "tcp portrange 1-1023",
  "src portrange 443-80",
  "dst portrange 80",
  "not tcp portrange 20-25",
  "udp portrange 0-65535",
  "tcp dst port 80 or 443",
  "tcp dst port 80 or 443 and src net 10.0.0.0/8",
  "tcp port (80 or 443)",
  "port not 80",
  "tcp port 80 or not 443",
  "tcp port 80 or (443 or 8080)",
  "port 80 and host 10.0.0.1 or 10.0.0.2",
  "tcp port 22 or udp port 53 or 22",
  "host 10.0.0.1 and not port 80 and 443",
  "host (10.0.0.1 or 10.0.0.2) and tcp",
  "tcp port 80 or (udp port 53 or 443)",
  "not (tcp port 80 or udp)",
  "not tcp port 80 or udp",
  "! tcp && ! udp",
  "not not tcp",
  "tcp || udp && port 53",
  "(tcp or udp) and port 53",
  "tcp or udp and port 53",
  "tcp and port 80 or icmp and host 10.0.0.1 or arp",
  "not (not (not ip))",
  "ether host 02:00:00:00:00:01",
  "ether src 02:0:0:0:0:1",
  "ether dst 02:00:00:00:00:02",
  "ether dst host ff:ff:ff:ff:ff:ff",
  "ether broadcast",
  "ether multicast",
  "broadcast",
  "multicast",
  "ip broadcast",
  "ip multicast",
  "ip6 multicast",
  "not ether multicast",
  "ether proto 0x0800",
  "ether proto 0x86dd",
  "ether proto \\arp",
  "ether proto \\ip6",
  "ether proto 0x88cc",
  "not ether proto 0x0806",
  "link host 02:00:00:00:00:01",
  "link[0] & 1 != 0",
  "ip proto 6",
  "ip proto \\tcp",
  "ip proto \\udp",
  "ip proto 47",
  "ip6 proto 6",
  "ip6 proto \\ipv6-icmp",
  "proto 6",
  "proto \\udp",
  "proto 17",
  "not proto 6",
  "ip proto (6 or 17)",
  "ip6 proto 89",
  "tcp[tcpflags] & tcp-syn != 0",
  "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn",
  "tcp[tcpflags] == tcp-syn|tcp-ack",
  "tcp[13] & 2 != 0",
  "tcp[13] = 18",
  "tcp[tcpflags] & tcp-fin != 0 or tcp[tcpflags] & tcp-rst != 0",
  "tcp[tcpflags] & (tcp-ece|tcp-cwr) != 0",
  "tcp[tcpflags] & tcp-push != 0",
  "tcp[tcpflags] & tcp-urg == 0",
  "not tcp[13] & 2 != 0",
  "tcp[2:2] = 80",
  "tcp[2:2] > 1023",
  "tcp[0:4] == 0x9c400050",
  "tcp[4:4] = 1",
  "tcp[12] >> 4 = 5",
  "icmp[icmptype] == icmp-echo",
  "icmp[icmptype] != icmp-echoreply",
  "icmp[icmpcode] = 0",
  "icmp[0] = 8 or icmp[0] = 0",
  "icmp[icmptype] = icmp-unreach",
  "icmp6[icmp6type] = icmp6-echo",
  "icmp6[0] == 129",
  "icmp6[icmp6code] = 1",
  "icmp6[icmp6type] == icmp6-neighborsolicit",
  "udp[4:2] = 12",
  "udp[0:2] = 53",
  "sctp[0:2] = 22",
  "sctp[8] == 0",
  "igmp[0] = 0x11",
  "pim[0] = 0x11",
  "vrrp[1] = 0x22",
  "ip[8] < 5",
  "ip[8] <= 64",
  "ip[0] & 0xf != 5",
  "ip[6:2] & 0x1fff != 0",
  "ip[6:2] & 0x3fff != 0 and not udp",
  "ip[1] & 0xfc >> 2 = 3",
  "(ip[1] & 0xfc) >> 2 == 3",
  "ip[2:2] > len",
  "ip[9] = 6",
  "ip[12:4] = 0x0a000001",
  "ip6[6] = 6",
  "ip6[7] > 60",
  "ip6[8:4] = 0x20010db8",
  "arp[6:2] = 1",
  "arp[7] = 2",
  "rarp[7] = 3",
  "ether[0] & 1 = 0",
  "ether[12:2] = 0x0800",
  "ether[6:4] == 0x02000000",
  "ip[ip[0] & 0xf] > 3",
  "ip[(ip[0] & 0xf) * 4] = 0",
  "tcp[(tcp[12] & 0xf0) >> 2] = 0x68",
  "tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x68656c6c",
  "tcp[100] = 0",
  "not tcp[100] = 0",
  "tcp[-1] > 1",
  "ip[100000] = 1",
  "len > 60",
  "len <= 60",
  "length = 54",
  "greater 60",
  "less 60",
  "not greater 60",
  "greater 60 and less 80",
  "len - 14 > 46",
  "len * 2 > 120",
  "len / 2 > 30",
  "len % 2 = 1",
  "len & 1 = 0",
  "len | 1 = 55",
  "len ^ 1 = 58",
  "len + 1 ^ 3 = 60",
  "len % 2 + 3 = 4",
  "len << 2 > 240",
  "len >> 1 < 30",
  "-len < 4294967236",
  "- len + 60 = 1",
  "len - 2 - 3 = 50",
  "100 - len > 40",
  "5 > len",
  "1 = 1",
  "1 = 2",
  "tcp-syn = 2",
  "len != 60 and 1 < 2",
  "(len) > 60",
  "((len + 1) * 2) >= 122",
  "tcp and (len > 60)",
  "(len > 60) or tcp",
  "ip[8] / (ip[1] & 4) > 3",
  "ip[8] % (ip[1] & 8) = 0",
  "ip[8] << ip[1] = 0",
  "ip[8] >> ip[1] = 0",
];

/** Numbers in 0…1 from a seed, the same everywhere (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An expression from the grammar, of about `depth` levels. */
export function randomExpression(random: () => number, depth = 3): string {
  const one = <T>(list: readonly T[]): T => {
    const found = list[Math.floor(random() * list.length)];
    if (found === undefined) throw new Error("an empty list");
    return found;
  };
  const direction = (): string => one(["", "", "src ", "dst ", "src or dst ", "src and dst "]);
  const prefix4 = (): string => {
    const length = one([8, 16, 24, 30, 32]);
    const octets = one(addresses4).split(".").map(Number);
    const value = octets.reduce((sum, octet) => sum * 256 + octet, 0);
    const masked = Math.floor(value / 2 ** (32 - length)) * 2 ** (32 - length);
    return `${[24, 16, 8, 0].map(shift => Math.floor(masked / 2 ** shift) % 256).join(".")}/${length}`;
  };
  const load = (): string =>
    one([
      "ip[8]",
      "ip[1] & 0xfc",
      "ip[2:2]",
      "tcp[tcpflags] & tcp-syn",
      "tcp[13]",
      "tcp[0:2]",
      "udp[2:2]",
      "icmp[icmptype]",
      "icmp6[0]",
      "ether[1] & 1",
      "ip6[7]",
      "arp[7]",
      "len",
      "len % 7",
      "tcp[12] >> 4",
      "ip[8] + len",
      "ip[0] & 0xf",
    ]);
  const primitive = (): string => {
    switch (Math.floor(random() * 9)) {
      case 0:
        return `${direction()}host ${random() < 0.7 ? one(addresses4) : one(addresses6)}`;
      case 1:
        return `${direction()}net ${random() < 0.7 ? prefix4() : one(["2001:db8::/32", "fe80::/10", "ff00::/8", "2001:db8:0:1::/64"])}`;
      case 2:
        return `${one(["", "", "tcp ", "udp ", "sctp "])}${direction()}port ${one(ports)}`;
      case 3:
        return `${one(["", "tcp ", "udp "])}${direction()}portrange ${one(ports)}-${one(ports)}`;
      case 4:
        return one(["tcp", "udp", "icmp", "icmp6", "arp", "ip", "ip6", "sctp", "igmp", "esp"]);
      case 5:
        return `ether ${one(["src", "dst", "host"])} 02:00:00:00:00:0${one([1, 2])}`;
      case 6:
        return `${load()} ${one(["=", "!=", ">", "<", ">=", "<="])} ${one([0, 1, 2, 5, 8, 18, 64, 80, 443])}`;
      case 7:
        return `${one(["ip", "ip6", "", "ether"])} proto ${one([6, 17, 1, 58])}`
          .replace(/^ether proto.*/, `ether proto ${one(["0x800", "0x806", "0x86dd"])}`)
          .trim();
      default:
        return one(["broadcast", "multicast", "ip multicast", "ip6 multicast", "greater 60", "less 70", "ether broadcast"]);
    }
  };
  if (depth === 0 || random() < 0.2) return primitive();
  const left = randomExpression(random, depth - 1);
  const right = randomExpression(random, depth - 1);
  switch (Math.floor(random() * 6)) {
    case 0:
      return `not ${random() < 0.5 ? primitive() : `(${left})`}`;
    case 1:
      return `(${left}) ${one(["and", "or", "&&", "||"])} ${right}`;
    case 2:
      return `${one(["tcp ", "udp ", ""])}${one(["", "src ", "dst "])}port ${one(ports)} or ${one(ports)}`;
    default:
      return `${left} ${one(["and", "or", "and not", "or not"])} ${random() < 0.5 ? right : `(${right})`}`;
  }
}
