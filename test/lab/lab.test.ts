import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CommandError, run } from "./command.js";
import { Lab } from "./lab.js";
import { Server } from "./server.js";

test("packets pass between the two namespaces of a pair, over both families", async () => {
  await using lab = await Lab.pair();
  assert.is(await lab.left.pings("10.0.0.2"), true);
  assert.is(await lab.left.pings("fd00::2"), true);
  assert.is(await lab.left.pings("10.0.0.3"), false);
});

test("a disposed lab leaves no namespace and no process", async () => {
  let path = "";
  let pid = 0;
  {
    await using lab = await Lab.pair();
    path = lab.right.path;
    pid = (await lab.right.serve(["sleep", "1000"])).pid;
    assert.is(existsSync(path), true);
    assert.is(existsSync(`/proc/${pid}`), true);
  }
  assert.is(existsSync(path), false);
  assert.is(existsSync(`/proc/${pid}`), false);
});

test("an interrupted process leaves none either", async () => {
  const source = [
    `import { Lab } from ${JSON.stringify(fileURLToPath(new URL("./lab.ts", import.meta.url)))};`,
    `const lab = await Lab.pair(); console.log("made", lab.left.path); setInterval(() => {}, 1000);`,
  ].join("\n");
  await using child = await Server.start([process.execPath, "--import", "tsx", "--input-type=module", "--eval", source], {
    ready: /made \S+\n/,
  });
  const path = /made (\S+)/.exec(child.output)?.[1] ?? "";
  assert.is(existsSync(path), true);
  await child.stop();
  assert.is(existsSync(path), false);
});

test("what a killed process left is removed by the next lab", async () => {
  const gone = await Server.start(["true"]);
  while (gone.running) await new Promise(resolve => setTimeout(resolve, 5));
  const name = `dp-${gone.pid}-1-left`;
  await run(["ip", "netns", "add", name]);
  await using _lab = await Lab.create();
  assert.is(existsSync(`/run/netns/${name}`), false);
});

test("a command that fails says what it wrote", async () => {
  try {
    await run(["sh", "-c", "echo no such thing >&2; exit 3"]);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, CommandError);
    assert.match(String(error), /ended with 3\nno such thing/);
  }
  assert.is((await run(["false"], { mayFail: true })).code, 1);
});

test("offload is switched on one device", async () => {
  await using lab = await Lab.pair({ mtu: 1400 });
  await lab.left.offload("eth0", { tx: false });
  const { stdout } = await lab.left.run(["ethtool", "-k", "eth0"]);
  assert.match(stdout, /^tx-checksumming: off/m);
  assert.match(await lab.left.ip("link", "show", "eth0"), /mtu 1400/);
});

test.run();
