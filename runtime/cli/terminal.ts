/**
 * Where a command's words go. Results are standard output; notices, progress and errors are standard error, so that a
 * pipe sees results alone. With `--json`, standard output carries exactly one JSON document.
 */
import { stripVTControlCharacters, styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

export interface Stream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export class Terminal {
  readonly #out: Stream;
  readonly #err: Stream;
  readonly #noColour: boolean;
  #progressShown = false;
  /** `--json` was given */
  json = false;

  constructor(out: Stream = process.stdout, err: Stream = process.stderr, environment: NodeJS.ProcessEnv = process.env) {
    this.#out = out;
    this.#err = err;
    this.#noColour = Boolean(environment.NO_COLOR) || environment.TERM === "dumb";
  }

  /** Columns of the terminal; 120 where output is not one. */
  get width(): number {
    return this.#out.isTTY ? (this.#out.columns ?? 80) : 120;
  }

  /** Standard output is a terminal, so it is coloured and may be redrawn. */
  get interactive(): boolean {
    return this.#out.isTTY === true && !this.json;
  }

  /** A line of the result for people. Nothing with `--json`. */
  print(line = ""): void {
    if (this.json) return;
    this.#clearProgress();
    this.#out.write(`${line}\n`);
  }

  /** The result for programs. Nothing without `--json`. */
  document(value: unknown): void {
    if (this.json) this.#out.write(`${toJson(value)}\n`);
  }

  /** A line to standard error: a notice, a warning, an error. */
  note(line: string): void {
    this.#clearProgress();
    this.#err.write(`${line}\n`);
  }

  /** One line that the next output replaces; only on a terminal. */
  progress(text: string): void {
    if (!this.#err.isTTY || this.json) return;
    this.#err.write(`\r\x1b[K${text}`);
    this.#progressShown = true;
  }

  /** Text in a style where it goes to a terminal, else as it is. */
  style(style: Style, text: string, to: "out" | "err" = "out"): string {
    const stream = to === "out" ? this.#out : this.#err;
    return this.colours(to) && stream.isTTY ? styleText(style, text) : text;
  }

  colours(to: "out" | "err"): boolean {
    return (to === "out" ? this.#out : this.#err).isTTY === true && !this.#noColour;
  }

  #clearProgress(): void {
    if (!this.#progressShown) return;
    this.#err.write("\r\x1b[K");
    this.#progressShown = false;
  }
}

/** JSON with 64-bit integers as decimal text, since JSON's readers round them. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? item.toString() : item), 2);
}

/** Columns padded to their widest cell; numbers (by `right`) to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths: number[] = [];
  const length = (cell: string): number => stripVTControlCharacters(cell).length;
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, length(cell));
  }
  return rows.map(row =>
    row
      .map((cell, column) => {
        const padding = " ".repeat((widths[column] ?? 0) - length(cell));
        return right.includes(column) ? padding + cell : cell + padding;
      })
      .join("  ")
      .trimEnd(),
  );
}
