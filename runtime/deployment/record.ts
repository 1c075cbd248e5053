/** What is kept of a manifest and a target in the kernel, so that any later process can read a deployment. */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Manifest } from "../../codegen/bundle/manifest.js";
import { readManifest } from "../bundle/manifest.js";
import { count, isRecord, object, oneOf, text } from "../bundle/validate.js";
import { DatapathError } from "../errors.js";
import type { Values } from "../load/sections.js";
import type { TargetRecord } from "../target/target.js";
import { readLongText, writeLongText } from "./tree.js";

const LARGEST = 64 << 20;

function write(folder: string, value: unknown): void {
  writeLongText(folder, deflateRawSync(JSON.stringify(value)).toString("base64url"));
}

function read<T>(folder: string, reader: (value: unknown, at: string) => T): T {
  try {
    const packed = Buffer.from(readLongText(folder) ?? "", "base64url");
    return reader(JSON.parse(inflateRawSync(packed, { maxOutputLength: LARGEST }).toString()), "record");
  } catch (cause) {
    throw new DatapathError("DP7013", `${folder}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** Lines of the C serve the verifier's rejections, entries of the build a new map: neither is needed once it runs. */
export function writeManifest(folder: string, manifest: Manifest): void {
  write(folder, { ...manifest, lines: [], sources: [], maps: manifest.maps.map(map => ({ ...map, initial: [] })) });
}

export function readRecordedManifest(folder: string): Manifest {
  return read(folder, readManifest);
}

export interface RecordedTarget {
  readonly target: TargetRecord;
  readonly params: Values;
}

const targetReader = object({
  device: text,
  ifindex: count,
  position: oneOf("device", "host-end"),
  namespace: count,
  namespacePath: text,
  label: text,
});

export function writeTarget(folder: string, { target, params }: RecordedTarget): void {
  const { device, ifindex, position, namespace, namespacePath, label } = target;
  write(folder, {
    target: { device, ifindex, position, namespace, namespacePath, label },
    params: Object.fromEntries([...params].map(([path, value]) => [path, value.toString()])),
  });
}

export function readTarget(folder: string): RecordedTarget {
  return read(folder, (value, at) => {
    const { target, params } = object({ target: targetReader, params: (inner: unknown) => (isRecord(inner) ? inner : {}) })(value, at);
    const values = new Map<string, bigint>();
    for (const [path, number] of Object.entries(params)) values.set(path, BigInt(text(number, path)));
    return { target, params: values };
  });
}
