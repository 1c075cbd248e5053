/** Compares what Node and the kernel did with a packet, field by field. */

import { pathsOf } from "../dsl/core/paths.js";
import { type MapSpec, type SlotContent, specOf } from "../dsl/core/spec.js";
import { decode } from "../dsl/core/view.js";
import { type Pipeline, Verdict } from "../dsl/index.js";
import { recordsOf } from "../dsl/maps/events.js";
import { differingBytes, hex } from "./hex.js";
import type { Entries, KernelOutcome, Slots } from "./kernel.js";
import type { Result } from "./simulate.js";

/** Node and the kernel disagree; each line of the message is one difference. */
export class DifferenceError extends Error {
  override readonly name = "DifferenceError";
  readonly differences: readonly string[];
  constructor(differences: readonly string[]) {
    super(`Node and the kernel differ:\n${differences.map(line => `  ${line}`).join("\n")}`);
    this.differences = differences;
  }
}

/** Every difference, as a line each; none where they agree. */
export function differences(node: Result<Pipeline>, kernel: KernelOutcome): string[] {
  return [
    ...verdictDifferences(node, kernel),
    ...differingBytes("bytes", "Node", node.bytes, "kernel", kernel.bytes),
    ...mapDifferences(node.pipeline, kernel),
  ];
}

function verdictDifferences(node: Result<Pipeline>, kernel: KernelOutcome): string[] {
  const lines: string[] = [];
  const { kind } = Verdict.detailOf(node.verdict);
  const compare = (what: string, ours: unknown, theirs: unknown): void => {
    if (ours !== theirs) lines.push(`${what}: Node ${show(ours)}, kernel ${show(theirs)}`);
  };
  compare("verdict", kind, kernel.verdict);
  compare("reason", node.reason, kernel.reason);
  if (kernel.device !== undefined) compare("device", node.device, kernel.device);
  if (kernel.mark !== undefined) compare("mark", node.mark, kernel.mark);
  if (kernel.departure !== undefined) compare("departure", node.departure, kernel.departure);
  if (kernel.priority !== undefined) compare("priority", node.priority, kernel.priority);
  return lines;
}

function mapDifferences(pipeline: Pipeline, kernel: KernelOutcome): string[] {
  const lines: string[] = [];
  for (const [live, path] of pathsOf(pipeline)) {
    const spec = specOf(live);
    if (spec?.what !== "map") continue;
    const theirs = kernel.slots?.get(path);
    if (theirs && spec.slots) lines.push(...slotDifferences(path, spec, [...spec.slots()], theirs));
    const entries = kernel.maps.get(path);
    if (entries && spec.kind !== "scratch" && spec.kind !== "ring")
      lines.push(...entryDifferences(path, spec, [...spec.entries()], entries));
    const records = kernel.events?.get(path);
    if (records && spec.kind === "ring") lines.push(...recordDifferences(path, recordsOf(live), records));
  }
  return lines;
}

/** Flow tables are compared slot by slot: who gives way is a rule, and not the kernel's own. */
function slotDifferences(path: string, spec: MapSpec, ours: Slots, theirs: Slots): string[] {
  const text = (content: SlotContent | undefined): string => {
    if (!content) return "never used";
    const { live, established, seen, fingerprint } = content;
    const state = live ? (established ? "established" : "live") : "gone";
    return `${keyText(spec, content.key)} ${state}, seen ${seen}, fingerprint ${fingerprint}: ${valueText(spec, content.value)}`;
  };
  const left = new Map(theirs);
  const lines: string[] = [];
  for (const [slot, mine] of ours) {
    const other = left.get(slot);
    left.delete(slot);
    if (text(mine) !== text(other)) lines.push(`${path} slot ${slot}: Node ${text(mine)}, kernel ${text(other)}`);
    else if (other && (hex(mine.value) !== hex(other.value) || hex(mine.key) !== hex(other.key)))
      lines.push(`${path} slot ${slot}: padding differs: Node ${hex(mine.value)}, kernel ${hex(other.value)}`);
  }
  for (const [slot, other] of left) lines.push(`${path} slot ${slot}: Node never used it, kernel ${text(other)}`);
  return lines;
}

function entryDifferences(path: string, spec: MapSpec, ours: Entries, theirs: Entries): string[] {
  const lines: string[] = [];
  const left = new Map(theirs.map(([key, value]) => [hex(key), value]));
  // A full LRU map is the kernel's own: entries may go, and it may take itself for full early.
  const mayLack = (spec.kind === "lruHash" || spec.kind === "perCpuLruHash") && ours.length * 2 > spec.maxEntries;
  for (const [key, value] of ours) {
    const name = `${path}[${keyText(spec, key)}]`;
    const other = left.get(hex(key));
    left.delete(hex(key));
    if (other) lines.push(...valueDifferences(name, spec, value, other));
    else if (!mayLack) lines.push(`${name}: Node ${valueText(spec, value)}, kernel has none`);
  }
  for (const [key, value] of theirs) {
    if (left.has(hex(key)) && !mayLack) lines.push(`${path}[${keyText(spec, key)}]: Node has none, kernel ${valueText(spec, value)}`);
  }
  return lines;
}

function valueDifferences(name: string, spec: MapSpec, ours: Uint8Array, theirs: Uint8Array): string[] {
  if (hex(ours) === hex(theirs)) return [];
  const lines = spec.value ? fieldDifferences(name, decode(spec.value, ours), decode(spec.value, theirs)) : [];
  return lines.length > 0 ? lines : [`${name}: padding differs: Node ${hex(ours)}, kernel ${hex(theirs)}`];
}

function fieldDifferences(name: string, ours: unknown, theirs: unknown): string[] {
  if (isRecord(ours) && isRecord(theirs))
    return Object.keys(ours).flatMap(key =>
      fieldDifferences(Array.isArray(ours) ? `${name}[${key}]` : `${name}.${key}`, ours[key], theirs[key]),
    );
  return Object.is(ours, theirs) ? [] : [`${name}: Node ${show(ours)}, kernel ${show(theirs)}`];
}
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function recordDifferences(path: string, ours: readonly Uint8Array[], theirs: readonly Uint8Array[]): string[] {
  const lines: string[] = [];
  for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
    const [mine, other] = [ours[i], theirs[i]];
    if (mine && other) lines.push(...differingBytes(`${path} event ${i}`, "Node", mine, "kernel", other));
    else
      lines.push(
        `${path} event ${i}: ${mine ? `Node ${hex(mine)}, kernel has none` : `Node has none, kernel ${hex(other ?? new Uint8Array(0))}`}`,
      );
  }
  return lines;
}

function keyText(spec: MapSpec, key: Uint8Array): string {
  return spec.key ? show(decode(spec.key, key)) : hex(key);
}
function valueText(spec: MapSpec, value: Uint8Array): string {
  return spec.value ? show(decode(spec.value, value)) : hex(value);
}
function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (isRecord(value))
    return `{ ${Object.entries(value)
      .map(([key, each]) => `${key}: ${show(each)}`)
      .join(", ")} }`;
  return typeof value === "string" ? `"${value}"` : String(value);
}
