/** Wrong options are refused when the block is made, with the option, its value and what is allowed. */
import { mac } from "datapath";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LoadBalancer } from "./load-balancer.dp.js";

const services = [{ address: "192.0.2.1", port: 80, protocol: "tcp", backends: [{ address: "10.0.0.1" }] }];
const mode = { kind: "ipip", source: "10.0.0.254" };
const base = { services, mode };
const one = (more: object) => ({ ...base, services: [{ ...services[0], ...more }] });
const backed = (backend: object, more: object = {}) => ({ ...one({ backends: [backend] }), ...more });

const wrong: readonly (readonly [what: string, options: object, said: RegExp])[] = [
  ["no service", { mode }, /option services is \[\]; allowed is one or more, or room/],
  ["no mode", { services }, /option mode is undefined; allowed is one with kind "ipip"/],
  ["another mode", { ...base, mode: { kind: "teleport" } }, /option mode is \{"kind":"teleport"\}; allowed is/],
  ["a source that is none", { ...base, mode: { ...mode, source: "10.0.0" } }, /option mode.source is "10.0.0"; allowed is/],
  [
    "spread without room",
    { ...base, mode: { ...mode, spread: true } },
    /option mode.source is "10.0.0.254"; allowed is an address whose last 16 bits are 0/,
  ],
  [
    "an MTU that is too small",
    { ...base, mode: { ...mode, mtu: 1000 } },
    /option mode.mtu is 1000; allowed is a whole number of 1280 to 65535/,
  ],
  [
    "an MTU that IPv6 clients could not obey",
    { ...base, mode: { ...mode, mtu: 1290 } },
    /option mode.mtu is 1290; allowed is 1300 or more/,
  ],
  [
    "a next hop that is a group",
    { ...base, mode: { ...mode, nextHop: mac("01:00:5e:00:00:01") } },
    /option mode.nextHop is 1101088686081; allowed is the address of one station/,
  ],
  ["a ring that is no prime", { ...base, ringSize: 65_536 }, /option ringSize is 65536; allowed is a prime of 251 to 131071/],
  ["backends that are no power of two", { ...base, maxBackends: 100 }, /option maxBackends is 100; allowed is a power of two/],
  [
    "more backends than there is room for",
    { ...one({ backends: [1, 2, 3].map(i => ({ address: `10.0.0.${i}` })) }), maxBackends: 2 },
    /option maxBackends is 2; allowed is 3 or more/,
  ],
  ["no flows", { ...base, maxFlows: 0 }, /option maxFlows is 0; allowed is a whole number of 1 to 67108864/],
  ["another table", { ...base, table: "drawer" }, /option table is "drawer"; allowed is "lruHash" or "flowTable"/],
  ["families", { ...base, families: [5] }, /LoadBalancer: the option families is \[5\]; allowed is/],
  ["an address", one({ address: "192.0.2.256" }), /option services\[0\].address is "192.0.2.256"; allowed is an address or a prefix/],
  ["bits outside the prefix", one({ address: "192.0.2.1/24" }), /option services\[0\].address is "192.0.2.1\/24"; allowed is/],
  ["a port", one({ port: 0 }), /option services\[0\].port is 0; allowed is a whole number of 1 to 65535, or none/],
  ["a protocol", one({ protocol: "icmp" }), /option services\[0\].protocol is "icmp"; allowed is "tcp", "udp" or "sctp"/],
  ["a scheduler", one({ scheduler: "random" }), /option services\[0\].scheduler is "random"; allowed is "maglev"/],
  [
    "sources of another family",
    one({ sources: ["2001:db8::/32"] }),
    /option services.sources is "2001:db8::\/32"; allowed is prefixes of the service's own family, IPv4/,
  ],
  [
    "more sources than room",
    { ...one({ sources: ["10.0.0.0/8", "11.0.0.0/8"] }), maxSources: 1 },
    /option maxSources is 1; allowed is as many/,
  ],
  [
    "sticky without room for clients",
    one({ sticky: true }),
    /option services\[0\].sticky is true; allowed is false, or true with the option affinity/,
  ],
  ["a backend's address", backed({ address: "10.0.0.0/8" }), /option backends.address is "10.0.0.0\/8"; allowed is an address/],
  [
    "a backend of another family than the underlay",
    backed({ address: "2001:db8::1" }),
    /option backends.address is "2001:db8::1"; allowed is an address of the family of mode.source/,
  ],
  ["a weight", backed({ address: "10.0.0.1", weight: 0 }), /option backends.weight is 0; allowed is a whole number of 1 to 65535/],
  ["a state", backed({ address: "10.0.0.1", state: "ill" }), /option backends.state is "ill"; allowed is "up", "draining" or "down"/],
  ["a port in a mode that keeps it", backed({ address: "10.0.0.1", port: 8080 }), /option backends.port is 8080; allowed is none/],
  [
    "no station in mode l2",
    backed({ address: "10.0.0.1" }, { mode: { kind: "l2" } }),
    /option backends.mac is 0; allowed is the address of one station/,
  ],
  [
    "affinity without time",
    { ...base, affinity: { maxEntries: 1, seconds: 0 } },
    /option affinity.seconds is 0; allowed is a whole number of 1 to 1000000/,
  ],
  ["a QUIC configuration", { ...base, quic: { configuration: 7 } }, /option quic.configuration is 7; allowed is a whole number of 0 to 6/],
  [
    "a GUE variant",
    { ...base, mode: { ...mode, kind: "gue", variant: 2 } },
    /option mode.variant is 2; allowed is a whole number of 0 to 1/,
  ],
];
for (const [what, options, said] of wrong) {
  test(`${what} is refused`, () => {
    assert.throws(() => Reflect.construct(LoadBalancer, [options]), said);
  });
}
test("what is right is not", () => {
  Reflect.construct(LoadBalancer, [base]);
});

test.run();
