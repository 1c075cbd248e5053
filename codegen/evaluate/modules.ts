/** Node's module loader as the compiler uses it: TypeScript, the condition "datapath", and a record of every import. */
import { register } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";

interface Resolution {
  readonly parent: string | undefined;
  readonly specifier: string;
  readonly url: string;
}

/** The folder of the package `datapath`, as a URL with a slash at its end. */
export const packageUrl = new URL("../../", import.meta.url).href;

let port: MessagePort | undefined;
/** What each loaded module's imports were resolved to, by the importing module's URL; kept for the life of the process. */
const imports = new Map<string, Map<string, string>>();
let generation = 0;

/** Starts to listen to the loader; once a process. tsx is already there, since it runs this file. */
export function installHooks(): void {
  if (port !== undefined) return;
  const channel = new MessageChannel();
  port = channel.port1;
  port.unref();
  const stable = ["dsl/", "codegen/", "runtime/", "testing/", "index.ts"].map(part => new URL(part, packageUrl).href);
  register(new URL("hooks.mjs", import.meta.url), {
    data: { port: channel.port2, stable },
    transferList: [channel.port2],
  });
}

/** Takes over what the loader has said so far. All of an import's messages are there when its promise is fulfilled. */
export function takeResolutions(): void {
  if (port === undefined) return;
  for (let received = receiveMessageOnPort(port); received !== undefined; received = receiveMessageOnPort(port)) {
    // The other end is our own hook: it sends nothing else.
    const { parent = "", specifier, url }: Resolution = received.message;
    const ofParent = imports.get(parent);
    if (ofParent === undefined) imports.set(parent, new Map([[specifier, url]]));
    else ofParent.set(specifier, url);
  }
}

/** The URL that an import in a loaded module was resolved to. */
export function resolutionOf(parent: string, specifier: string): string | undefined {
  return imports.get(parent)?.get(specifier);
}

/** The URLs of a module and of everything that it imports, directly or not. */
export function modulesFrom(url: string): Set<string> {
  const reached = new Set([url]);
  for (const parent of reached) for (const child of imports.get(parent)?.values() ?? []) reached.add(child);
  return reached;
}

/** The URL to import a file by; with `fresh`, one that no earlier import of this process used. */
export function moduleUrl(file: string, fresh: boolean): string {
  const url = pathToFileURL(file).href;
  if (!fresh) return url;
  generation += 1;
  return `${url}?datapath-generation=${generation}`;
}

/** The absolute path of a module's URL; undefined for what is no file (`node:fs`, `data:`). */
export function fileOfUrl(url: string): string | undefined {
  if (url.startsWith("/")) return url;
  if (!url.startsWith("file:")) return undefined;
  const bare = new URL(url);
  bare.search = "";
  bare.hash = "";
  return fileURLToPath(bare);
}
