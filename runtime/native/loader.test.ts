import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DatapathError } from "../errors.js";
import { temporaryFolder } from "../fixtures/pipelines.js";
import { failedWith, load, native } from "./index.js";

function refusal(path: string): DatapathError {
  try {
    load(path);
  } catch (error) {
    if (error instanceof DatapathError) return error;
    throw error;
  }
  throw new Error("it was loaded");
}

test("a missing build is said, with the command", () => {
  const error = refusal("/nosuch/datapath.node");
  assert.is(error.code, "DP6010");
  assert.is(error.exitCode, 3);
  assert.match(error.message, /\/nosuch\/datapath\.node is not there/);
  assert.match(error.hint, /npx node-gyp rebuild -C runtime\/native/);
});

test("a file that is no addon, or was cut off, is said", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "datapath.node");
  writeFileSync(path, "no addon");
  assert.match(refusal(path).message, /not an addon for this processor, or the build was cut off/);
});

test("a build of other sources is said", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "stale.cjs");
  writeFileSync(path, "module.exports = { revision: 0 };");
  assert.match(refusal(path).message, /built from other sources \(revision 0/);
});

test("what libraries and Node versions are missing is said", () => {
  using folder = temporaryFolder();
  const throwing = (name: string, message: string): string => {
    const path = join(folder.path, `${name}.cjs`);
    writeFileSync(path, `throw new Error(${JSON.stringify(message)});`);
    const error = refusal(path);
    return `${error.message} | ${error.hint}`;
  };
  assert.match(
    throwing("a", "libbpf.so.1: cannot open shared object file: No such file"),
    /library libbpf\.so\.1 is missing \| install it: apt-get install libbpf1/,
  );
  assert.match(throwing("b", "undefined symbol: bpf_prog_query_opts"), /libbpf has no bpf_prog_query_opts/);
  assert.match(throwing("c", "was compiled against a different Node.js version using NODE_MODULE_VERSION 93"), /built for another Node/);
});

test("the kernel's errors carry number, name, operation and object", () => {
  try {
    native().openPin("/sys/fs/bpf/nosuch");
    assert.unreachable();
  } catch (error) {
    if (!failedWith(error, "ENOENT")) throw error;
    assert.is(error.errno, 2);
    assert.is(error.operation, "open pin");
    assert.is(error.object, "/sys/fs/bpf/nosuch");
  }
});

test("wrong arguments are errors, not faults", () => {
  const { KernelMap, ElfObject, testRun, netlink, inNetwork } = native();
  assert.throws(() => new KernelMap(-1), /descriptor/);
  assert.throws(() => Reflect.construct(ElfObject, ["text", "name"]), /Uint8Array is needed/);
  assert.throws(() => testRun(-1, { data: new Uint8Array(64) }), /Bad file descriptor/);
  assert.throws(() => netlink(new Uint8Array(4), "nothing"), /netlink nothing/);
  assert.throws(() => Reflect.apply(inNetwork, undefined, [-1, 5]), /a function is needed/);
});

test("the addon in use is the one of these sources", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "copy.node");
  copyFileSync(new URL("./build/Release/datapath.node", import.meta.url), path);
  assert.is(load(path).revision, native().revision);
});

test.run();
