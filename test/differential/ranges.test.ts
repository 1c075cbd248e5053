/** The ranges of settings at their ends, width by width: in Node, in the kernel, by the runtime, and behind its back. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Manifest, Variable } from "../../codegen/bundle/manifest.js";
import { compile } from "../../codegen/compile.js";
import { Ethernet } from "../../dsl/headers/index.js";
import { type LoadedObject, loadObject } from "../../runtime/load/object.js";
import { readValues, variableValue } from "../../runtime/load/sections.js";
import { LiveMap } from "../../runtime/maps/live.js";
import { native } from "../../runtime/native/index.js";
import { packet } from "../../testing/packet.js";
import { agree } from "./agree.js";
import Ranges from "./ranges.dp.js";

const bytes = packet(Ethernet.of(), new Uint8Array(50));
const { bundle } = await compile(new URL("ranges.dp.ts", import.meta.url).pathname);

function built(): { readonly manifest: Manifest; readonly object: Uint8Array } {
  if (!bundle) throw new Error("it does not compile");
  return bundle;
}
const ends = ({ min, max }: Variable): readonly [bigint, bigint] => [BigInt(min), BigInt(max)];
const asGiven = ({ size, path }: Variable, value: bigint): number | bigint => (size > 4 && !path.includes("48") ? value : Number(value));

test("the least and the greatest value of each width are the same in Node and in the kernel", async () => {
  const { settings } = built().manifest;
  const world = (end: 0 | 1): { readonly params: Record<string, number | bigint> } => ({
    params: Object.fromEntries(settings.map(setting => [setting.path, asGiven(setting, ends(setting)[end])])),
  });
  await agree(
    () => new Ranges(),
    ["ingress"],
    [
      { what: "the least", bytes, world: world(0) },
      { what: "the greatest", bytes, world: world(1) },
      { what: "the initial ones", bytes },
    ],
  );
});

test("the runtime takes both ends and nothing beyond them", () => {
  const { manifest } = built();
  for (const setting of manifest.settings) {
    const [least, greatest] = ends(setting);
    for (const value of [least, greatest]) {
      assert.is(variableValue(setting, value), value, setting.path);
      assert.is(variableValue(setting, `${value}`), value, setting.path);
      assert.is(variableValue(setting, `0x${value.toString(16)}`), value, setting.path);
    }
    const beyond = [greatest + 1n, 1n << 128n, -1n, ...(least > 0n ? [least - 1n] : [])];
    for (const value of beyond)
      assert.throws(
        () => readValues(manifest, { [setting.path]: value }),
        new RegExp(`DP6006|"${setting.path}" cannot be ${value}; its range is ${least} to ${greatest}`),
      );
  }
});

test("what stands in the kernel outside of a range is read as its nearer end", () => {
  const { manifest, object } = built();
  const bits = (setting: Variable): bigint => BigInt(8 * setting.size);
  const stored: readonly (readonly [what: string, value: (setting: Variable) => bigint])[] = [
    ["zero", () => 0n],
    ["all ones", setting => (1n << bits(setting)) - 1n],
    ["one below", setting => (ends(setting)[0] === 0n ? 0n : ends(setting)[0] - 1n)],
    ["one above", setting => (ends(setting)[1] + 1n) % (1n << bits(setting))],
    ["the least", setting => ends(setting)[0]],
    ["the greatest", setting => ends(setting)[1]],
    ["the lower half of the greatest", setting => ends(setting)[1] % (1n << (bits(setting) / 2n))],
    ["the upper half of the greatest", setting => (ends(setting)[1] >> (bits(setting) / 2n)) << (bits(setting) / 2n)],
  ];
  for (const [what, value] of stored) {
    const settings = new Map(manifest.settings.map(setting => [setting.path, value(setting)]));
    using loaded = loadObject(object, manifest, { settings });
    const read = judge(loaded, manifest);
    for (const setting of manifest.settings) {
      const [least, greatest] = ends(setting);
      const given = value(setting);
      const clamped = given < least ? least : given > greatest ? greatest : given;
      assert.is(BigInt(read[setting.path] ?? -1), clamped, `${setting.path}, ${what}`);
    }
  }
});

function judge(loaded: LoadedObject, manifest: Manifest): Readonly<Record<string, number | bigint>> {
  const entry = manifest.maps.find(({ path }) => path === "read");
  const kernel = entry && loaded.maps.get(entry.symbol);
  const program = loaded.programs.get("ingress");
  if (!entry || !kernel || !program) throw new Error("the pipeline has no program or no map");
  native().testRun(program.fd, { data: bytes, room: 256 });
  return new LiveMap<number, Record<string, number | bigint>>(kernel, entry).get(0) ?? {};
}

test.run();
