/** The set-up's lock, held and waited for by processes. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const module = fileURLToPath(new URL("../../scripts/setup/lock.mjs", import.meta.url));

/**
 * A folder with a lock, and processes that build something there: `log` has a line where each begins and ends, `done` is
 * what they make. The work takes until there is a file `go`.
 */
class Site {
  readonly folder = mkdtempSync(join(tmpdir(), "datapath-lock-"));
  readonly lock = join(this.folder, "cache", "build.lock");
  readonly #started: Builder[] = [];

  start(): Builder {
    const script = `
      import { appendFileSync, existsSync, writeFileSync } from "node:fs";
      import { once } from ${JSON.stringify(module)};
      once(${JSON.stringify(this.lock)}, () => !existsSync("done"), () => {
        appendFileSync("log", process.pid + " begins\\n");
        console.log("at work");
        while (!existsSync("go")) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
        appendFileSync("log", process.pid + " ends\\n");
        writeFileSync("done", "");
      });`;
    const builder = new Builder(spawn(process.execPath, ["--input-type=module", "-e", script], { cwd: this.folder }));
    this.#started.push(builder);
    return builder;
  }

  go(): void {
    writeFileSync(join(this.folder, "go"), "");
  }

  get log(): string[] {
    return existsSync(join(this.folder, "log")) ? readFileSync(join(this.folder, "log"), "utf8").trim().split("\n") : [];
  }

  /** A lock as a process of that number and start would have left it. */
  leave(owner: string): void {
    mkdirSync(this.lock, { recursive: true });
    writeFileSync(join(this.lock, owner), "");
  }

  [Symbol.dispose](): void {
    for (const builder of this.#started) builder.kill();
    rmSync(this.folder, { recursive: true });
  }
}

class Builder {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<void>;
  said = "";

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    this.#closed = new Promise(resolve => child.on("close", () => resolve()));
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", text => {
        this.said += text;
      });
  }
  get pid(): number | undefined {
    return this.#child.pid;
  }
  kill(): void {
    this.#child.kill("SIGKILL");
  }
  /** Until it has said something. */
  async speaks(): Promise<string> {
    while (this.said === "" && this.#child.exitCode === null) await new Promise(resolve => setTimeout(resolve, 10));
    return this.said;
  }
  async ends(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }
}

const waiting = ({ pid }: Builder): string => `set-up: waiting for process ${pid}, which sets up the same folder\n`;

test("of several processes one does the work; the others wait, and say for whom", async () => {
  using site = new Site();
  const first = site.start();
  assert.is(await first.speaks(), "at work\n");
  const others = [site.start(), site.start()];
  for (const other of others) assert.is(await other.speaks(), waiting(first));
  site.go();
  for (const builder of [first, ...others]) assert.is(await builder.ends(), 0);
  assert.equal(site.log, [`${first.pid} begins`, `${first.pid} ends`]);
  for (const other of others) assert.is(other.said, waiting(first));
  assert.equal(readdirSync(join(site.folder, "cache")), [], "no lock stays");
});

test("a lock whose process was killed is taken by one of those that wait", async () => {
  using site = new Site();
  const first = site.start();
  await first.speaks();
  const others = [site.start(), site.start()];
  for (const other of others) assert.is(await other.speaks(), waiting(first));
  first.kill();
  await first.ends();
  site.go();
  for (const other of others) assert.is(await other.ends(), 0);
  const [, begins, ends, ...more] = site.log;
  assert.equal(more, []);
  assert.is(begins?.replace("begins", "ends"), ends);
  assert.is(others.filter(other => other.said.endsWith("at work\n")).length, 1);
});

test("a lock whose process is gone, or whose number another process has, holds nobody up", async () => {
  for (const owner of ["4194303-1", `${process.pid}-1`]) {
    using site = new Site();
    site.leave(owner);
    mkdirSync(`${site.lock}.4194303-1`);
    site.go();
    const builder = site.start();
    assert.is(await builder.ends(), 0);
    assert.is(builder.said, "at work\n");
    assert.is(site.log.length, 2);
    assert.equal(readdirSync(join(site.folder, "cache")), []);
  }
});

test.run();
