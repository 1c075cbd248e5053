/** SYN cookies: one hash in Node and in test builds; in other builds the kernel's own, which it knows again. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compileLive } from "../../codegen/compile.js";
import {
  arrayMap,
  isSynCookie4,
  isSynCookie6,
  Pipeline,
  struct,
  synCookie4,
  synCookie6,
  u8,
  u32,
  u128,
  Verdict,
  type XdpPacket,
} from "../../dsl/index.js";
import { loadForTest } from "../../runtime/test-run/load.js";
import { both } from "../../testing/both.js";

class Cookies extends struct({ four: u32, six: u32, known4: u8, known6: u8, wrong4: u8, wrong6: u8 }) {}

const [SOURCE, DESTINATION] = [0x2001_0db8_0000_0000_0123_4567_89ab_cdefn, 0x2001_0db8_0000_0001_fedc_ba98_7654_3210n];

/** Makes cookies for a SYN whose numbers come from the packet, and looks whether the ACK to them is known. */
class Baker extends Pipeline {
  readonly made = arrayMap(Cookies, 1);

  override xdp(pkt: XdpPacket): Verdict {
    const sequence = pkt.read(14, u32);
    const source = pkt.read(18, u32);
    const high = pkt.read(22, u128);
    if (sequence === undefined || source === undefined || high === undefined) return Verdict.Pass;
    const made = this.made.at(0);
    const four = synCookie4(source, 0xc000_0201, 40_000, 443, sequence, 1400);
    const six = synCookie6(high, DESTINATION, 40_001, 443, sequence, 1400);
    const next = u32(sequence + 1);
    made.four = four;
    made.six = six;
    made.known4 = isSynCookie4(source, 0xc000_0201, 40_000, 443, next, u32(four + 1)) ? 1 : 0;
    made.known6 = isSynCookie6(high, DESTINATION, 40_001, 443, next, u32(six + 1)) ? 1 : 0;
    made.wrong4 = isSynCookie4(source, 0xc000_0201, 40_000, 444, next, u32(four + 1)) ? 1 : 0;
    made.wrong6 = isSynCookie6(SOURCE, DESTINATION, 40_001, 443, u32(sequence + 7), u32(six + 1)) ? 1 : 0;
    return Verdict.Pass;
  }
}

function frame(sequence: number): Uint8Array {
  const bytes = new Uint8Array(60).map((_, i) => (i * 37) & 0xff);
  new DataView(bytes.buffer).setUint32(14, sequence);
  return bytes;
}

for (const sequence of [0, 1, 0xffff_ffff, 0x1234_5678]) {
  test(`Node and the kernel make the same cookies in a test, and know them again (${sequence})`, async () => {
    const { pipeline } = await both(() => new Baker(), "xdp", frame(sequence));
    const { known4, known6, wrong4, wrong6 } = pipeline.made.at(0);
    assert.equal([known4, known6, wrong4, wrong6], [1, 1, 0, 0]);
  });
}

test("the kernel's own cookies are known again by the kernel, and are others", async () => {
  const { bundle } = await compileLive(new Baker());
  assert.ok(bundle);
  if (!bundle) return;
  assert.ok(bundle.manifest.features.some(({ name }) => name === "SYN cookies in programs"));
  using program = loadForTest(bundle.object, bundle.manifest);
  program.run("xdp", frame(7));
  const [entry] = [...program.map("made").entries()];
  const view = new DataView((entry?.[1] ?? new Uint8Array(16)).slice().buffer);
  assert.equal(
    [8, 9, 10, 11].map(at => view.getUint8(at)),
    [1, 1, 0, 0],
  );
  const { pipeline } = await both(() => new Baker(), "xdp", frame(7));
  assert.is.not(view.getUint32(0, true), pipeline.made.at(0).four);
});

test.run();
