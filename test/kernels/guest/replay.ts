/** Gives a recording's packets to this kernel and compares what comes of them. */
import { loadForTest } from "../../../runtime/test-run/load.js";
import type { RecordedRun, Recording } from "../recording.js";

export function replay(recording: Recording): readonly string[] {
  const problems: string[] = [];
  try {
    using program = loadForTest(Buffer.from(recording.object, "base64"), recording.manifest, { params: recording.params });
    for (const [i, run] of recording.runs.entries()) {
      const result = program.run(recording.hook, Buffer.from(run.packet, "base64"), {
        clock: BigInt(run.clock),
        random: run.random,
        mark: run.mark,
        priority: run.priority,
      });
      if (result.retval !== run.verdict) problems.push(`packet ${i}: verdict ${result.retval}, was ${run.verdict}`);
      const bytes = Buffer.from(result.bytes).toString("base64");
      if (bytes !== run.result) problems.push(`packet ${i}: bytes\n  ${hex(bytes)}, were\n  ${hex(run.result)}`);
      for (const [path, entries] of Object.entries(run.maps)) {
        const now = [...program.map(path).entries()].map(([key, value]) => [base64(key), base64(value)] as const);
        problems.push(...compareMap(`packet ${i}: map ${path}`, now, entries));
      }
    }
  } catch (error) {
    problems.push(error instanceof Error ? `${error.message}` : String(error));
  }
  return problems;
}

function compareMap(what: string, now: RecordedRun["maps"][string], then: RecordedRun["maps"][string]): readonly string[] {
  const text = (entries: RecordedRun["maps"][string]) =>
    entries
      .map(([key, value]) => `${hex(key)} → ${hex(value)}`)
      .sort()
      .join("; ");
  return text(now) === text(then) ? [] : [`${what}: ${text(now)}, was ${text(then)}`];
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
function hex(text: string): string {
  return Buffer.from(text, "base64").toString("hex");
}
