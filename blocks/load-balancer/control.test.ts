/** Changes while running, seen by packets in Node. */
import { ipv4, mac, Verdict } from "datapath";
import { hosting, simulate } from "datapath/testing";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { BalancerControl, type ControlledMap, type ControlledMaps } from "./control.js";
import { service4, tcp } from "./frames.fixture.js";
import { LoadBalancer } from "./load-balancer.dp.js";
import type { BackendOptions, LoadBalancerOptions } from "./options.js";
import { noBackend } from "./plan.js";

const server = (number: number, weight = 1): BackendOptions => ({
  address: `10.0.0.${number}`,
  mac: mac("02:00:00:00:0b:00") + number,
  weight,
});
const options: LoadBalancerOptions = {
  services: [{ address: service4, port: 443, protocol: "tcp", backends: [server(1), server(2), server(3), server(4)] }],
  liveServices: { maxEntries: 2, anyPort: true, prefixes: true },
  mode: { kind: "l2" },
  maxBackends: 8,
  ringSize: 1021,
};

/** An array of structs as a live map gives it: plain values, not views. */
function array<V extends object>(at: (index: number) => V | undefined, names: readonly string[]): ControlledMap<number, V> {
  return {
    get: index => at(index) && (Object.fromEntries(names.map(name => [name, Reflect.get(at(index) ?? {}, name)])) as V),
    set: (index, value) => Object.assign(at(index) ?? {}, value),
    delete: () => false,
  };
}
function mapsOf(block: LoadBalancer): ControlledMaps {
  return {
    backends: array(index => block.backends.get(index), Object.keys(noBackend)),
    services: array(index => block.services.get(index), ["ring", "places", "scheduler", "restricted", "sticky", "used"]),
    rings: {
      set(index, { backends }) {
        const part = block.rings.at(index);
        for (const [place, number] of backends.entries()) part.backends[place] = number;
      },
    },
    services4: block.services4,
    services6: block.services6,
    prefixes4: block.prefixes4,
    prefixes6: block.prefixes6,
    sources4: block.sources4,
    sources6: block.sources6,
  };
}

function running(given: LoadBalancerOptions = options) {
  const pipeline = hosting(
    () => new LoadBalancer(given),
    (block, pkt) => block.balance(pkt),
  )();
  const control = new BalancerControl(mapsOf(pipeline.block), given);
  /** The number of the server that gets a packet; -1 where it is dropped, undefined where it is left alone. */
  const station = (sent: Parameters<typeof tcp>[0]): number | undefined => {
    const { verdict, bytes } = simulate(pipeline, "xdp", tcp(sent));
    return verdict === Verdict.Reflect ? bytes[5] : verdict === Verdict.Pass ? undefined : -1;
  };
  const flows = (count: number, first = 1024): (number | undefined)[] =>
    Array.from({ length: count }, (_, i) => station({ sourcePort: first + i }));
  return { control, station, flows };
}
const count = (list: readonly (number | undefined)[], what: number): number => list.filter(each => each === what).length;

test("when a backend goes down its flows move, and no other", () => {
  const { control, flows } = running();
  const before = flows(200);
  control.setState(1, "down");
  const after = flows(200);
  assert.ok(count(before, 2) > 20);
  assert.is(count(after, 2), 0);
  for (const [i, station] of before.entries()) if (station !== 2) assert.is(after[i], station);
  control.setState(1, "up");
  assert.equal(flows(200), after, "flows stay where they went");
  assert.ok(count(flows(200, 5000), 2) > 20, "new flows come back");
});

test("a draining backend keeps its flows and gets no new ones", () => {
  const { control, flows } = running();
  const before = flows(200);
  control.setState(2, "draining");
  assert.equal(flows(200), before);
  assert.is(count(flows(200, 5000), 3), 0);
  assert.equal(
    control.backends(0).map(({ state }) => state),
    ["up", "up", "draining", "up"],
  );
});

test("a backend that is added takes its share of new flows, and none of the others'", () => {
  const { control, flows } = running();
  const before = flows(200);
  assert.is(control.addBackend(0, server(5, 4)), 4);
  assert.equal(flows(200), before);
  const share = count(flows(400, 5000), 5);
  assert.ok(share > 140 && share < 260, `${share} of 400, fair are 200`);
});

test("a number that is given again keeps nothing of who had it", () => {
  const { control, flows } = running();
  const before = flows(200);
  control.removeBackend(0);
  assert.is(count(flows(200), 1), 0);
  assert.is(control.addBackend(0, server(6)), 0);
  const after = flows(200);
  for (const [i, station] of before.entries()) if (station !== 1) assert.is(after[i], station);
  assert.is(count(after, 6), 0, "its predecessor's flows have found others by now");
});

test("weights change what new flows get", () => {
  const { control, flows } = running();
  control.setWeights(0, new Map([[0, 100], [1, 1], [2, 1], [3, 1]])); // biome-ignore format: one line
  assert.ok(count(flows(200), 1) > 180);
  control.setWeight(0, 1);
  const share = count(flows(400, 5000), 1);
  assert.ok(share > 60 && share < 140, `${share} of 400, fair are 100`);
  control.setScheduler(0, "roundRobin");
  assert.is(count(flows(100, 9000), 1), 25);
});

test("services come and go", () => {
  const { control, station } = running();
  const web = { address: "192.0.2.50", port: 80, protocol: "tcp", backends: [server(7)] } as const;
  assert.is(station({ to: "192.0.2.50", port: 80 }), undefined);
  assert.is(control.addService(web), 1);
  assert.is(station({ to: "192.0.2.50", port: 80 }), 7);
  assert.is(control.addService({ address: "203.0.113.0/24", protocol: "tcp", sources: ["198.51.100.0/24"], backends: [server(8)] }), 2);
  assert.is(station({ to: "203.0.113.9", port: 8080 }), 8);
  assert.is(station({ to: "203.0.113.9", port: 8080, from: ipv4("198.51.99.1") }), -1);
  assert.throws(() => control.addService({ ...web, port: 81 }), /liveServices.*more entries: there is no number left/);
  control.removeService(web);
  assert.is(station({ to: "192.0.2.50", port: 80 }), undefined);
  assert.is(control.backends(1).length, 0);
  assert.is(control.addService({ ...web, port: 81 }), 1);
  assert.is(station({ to: "192.0.2.50", port: 81 }), 7);
});

test("what cannot be is refused", () => {
  const { control } = running();
  assert.throws(() => control.setState(7, "down"), /the option backend is 7; allowed is the number of a backend that there is/);
  assert.throws(() => control.setWeight(0, 0), /the option weight is 0; allowed is a whole number of 1 to 65535/);
  assert.throws(() => control.addBackend(9, server(1)), /the option service is 9; allowed is 0 to 2/);
  assert.throws(
    () => control.addBackend(0, { address: "10.0.0.9" }),
    /the option backends.mac is 0; allowed is the address of one station/,
  );
  for (let i = 0; i < 4; i++) control.addBackend(0, server(10 + i));
  assert.throws(() => control.addBackend(0, server(14)), /the option maxBackends is 8; allowed is more/);
});

test.run();
