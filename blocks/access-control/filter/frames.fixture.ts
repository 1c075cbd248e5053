/** Frames for the filter's tests: every protocol that a filter can tell apart, fragments, options, tags, and cut ones. */

export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/[^0-9a-fA-F]/g, ""), "hex"));
const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap(part => [...part]));
const number16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255);

const stations = ["02 00 00 00 00 01", "02 00 00 00 00 02", "ff ff ff ff ff ff", "01 00 5e 00 00 01"].map(hex);
export const addresses4 = ["10.0.0.1", "10.0.0.2", "10.1.2.3", "192.168.7.9", "224.0.0.5", "255.255.255.255"];
export const addresses6 = ["2001:db8::1", "2001:db8:0:1::2", "fe80::5", "ff02::1"];
export const ports = [22, 53, 80, 443, 8080, 40000];

const octets = (address: string): Uint8Array => Uint8Array.from(address.split(".").map(Number));
function groups(address: string): Uint8Array {
  const [head = "", tail = ""] = address.split("::").map(half => half);
  const of = (half: string): number[] =>
    half
      .split(":")
      .filter(Boolean)
      .map(group => Number.parseInt(group, 16));
  const before = of(head);
  const after = of(tail);
  return join(...[...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after].map(number16));
}

export const ethernet = (type: number, to = 1, from = 0): Uint8Array =>
  join(stations[to] ?? hex(""), stations[from] ?? hex(""), number16(type));
export const tag = (id: number, type: number): Uint8Array => join(number16(id), number16(type));

interface V4 {
  readonly from: string;
  readonly to: string;
  readonly protocol: number;
  readonly fragment?: number;
  readonly tos?: number;
  readonly ttl?: number;
  readonly options?: Uint8Array;
}
export function ipv4(header: V4, payload: Uint8Array): Uint8Array {
  const options = header.options ?? new Uint8Array(0);
  const words = 5 + options.length / 4;
  return join(
    Uint8Array.of(0x40 | words, header.tos ?? 0),
    number16(words * 4 + payload.length),
    hex("1234"),
    number16(header.fragment ?? 0),
    Uint8Array.of(header.ttl ?? 64, header.protocol, 0, 0),
    octets(header.from),
    octets(header.to),
    options,
    payload,
  );
}
export const ipv6 = (from: string, to: string, next: number, payload: Uint8Array, trafficClass = 0): Uint8Array =>
  join(
    Uint8Array.of(0x60 | (trafficClass >> 4), (trafficClass & 15) << 4, 0, 0),
    number16(payload.length),
    Uint8Array.of(next, 61),
    groups(from),
    groups(to),
    payload,
  );

export const tcp = (from: number, to: number, flags: number): Uint8Array =>
  join(number16(from), number16(to), hex("00000001 00000002 50"), Uint8Array.of(flags), hex("2000 0000 0000"), hex("68656c6c6f"));
export const udp = (from: number, to: number): Uint8Array => join(number16(from), number16(to), number16(12), hex("0000 61626364"));
export const sctp = (from: number, to: number): Uint8Array => join(number16(from), number16(to), hex("00000007 00000000 01000004"));
export const icmp = (type: number, code: number): Uint8Array => join(Uint8Array.of(type, code), hex("0000 0001 0001 61626364"));
export const arp = (operation: number, sender: string, target: string): Uint8Array =>
  join(hex("0001 0800 06 04"), number16(operation), hex("020000000001"), octets(sender), hex("000000000000"), octets(target));

const pick = <T>(list: readonly T[], i: number, fallback: T): T => list[i % list.length] ?? fallback;

/** Untagged and whole, IPv6 without extension headers. */
export function plainFrames(): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const flags = [0x02, 0x12, 0x10, 0x18, 0x11, 0x04, 0x00, 0xc2];
  for (let i = 0; i < 36; i++) {
    const header = { from: pick(addresses4, i, ""), to: pick(addresses4, i * 5 + 1 + (i >> 2), ""), tos: (i * 4) & 255, ttl: 1 + i * 3 };
    const [source, destination] = [pick(ports, i * 7 + 1, 0), pick(ports, i * 3 + (i >> 1), 0)];
    const link = ethernet(0x0800, i & 3, (i >> 1) & 1);
    frames.push(join(link, ipv4({ ...header, protocol: 6 }, tcp(source, destination, pick(flags, i, 0)))));
    if (i % 2 === 0) frames.push(join(link, ipv4({ ...header, protocol: 17 }, udp(source, destination))));
    if (i % 4 === 0) frames.push(join(link, ipv4({ ...header, protocol: 132 }, sctp(source, destination))));
    if (i % 3 === 0) frames.push(join(link, ipv4({ ...header, protocol: 1 }, icmp(pick([8, 0, 3, 11, 5], i / 3, 8), i % 5))));
    if (i % 6 === 0)
      frames.push(join(link, ipv4({ ...header, protocol: pick([2, 50, 51, 103, 112, 47], i / 6, 2) }, hex("11 22 33 44 55 66 77 88"))));
    // options, first and later fragments
    if (i % 5 === 0)
      frames.push(
        join(link, ipv4({ ...header, protocol: 6, options: hex("94040000 01010101") }, tcp(source, destination, pick(flags, i, 0)))),
      );
    if (i % 5 === 1)
      frames.push(join(link, ipv4({ ...header, protocol: pick([6, 17], i, 6), fragment: 0x2000 }, tcp(source, destination, 0x10))));
    if (i % 5 === 2)
      frames.push(
        join(
          link,
          ipv4({ ...header, protocol: pick([17, 6, 1], i, 6), fragment: i % 2 ? 0x2010 : 0x00b9 }, tcp(source, destination, 0x10)),
        ),
      );

    const [from, to] = [pick(addresses6, i, ""), pick(addresses6, i * 3 + 1, "")];
    const link6 = ethernet(0x86dd, i & 1, 1);
    if (i % 2 === 0) frames.push(join(link6, ipv6(from, to, 6, tcp(source, destination, pick(flags, i, 0)), (i * 4) & 255)));
    if (i % 3 === 0) frames.push(join(link6, ipv6(from, to, 17, udp(source, destination))));
    if (i % 4 === 0) frames.push(join(link6, ipv6(from, to, 58, icmp(pick([128, 129, 1, 135], i / 4, 128), i % 2))));
    if (i % 9 === 0) frames.push(join(link6, ipv6(from, to, pick([132, 50, 89], i / 9, 132), sctp(source, destination))));
    if (i % 4 === 0) frames.push(join(ethernet(0x0806, 2, i & 1), arp(1 + (i & 1), header.from, header.to)));
    if (i % 12 === 0) frames.push(join(ethernet(0x8035, 2, i & 1), arp(3, header.from, header.to)));
  }
  frames.push(join(ethernet(0x88cc), hex("0207 0400 0000 0001")), join(ethernet(0x0026), hex("4242 03 0000 00")));
  return frames;
}

/** Untagged frames that end inside a header. */
export function cutFrames(): Uint8Array[] {
  const whole = [
    join(ethernet(0x0800), ipv4({ from: "10.0.0.1", to: "10.1.2.3", protocol: 6 }, tcp(40000, 80, 0x02))),
    join(ethernet(0x0800), ipv4({ from: "10.0.0.2", to: "192.168.7.9", protocol: 17 }, udp(53, 40000))),
    join(ethernet(0x0800), ipv4({ from: "10.0.0.2", to: "10.0.0.1", protocol: 1 }, icmp(8, 0))),
    join(ethernet(0x86dd), ipv6("2001:db8::1", "fe80::5", 6, tcp(40000, 443, 0x02))),
    join(ethernet(0x86dd), ipv6("2001:db8::1", "fe80::5", 58, icmp(128, 0))),
    join(ethernet(0x0806, 2), arp(1, "10.0.0.1", "10.0.0.2")),
  ];
  return whole.flatMap(frame => Array.from({ length: frame.length - 14 }, (_, i) => frame.subarray(0, 14 + i)));
}

/** Tags and extension headers: where this package sees more than libpcap. */
export const behindTag = (frame: Uint8Array, id: number, type = 0x8100): Uint8Array =>
  join(frame.subarray(0, 12), number16(type), number16(id), frame.subarray(12));
export const hopByHop = (next: number): Uint8Array => join(Uint8Array.of(next, 0), hex("0104 0000 0000"));
export const fragmentHeader = (next: number, offset: number, more: boolean): Uint8Array =>
  join(Uint8Array.of(next, 0), number16((offset << 3) | (more ? 1 : 0)), hex("00000001"));
export { join };
