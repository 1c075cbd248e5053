/**
 * What one kernel did with packets, and another must do alike. With `DATAPATH_RECORD=FOLDER` in the environment every
 * session of a test leaves a file there: the bundle, the packets, and what became of them.
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { HookName, Manifest } from "../codegen/bundle/manifest.js";
import type { BundleParts } from "../codegen/bundle/write-bundle.js";
import type { KernelOutcome, KernelSession } from "./kernel.js";
import type { World } from "./world.js";

/** Bytes are base64. */
export type Base64 = string;

export interface RecordedRun {
  readonly packet: Base64;
  /** with every bigint as text */
  readonly world: RecordedWorld;
  /** what became of the packet and of the maps: one line for each thing that another kernel must show too */
  readonly outcome: readonly string[];
}
export interface RecordedWorld {
  readonly clock: string;
  readonly random: readonly number[];
  readonly mark: number;
  readonly priority: number;
  readonly params: { readonly [path: string]: string };
  readonly target: { readonly [name: string]: string };
}

export interface Recording {
  readonly title: string;
  readonly hook: HookName;
  readonly manifest: Manifest;
  readonly object: Base64;
  /** program.c of the bundle */
  readonly code: string;
  /** a whole bundle, not a test build: to be attached to a device */
  readonly attachable: boolean;
  readonly runs: readonly RecordedRun[];
}

/** Where recordings go; undefined where nothing is recorded. */
export function recordingFolder(): string | undefined {
  return process.env.DATAPATH_RECORD;
}

export interface Recorder {
  readonly folder: string;
  readonly hook: HookName;
  readonly test: BundleParts;
  readonly whole: BundleParts | undefined;
}

/** The same session, which leaves its recording behind when it is closed. */
export function recorded(session: KernelSession, recorder: Recorder): KernelSession {
  const runs: RecordedRun[] = [];
  return {
    async run(bytes, world, choice) {
      const outcome = await session.run(bytes, world, choice);
      runs.push({ packet: base64(bytes), world: recordedWorld(world), outcome: outcomeLines(outcome) });
      return outcome;
    },
    drops: () => session.drops(),
    async close() {
      await session.close();
      write(recorder, runs);
    },
  };
}

function write({ folder, hook, test, whole }: Recorder, runs: readonly RecordedRun[]): void {
  const recording = (parts: BundleParts, attachable: boolean): Recording => ({
    title: basename(process.argv[1] ?? "", ".test.ts"),
    hook,
    manifest: parts.manifest,
    object: base64(parts.object),
    code: parts.code,
    attachable,
    runs: attachable ? [] : runs,
  });
  mkdirSync(folder, { recursive: true });
  for (const each of [recording(test, false), ...(whole ? [recording(whole, true)] : [])]) {
    const text = JSON.stringify(each);
    const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
    writeFileSync(join(folder, `${each.title}-${hook}-${digest}.json`), text);
  }
}

function recordedWorld(world: World): RecordedWorld {
  const texts = (values: object) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
  return {
    clock: `${world.clock ?? 0n}`,
    random: world.random ?? [],
    mark: world.mark ?? 0,
    priority: world.priority ?? 0,
    params: texts(world.params ?? {}),
    target: texts(world.target ?? {}),
  };
}

/** Of a map with more entries those that are zero are only counted: a large array is one line, and not thousands. */
const MANY = 1024;

/** The outcome as lines of text that can be compared. */
export function outcomeLines(outcome: KernelOutcome): readonly string[] {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  const maps = [...outcome.maps].flatMap(([path, entries]) => {
    const told = entries.length > MANY ? entries.filter(([, value]) => value.some(byte => byte !== 0)) : entries;
    const lines = told.map(([key, value]) => `map ${path}: ${hex(key)} is ${hex(value)}`).sort();
    return told === entries ? lines : [`map ${path}: ${entries.length} entries, of which these are not zero`, ...lines];
  });
  const slots = [...(outcome.slots ?? [])].flatMap(([path, used]) =>
    used.map(([slot, { key, value, live, established, seen, fingerprint }]) =>
      [`slot ${slot} of ${path}: ${hex(key)} is ${hex(value)}`, live, established, seen, fingerprint].join(", "),
    ),
  );
  const events = [...(outcome.events ?? [])].flatMap(([path, records]) => records.map(record => `event of ${path}: ${hex(record)}`));
  return [
    `verdict ${outcome.verdict}${outcome.reason === undefined ? "" : ` (${outcome.reason})`}`,
    `bytes ${hex(outcome.bytes)}`,
    `mark ${outcome.mark ?? "-"}, priority ${outcome.priority ?? "-"}`,
    ...maps,
    ...slots,
    ...events,
  ];
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
