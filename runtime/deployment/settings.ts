/** Settings in the kernel: read and written while the programs run. */
import type { Manifest, Variable } from "../../codegen/bundle/manifest.js";
import { readInteger, storeInteger, type Values } from "../load/sections.js";
import { type KernelMap, native } from "../native/index.js";
import { SETTINGS_PATH } from "./build.js";
import type { Layout } from "./layout.js";
import { exists } from "./tree.js";

const KEY = new Uint8Array(4);

function open(layout: Layout, number: number): KernelMap | undefined {
  const path = layout.map(number, SETTINGS_PATH);
  return exists(path) ? new (native().KernelMap)(native().openPin(path)) : undefined;
}

/** Writes values that were checked. */
export function liveSettings(layout: Layout, number: number, manifest: Manifest, values: Values): void {
  if (values.size === 0) return;
  const map = open(layout, number);
  if (!map) return;
  try {
    writeSettings(map, manifest.settings, values);
  } finally {
    map.close();
  }
}

/**
 * Each value is stored at once: a program sees the old one or the new one, and other settings are not touched. One of 128
 * bits is two words: a packet of that moment may see one of each, brought into the range.
 */
export function writeSettings(map: KernelMap, variables: readonly Variable[], values: Values): void {
  for (const variable of variables) {
    const value = values.get(variable.path);
    if (value === undefined) continue;
    const bytes = new Uint8Array(variable.size);
    storeInteger(bytes, 0, variable.size, value);
    if (!map.poke(variable.offset, bytes)) replacePart(map, variable.offset, bytes);
  }
}

/** For kernels that can't map the section (before 5.5). */
function replacePart(map: KernelMap, offset: number, part: Uint8Array): void {
  const bytes = map.lookup(KEY) ?? new Uint8Array(map.info().valueSize);
  bytes.set(part, offset);
  map.update(KEY, bytes, 0);
}

export function readSettings(layout: Layout, number: number, manifest: Manifest): Map<string, bigint> {
  const values = new Map<string, bigint>();
  const map = open(layout, number);
  if (!map) return values;
  try {
    const bytes = map.lookup(KEY) ?? new Uint8Array();
    for (const variable of manifest.settings) values.set(variable.path, readInteger(bytes, variable.offset, variable.size));
  } finally {
    map.close();
  }
  return values;
}
