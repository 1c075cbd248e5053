/** Reads what a test file printed: how many tests ran, passed and were skipped. */

/** uvu's last lines, or node:test's. A file may use either; several suites of one file are summed by uvu itself. */
export function readSummary(output) {
  const uvu = /^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)$/m.exec(output);
  const node =
    /^(?:#|ℹ) tests (\d+)\n(?:(?:#|ℹ) suites \d+\n)?(?:#|ℹ) pass (\d+)\n(?:#|ℹ) fail \d+\n(?:#|ℹ) cancelled \d+\n(?:#|ℹ) skipped (\d+)$/m.exec(
      output,
    );
  const [, total = 0, passed = 0, skipped = 0] = (uvu ?? []).map(Number);
  const [, nodeTotal = 0, nodePassed = 0, nodeSkipped = 0] = (node ?? []).map(Number);
  return { passed: passed + nodePassed, skipped: skipped + nodeSkipped, failed: total - passed + (nodeTotal - nodePassed - nodeSkipped) };
}

/** A file's result: what counts, and why it failed where its own tests do not say. */
export function judge(task) {
  const { passed, skipped, failed } = readSummary(task.output);
  const seconds = (task.milliseconds / 1000).toFixed(0);
  if (task.timedOut) return { passed, skipped, failed: failed + 1, why: `did not end within ${seconds} s` };
  if (passed + failed + skipped === 0) {
    const why = task.code === 0 ? "ran no test: does it end with test.run()?" : "ended before its tests were counted";
    return { passed, skipped, failed: 1, why };
  }
  if (task.code !== 0 && failed === 0)
    return { passed, skipped, failed: 1, why: `its tests passed, but it ended with code ${task.code ?? "of a signal"}` };
  return { passed, skipped, failed, why: undefined };
}
