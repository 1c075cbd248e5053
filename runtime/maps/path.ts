/** `p => p.limit.buckets` is the path "limit.buckets": a function of the class, read without an instance of it. */

const ROOT = Symbol("path");

/**
 * @throws {TypeError} where the function does not return what it found
 */
export function pathOf<P>(pick: (pipeline: P) => unknown): string {
  const found: unknown = Reflect.apply(pick, undefined, [recorder("")]);
  const path: unknown = typeof found === "object" && found !== null ? Reflect.get(found, ROOT) : undefined;
  if (typeof path !== "string" || path === "")
    throw new TypeError("give a function that returns a part of the pipeline: p => p.limit.buckets");
  return path;
}

function recorder(path: string): object {
  return new Proxy(
    {},
    {
      get(_, name) {
        if (name === ROOT) return path;
        if (typeof name === "symbol") return undefined;
        return recorder(path === "" ? name : `${path}.${name}`);
      },
    },
  );
}
