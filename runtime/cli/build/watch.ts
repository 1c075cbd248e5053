/** Waits for files to change. */
import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";

/** An editor writes in several steps; the build waits until it is quiet for so long. */
const quietMilliseconds = 30;

/** Resolves with the path of a file that changed; folders are watched, since editors replace files. */
export function changed(files: readonly string[]): Promise<string> {
  const wanted = new Set(files);
  const watchers: FSWatcher[] = [];
  return new Promise(resolve => {
    let timer: NodeJS.Timeout | undefined;
    for (const folder of new Set(files.map(file => dirname(file)))) {
      const watcher = watch(folder, (_event, name) => {
        const path = name === null ? undefined : `${folder}/${name}`;
        if (path === undefined || !wanted.has(path)) return;
        clearTimeout(timer);
        timer = setTimeout(() => {
          for (const open of watchers) open.close();
          resolve(path);
        }, quietMilliseconds);
      });
      watchers.push(watcher);
    }
  });
}
