/** Debian's kernels, unpacked and never installed, in a folder that is kept between runs. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../lab/command.js";

/** A kernel line and how its packages are called. */
export interface Release {
  readonly line: string;
  readonly packages: RegExp;
}

export const releases: readonly Release[] = [
  { line: "6.1", packages: /^linux-image-6\.1\.0-\d+-amd64$/ },
  { line: "6.12", packages: /^linux-image-6\.12\.\d+\+deb12-amd64$/ },
];

/** An unpacked kernel. */
export interface Kernel {
  readonly line: string;
  readonly image: string;
  readonly modules: string;
}

const cache = fileURLToPath(new URL("../../node_modules/.cache/datapath/kernels", import.meta.url));

/** The kernel of a line; downloaded where the cache has none of it. */
export async function kernelOf(release: Release, report: (text: string) => void): Promise<Kernel> {
  const folder = join(cache, release.line);
  if (!existsSync(join(folder, "boot"))) await download(release, folder, report);
  const image = readdirSync(join(folder, "boot")).find(name => name.startsWith("vmlinuz-"));
  const version = readdirSync(join(folder, "lib/modules"))[0];
  if (!image || !version) throw new Error(`${folder} holds no kernel: remove it and run this again`);
  return { line: release.line, image: join(folder, "boot", image), modules: join(folder, "lib/modules", version) };
}

async function download({ line, packages }: Release, folder: string, report: (text: string) => void): Promise<void> {
  let name = await newest(packages);
  if (name === undefined) {
    await run(["apt-get", "update"], { timeout: 120_000 });
    name = await newest(packages);
  }
  if (name === undefined) throw new Error(`apt knows no kernel package of ${line} (${packages})`);
  report(`downloading ${name}`);
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  await run(["apt-get", "-o", "APT::Sandbox::User=root", "download", name], { cwd: partial, timeout: 600_000 });
  const file = readdirSync(partial).find(each => each.endsWith(".deb"));
  if (!file) throw new Error(`apt-get download ${name} left no package`);
  await run(["dpkg-deb", "--extract", file, "."], { cwd: partial, timeout: 120_000 });
  rmSync(join(partial, file));
  renameSync(partial, folder);
}

async function newest(packages: RegExp): Promise<string | undefined> {
  const { stdout } = await run(["apt-cache", "pkgnames", "linux-image-6"]);
  const names = stdout.split("\n").filter(name => packages.test(name));
  const numbers = (name: string) => (name.match(/\d+/g) ?? []).map(Number);
  return names.sort((a, b) => compare(numbers(a), numbers(b))).at(-1);
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, number] of a.entries()) if (number !== b[i]) return number - (b[i] ?? 0);
  return 0;
}
