/** The initramfs of a test machine: this machine's own Node and tools with their libraries, kernel modules, and the guest's files. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "../lab/command.js";
import type { Kernel } from "./releases.js";

/** What the guest runs, found in this machine's PATH. */
const tools = ["ip", "nsenter", "ping", "sysctl", "ethtool"] as const;
/** Modules without any that they need. */
const modules = ["veth", "sch_ingress", "cls_bpf"] as const;

const init = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t tmpfs tmp /tmp
/bin/busybox mount -t tmpfs run /run
for module in /modules/*; do /bin/busybox insmod $module; done
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
/usr/bin/ip link set lo up
# on one processor, as what is replayed was recorded: small LRU maps keep what is free by processor
/bin/busybox taskset 1 /usr/bin/node /datapath/guest.mjs /cases
echo "guest: exit $?"
/bin/busybox poweroff -f
`;

export interface GuestFiles {
  /** the guest's program, in one file */
  readonly program: string;
  readonly addon: string;
  /** a folder of recordings */
  readonly cases: string;
}

/** Writes the image of one kernel and gives its path. */
export async function makeImage(kernel: Kernel, files: GuestFiles): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), "dp-guest-"));
  try {
    for (const folder of ["proc", "sys", "dev", "tmp", "run", "root", "bin", "modules", "usr/bin", "datapath"]) {
      mkdirSync(join(root, folder), { recursive: true });
    }
    writeFileSync(join(root, "init"), init, { mode: 0o755 });
    cpSync(await which("busybox"), join(root, "bin/busybox"));
    await installProgram(root, process.execPath, "node");
    for (const tool of tools) await installProgram(root, await which(tool), tool);
    await installModules(root, kernel);
    cpSync(files.program, join(root, "datapath/guest.mjs"));
    writeFileSync(join(root, "datapath/package.json"), JSON.stringify({ name: "datapath", type: "module" }));
    const addon = join(root, "datapath/runtime/native/build/Release/datapath.node");
    mkdirSync(dirname(addon), { recursive: true });
    cpSync(files.addon, addon);
    await installLibraries(root, files.addon);
    cpSync(files.cases, join(root, "cases"), { recursive: true });
    const image = `${root}.cpio`;
    // not compressed: under emulation, unpacking costs more than reading
    await run(["sh", "-c", `find . | cpio --create --format=newc --quiet --file=${image}`], { cwd: root, timeout: 60_000 });
    return image;
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function which(name: string): Promise<string> {
  return (await run(["which", name])).stdout.trim();
}

async function installProgram(root: string, path: string, name: string): Promise<void> {
  cpSync(path, join(root, "usr/bin", name), { dereference: true });
  await installLibraries(root, path);
}

/** Shared libraries at the same places as here, symbolic links followed. */
async function installLibraries(root: string, path: string): Promise<void> {
  const { stdout } = await run(["ldd", path], { mayFail: true });
  for (const [library] of stdout.matchAll(/\/\S+/g)) {
    const to = join(root, library);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(library, to, { dereference: true });
  }
}

async function installModules(root: string, kernel: Kernel): Promise<void> {
  const all = readdirSync(join(kernel.modules, "kernel"), { recursive: true, encoding: "utf8" });
  for (const name of modules) {
    const file = all.find(path => path.endsWith(`/${name}.ko`) || path.endsWith(`/${name}.ko.xz`));
    if (!file) throw new Error(`the kernel of ${kernel.line} has no module ${name}`);
    const from = join(kernel.modules, "kernel", file);
    if (file.endsWith(".xz")) await run(["sh", "-c", `xz --decompress --stdout '${from}' > '${join(root, "modules", `${name}.ko`)}'`]);
    else cpSync(from, join(root, "modules", `${name}.ko`));
  }
}
