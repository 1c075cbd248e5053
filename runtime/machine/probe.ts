/** What this machine has and lacks for attaching, each with the command that mends it. */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { isMounted, privateMounts } from "../deployment/filesystem.js";
import { BPF_FOLDER, ROOT } from "../deployment/layout.js";
import { DatapathError } from "../errors.js";
import { type Addon, isNativeError, native } from "../native/index.js";
import { devices } from "../network/device.js";
import { missingCapabilities } from "./capabilities.js";

export interface Requirement {
  readonly name: string;
  readonly ok: boolean;
  /** `needed`: nothing can be attached without it; `wanted`: something is slower or missing without it */
  readonly kind: "needed" | "wanted";
  /** what was found, or what is lost without it */
  readonly why: string;
  /** the command that mends it; undefined where none does, or nothing is to be mended */
  readonly command: string | undefined;
}

/** linux/bpf.h */
const PROGRAM_TYPES = { "tc programs": 3, "XDP programs": 6 } as const;
const MAP_TYPES = {
  "hash maps": 1,
  "array maps": 2,
  "per-CPU maps": 6,
  "LRU maps": 9,
  "longest-prefix maps": 11,
  "device maps": 14,
  "ring buffers": 27,
} as const;
const BPF_TCX_INGRESS = 46;
const LOOPBACK = 1;
/** the oldest kernel that is tested */
const OLDEST = [6, 1] as const;

/**
 * Asks the machine. Nothing is changed.
 * @example
 * for (const { name, ok, command } of probeMachine()) if (!ok) console.log(name, command);
 */
export function probeMachine(): Requirement[] {
  const found: Requirement[] = [processor(), kernel(release())];
  const addon = probeAddon(found);
  found.push(privileges());
  if (addon) found.push(...features(addon), tcx(addon));
  found.push(filesystem(), folder(), typeInformation(), jit());
  if (addon) found.push(...offloads());
  return found;
}

function good(name: string, why: string, kind: Requirement["kind"] = "needed"): Requirement {
  return { name, ok: true, kind, why, command: undefined };
}

function bad(name: string, why: string, command: string | undefined, kind: Requirement["kind"] = "needed"): Requirement {
  return { name, ok: false, kind, why, command };
}

function processor(): Requirement {
  if (process.platform !== "linux")
    return bad("Linux", `this is ${process.platform}; building works here, attaching needs Linux`, undefined);
  if (process.arch === "x64" || process.arch === "arm64") return good("processor", process.arch);
  return bad("processor", `${process.arch} is neither x64 nor arm64`, undefined);
}

/** @param version as `uname -r` says it */
export function kernel(version: string): Requirement {
  const [major = 0, minor = 0] = version.split(/[.-]/).map(Number);
  const enough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
  return enough
    ? good("kernel", version)
    : bad("kernel", `${version} is older than ${OLDEST.join(".")}, the oldest that is supported`, undefined);
}

function probeAddon(found: Requirement[]): Addon | undefined {
  try {
    const addon = native();
    found.push(good("native addon", `libbpf ${addon.libbpf}`));
    return addon;
  } catch (error) {
    if (!(error instanceof DatapathError)) throw error;
    found.push(bad("native addon", error.message, error.hint.replace(/^.*: /, "")));
    return undefined;
  }
}

function privileges(): Requirement {
  const missing = missingCapabilities();
  if (missing.length === 0) return good("privileges", process.getuid?.() === 0 ? "root" : "capabilities");
  const sets = "+bpf,+net_admin,+perfmon";
  const command = `sudo, or: sudo setpriv --reuid $(id -u) --regid $(id -g) --init-groups --inh-caps ${sets} --ambient-caps ${sets} COMMAND`;
  return bad("privileges", `this process lacks ${missing.join(", ")}`, command);
}

function features(addon: Addon): Requirement[] {
  if (missingCapabilities().length > 0) return []; // the kernel would refuse to say
  return [
    ...Object.entries(PROGRAM_TYPES).map(([name, type]) => feature(name, addon.probeProgramType(type))),
    ...Object.entries(MAP_TYPES).map(([name, type]) => feature(name, addon.probeMapType(type))),
  ];
}

function feature(name: string, has: boolean): Requirement {
  return has ? good(name, "in the kernel") : bad(name, "the kernel was built without them", undefined);
}

function tcx(addon: Addon): Requirement {
  try {
    if (addon.queryTcx(LOOPBACK, BPF_TCX_INGRESS)) return good("tcx", "in the kernel", "wanted");
    return bad("tcx", "the kernel has none (6.6 and later do); tc hooks are attached as clsact filters", undefined, "wanted");
  } catch (error) {
    return bad("tcx", isNativeError(error) && error.code === "EPERM" ? "it needs privileges to ask" : String(error), undefined, "wanted");
  }
}

function filesystem(): Requirement {
  if (isMounted(BPF_FOLDER)) return good("BPF file system", BPF_FOLDER);
  if (privateMounts()) {
    return bad(
      "BPF file system",
      "this process has a /sys of its own, as `ip netns exec` makes",
      "name the target by --netns PATH --dev DEVICE instead",
    );
  }
  return bad("BPF file system", `not mounted on ${BPF_FOLDER}; attaching as root mounts it`, `sudo mount -t bpf bpf ${BPF_FOLDER}`);
}

function folder(): Requirement {
  const path = existsSync(ROOT) ? ROOT : BPF_FOLDER;
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return good("deployments' folder", ROOT);
  } catch {
    return bad(
      "deployments' folder",
      `${path} is not this user's`,
      `sudo mkdir -p ${ROOT} && sudo chown $(id -u) ${ROOT} && sudo chmod o+x ${BPF_FOLDER}`,
    );
  }
}

function typeInformation(): Requirement {
  const path = "/sys/kernel/btf/vmlinux";
  if (existsSync(path)) return good("kernel types", path, "wanted");
  return bad("kernel types", "the kernel was built without BTF: what needs its types is not available", undefined, "wanted");
}

function jit(): Requirement {
  let setting: string | undefined;
  try {
    setting = readFileSync("/proc/sys/net/core/bpf_jit_enable", "utf8").trim();
  } catch {
    return good("JIT", "not to be seen by this user", "wanted");
  }
  return setting === "0"
    ? bad("JIT", "it is off: programs run interpreted", "sudo sysctl net.core.bpf_jit_enable=1", "wanted")
    : good("JIT", "on", "wanted");
}

/** Frames between veths carry no finished checksum while the sender offloads it, and XDP sees them so. */
function offloads(): Requirement[] {
  const veths = devices().filter(device => device.kind === "veth");
  if (veths.length === 0) return [];
  const names = veths.map(device => device.name).join(", ");
  return [
    good(
      "checksums on veth",
      `XDP on ${names} sees unfinished checksums while the sender offloads them; \`ethtool -K DEVICE tx off\` at the sender ends it`,
      "wanted",
    ),
  ];
}
