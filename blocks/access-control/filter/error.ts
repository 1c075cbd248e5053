/** What is wrong with the text of a rule or an expression, and where. */

/** A run of characters: `from` is the first, `to` the one after the last. Both count from 0. */
export interface Extent {
  readonly from: number;
  readonly to: number;
}

/**
 * A filter expression that cannot be read. The message ends with the text and carets under what it is about:
 *
 *     expected a port number, found "http"; names are not resolved
 *       tcp dst port http
 *                    ^^^^
 */
export class FilterError extends Error {
  override readonly name = "FilterError";
  /** the message's first line: without text and carets */
  readonly reason: string;
  /** the whole text that was read */
  readonly text: string;
  readonly extent: Extent;

  constructor(reason: string, text: string, extent: Extent) {
    super(`${reason}\n${pointAt(text, extent)}`);
    this.reason = reason;
    this.text = text;
    this.extent = extent;
  }

  /** The same, where many expressions are read: `rules[3]: expected …`. */
  at(place: string): FilterError {
    return new FilterError(`${place}: ${this.reason}`, this.text, this.extent);
  }
}

/** The text, indented, with carets under `extent`. White space that would break the line is shown as a space. */
function pointAt(text: string, extent: Extent): string {
  const line = text.replaceAll(/\s/g, " ");
  const width = Math.max(1, extent.to - extent.from);
  return `  ${line}\n  ${" ".repeat(extent.from)}${"^".repeat(width)}`;
}
