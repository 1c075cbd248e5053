/** How often each sort of statement, expression and map stood in the programs that ran. */
import { fragmentsOf, type Part } from "./tree.js";

export class Coverage {
  readonly #counts = new Map<string, number>();
  #programs = 0;

  add(parts: readonly Part[]): void {
    this.#programs += 1;
    for (const { sort } of fragmentsOf(parts)) this.#counts.set(sort, (this.#counts.get(sort) ?? 0) + 1);
  }

  /** Lines of a report: each sort with its count, the rarest last. */
  report(): readonly string[] {
    const sorts = [...this.#counts].filter(([sort]) => sort !== "member").sort(([, a], [, b]) => b - a);
    const width = Math.max(...sorts.map(([sort]) => sort.length), 0);
    const columns = 3;
    const cells = sorts.map(([sort, count]) => `${sort.padEnd(width)} ${String(count).padStart(8)}`);
    const rows = Math.ceil(cells.length / columns);
    return [
      `${sorts.length} sorts of statements, expressions, declarations and maps in ${this.#programs} programs:`,
      ...Array.from({ length: rows }, (_, row) =>
        Array.from({ length: columns }, (_, column) => cells[column * rows + row] ?? "").join("   "),
      ),
    ];
  }
}
