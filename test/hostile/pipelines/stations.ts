/** Whom the pipelines under hostile packets know, and who is among those that send them. */
import { ipv4, ipv6, mac } from "datapath";

export const stations = {
  macs: [mac("02:00:00:00:00:01"), mac("02:00:00:00:00:02")],
  ipv4: [ipv4("10.0.0.1"), ipv4("10.0.0.2"), ipv4("192.0.2.1"), ipv4("198.51.100.1")],
  ipv6: [ipv6("2001:db8::1"), ipv6("2001:db8::2"), ipv6("fe80::1")],
  ports: [80, 443, 53, 12_345, 12_346],
};
/** The address that has published ports, services, and what the inside is seen as. */
export const gate = ipv4("192.0.2.1");
export const gate6 = ipv6("2001:db8::1");
/** The two ports that translations may take: both are soon another flow's. */
export const ports = { first: 12_345, last: 12_346 };
