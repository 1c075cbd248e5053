/** What the quickstart says while it works: numbered steps, what was checked, and a clear end when a check fails. */
export class Narrator {
  #step = 0;
  readonly #started = performance.now();

  step(text: string): void {
    this.#step += 1;
    console.log(`\n${this.#bold(`${this.#step}. ${text}`)}`);
  }

  /** A command as the reader could type it. */
  command(text: string): void {
    console.log(`   ${this.#dim(`$ ${text}`)}`);
  }

  output(text: string): void {
    for (const line of text.trimEnd().split("\n")) console.log(`     ${line}`);
  }

  /** Says that something holds, or throws where it does not. */
  check(holds: boolean, text: string): void {
    if (!holds) throw new Error(`this should hold, and does not: ${text}`);
    console.log(`   ${this.#green("✓")} ${text}`);
  }

  end(): void {
    console.log(`\n${this.#bold("Done")} in ${((performance.now() - this.#started) / 1000).toFixed(1)} s.`);
  }

  #styled(code: number, text: string): string {
    return process.stdout.isTTY && !process.env.NO_COLOR ? `\x1b[${code}m${text}\x1b[0m` : text;
  }
  #bold(text: string): string {
    return this.#styled(1, text);
  }
  #dim(text: string): string {
    return this.#styled(2, text);
  }
  #green(text: string): string {
    return this.#styled(32, text);
  }
}
