/** Gives a recording's packets to this kernel and compares what comes of them. */
import { outcomeLines, type RecordedRun, type Recording } from "../../../testing/recording.js";
import { Session } from "../../../testing/session.js";
import type { World } from "../../../testing/world.js";

export async function replay(recording: Recording): Promise<readonly string[]> {
  const session = new Session(recording.manifest, Buffer.from(recording.object, "base64"), recording.hook);
  const problems: string[] = [];
  try {
    for (const [i, run] of recording.runs.entries()) {
      const lines = outcomeLines(await session.run(Buffer.from(run.packet, "base64"), worldOf(run)));
      problems.push(...without(lines, run.outcome).map(line => `packet ${i}: ${line}`));
      problems.push(...without(run.outcome, lines).map(line => `packet ${i}: not ${line}`));
    }
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  } finally {
    await session.close();
  }
  return problems;
}

function without(lines: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others);
  return lines.filter(line => !known.has(line));
}

function worldOf({ world }: RecordedRun): World {
  const integers = (texts: { readonly [name: string]: string }) =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, integer(text)]));
  return {
    clock: BigInt(world.clock),
    random: [...world.random],
    mark: world.mark,
    priority: world.priority,
    params: integers(world.params),
    target: integers(world.target),
  };
}

function integer(text: string): number | bigint | boolean {
  return text === "true" || text === "false" ? text === "true" : BigInt(text);
}
