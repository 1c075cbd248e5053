/** Finds the test files, and what each asks of the runner. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "../setup/tools.mjs";

const skippedFolders = new Set(["node_modules", "dist", "build", "invalid"]);

/**
 * A test file may ask, in a comment in its first lines:
 *
 *     // test: serial, alone, timeout 300
 *
 * `serial` runs it while no other test runs (it measures time, or uses what the machine has only once);
 * `alone` gives it a process of its own, where files of uvu share one (it changes what the process is);
 * `timeout` gives it that many seconds instead of the usual.
 */
const request = /^[/* ]*test: (.*?)(?:\*\/)?$/m;

/** Test files whose path contains one of the filters; all, where there is none. */
export function findTests(filters) {
  return [...walk(root)]
    .map(path => relative(root, path))
    .filter(path => filters.length === 0 || filters.some(filter => path.includes(filter.replace(/^\.\//, ""))))
    .sort()
    .map(path => {
      const text = readFileSync(join(root, path), "utf8");
      const asked = request.exec(text.slice(0, 2000))?.[1] ?? "";
      return {
        path,
        serial: /\bserial\b/.test(asked),
        shares: /^import .* from "uvu";$/m.test(text) && !/\balone\b/.test(asked),
        timeout: Number(/\btimeout (\d+)/.exec(asked)?.[1] ?? 0) || undefined,
      };
    });
}

function* walk(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!skippedFolders.has(entry.name) && !entry.name.startsWith(".") && !entry.name.endsWith(".dpo")) yield* walk(path);
    } else if (entry.name.endsWith(".test.ts")) {
      yield path;
    }
  }
}
