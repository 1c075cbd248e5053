/** How long builds take, beside what they are to be measured by. */
import { table } from "./report.js";

export interface BuildTime {
  readonly what: string;
  readonly ms: number;
  readonly beside: string;
  readonly besideMs: number;
  /** the most that `ms` may be of `besideMs` */
  readonly limit: number;
}

export async function buildTimes(_rounds: number): Promise<readonly BuildTime[]> {
  return [];
}

export function buildsTable(times: readonly BuildTime[]): string {
  return table(
    ["build", "ms", "beside", "ms", "ratio", "at most"],
    times.map(({ what, ms, beside, besideMs, limit }) => [
      what,
      ms.toFixed(0),
      beside,
      besideMs.toFixed(0),
      (ms / besideMs).toFixed(2),
      `${limit}`,
    ]),
  );
}
