/**
 * What the runtime refuses and why. 6xxx: load and verify; 7xxx: attach. A code is never used again for something else.
 */

/** The command's exit code: 1 the input is wrong, 3 the machine lacks something, 4 the kernel refused. */
export type ExitCode = 1 | 3 | 4;

interface Row {
  readonly exit: ExitCode;
  readonly title: string;
  readonly hint: string;
}

export const runtimeErrors = {
  DP6001: { exit: 1, title: "not a bundle", hint: "build one: dp build FILE.dp.ts" },
  DP6002: { exit: 1, title: "the bundle is damaged", hint: "build it again: dp build FILE.dp.ts" },
  DP6003: {
    exit: 1,
    title: "the bundle is of another format",
    hint: "build it with this version of datapath, or use the version that made it",
  },
  DP6004: { exit: 1, title: "the object file is malformed", hint: "build the bundle again; it was changed since, or cut off" },
  DP6005: { exit: 1, title: "no such param or setting", hint: "the names are listed in the bundle's manifest.json and by dp status" },
  DP6006: { exit: 1, title: "the value is out of range", hint: "give a value between the limits that the pipeline declares" },
  DP6007: { exit: 1, title: "no such map", hint: "dp map list names the maps" },
  DP6008: { exit: 1, title: "the value does not fit the map's layout", hint: "give every field with a value inside its width" },
  DP6009: { exit: 4, title: "the map is full", hint: "delete entries, or raise maxEntries and attach again" },
  DP6010: { exit: 3, title: "the native addon cannot be loaded", hint: "build it: npx node-gyp rebuild -C runtime/native" },
  DP6011: {
    exit: 3,
    title: "not permitted",
    hint: "run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON; dp doctor says what is missing",
  },
  DP6012: { exit: 3, title: "the kernel lacks a feature", hint: "dp doctor lists what this kernel has" },
  DP6013: { exit: 4, title: "the verifier rejected the program", hint: "this is a fault of the compiler: please report it with the log" },
  DP6014: { exit: 4, title: "the kernel refused to load the object", hint: "see the operation and the error above" },
  DP6015: { exit: 4, title: "out of memory", hint: "lower maxEntries of the largest maps, or raise the memory limit of this process" },
  DP6016: { exit: 4, title: "a map could not be read or written", hint: "see the operation and the error above" },
  DP7001: { exit: 1, title: "no such device", hint: "ip link lists the devices of this network namespace" },
  DP7002: {
    exit: 1,
    title: "no such network namespace or container",
    hint: "give the path of a namespace (/run/netns/NAME), or a running container's PID",
  },
  DP7003: { exit: 4, title: "the hook is occupied", hint: "detach the other program first" },
  DP7004: { exit: 1, title: "the name is taken by another pipeline", hint: "detach that one first, or build with another --name" },
  DP7005: { exit: 1, title: "no such deployment", hint: "dp status lists what is attached" },
  DP7006: { exit: 1, title: "a map's layout changed", hint: "attach with --reset-map PATH to begin it empty; every entry of it is lost" },
  DP7007: { exit: 4, title: "the kernel refused to attach", hint: "see the operation and the error above" },
  DP7008: { exit: 3, title: "the BPF file system cannot be used", hint: "mount -t bpf bpf /sys/fs/bpf" },
  DP7009: { exit: 4, title: "another command is at work on this pipeline", hint: "wait for it to end and try again" },
  DP7010: { exit: 1, title: "the hook is not available on this target", hint: "containers take ingress and egress; XDP needs a device" },
  DP7011: { exit: 4, title: "the update failed and was undone", hint: "the former version runs on; see the error above" },
  DP7012: {
    exit: 1,
    title: "the target lacks a value that the pipeline asks for",
    hint: "give the device that address, or set it by option",
  },
  DP7013: { exit: 3, title: "the deployment was made by another version of datapath", hint: "detach it and attach again" },
} as const satisfies { readonly [code: string]: Row };

export type RuntimeErrorCode = keyof typeof runtimeErrors;

/**
 * Every error that the runtime throws on purpose. `message` is whole for a reader: what, where, why; `hint` says what
 * to do.
 *
 * @example
 * try { await attach("edge.dpo", { dev: "eth0" }); }
 * catch (error) { if (error instanceof DatapathError && error.code === "DP7003") console.error(error.hint); }
 */
export class DatapathError extends Error {
  override readonly name = "DatapathError";
  readonly code: RuntimeErrorCode;
  readonly exitCode: ExitCode;
  readonly hint: string;

  constructor(code: RuntimeErrorCode, detail: string, options: { readonly cause?: unknown; readonly hint?: string } = {}) {
    const row = runtimeErrors[code];
    super(`${row.title}: ${detail}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.exitCode = row.exit;
    this.hint = options.hint ?? row.hint;
  }
}
