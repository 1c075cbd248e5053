/** A generation as it is recorded: the program and each target's part in it. */
import { join } from "node:path";
import type { HookName, Manifest } from "../../codegen/bundle/manifest.js";
import { Descriptor } from "../native/descriptor.js";
import { native } from "../native/index.js";
import { generationNumber, type Layout } from "./layout.js";
import { type RecordedTarget, readRecordedManifest, readTarget } from "./record.js";
import { exists, list, readText } from "./tree.js";

export interface Generation {
  readonly number: number;
  readonly manifest: Manifest;
  /** by target id */
  readonly targets: ReadonlyMap<string, RecordedTarget>;
}

export function currentNumber(layout: Layout): number | undefined {
  return generationNumber(readText(layout.current));
}

/** Every generation's number that has a folder, ascending. */
export function generationNumbers(layout: Layout): number[] {
  const numbers = list(layout.folder).map(generationNumber);
  return numbers.filter(number => number !== undefined).sort((a, b) => a - b);
}

/** @throws {DatapathError} DP7013 where another version wrote it */
export function readGeneration(layout: Layout, number: number): Generation {
  const targets = new Map<string, RecordedTarget>();
  for (const id of list(layout.targets(number))) {
    if (isTarget(id)) targets.set(id, readTarget(layout.targetRecord(number, id)));
  }
  return { number, manifest: readRecordedManifest(layout.manifest(number)), targets };
}

/** A target that is being removed has another first letter. */
export function isTarget(name: string): boolean {
  return name.startsWith("t");
}

export function readCurrent(layout: Layout): Generation | undefined {
  const number = currentNumber(layout);
  return number === undefined ? undefined : readGeneration(layout, number);
}

/** The hooks that a target has in a generation. */
export function hooksOf(layout: Layout, number: number, target: string): HookName[] {
  return HOOKS.filter(hook => exists(layout.program(number, target, hook)));
}

export const HOOKS: readonly HookName[] = ["xdp", "ingress", "egress"];

export function openProgram(layout: Layout, number: number, target: string, hook: HookName): Descriptor {
  return new Descriptor(native().openPin(layout.program(number, target, hook)));
}

/** The kernel's number of a program that a generation pins; undefined where it pins none. */
export function programId(layout: Layout, number: number, target: string, hook: HookName): number | undefined {
  if (!exists(layout.program(number, target, hook))) return undefined;
  using program = openProgram(layout, number, target, hook);
  return native().programInfo(program.fd).id;
}

/** The numbers of all programs that any generation of the deployment pins. */
export function ownPrograms(layout: Layout): Set<number> {
  const ids = new Set<number>();
  for (const number of generationNumbers(layout)) {
    for (const target of list(layout.targets(number))) {
      for (const hook of list(join(layout.target(number, target), "programs"))) {
        using program = new Descriptor(native().openPin(join(layout.target(number, target), "programs", hook)));
        ids.add(native().programInfo(program.fd).id);
      }
    }
  }
  return ids;
}
