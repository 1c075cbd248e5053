/** C to an eBPF object, by clang as a process: C on stdin, the object on stdout. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { diagnose } from "../diagnostics/diagnose.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Span } from "../ir/ir.js";
import { readObject } from "../object/elf.js";
import { programsOf } from "../object/programs.js";
import { chainOf, stackOf } from "../object/stack.js";
import type { SourceRoot } from "../source/source-root.js";
import { type Clang, findClangs, oldestVersion } from "./find-clang.js";

export interface CompileOptions {
  readonly root: SourceRoot;
  /**
   * The names in `#line` directives, as `root.nameOf` gives them: clang quotes their lines in BTF. They are found in the C
   * where left out.
   */
  readonly sources?: readonly string[];
  /** the folders to look for clang in, as PATH has them; default: PATH */
  readonly searchPath?: string;
}

export type CompileResult =
  | {
      readonly ok: true;
      readonly object: Uint8Array;
      readonly clang: Clang /** clang's warnings; "" for none */;
      readonly warnings: string;
    }
  | {
      readonly ok: false;
      readonly diagnostics: readonly Diagnostic[];
      /** the functions that want more stack than a program has */
      readonly overStack: readonly string[];
    };

/**
 * Wrapping and aliasing are JavaScript's and the packet's, not C's; version 3 of the instruction set is what 6.1 has;
 * the compilation folder is cut out, so that two folders give the same bytes.
 */
const flags = [
  "-x",
  "c",
  "-std=gnu11",
  "-O2",
  "-g",
  "-target",
  "bpf",
  "-mcpu=v3",
  "-mlittle-endian",
  "-fwrapv",
  "-fno-strict-aliasing",
  "-fno-ident",
  "-nostdinc",
  "-Wall",
  "-Wno-unused-function",
  "-Wno-unused-label",
  "-Wno-unused-variable",
  "-Wno-unused-but-set-variable",
  "-fdebug-compilation-dir=.",
  "-fno-color-diagnostics",
  "-c",
  "-",
  "-o",
  "-",
] as const;

/** The flags as one text: part of a build's identity. */
export const compileFlags: string = flags.join(" ");

/** Compiles self-contained C: no header is read. Errors of clang are ours, and said so. */
export async function compileC(c: string, options: CompileOptions): Promise<CompileResult> {
  const clang = usableClang(options);
  if ("code" in clang) return { ok: false, diagnostics: [clang], overStack: [] };
  const folder = mkdtempSync(join(tmpdir(), "datapath-clang-"));
  try {
    layOutSources(folder, options.sources ?? sourcesIn(c), options.root);
    const { status, stdout, stderr } = await run(clang.path, folder, c, flags);
    if (status === 0) {
      const deep = functionsOverChain(stdout);
      return deep.length > 0
        ? { ok: false, diagnostics: [tooDeep("", deep)], overStack: deep }
        : { ok: true, object: stdout, clang, warnings: stderr };
    }
    const overStack = /\bstack limit\b/.test(stderr) ? await functionsOverStack(clang, folder, c) : [];
    return { ok: false, diagnostics: [overStack.length > 0 ? tooDeep(stderr, overStack) : refusedByClang(c, stderr, status)], overStack };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function usableClang(options: CompileOptions): Clang | Diagnostic {
  const nowhere: Span = { file: "", line: 0, column: 0, length: 0 };
  const [newest] = findClangs(options.searchPath);
  if (newest === undefined) return diagnose("DP5001", nowhere, "no clang was found in the search path");
  if (newest.version < oldestVersion) {
    return diagnose("DP5002", nowhere, `clang ${newest.version} (${newest.path}) is too old: version ${oldestVersion} or newer is needed`);
  }
  return newest;
}

/**
 * clang runs in a folder where each source stands under its name, so that it can quote lines of files that lie outside the
 * root (linked packages), and so that no path of this machine gets into the object.
 */
function layOutSources(folder: string, names: readonly string[], root: SourceRoot): void {
  for (const name of new Set(names)) {
    if (name.startsWith("/") || name.split("/").includes("..")) continue;
    const link = join(folder, name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(root.fileOf(name), link);
  }
}

function sourcesIn(c: string): readonly string[] {
  return [...c.matchAll(/^\s*#\s*line\s+\d+\s+"([^"]+)"/gm)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

/** What a program of the kernel has. */
const STACK = 512;
/** where functions are that programs call */
const FUNCTIONS = ".text";

/**
 * clang names a line, which may be anyone's that was inlined. With more stack than there is it says what it would take, or
 * before version 18 nothing: then any function may be the one.
 */
async function functionsOverStack(clang: Clang, folder: string, c: string): Promise<readonly string[]> {
  const { status, stdout } = await run(clang.path, folder, c, [...flags, "-mllvm", "-bpf-stack-size=16384"]);
  if (status === 0)
    return programsOf(readObject(stdout))
      .filter(program => stackOf(program) > STACK)
      .map(({ name }) => name);
  return [...c.matchAll(/^SEC\("(?:xdp|tc)"\)\nint (\w+)\(/gm)].flatMap(([, name]) => name ?? []);
}

/** clang knows of one function's stack: what a program and those that it calls have together is the verifier's to refuse. */
function functionsOverChain(object: Uint8Array): readonly string[] {
  const programs = programsOf(readObject(object));
  return programs.filter(program => program.section !== FUNCTIONS && (chainOf(program, programs) ?? 0) > STACK).map(({ name }) => name);
}

interface Run {
  /** null where it was ended by a signal */
  readonly status: number | null;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

function run(path: string, cwd: string, input: string, flags: readonly string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, flags, {
      cwd,
      stdio: ["pipe", "pipe", "pipe"],
      env: { PATH: process.env.PATH, LC_ALL: "C" },
      timeout: 120_000,
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.on("error", reject);
    child.on("close", status => resolve({ status, stdout: new Uint8Array(Buffer.concat(out)), stderr: Buffer.concat(err).toString() }));
    // It may end before it has read all.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

function tooDeep(stderr: string, functions: readonly string[]): Diagnostic {
  const { file, line, column } = firstError(stderr);
  const known = file !== "" && file !== "<stdin>";
  const span: Span = { file: known ? file.replace(/^\.\//, "") : "", line: known ? line : 0, column: known ? column : 0, length: 1 };
  return diagnose("DP5005", span, `${functions.join(", ")}: more than ${STACK} bytes of stack, and no place is left to cut it at`);
}

function firstError(stderr: string): { readonly file: string; readonly line: number; readonly column: number; readonly message?: string } {
  const [, file = "", line = "0", column = "0", message] = /^(?:(.*?):(\d+):(\d+): )?(?:fatal )?error: (.*)$/m.exec(stderr) ?? [];
  return { file, line: Number(line), column: Math.max(1, Number(column)), ...(message !== undefined && { message }) };
}

/** The C is kept for the report: nobody else can find out what went wrong. */
function refusedByClang(c: string, stderr: string, status: number | null): Diagnostic {
  const kept = mkdtempSync(join(tmpdir(), "datapath-refused-"));
  writeFileSync(join(kept, "program.c"), c);
  writeFileSync(join(kept, "clang.log"), stderr);
  const { file, line, column, message = status === null ? "it was ended by a signal" : `exit code ${status}` } = firstError(stderr);
  const inSource = file !== "" && file !== "<stdin>";
  const span: Span = inSource
    ? { file: file.replace(/^\.\//, ""), line, column, length: 1 }
    : { file: join(kept, "program.c"), line, column, length: 1 };
  return diagnose("DP5003", span, `clang refused the generated C: ${message}; the C and clang's whole output are kept in ${kept}`);
}
