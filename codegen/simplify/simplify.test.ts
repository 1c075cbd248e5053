/** Each pass on the smallest program that shows it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { analyse } from "../analyse/analyse.js";
import {
  and,
  big,
  binary,
  block,
  bool,
  bounds,
  compare,
  get,
  label,
  leave,
  load,
  local,
  not,
  num,
  packetPlace,
  point,
  pointer,
  program,
  ret,
  set,
  store,
  when,
  wrap,
} from "../ir/build.js";
import { framePointer, type Local, type Place, type Statement } from "../ir/ir.js";
import { showStatements } from "../ir/text.js";
import { fold } from "./fold.js";
import { simplify } from "./simplify.js";

/** The simplified program as text, without the locals' numbers. */
function simplified(...body: readonly Statement[]): string[] {
  const made = program(...body);
  const analysis = analyse(made);
  assert.equal(
    analysis.problems.map(({ message }) => message),
    [],
  );
  return showStatements(simplify(made, analysis).program.body)
    .replace(/\.\d+\b/g, "")
    .trimEnd()
    .split("\n");
}
function loaded(offset: number, bits: 8 | 16 | 32 | 48 | 64, name: string): [Local, Statement, Place] {
  const to = local(name, bits === 64 ? "bigint" : "number");
  const place = packetPlace(framePointer, offset, bits, name);
  return [to, load(to, place), place];
}
const pass = num(2);
const drop = num(1);

test("one bounds check, one load and one compare for fields that lie together", () => {
  const [type, readType] = loaded(12, 16, "type");
  const [hardware, readHardware] = loaded(14, 16, "hardware");
  const [protocol, readProtocol] = loaded(16, 16, "protocol");
  const [sizes, readSizes] = loaded(18, 16, "sizes");
  const [operation, readOperation] = loaded(20, 16, "operation");
  const no = () => [ret(pass)];
  assert.equal(
    simplified(
      when(not(bounds(framePointer, 16)), no()),
      readType,
      when(compare("!=", get(type), num(0x0806)), no()),
      when(not(bounds(framePointer, 42)), no()),
      readHardware,
      when(compare("!=", get(hardware), num(1)), no()),
      readProtocol,
      when(compare("!=", get(protocol), num(0x0800)), no()),
      readSizes,
      when(compare("!=", get(sizes), num(0x0604)), no()),
      readOperation,
      when(compare("!=", get(operation), num(1)), no()),
      ret(drop),
    ),
    [
      "if not *frame has 42",
      "  return 2",
      "type = *frame[12] network u16",
      "if (type != 2054)",
      "  return 2",
      "hardware_to_operation = *frame[14] host u64",
      `if (hardware_to_operation != ${0x0100040600080100n}n)`,
      "  return 2",
      "return 1",
    ],
  );
});

test("bytes in between are masked where that is cheaper", () => {
  const [type, readType] = loaded(12, 16, "type");
  const [version, readVersion] = loaded(14, 8, "version");
  const [protocol, readProtocol] = loaded(23, 8, "protocol");
  const no = () => [ret(pass)];
  assert.equal(
    simplified(
      when(not(bounds(framePointer, 34)), no()),
      readType,
      when(compare("!=", get(type), num(0x0800)), no()),
      readVersion,
      when(compare("!=", get(version), num(0x45)), no()),
      readProtocol,
      when(compare("!=", get(protocol), num(6)), no()),
      ret(drop),
    ),
    [
      "if not *frame has 34",
      "  return 2",
      "type_to_version = *frame[12] host u32",
      `if (u32((type_to_version & ${0xffffff})) != ${0x450008})`,
      "  return 2",
      "protocol = *frame[23] network u8",
      "if (protocol != 6)",
      "  return 2",
      "return 1",
    ],
  );
});

test("checks that fail to different places stay apart", () => {
  const [a, readA] = loaded(12, 16, "a");
  const [b, readB] = loaded(14, 16, "b");
  const text = simplified(
    readA,
    when(compare("!=", get(a), num(1)), [ret(pass)]),
    readB,
    when(compare("!=", get(b), num(2)), [ret(drop)]),
    ret(pass),
  );
  assert.ok(text.includes("if (a != 1)") && text.includes("if (b != 2)"));
});

test("neighbouring constants are one store", () => {
  assert.equal(
    simplified(
      store(packetPlace(framePointer, 20, 16), num(2)),
      store(packetPlace(framePointer, 22, 48), num(0x020000000009)),
      store(packetPlace(framePointer, 28, 32), num(0x0a000001)),
      ret(pass),
    ),
    [`*frame[20] host u64 = ${0x0900000000020200n}n`, `*frame[28] host u32 = ${0x0100000a}`, "return 2"],
  );
});

test("the last of two stores to a byte counts", () => {
  assert.equal(
    simplified(store(packetPlace(framePointer, 20, 32), num(0x01020304)), store(packetPlace(framePointer, 21, 8), num(0xff)), ret(pass)),
    [`*frame[20] host u32 = ${0x0403ff01}`, "return 2"],
  );
});

test("fields copied side by side are copied together, in the order they lie in", () => {
  const [mac, readMac] = loaded(22, 48, "mac");
  const [ip, readIp] = loaded(28, 32, "ip");
  const copies = [store(packetPlace(framePointer, 32, 48), get(mac)), store(packetPlace(framePointer, 38, 32), get(ip))];
  assert.equal(simplified(readMac, readIp, ...copies, ret(pass)), [
    "mac = *frame[22] host u64",
    "ip = *frame[30] host u16",
    "*frame[32] host u64 = mac",
    "*frame[40] host u16 = ip",
    "return 2",
  ]);
});

test("a load behind a store to its bytes sees the store", () => {
  const [before, readBefore] = loaded(20, 16, "before");
  const [after, readAfter] = loaded(20, 16, "after");
  assert.equal(
    simplified(readBefore, store(packetPlace(framePointer, 20, 8), num(7)), readAfter, ret(binary("+", get(before), get(after)))),
    ["before = *frame[20] network u16", "*frame[20] host u8 = 7", "after = *frame[20] network u16", "return (before + after)"],
  );
});

test("a field is read once while nothing writes it", () => {
  const [first, readFirst] = loaded(20, 16, "first");
  const [second, readSecond] = loaded(20, 16, "second");
  assert.equal(simplified(readFirst, readSecond, ret(binary("+", get(first), get(second)))), [
    "first = *frame[20] network u16",
    "return (first + first)",
  ]);
});

test("48 bits are compared in the pieces that they are loaded in", () => {
  const [mac, readMac] = loaded(22, 48, "mac");
  assert.equal(simplified(readMac, when(compare("==", get(mac), num(0x020000000009)), [ret(drop)]), ret(pass)), [
    "mac_bytes = *frame[22] host u32",
    "mac_bytes = *frame[26] host u16",
    "if ((mac_bytes == 2) and (mac_bytes == 2304))",
    "  return 1",
    "return 2",
  ]);
});

test("what the stack would have to take misaligned stays whole", () => {
  const layout = { kind: "struct", name: "Key", fields: [], size: 16, align: 8 } as const;
  const key = { id: 900, name: "key", layout };
  const [mac, readMac] = loaded(22, 48, "mac");
  const at = (offset: number): Statement =>
    store({ ...packetPlace(framePointer, offset, 48, "key.mac"), memory: { kind: "buffer", buffer: key } }, get(mac));
  const test = when(compare("==", get(mac), num(0)), [ret(drop)]);
  const clear: Statement = { kind: "clear", buffer: key, span: ret(pass).span };
  const sizes = (offset: number): string[] =>
    simplified(clear, readMac, test, at(offset), ret(pass)).filter(line => line.startsWith("key["));
  assert.equal(
    sizes(4).map(line => line.split(" = ")[0]),
    ["key[4] host u32", "key[8] host u16"],
  );
  assert.ok(sizes(2).every(line => !line.startsWith("key[2] host u32")));
});

test("an exit through a result goes straight out", () => {
  const [type, readType] = loaded(12, 16, "type");
  const found = local("found", "boolean");
  const done = label("done");
  assert.equal(
    simplified(
      block(done, [readType, when(compare("!=", get(type), num(0x0800)), [set(found, bool(false)), leave(done)]), set(found, bool(true))]),
      when(get(found), [ret(drop)]),
      ret(pass),
    ),
    ["type = *frame[12] network u16", "if (type != 2048)", "  return 2", "return 1"],
  );
});

test("what ranges decide is not asked", () => {
  const [type, readType] = loaded(12, 8, "type");
  assert.equal(simplified(readType, when(compare(">", get(type), num(255)), [ret(drop)]), ret(pass)), ["return 2"]);
});

test("views of the same place are one", () => {
  const [at, readAt] = loaded(20, 8, "at");
  const [a, b] = [pointer("a"), pointer("b")];
  const [x, y] = [local("x"), local("y")];
  const no = () => [ret(pass)];
  assert.equal(
    simplified(
      readAt,
      point(a, binary("+", get(at), num(14))),
      when(not(bounds(a, 8)), no()),
      load(x, packetPlace(a, 0, 32)),
      point(b, binary("+", get(at), num(14))),
      when(not(bounds(b, 4)), no()),
      load(y, packetPlace(b, 4, 32)),
      ret(wrap(32, binary("+", get(x), get(y)))),
    ),
    [
      "at = *frame[20] network u8",
      "*a = packet + (at + 14)",
      "if not *a has 8",
      "  return 2",
      "x = *a[0] network u32",
      "y = *a[4] network u32",
      "return u32((x + y))",
    ],
  );
});

test("a branch whose arms end alike is none, with all that it needed", () => {
  const at = local("at");
  const length = local("length");
  const done = label("done");
  const type = local("type");
  assert.equal(
    simplified(
      load(type, packetPlace(framePointer, 12, 16)),
      block(done, [
        when(compare("==", get(type), num(0x86dd)), [
          load(at, packetPlace(framePointer, 20, 8)),
          when(compare("==", get(at), num(4)), [load(length, packetPlace(framePointer, 16, 16)), leave(done)]),
          set(length, num(0)),
          when(compare(">", get(length), num(9)), [ret(pass)]),
          leave(done),
        ]),
        ret(drop),
      ]),
      ret(pass),
    ),
    ["type = *frame[12] network u16", "if (type != 34525)", "  return 1", "return 2"],
  );
});

test("what leaves tagged packets alone does not look for a tag in the frame", () => {
  const [type, readType] = loaded(12, 16, "type");
  const present = local("present");
  const ask: Statement = { kind: "ambient", local: present, what: "vlanPresent", span: readType.span };
  const made = (...rest: readonly Statement[]) => {
    const tagged = { ...program(readType, ask, when(compare("!=", get(present), num(0)), [ret(pass)]), ...rest), hook: "xdp" } as const;
    return simplify(tagged, analyse(tagged)).program;
  };
  const alone = made(when(compare("!=", get(type), num(0x0800)), [ret(pass)]), ret(drop));
  assert.is(alone.untagged, true);
  assert.not.match(showStatements(alone.body), /vlanPresent/);
  assert.is(made(when(compare("!=", get(type), num(0x0800)), [ret(drop)]), ret(pass)).untagged, undefined);
  assert.is(made(when(compare("==", get(type), num(0x8100)), [ret(drop)]), ret(pass)).untagged, undefined);
});

test("what ends soon with a tag looks for one first, and then goes on without", () => {
  const [type, readType] = loaded(12, 16, "type");
  const present = local("present");
  const ask: Statement = { kind: "ambient", local: present, what: "vlanPresent", span: readType.span };
  const made = (...rest: readonly Statement[]) => {
    const tagged = { ...program(readType, ask, ...rest), hook: "xdp" } as const;
    return simplify(tagged, analyse(tagged)).program;
  };
  const isTagged = compare("!=", get(present), num(0));
  const apart = made(when(isTagged, [when(compare("==", get(type), num(0x0800)), [ret(drop)]), ret(pass)]), ret(drop));
  assert.is(apart.tagsApart, true);
  assert.equal(apart.body.at(0)?.kind, "ambient");
  assert.equal(apart.body.at(1)?.kind, "if");
  const [next, readNext] = loaded(14, 16, "next");
  assert.is(made(when(isTagged, [readNext, when(compare("==", get(next), num(1)), [ret(drop)])]), ret(pass)).tagsApart, undefined);
});

test("a type that is one of two fields keeps their byte order", () => {
  const [outer, readOuter] = loaded(12, 16, "outer");
  const [inner, readInner] = loaded(16, 16, "inner");
  const type = local("type");
  const lines = simplified(
    readOuter,
    when(
      compare("==", get(outer), num(0x8100)),
      [when(not(bounds(framePointer, 18)), [ret(pass)]), readInner, set(type, get(inner))],
      [set(type, get(outer))],
    ),
    when(compare("!=", get(type), num(0x0806)), [ret(pass)]),
    ret(drop),
  );
  assert.not.ok(lines.some(line => line.includes("network u16")));
  assert.ok(lines.includes("if (type_bytes != 1544)"));
});

test("a carry that was added in leaves less to add", () => {
  const [words, readWords] = loaded(12, 32, "words");
  const over = (of: Local) => binary("+", binary("%", get(of), num(65536)), binary("/", get(of), num(65536)));
  const [once, twice] = [local("once"), local("twice")];
  const analysis = analyse(program(readWords, set(once, over(words)), set(twice, over(once)), ret(get(twice))));
  assert.equal(analysis.localRange(once), { min: 0n, max: 0x1fffen });
  assert.equal(analysis.localRange(twice), { min: 0n, max: 0xffffn });
});

test("a bigint difference that may be negative is compared as JavaScript does", () => {
  const [a, readA] = loaded(12, 64, "a");
  const [b, readB] = loaded(20, 64, "b");
  const condition = compare(">", binary("-", get(a), get(b), "bigint"), big(5n));
  const analysis = analyse(program(readA, readB, when(condition, [ret(drop)]), ret(pass)));
  assert.equal(analysis.problems, []);
  assert.ok(analysis.exactDifference.has(condition));
});

test("where checks are kept, a side that settles a condition still does", () => {
  const never = and(compare("==", num(1), num(2)), bounds(framePointer, 16));
  const made = program(when(never, [ret(num(1))], [ret(num(2))]), ret());
  const folded = fold(made, analyse(made), { keepsChecks: true });
  const text = showStatements(folded.body);
  assert.not.match(text, /16/);
});

test.run();
