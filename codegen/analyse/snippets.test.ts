/** The snippets that range analysis was tried on, as the specialiser lowers them. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  big,
  binary,
  block,
  compare,
  convert,
  entryPlace,
  fits,
  get,
  inRange,
  label,
  leave,
  load,
  local,
  map,
  not,
  num,
  packetPlace,
  point,
  pointer,
  program,
  ret,
  set,
  store,
  unary,
  when,
  wrap,
} from "../ir/build.js";
import { framePointer, type Local, type Place, type Statement } from "../ir/ir.js";
import { analyse } from "./analyse.js";

const ip = framePointer;
const length = packetPlace(ip, 16, 16, "ip.length");
const id = packetPlace(ip, 18, 16, "ip.id");
const ttl = packetPlace(ip, 22, 8, "ip.ttl");
const source = packetPlace(ip, 26, 32, "ip.src");
const destination = packetPlace(ip, 30, 32, "ip.dst");
const shared = map("b", true);
const own = map("c", false);
const entry = pointer("b", "entry");
const ownEntry = pointer("c", "entry");

function loaded(place: Place, domain: Local["domain"] = "number"): [Local, Statement] {
  const to = local(place.name, domain);
  return [to, load(to, place)];
}
function codes(...body: readonly Statement[]): string[] {
  return analyse(program(...body)).problems.map(problem => problem.code);
}
function only(...body: readonly Statement[]): { code: string; message: string; hint: string } {
  const { problems } = analyse(program(...body));
  assert.is(problems.length, 1, `one problem, not ${JSON.stringify(problems.map(problem => problem.message))}`);
  const [problem] = problems;
  return { code: problem?.code ?? "", message: problem?.message ?? "", hint: problem?.hint ?? "" };
}

test("a field that a condition bounds is bounded when it is read again", () => {
  const [first, readFirst] = loaded(ttl);
  const [second, readSecond] = loaded(ttl);
  assert.equal(codes(readFirst, when(compare(">", get(first), num(1)), [readSecond, store(ttl, binary("-", get(second), num(1)))])), []);
  assert.equal(codes(readFirst, store(ttl, binary("-", get(first), num(1)))), ["DP2001"]);
});

test("the fact about a field ends at a write that may change it", () => {
  const [first, readFirst] = loaded(ttl);
  const [second, readSecond] = loaded(ttl);
  const [word, readWord] = loaded(packetPlace(ip, 26, 32));
  const decrement = [readSecond, store(ttl, binary("-", get(second), num(1)))];
  const overwrite = store(packetPlace(ip, 22, 16, "both"), num(0));
  assert.equal(codes(readFirst, when(compare(">", get(first), num(1)), [overwrite, ...decrement])), ["DP2001"]);
  // one elsewhere does not
  assert.equal(codes(readFirst, readWord, when(compare(">", get(first), num(1)), [store(id, num(7)), ...decrement])), []);
  // one at an unknown place does
  const elsewhere = pointer("p");
  const byte = store(packetPlace(elsewhere, 0, 8), num(0));
  assert.equal(
    codes(
      readFirst,
      readWord,
      when(compare(">", get(first), num(1)), [
        point(elsewhere, binary("+", binary("&", get(word), num(255)), num(14))),
        byte,
        ...decrement,
      ]),
    ),
    ["DP2001"],
  );
});

test("a difference is not negative behind the comparison of its operands", () => {
  const [len, readLen] = loaded(length);
  const [version, readVersion] = loaded(packetPlace(ip, 14, 8));
  const hl = local("hl");
  const header = set(hl, binary("*", binary("&", get(version), num(15)), num(4)));
  const [again, readAgain] = loaded(length);
  const write = store(id, binary("-", get(again), get(hl)));
  assert.equal(codes(readLen, readVersion, header, when(compare("<", get(len), get(hl)), [ret()]), readAgain, write), []);
  const problem = only(readLen, readVersion, header, readAgain, write);
  assert.is(problem.code, "DP2001");
  assert.match(problem.message, "−60…65535");
});

test("ten sums of u16, folded twice, complemented and masked", () => {
  const read = Array.from({ length: 10 }, (_, i) => loaded(packetPlace(ip, 40 + 2 * i, 16)));
  const sum = local("s");
  const total = read.map(([value]) => get(value)).reduce((a, b) => binary("+", a, b));
  const fold = (): Statement => set(sum, binary("+", binary("&", get(sum), num(0xffff)), binary(">>>", get(sum), num(16))));
  const start = [...read.map(([, statement]) => statement), set(sum, total), fold(), fold()];
  assert.equal(codes(...start, store(id, binary("&", unary("~", get(sum)), num(0xffff)))), []);
  const problem = only(...start, store(id, get(sum)));
  assert.is(problem.code, "DP2001");
  assert.match(problem.message, "0…65536");
  assert.match(problem.hint, "fold16()");
});

test("a signed result is never a large u32", () => {
  const [src, read] = loaded(source);
  const equal = (mask: number, value: number) => [read, when(compare("==", binary("&", get(src), num(mask)), num(value)), [ret()])];
  const problem = only(...equal(0xffffff00, 0xc0a80100));
  assert.is(problem.code, "DP2007");
  assert.match(problem.hint, ">>> 0");
  assert.equal(codes(...equal(0xff000000, 0x0a000000)), []);
  assert.equal(codes(read, when(compare("==", wrap(32, binary("&", get(src), num(0xffffff00))), num(0xc0a80100)), [ret()])), []);
});

test("a constant outside the mask is never equal", () => {
  const [src, read] = loaded(source);
  assert.equal(codes(read, when(compare("==", binary("&", get(src), num(0xf0)), num(0x0f)), [ret()])), ["DP2008"]);
  assert.equal(codes(read, when(compare("==", binary("&", get(src), num(0xf0)), num(0x30)), [ret()])), []);
});

test("a masked address against a u32 from a map", () => {
  const [src, read] = loaded(source);
  const [mask, readMask] = loaded(entryPlace(entry, shared, 0, 32));
  const [net, readNet] = loaded(entryPlace(entry, shared, 4, 32));
  const problem = only(read, readMask, readNet, when(compare("==", binary("&", get(src), get(mask)), get(net)), [ret()]));
  assert.is(problem.code, "DP2007");
  assert.match(problem.hint, ">>> 0");
});

test("a wrapping product as an index", () => {
  const [src, read] = loaded(source);
  const product = () => binary("imul", get(src), num(0x9e3779b1));
  const problem = only(read, inRange(binary("%", product(), num(65536)), 65536));
  assert.is(problem.code, "DP2010");
  assert.match(problem.hint, ">>> 0");
  assert.equal(codes(read, store(id, binary("%", wrap(32, product()), num(65536)))), []);
});

test("a product that may have wrapped before a division", () => {
  const now: Statement = { kind: "ambient", local: local("now", "bigint"), what: "now", span: ret().span };
  const time = now.kind === "ambient" ? now.local : local("");
  const [last, readLast] = loaded(entryPlace(entry, shared, 0, 64), "bigint");
  const [rate, readRate] = loaded(entryPlace(entry, shared, 8, 32), "number");
  const elapsed = () => binary("-", get(time), get(last), "bigint");
  const start = [now, readLast, readRate];
  const divide = (product: ReturnType<typeof get>) => set(local("tokens", "bigint"), binary("/", product, big(1_000_000_000n), "bigint"));
  assert.equal(codes(...start, divide(binary("*", elapsed(), convert("bigint", get(rate)), "bigint"))), ["DP2006"]);

  const e = local("e", "bigint");
  const limited = [set(e, wrap(64, elapsed())), when(compare(">", get(e), big(4_000_000_000n)), [set(e, big(4_000_000_000n))])];
  assert.equal(codes(...start, ...limited, divide(binary("*", get(e), convert("bigint", get(rate)), "bigint"))), []);
});

test("sequence arithmetic", () => {
  const [seq, readSeq] = loaded(source);
  const [isn, readIsn] = loaded(destination);
  assert.equal(
    codes(readSeq, readIsn, when(compare("<", binary("|", wrap(32, binary("-", get(seq), get(isn))), num(0)), num(0)), [ret()])),
    [],
  );
});

test("a minimum and a maximum", () => {
  const [len, read] = loaded(length);
  assert.equal(codes(read, store(id, binary("max", num(68), binary("-", get(len), num(20))))), []);
});

test("an offset that two branches set", () => {
  const [kind, read] = loaded(length);
  const offset = local("off");
  const p = pointer("p");
  assert.equal(
    codes(read, set(offset, num(14)), when(compare("==", get(kind), num(0x8100)), [set(offset, num(18))]), point(p, get(offset))),
    [],
  );
});

test("a condition kept in a const refines", () => {
  const [x, read] = loaded(length);
  const large = local("big", "boolean");
  const write = store(id, binary("-", get(x), num(100)));
  assert.equal(codes(read, set(large, compare(">", get(x), num(100))), when(get(large), [write])), []);
  assert.equal(codes(read, set(large, compare(">", get(x), num(100))), when(not(get(large)), [write])), ["DP2001"]);
});

test("a value that a branch puts back inside", () => {
  const [value, read] = loaded(id);
  const x = local("x");
  assert.equal(
    codes(read, set(x, binary("+", get(value), num(1))), when(compare(">", get(x), num(0xffff)), [set(x, num(0))]), store(id, get(x))),
    [],
  );
});

test("a divisor that another CPU may change", () => {
  const [src, read] = loaded(source);
  const divide = (place: Place): Statement[] => {
    const [tested, readTested] = loaded(place);
    const [used, readUsed] = loaded(place);
    return [
      read,
      readTested,
      when(compare("==", get(tested), num(0)), [ret()]),
      readUsed,
      set(local("r"), binary("%", get(src), get(used))),
    ];
  };
  const problem = only(...divide(entryPlace(entry, shared, 0, 32)));
  assert.is(problem.code, "DP2005");
  assert.match(problem.hint, "const");
  assert.equal(codes(...divide(entryPlace(ownEntry, own, 0, 32))), []);
});

test("!== trims the end point", () => {
  const [n, readN] = loaded(id);
  const [len, readLen] = loaded(length);
  assert.equal(codes(readN, readLen, when(compare("!=", get(n), num(0)), [set(local("r"), binary("%", get(len), get(n)))])), []);
});

test("a shift of what is within 32 signed bits keeps its range", () => {
  const [a, readA] = loaded(ttl);
  const [b, readB] = loaded(packetPlace(ip, 23, 8, "ip.protocol"));
  const less = (by: number) => binary(">>", binary("-", get(a), get(b)), num(by));
  assert.equal(codes(readA, readB, fits(binary("+", less(20), num(1)), 1)), []);
  assert.equal(codes(readA, readB, fits(binary("+", less(4), num(15)), 4)), ["DP2001"]);
  assert.equal(codes(readA, readB, fits(binary("+", less(4), num(16)), 5)), []);
});

test("-1 does not go into a u8", () => {
  assert.equal(codes(fits(num(-1), 8)), ["DP2001"]);
  assert.equal(codes(fits(num(255), 8)), []);
});

test("a result that is a flag and a value keeps them together", () => {
  const [kind, read] = loaded(length);
  const found = local("found", "boolean");
  const offset = local("offset");
  const done = label("done");
  const p = pointer("p");
  const call = block(done, [
    when(compare("<", get(kind), num(100)), [
      set(found, { op: "const", domain: "boolean", value: 1n }),
      set(offset, binary("+", get(kind), num(14))),
      leave(done),
    ]),
    set(found, { op: "const", domain: "boolean", value: 0n }),
    set(offset, num(70_000)),
  ]);
  assert.equal(codes(read, call, when(get(found), [point(p, get(offset))])), []);
  assert.equal(codes(read, call, point(p, get(offset))), ["DP3002"]);
});

test.run();
