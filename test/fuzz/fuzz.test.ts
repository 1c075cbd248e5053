// test: serial, timeout 840
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { run } from "../lab/command.js";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

test("200 random programs: the verifier takes them, and Node and the kernel agree", async () => {
  const options = ["--programs", "200", "--seed", "7", "--shrink", "1", "--bounds", "100"];
  const command = [process.execPath, "--conditions=datapath", "--import", "tsx", main, ...options];
  const { stdout, stderr } = await run(command, { timeout: 14 * 60_000, mayFail: true });
  const lines = stdout.trimEnd().split("\n");
  assert.match(
    lines.at(-1) ?? "",
    /^200 programs, \d+ packets, 0 verifier rejections, 0 differences .* 0 too large for the verifier,/,
    `${stdout}${stderr}`,
  );
});

test.run();
