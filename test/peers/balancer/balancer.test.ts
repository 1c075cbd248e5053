// test: timeout 240
/** LoadBalancer in front of real TCP servers, which answer clients directly. */
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { BalancerControl } from "../../../blocks/load-balancer/control.js";
import type Balancer from "./ipip.fixture.dp.js";
import { options } from "./ipip.fixture.dp.js";
import { Network, type Stream } from "./network.js";

const pipeline = (mode: string): string => fileURLToPath(new URL(`${mode}.fixture.dp.ts`, import.meta.url));
const BYTES = 2_000_000;
const broken = (streams: readonly Stream[], name?: string): number =>
  streams.filter(stream => stream.broken !== null && (name === undefined || stream.name === name)).length;

/** One network for all tests: what is attached in it changes. */
const networks: Network[] = [];
test.before(async () => {
  const network = await Network.create();
  networks.push(network);
  await network.openers();
});
test.after(async () => {
  for (const network of networks) await network[Symbol.asyncDispose]();
});
function only(): Network {
  const [network] = networks;
  if (!network) throw new Error("there is no network");
  return network;
}

for (const mode of ["ipip", "gue", "geneve", "l2"]) {
  test(`${mode}: servers answer past the balancer`, async () => {
    const network = only();
    await network.attach(network.balancer, pipeline(mode));
    try {
      const names = await network.open(30);
      assert.is(
        Object.values(names).reduce((a, b) => a + b, 0),
        30,
      );
      assert.is(Object.keys(names).length, 3, `30 connections went to ${JSON.stringify(names)}`);
      const before = await network.received(network.balancer);
      assert.is((await network.fetch(BYTES)).got, BYTES);
      const through = (await network.received(network.balancer)) - before;
      // what the client acknowledges comes by, what the server sends does not
      assert.ok(through < BYTES / 10, `${through} bytes came through the balancer for ${BYTES} that the server sent`);
    } finally {
      await network.detachLast();
    }
  });
}

test("drain and fail-over under load: no flow of a healthy server is lost", async () => {
  const network = only();
  await using deployment = await network.attach<Balancer>(network.balancer, pipeline("ipip"));
  const control = new BalancerControl(
    {
      backends: deployment.map(p => p.balancer.backends),
      services: deployment.map(p => p.balancer.services),
      rings: deployment.map(p => p.balancer.rings),
    },
    options,
  );
  const report = await network.hold(40);
  const first = await report();
  assert.is(first.length, 40);
  assert.is(broken(first), 0);
  const held = new Map(["11", "12", "13"].map(name => [name, first.filter(stream => stream.name === name).length]));
  for (const [name, count] of held) assert.ok(count > 3, `server ${name} has ${count} of 40 streams`);

  control.setState(1, "draining");
  assert.equal(Object.keys(await network.open(20)).sort(), ["11", "13"], "new connections go to the others");
  const drained = await report();
  assert.is(broken(drained), 0, "a draining server keeps its streams");

  control.setState(0, "down");
  const after = await report();
  const later = await report();
  assert.is(broken(later, "12"), 0);
  assert.is(broken(later, "13"), 0);
  for (const [i, stream] of later.entries()) {
    if (stream.name !== "11") assert.ok(stream.got > (after[i]?.got ?? 0), `stream ${i} of server ${stream.name} stands still`);
  }
  assert.is(broken(later, "11"), held.get("11"), "the streams of the one that went down are reset by another");
  assert.equal(await network.open(10), { 13: 10 });

  control.setState(0, "up");
  control.setState(1, "up");
  assert.is(Object.keys(await network.open(30)).length, 3);
  assert.is(broken(await report(), "13"), 0);
});

test.run();
