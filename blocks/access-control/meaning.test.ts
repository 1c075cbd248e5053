import { Verdict } from "datapath";
import { AccessControl, type AccessControlOptions } from "datapath/blocks";
import { hosting, simulate } from "datapath/testing";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { evaluate } from "./filter/evaluate.js";
import { randomExpression, seeded, written } from "./filter/expressions.fixture.js";
import { behindTag, cutFrames, ethernet, fragmentHeader, hopByHop, ipv6, join, plainFrames, tcp } from "./filter/frames.fixture.js";
import { parseFilter } from "./filter/index.js";
import { readThroughTags } from "./filter/readings.js";

const alone = (options: AccessControlOptions) =>
  hosting(
    () => new AccessControl(options),
    (acl, pkt) => acl.check(pkt),
  );

const plain = plainFrames();
const frames = [
  ...plain.filter((_, i) => i % 2 === 1),
  ...cutFrames().filter((_, i) => i % 2 === 0),
  ...plain.filter((_, i) => i % 4 === 0).map((frame, i) => behindTag(frame, i + 5)),
  ...plain.filter((_, i) => i % 9 === 0).map(frame => behindTag(behindTag(frame, 7), 100, 0x88a8)),
  join(ethernet(0x86dd), ipv6("2001:db8::1", "fe80::5", 0, join(hopByHop(6), tcp(40000, 80, 2)))),
  join(ethernet(0x86dd), ipv6("2001:db8::1", "fe80::5", 44, join(fragmentHeader(6, 0, true), tcp(40000, 80, 2)))),
  join(ethernet(0x86dd), ipv6("2001:db8::1", "fe80::5", 44, join(fragmentHeader(6, 100, false), tcp(40000, 80, 2)))),
];

test("the block, in Node, selects what its expression means", () => {
  const random = seeded(33);
  const expressions = [
    ...written,
    ...Array.from({ length: 60 }, () => randomExpression(random, 2)),
    "vlan",
    "vlan 6 and tcp",
    "not vlan",
    "dscp 4",
    "fragment",
  ];
  for (const expression of expressions) {
    const condition = parseFilter(expression);
    const pipeline = alone({ default: "deny", rules: [`allow ${expression}`] })();
    for (const frame of frames) {
      const expected = evaluate(condition, readThroughTags(frame)) === true;
      const { verdict } = simulate(pipeline, "xdp", frame);
      if ((verdict === Verdict.Pass) !== expected)
        assert.unreachable(
          `${expression}: expected ${expected ? "pass" : "drop"}, got ${verdict} for ${Buffer.from(frame).toString("hex")}`,
        );
    }
  }
});

test.run();
