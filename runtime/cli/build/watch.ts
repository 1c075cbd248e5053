/** Waits for files to change. */
import { type FSWatcher, statSync, watch } from "node:fs";
import { dirname } from "node:path";

/** An editor writes in several steps; the build waits until it is quiet for so long. */
const QUIET = 30;
/** A file's time may lie behind the clock by so much: the kernel takes it by ticks. */
const TICK = 10;

/**
 * Resolves with the files that changed since a moment, in milliseconds since 1970, also before anyone waited: a source may be
 * saved again while it is built. Folders are watched, since editors replace files.
 */
export function changed(files: readonly string[], since: number): Promise<readonly string[]> {
  const wanted = new Set(files);
  const found = new Set<string>();
  const watchers: FSWatcher[] = [];
  return new Promise(resolve => {
    let timer: NodeJS.Timeout | undefined;
    const see = (path: string): void => {
      found.add(path);
      clearTimeout(timer);
      timer = setTimeout(() => {
        for (const open of watchers) open.close();
        resolve([...found]);
      }, QUIET);
    };
    for (const folder of new Set(files.map(file => dirname(file)))) {
      const watcher = watch(folder, (_event, name) => {
        const path = name === null ? undefined : `${folder}/${name}`;
        if (path !== undefined && wanted.has(path)) see(path);
      });
      watchers.push(watcher);
    }
    for (const file of wanted) {
      const changedAt = statSync(file, { throwIfNoEntry: false })?.ctimeMs;
      if (changedAt !== undefined && changedAt > since - TICK) see(file);
    }
  });
}
