/** No change of a watched file is missed. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { changed } from "./watch.js";

const test = suite("watch", { folder: "" });
test.before.each(context => {
  context.folder = mkdtempSync(join(tmpdir(), "dp-watch-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

const pause = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds));

test("a file that was saved before anyone waited", async ({ folder }) => {
  const [first, second] = [join(folder, "a.dp.ts"), join(folder, "b.dp.ts")];
  writeFileSync(first, "1");
  writeFileSync(second, "1");
  await pause(50);
  const since = Date.now();
  writeFileSync(second, "2");
  assert.equal(await changed([first, second], since), [second]);
});

test("files that are saved together, and not those that nobody watches", async ({ folder }) => {
  const [first, second, other] = [join(folder, "a.dp.ts"), join(folder, "b.dp.ts"), join(folder, "c.dp.ts")];
  for (const file of [first, second, other]) writeFileSync(file, "1");
  await pause(50);
  const found = changed([first, second], Date.now());
  for (const file of [other, second, first]) writeFileSync(file, "2");
  assert.equal([...(await found)].sort(), [first, second]);
});

test.run();
