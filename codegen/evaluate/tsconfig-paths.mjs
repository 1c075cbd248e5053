/**
 * The `paths` of the tsconfig.json above a file, for imports that Node cannot resolve: TypeScript finds them whatever the working
 * folder is, so evaluation must as well.
 */
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** @typedef {{ readonly base: string, readonly paths: Readonly<Record<string, readonly string[]>> }} Mapping */

/** By folder. @type {Map<string, Mapping | undefined>} */
const mappings = new Map();

/**
 * The URLs that an import may stand for, best first.
 *
 * @param {string} specifier
 * @param {string} parent the importing module's URL
 * @returns {readonly string[]}
 */
export function mappedUrls(specifier, parent) {
  if (!parent.startsWith("file:") || /^(\.|\/|node:|file:|data:)/.test(specifier) || parent.includes("/node_modules/")) return [];
  const mapping = mappingAbove(dirname(fileURLToPath(parent.replace(/[?#].*$/, ""))));
  if (mapping === undefined) return [];
  return targetsOf(specifier, mapping).flatMap(target => {
    const url = pathToFileURL(resolve(mapping.base, target)).href;
    return [url, `${url}.ts`, `${url}/index.ts`];
  });
}

/**
 * An exact pattern comes before one with a star, a longer prefix before a shorter, as in TypeScript.
 *
 * @param {string} specifier
 * @param {Mapping} mapping
 * @returns {readonly string[]}
 */
function targetsOf(specifier, { paths }) {
  if (Object.hasOwn(paths, specifier)) return paths[specifier] ?? [];
  const fitting = Object.keys(paths)
    .map(pattern => ({ pattern, prefix: pattern.replace(/\*.*$/, ""), suffix: pattern.replace(/^[^*]*\*?/, "") }))
    .filter(({ pattern, prefix, suffix }) => pattern.includes("*") && specifier.startsWith(prefix) && specifier.endsWith(suffix))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  const [best] = fitting;
  if (best === undefined) return [];
  const middle = specifier.slice(best.prefix.length, specifier.length - best.suffix.length);
  return (paths[best.pattern] ?? []).map(target => target.replace("*", () => middle));
}

/** @param {string} folder @returns {Mapping | undefined} */
function mappingAbove(folder) {
  if (mappings.has(folder)) return mappings.get(folder);
  const found = readMapping(join(folder, "tsconfig.json")) ?? (dirname(folder) === folder ? undefined : mappingAbove(dirname(folder)));
  mappings.set(folder, found);
  return found;
}

/**
 * Follows `extends` of relative files. What cannot be read maps nothing: the type-check says what is wrong with it.
 *
 * @param {string} file
 * @returns {Mapping | undefined}
 */
function readMapping(file) {
  let config;
  try {
    config = JSON.parse(withoutComments(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
  const { paths, baseUrl } = config.compilerOptions ?? {};
  if (paths) return { base: resolve(dirname(file), baseUrl ?? "."), paths };
  for (const parent of [config.extends ?? []].flat()) {
    if (!parent.startsWith(".")) continue;
    const inherited = readMapping(resolve(dirname(file), parent.endsWith(".json") ? parent : `${parent}.json`));
    if (inherited) return inherited;
  }
  // It is this file that counts, paths or none: those of a folder above belong to another project.
  return { base: dirname(file), paths: {} };
}

/** JSON with comments and commas at the end of lists, as tsconfig files have them. @param {string} text */
function withoutComments(text) {
  return text.replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=\s*[\]}])/g, (_, string) => string ?? "");
}
