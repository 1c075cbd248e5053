/**
 * Runs in Node's loader thread. Gives the condition "datapath" (a block package's own TypeScript comes first under it),
 * tells the main thread what each import stands for, and loads the user's modules anew when a generation is asked for.
 *
 * @typedef {{ parent: string | undefined, specifier: string, url: string }} Resolution
 */

import { mappedUrls } from "./tsconfig-paths.mjs";

/** @type {import("node:worker_threads").MessagePort | undefined} */
let port;

/** Folders whose modules are never loaded anew: datapath itself. @type {readonly string[]} */
let stable = [];

/** @param {{ port: import("node:worker_threads").MessagePort, stable: readonly string[] }} data */
export function initialize(data) {
  port = data.port;
  stable = data.stable;
}

/** @type {import("node:module").ResolveHook} */
export async function resolve(specifier, context, next) {
  const conditions = context.conditions.includes("datapath") ? context.conditions : ["datapath", ...context.conditions];
  const resolved = await resolveMapped(specifier, { ...context, conditions }, next);
  const url = generationOf(resolved.url, context.parentURL);
  port?.postMessage({ parent: context.parentURL, specifier, url });
  return url === resolved.url ? resolved : { ...resolved, url };
}

/** @type {import("node:module").ResolveHook} */
async function resolveMapped(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (notFound) {
    for (const url of mappedUrls(specifier, context.parentURL ?? "")) {
      try {
        return await next(url, context);
      } catch {
        // the next one, then
      }
    }
    throw notFound;
  }
}

/**
 * A module that a module of a later generation imports belongs to that generation too, so that all of the user's code is
 * evaluated again; packages keep the copy that they have.
 *
 * @param {string} url
 * @param {string | undefined} parent
 */
function generationOf(url, parent) {
  const generation = parent === undefined ? null : /[?&]datapath-generation=(\d+)/.exec(parent);
  if (generation === null || !url.startsWith("file:") || url.includes("datapath-generation=")) return url;
  if (url.includes("/node_modules/") || stable.some(folder => url.startsWith(folder))) return url;
  return `${url}${url.includes("?") ? "&" : "?"}datapath-generation=${generation[1]}`;
}
