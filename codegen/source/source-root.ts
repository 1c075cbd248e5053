/**
 * Names of source files that do not depend on where the project lies: they go into `#line`, the manifest and the hash,
 * so the same sources give the same bytes in any folder.
 */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

/**
 * The folder that source paths are relative to: the package that the pipeline's file belongs to.
 *
 * A file of another package is named `node_modules/PACKAGE/…`, wherever that package really lies (hoisted, linked,
 * in a workspace).
 */
export class SourceRoot {
  readonly path: string;
  readonly #names = new Map<string, string>();
  readonly #files = new Map<string, string>();

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** The root of the package that holds `file`; its folder where there is no package.json above. */
  static of(file: string): SourceRoot {
    const absolute = realpathSync(resolve(file));
    return new SourceRoot(packageRoot(absolute) ?? dirname(absolute));
  }

  /** The name of an absolute path, with forward slashes. */
  nameOf(file: string): string {
    const known = this.#names.get(file);
    if (known !== undefined) return known;
    const name = this.#makeName(file);
    this.#names.set(file, name);
    this.#files.set(name, file);
    return name;
  }

  /** The absolute path of a name that `nameOf` gave; other names are taken as relative to the root. */
  fileOf(name: string): string {
    return this.#files.get(name) ?? join(this.path, name);
  }

  #makeName(file: string): string {
    const inside = relative(this.path, file);
    if (!inside.startsWith("..")) return slashes(inside);
    const owner = packageRoot(file);
    if (owner === undefined) return slashes(inside);
    return slashes(join("node_modules", packageName(owner), relative(owner, file)));
  }
}

/** The nearest folder above `file` that has a package.json with a name, or undefined. */
export function packageRoot(file: string): string | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

function packageName(root: string): string {
  const parsed: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  if (typeof parsed === "object" && parsed !== null && "name" in parsed && typeof parsed.name === "string") return parsed.name;
  return root.slice(root.lastIndexOf(sep) + 1);
}

function slashes(path: string): string {
  return sep === "/" ? path : path.split(sep).join("/");
}
