import { test } from "uvu";
import * as assert from "uvu/assert";
import { specOf } from "../core/spec.js";
import { array, ipv4, ipv6, lpmTrie, net, struct, u8, u16, u32, u128 } from "../index.js";

class Route extends struct({ port: u32 }) {}
class Scoped extends struct({ length: u32, scope: net(u32), address: net(u32) }) {}

test("a plain address finds its longest prefix", () => {
  const routes = lpmTrie(u32, Route, { maxEntries: 10 });
  routes.set({ prefix: 0, length: 0 }, { port: 9 });
  routes.set({ prefix: ipv4("10.0.0.0"), length: 8 }, { port: 1 });
  routes.set({ prefix: ipv4("10.1.0.0"), length: 16 }, { port: 2 });
  routes.set(ipv4("10.1.2.3"), { port: 3 });
  assert.equal(
    ["10.1.2.3", "10.1.2.4", "10.2.0.1", "11.0.0.1"].map(address => routes.get(ipv4(address))?.port),
    [3, 2, 1, 9],
  );
  assert.ok(routes.delete({ prefix: ipv4("10.1.0.0"), length: 16 }));
  assert.is(routes.get(ipv4("10.1.2.4"))?.port, 1);
});

test("IPv6 prefixes of any length", () => {
  const routes = lpmTrie(u128, Route, { maxEntries: 10 });
  routes.set({ prefix: ipv6("2001:db8::"), length: 33 }, { port: 1 });
  assert.is(routes.get(ipv6("2001:db8:7fff::1"))?.port, 1);
  assert.not.ok(routes.has(ipv6("2001:db8:8000::1")));
});

test("keys lie as the kernel wants them: length in host order, then the address from its first bit", () => {
  const routes = lpmTrie(u32, u16, { maxEntries: 1 });
  routes.set({ prefix: ipv4("10.1.0.0"), length: 16 }, 7);
  const spec = specOf(routes);
  assert.is(spec?.what, "map");
  if (spec?.what !== "map") return;
  assert.equal(
    [...spec.entries()].map(([key]) => Buffer.from(key).toString("hex")),
    ["100000000a010000"],
  );
  assert.is(spec.key?.kind === "struct" && spec.key.size, 8);
  const wide = specOf(lpmTrie(u128, u16, { maxEntries: 1 }));
  assert.is(wide?.what === "map" && wide.key?.kind === "struct" && wide.key.size, 20);
});

test("bits behind the prefix do not tell entries apart", () => {
  const routes = lpmTrie(u32, Route, { maxEntries: 1 });
  assert.ok(routes.set({ prefix: ipv4("10.1.2.3"), length: 8 }, { port: 1 }));
  assert.ok(routes.set({ prefix: ipv4("10.9.9.9"), length: 8 }, { port: 2 }));
  assert.is(routes.get(ipv4("10.0.0.1"))?.port, 2);
  assert.not.ok(routes.set({ prefix: ipv4("11.0.0.0"), length: 8 }, { port: 3 }));
});

test("a struct's key begins with the length; what follows counts from its first bit", () => {
  const map = lpmTrie(Scoped, Route, { maxEntries: 4 });
  map.set({ length: 40, scope: 5, address: ipv4("10.0.0.0") }, { port: 1 });
  assert.is(map.get({ length: 64, scope: 5, address: ipv4("10.7.7.7") })?.port, 1);
  assert.is(map.get({ length: 64, scope: 6, address: ipv4("10.7.7.7") }), undefined);
  assert.is(map.get({ length: 32, scope: 5, address: 0 }), undefined);
});

test("keys that the kernel would read otherwise are refused, with what to do", () => {
  class HostOrder extends struct({ length: u32, address: u32 }) {}
  class Padded extends struct({ length: u32, address: net(u128) }) {}
  class NoLength extends struct({ size: u32, address: net(u32) }) {}
  class Tail extends struct({ length: u32, address: array(u8, 6) }) {}
  assert.throws(() => lpmTrie(HostOrder, Route, { maxEntries: 1 }), /must be in network order: net/);
  assert.throws(() => lpmTrie(Padded, Route, { maxEntries: 1 }), /padding before "address"/);
  assert.throws(() => lpmTrie(NoLength, Route, { maxEntries: 1 }), /must be length: u32/);
  assert.throws(() => lpmTrie(Tail, Route, { maxEntries: 1 }), /ends in padding/);
  assert.throws(() => lpmTrie(u16, Route, { maxEntries: 1 }), /u32, u64 or u128, not u16/);
  assert.throws(() => lpmTrie(u32, Route, { maxEntries: 1 }).set({ prefix: 0, length: 33 }, { port: 1 }), /33 bits in a key of 32/);
});

test.run();
