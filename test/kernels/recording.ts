/** What one kernel did with packets, and another must do alike: the files that the guest is given. */
import type { HookName, Manifest } from "../../codegen/bundle/manifest.js";

/** Bytes are base64. */
export type Base64 = string;

export interface RecordedRun {
  readonly packet: Base64;
  readonly clock: string;
  readonly random: readonly number[];
  readonly mark: number;
  readonly priority: number;
  readonly verdict: number;
  readonly result: Base64;
  /** every entry of every map afterwards, by path */
  readonly maps: { readonly [path: string]: readonly (readonly [key: Base64, value: Base64])[] };
}

export interface Recording {
  readonly title: string;
  readonly hook: HookName;
  readonly manifest: Manifest;
  readonly object: Base64;
  /** program.c of the bundle */
  readonly code: string;
  /** a whole bundle, not a test build: to be attached to a device too */
  readonly attachable: boolean;
  readonly params: { readonly [path: string]: string };
  readonly runs: readonly RecordedRun[];
}
