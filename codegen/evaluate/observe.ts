/**
 * Watches what user code reads while it is evaluated: files, environment variables, and what no cache can know (time, network,
 * randomness, other processes). Node's own functions are wrapped for that while and put back.
 */
import childProcess from "node:child_process";
import crypto from "node:crypto";
import dgram from "node:dgram";
import dns from "node:dns";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import os from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

export interface Observed {
  readonly files: ReadonlySet<string>;
  readonly environment: ReadonlyMap<string, string | undefined>;
  readonly unrepeatable: ReadonlySet<string>;
}

/** Functions of `node:fs` that read, and whose first argument is a path. */
const readers = [
  "readFile",
  "readFileSync",
  "open",
  "openSync",
  "createReadStream",
  "readdir",
  "readdirSync",
  "opendir",
  "opendirSync",
  "stat",
  "statSync",
  "lstat",
  "lstatSync",
  "access",
  "accessSync",
  "exists",
  "existsSync",
  "readlink",
  "readlinkSync",
  "realpath",
  "realpathSync",
  "cp",
  "cpSync",
  "copyFile",
  "copyFileSync",
] as const;

const surroundings: readonly (readonly [object, readonly string[], string])[] = [
  [childProcess, ["spawn", "spawnSync", "exec", "execSync", "execFile", "execFileSync", "fork"], "another process"],
  [net, ["connect", "createConnection", "createServer"], "the network"],
  [net.Socket.prototype, ["connect"], "the network"],
  [dgram, ["createSocket"], "the network"],
  [dns, ["lookup", "resolve", "resolve4", "resolve6"], "the network"],
  [dns.promises, ["lookup", "resolve", "resolve4", "resolve6"], "the network"],
  [globalThis, ["fetch"], "the network"],
  [Date, ["now"], "the time"],
  [process, ["hrtime", "uptime"], "the time"],
  [performance, ["now"], "the time"],
  [Math, ["random"], "random numbers"],
  [crypto, ["randomBytes", "randomInt", "randomUUID", "randomFillSync", "getRandomValues"], "random numbers"],
  [os, ["hostname", "networkInterfaces", "userInfo", "cpus", "freemem", "totalmem", "loadavg", "uptime"], "this machine"],
];

/**
 * chevrotain, of the filter expressions, measures how long its own set-up takes, and lodash how often it is called; the
 * figures go nowhere.
 */
const selfTimers = /\/node_modules\/(@?chevrotain\/|lodash-es\/_shortOut\.js)/;

/** Whether a function that is wrapped here was called by code whose use of it decides nothing. */
function isHarmless(): boolean {
  const caller = new Error().stack
    ?.split("\n")
    .slice(1)
    .find(line => !/\/evaluate\/observe\.[jt]s|\bReflect\b|<anonymous>\)$/.test(line));
  return caller !== undefined && selfTimers.test(caller);
}

/** Runs `work` and tells what it read. Not for two at a time. */
export async function observe<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly observed: Observed }> {
  const files = new Set<string>();
  const environment = new Map<string, string | undefined>();
  const unrepeatable = new Set<string>();
  const restore: (() => void)[] = [];

  const wrap = (owner: object, name: string, note: (first: unknown) => void): void => {
    const original: unknown = Reflect.get(owner, name);
    if (typeof original !== "function") return;
    const own = Object.getOwnPropertyDescriptor(owner, name);
    const wrapped = new Proxy(original, {
      apply(target, self, parameters) {
        note(parameters[0]);
        return Reflect.apply(target, self, parameters);
      },
    });
    const done =
      own === undefined
        ? Reflect.defineProperty(owner, name, { value: wrapped, configurable: true, writable: true })
        : Reflect.set(owner, name, wrapped);
    if (!done) return;
    restore.push(() => {
      if (own === undefined) Reflect.deleteProperty(owner, name);
      else Object.defineProperty(owner, name, own);
    });
  };
  const noteFile = (path: unknown): void => {
    const file = asPath(path);
    if (file !== undefined) files.add(file);
  };

  for (const name of readers) {
    wrap(fs, name, noteFile);
    wrap(fs.promises, name, noteFile);
  }
  const noteUnrepeatable = (why: string): void => {
    if (!unrepeatable.has(why) && !isHarmless()) unrepeatable.add(why);
  };
  for (const [owner, names, why] of surroundings) for (const name of names) wrap(owner, name, () => noteUnrepeatable(why));

  const date = globalThis.Date;
  globalThis.Date = new Proxy(date, {
    construct(target, parameters, newTarget) {
      if (parameters.length === 0) noteUnrepeatable("the time");
      return Reflect.construct(target, parameters, newTarget);
    },
    apply(target, self, parameters) {
      noteUnrepeatable("the time");
      return Reflect.apply(target, self, parameters);
    },
  });
  restore.push(() => {
    globalThis.Date = date;
  });

  const env = process.env;
  const noteVariable = (name: string | symbol): void => {
    if (typeof name === "string" && !environment.has(name)) environment.set(name, env[name]);
  };
  process.env = new Proxy(env, {
    get(target, name) {
      noteVariable(name);
      return Reflect.get(target, name);
    },
    has(target, name) {
      noteVariable(name);
      return Reflect.has(target, name);
    },
    ownKeys(target) {
      for (const name of Object.keys(target)) noteVariable(name);
      return Reflect.ownKeys(target);
    },
  });
  restore.push(() => {
    process.env = env;
  });

  // The user's own line may stand far below those of a library that threw.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  restore.push(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });

  // What user code prints goes beside the command's own output, which may be JSON; and a build is not the user's to end.
  const { stdout } = process;
  const write = Object.getOwnPropertyDescriptor(stdout, "write");
  stdout.write = process.stderr.write.bind(process.stderr);
  const { exit } = process;
  process.exit = code => {
    throw new Error(`process.exit(${code ?? ""}) was called`);
  };
  restore.push(() => {
    if (write === undefined) Reflect.deleteProperty(stdout, "write");
    else Object.defineProperty(stdout, "write", write);
    process.exit = exit;
  });

  syncBuiltinESMExports();
  try {
    return { value: await work(), observed: { files, environment, unrepeatable } };
  } finally {
    for (const undo of restore.reverse()) undo();
    syncBuiltinESMExports();
  }
}

function asPath(value: unknown): string | undefined {
  if (typeof value === "string") return resolve(value);
  if (value instanceof URL && value.protocol === "file:") return fileURLToPath(value);
  if (value instanceof Uint8Array) return resolve(Buffer.from(value).toString());
  return undefined;
}
