/** The bytes of a data section's map, from what the manifest says of its variables. */
import type { Manifest, Variable } from "../../codegen/bundle/manifest.js";
import { DatapathError } from "../errors.js";

/** Names of the ELF's data sections, which are also their maps' names. */
export const PARAMS = ".rodata.params";
export const SETTINGS = ".data.settings";
export const TARGET = ".rodata.target";
/** clock and random numbers of a test build: struct { u64 clock; u64 count; u64 index; u32 random[64]; } */
export const WORLD = ".data.world";

/** Values by dotted path, as stored integers (booleans are 0 and 1). */
export type Values = ReadonlyMap<string, bigint>;

/** Stores `value` little-endian. */
export function storeInteger(bytes: Uint8Array, offset: number, size: number, value: bigint): void {
  let rest = value;
  for (let i = 0; i < size; i++) {
    bytes[offset + i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

export function readInteger(bytes: Uint8Array, offset: number, size: number): bigint {
  let value = 0n;
  for (let i = size; i-- > 0; ) value = (value << 8n) | BigInt(bytes[offset + i] ?? 0);
  return value;
}

/** A section with every variable at its given value, or at its initial one. */
export function sectionBytes(variables: readonly Variable[], size: number, values: Values): Uint8Array {
  const bytes = new Uint8Array(size);
  for (const variable of variables) {
    if (variable.offset + variable.size > size) {
      throw new DatapathError("DP6002", `the manifest places "${variable.path}" behind the end of its section (${size} bytes)`);
    }
    storeInteger(bytes, variable.offset, variable.size, values.get(variable.path) ?? BigInt(variable.initial));
  }
  return bytes;
}

/** The value that a text or a JavaScript value gives a variable. */
export type VariableInput = string | number | bigint | boolean;

/**
 * Checks a value against a variable's type and range.
 * @throws {DatapathError} DP6006
 */
export function variableValue(variable: Variable, input: VariableInput): bigint {
  const value = parse(variable, input);
  if (value === undefined) {
    throw new DatapathError(
      "DP6006",
      `"${variable.path}" cannot be ${JSON.stringify(String(input))}; it takes ${variable.boolean ? "true or false" : "an integer"}`,
    );
  }
  if (value < BigInt(variable.min) || value > BigInt(variable.max)) {
    throw new DatapathError(
      "DP6006",
      `"${variable.path}" cannot be ${value}; its range is ${variable.min} to ${variable.max} (${place(variable)})`,
    );
  }
  return value;
}

function parse(variable: Variable, input: VariableInput): bigint | undefined {
  switch (typeof input) {
    case "boolean":
      return variable.boolean ? BigInt(input) : undefined;
    case "bigint":
      return input;
    case "number":
      return Number.isSafeInteger(input) ? BigInt(input) : undefined;
    case "string": {
      const text = input.trim();
      if (variable.boolean && /^(true|false)$/.test(text)) return BigInt(text === "true");
      return /^(\d[\d_]*|0x[\da-f][\da-f_]*)$/i.test(text) ? BigInt(text.replaceAll("_", "")) : undefined;
    }
  }
}

function place(variable: Variable): string {
  return `${variable.source.file}:${variable.source.line}`;
}

/**
 * Checks values for params and settings and sorts them.
 * @throws {DatapathError} DP6005 for a name that the pipeline does not have, DP6006 for a value out of range
 */
export function readValues(
  manifest: Manifest,
  inputs: { readonly [path: string]: VariableInput },
): { params: Map<string, bigint>; settings: Map<string, bigint> } {
  const params = new Map<string, bigint>();
  const settings = new Map<string, bigint>();
  for (const [path, input] of Object.entries(inputs)) {
    const param = manifest.params.find(variable => variable.path === path);
    const setting = manifest.settings.find(variable => variable.path === path);
    if (param) params.set(path, variableValue(param, input));
    else if (setting) settings.set(path, variableValue(setting, input));
    else throw new DatapathError("DP6005", `"${path}" in pipeline ${manifest.name}${suggestion(manifest, path)}`);
  }
  return { params, settings };
}

function suggestion(manifest: Manifest, wanted: string): string {
  const names = [...manifest.params, ...manifest.settings].map(variable => variable.path);
  if (names.length === 0) return "; it has none";
  const last = wanted.split(".").at(-1);
  const near = names.find(name => name.split(".").at(-1) === last);
  return near ? `; did you mean "${near}"?` : `; it has ${names.join(", ")}`;
}
