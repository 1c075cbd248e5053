/** The names of a pipeline's parts: `bridge.stations` is field `stations` of the object in field `bridge`. */

const MAX_DEPTH = 6;
const MAX_ELEMENTS = 4096;

/** Every object that hangs off the pipeline's fields, with its dotted path; where several lead to one, the shortest. */
export function pathsOf(pipeline: object): Map<object, string> {
  const paths = new Map<object, string>([[pipeline, ""]]);
  let level: (readonly [object, string])[] = [[pipeline, ""]];
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
    const next: (readonly [object, string])[] = [];
    for (const [object, path] of level) {
      for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
        const value: unknown = property.enumerable ? property.value : undefined;
        if (typeof value !== "object" || value === null || paths.has(value) || ArrayBuffer.isView(value)) continue;
        if (Array.isArray(value) && value.length > MAX_ELEMENTS) continue;
        const inner = path === "" ? key : `${path}.${key}`;
        paths.set(value, inner);
        next.push([value, inner]);
      }
    }
    level = next;
  }
  return paths;
}
