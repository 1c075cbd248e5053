/** System packages. What is there is found by looking for its files, so that nothing missing costs nothing. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { capture, findCommand, findVersions, root, run, SetupError } from "./tools.mjs";

/** The clang that the generated code is tuned with, and the oldest that compiles it. */
const preferredClang = 19;
const oldestClang = 14;

/** Left when apt had no newer clang than the one installed, so that it is not asked again. */
const settledForClang = join(root, "node_modules/.cache/datapath/clang-is-newest");

const command = name => () => findCommand(name) !== undefined;
const file =
  (...paths) =>
  () =>
    paths.some(path => existsSync(path));
const header = name => file(`/usr/include/${name}`, `/usr/local/include/${name}`);

/** Packages by what needs them. */
const groups = {
  build: [
    { package: "g++", present: command("g++") },
    { package: "make", present: command("make") },
    { package: "python3", present: command("python3") },
    { package: "pkg-config", present: command("pkg-config") },
    { package: "libbpf-dev", present: header("bpf/libbpf.h") },
    { package: "libelf-dev", present: header("libelf.h") },
    { package: "zlib1g-dev", present: header("zlib.h") },
  ],
  test: [
    { package: "bpftool", present: command("bpftool") },
    { package: "iproute2", present: command("ip") },
    { package: "procps", present: command("sysctl") },
    { package: "tcpdump", present: command("tcpdump") },
    { package: "ethtool", present: command("ethtool") },
    { package: "iputils-ping", present: command("ping") },
    { package: "netcat-openbsd", present: command("nc.openbsd") },
    { package: "iperf3", present: command("iperf3") },
    { package: "nftables", present: command("nft") },
    { package: "conntrack", present: command("conntrack") },
  ],
  kernels: [
    { package: "qemu-system-x86", present: command("qemu-system-x86_64") },
    { package: "busybox-static", present: command("busybox") },
    { package: "cpio", present: command("cpio") },
    { package: "xz-utils", present: command("xz") },
  ],
};

/** Installs what is missing of some groups. */
export function installSystemPackages(wanted) {
  const missing = wanted.flatMap(group => groups[group].filter(entry => !entry.present()).map(entry => entry.package));
  const clang = findVersions("clang")[0] ?? plainClang();
  const settled = clang >= preferredClang || (clang >= oldestClang && existsSync(settledForClang));
  if (settled) missing.push(...missingObjdump(clang));
  if (missing.length === 0 && settled) return;

  const mayInstall = findCommand("apt-get") !== undefined && process.getuid?.() === 0;
  if (!mayInstall) {
    if (!settled) missing.push(...compilerToInstall(clang));
    if (missing.length > 0) throw new SetupError(installByHand(missing));
    return;
  }

  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  console.log("set-up: asking apt for system packages");
  try {
    run("apt-get", ["update", "-qq"], { env });
  } catch {
    console.log("set-up: apt-get update failed; going on with the lists that are there");
  }
  if (!settled) missing.push(...compilerToInstall(clang));
  if (missing.length === 0) return;
  console.log(`set-up: installing the system packages ${missing.join(" ")}`);
  try {
    run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], { env });
  } catch (error) {
    throw new SetupError(`${error.message}\n${installByHand(missing)}`);
  }
}

function installByHand(missing) {
  const names = missing.join(" ");
  return findCommand("apt-get")
    ? `these packages are missing, and only root may install them: ${names}\nRun:\n  sudo sh -c 'apt-get update && apt-get install -y ${names}'`
    : `these packages are missing, and there is no apt-get here: ${names}\nInstall them by the names that your system has for them, then run this again.`;
}

/** clang and llvm of one version: the newest that apt has. Nothing where the one that is here will do and is the best there is. */
function compilerToInstall(present) {
  const offered = offeredClang();
  if (offered > present) return [`clang-${offered}`, `llvm-${offered}`];
  if (present < oldestClang) return [`clang-${preferredClang}`, `llvm-${preferredClang}`];
  mkdirSync(dirname(settledForClang), { recursive: true });
  writeFileSync(settledForClang, `clang ${present}\n`);
  return missingObjdump(present);
}

function missingObjdump(version) {
  return findCommand(`llvm-objdump-${version}`) || findCommand("llvm-objdump") ? [] : [`llvm-${version}`];
}

/** The version of a `clang` without a number in its name; only asked where there is no numbered one. */
function plainClang() {
  const version = findCommand("clang") && capture("clang", ["--version"]);
  return Number(/version (\d+)/.exec(version ?? "")?.[1] ?? 0);
}

/** The newest clang of the machine's package lists, 0 where there is none. */
function offeredClang() {
  const list = capture("apt-cache", ["search", "--names-only", "^clang-[0-9]+$"]) ?? "";
  return Math.max(0, ...[...list.matchAll(/^clang-(\d+) /gm)].map(match => Number(match[1])));
}
