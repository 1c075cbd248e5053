/**
 * Whether a `dp build` has nothing to do, found out without loading anything: the record of the last build
 * (codegen/cache/record.ts) names every file and variable that decided its result.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Answers a `dp build` that has nothing to do; false where the compiler must decide. */
export function answerUpToDate(args) {
  const request = readRequest(args);
  if (!request) return false;
  const records = [];
  for (const { source, bundle, options } of request.builds) {
    const record = currentRecord(source, bundle, options);
    if (!record) return false;
    records.push(record);
  }
  for (const record of records) if (record.said) process.stderr.write(record.said);
  if (request.json) {
    const builds = records.map(record => record.document);
    process.stdout.write(`${JSON.stringify({ ok: true, builds }, null, 2)}\n`);
  } else {
    for (const record of records) process.stdout.write(`${shown(record.bundle)} is up to date\n`);
  }
  return true;
}

/** The file that holds the record of building `source` into `bundle`; both absolute paths. */
export function recordPath(source, bundle) {
  const cache = process.env.XDG_CACHE_HOME || join(process.env.HOME || "/", ".cache");
  // A name only: the record says itself what it is of, so two that share one name cost a rebuild, nothing else.
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(`${source}\0${bundle}`)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return join(cache, "datapath/builds", `${basename(bundle)}-${hash.toString(16)}.json`);
}

/** The record of a build whose result is what building again would give; undefined where there is none. */
export function currentRecord(source, bundle, options) {
  const record = readRecord(recordPath(source, bundle));
  return record && record.source === source && record.bundle === bundle && record.options === options && isCurrent(record)
    ? record
    : undefined;
}

/** `build FILE… [-o DIR] [--json]` and nothing else; what else there is, the command itself reads. */
function readRequest(args) {
  if (args[0] !== "build") return undefined;
  const files = [];
  let folder;
  let json = false;
  for (let i = 1; i < args.length; i++) {
    const arg = args[i];
    if (arg === "--json") json = true;
    else if (arg === "-o" || arg === "--out") folder = args[++i] ?? "";
    else if (arg.startsWith("-")) return undefined;
    else files.push(arg);
  }
  if (files.length === 0 || folder === "") return undefined;
  const builds = files.map(file => {
    const source = resolve(file);
    return { source, bundle: join(folder === undefined ? dirname(source) : resolve(folder), bundleName(source)), options: "{}" };
  });
  return { builds, json };
}

/** `edge.dp.ts` is built into `edge.dpo`. */
function bundleName(source) {
  return `${basename(source).replace(/(\.dp)?\.ts$/, "")}.dpo`;
}

function readRecord(path) {
  try {
    const record = JSON.parse(readFileSync(path, "utf8"));
    return record.format === 1 ? record : undefined;
  } catch {
    return undefined;
  }
}

function isCurrent(record) {
  if (record.node !== process.version || record.datapath !== ownVersion()) return false;
  for (const path of record.absent) if (statOf(path)) return false;
  for (const [path, mtimeMs, size, hash] of record.files) {
    const found = statOf(path);
    if (!found) return false;
    if (found.mtimeMs === mtimeMs && found.size === size) continue;
    // A file that was written anew with what it held before, as a checkout does, is unchanged.
    if (sha256(contentOf(path)) !== hash) return false;
  }
  for (const [name, hash] of Object.entries(record.environment)) {
    const value = process.env[name];
    if ((value === undefined ? null : sha256(value)) !== hash) return false;
  }
  return true;
}

/** What of a path the hash is taken of: a file's bytes, a folder's names. */
export function contentOf(path) {
  return statSync(path).isDirectory() ? readdirSync(path).sort().join("\0") : readFileSync(path);
}

function ownVersion() {
  return JSON.parse(readFileSync(fileURLToPath(new URL("../../package.json", import.meta.url)), "utf8")).version;
}

function statOf(path) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** In hex. node:crypto is loaded only here: most runs need no hash. */
export function sha256(content) {
  return createRequire(import.meta.url)("node:crypto")
    .createHash("sha256")
    .update(content)
    .digest("hex");
}

function shown(path) {
  const here = `${process.cwd()}/`;
  return path.startsWith(here) ? path.slice(here.length) : path;
}
