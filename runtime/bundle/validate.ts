/** JSON that claims to be a manifest, read field by field. What comes out has the manifest's shape for certain. */

/** Says where a value is not what it must be. */
export class Mismatch extends Error {
  override readonly name = "Mismatch";
}

type Read<T> = (value: unknown, at: string) => T;
/** The type that a reader gives. */
export type Out<R> = R extends Read<infer T> ? T : never;

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function mismatch(at: string, wanted: string, value: unknown): Mismatch {
  return new Mismatch(`${at} must be ${wanted}; it is ${show(value)}`);
}

export const text: Read<string> = (value, at) => {
  if (typeof value !== "string") throw mismatch(at, "a string", value);
  return value;
};

export const bool: Read<boolean> = (value, at) => {
  if (typeof value !== "boolean") throw mismatch(at, "true or false", value);
  return value;
};

/** A whole number, not negative, that fits 32 bits. */
export const count: Read<number> = (value, at) => {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
    throw mismatch(at, "a whole number", value);
  return value;
};

export const matching =
  (pattern: RegExp, wanted: string): Read<string> =>
  (value, at) => {
    if (typeof value !== "string" || !pattern.test(value)) throw mismatch(at, wanted, value);
    return value;
  };

export const integerText = matching(/^\d{1,39}$/, "an integer as decimal text");
export const digest = matching(/^[0-9a-f]{64}$/, "a sha256 digest");

export const oneOf =
  <const T extends string | number>(...choices: readonly T[]): Read<T> =>
  (value, at) => {
    const found = choices.find(choice => choice === value);
    if (found === undefined) throw mismatch(at, `one of ${choices.join(", ")}`, value);
    return found;
  };

export const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, at) =>
    value === undefined || value === null ? undefined : read(value, at);

export const list =
  <T>(read: Read<T>): Read<readonly T[]> =>
  (value, at) => {
    if (!Array.isArray(value)) throw mismatch(at, "a list", value);
    return value.map((entry, i) => read(entry, `${at}[${i}]`));
  };

export const isRecord = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** An object of these fields; others are ignored, as a later compiler may add some. */
export const object =
  <R extends { readonly [name: string]: Read<unknown> }>(fields: R): Read<{ readonly [K in keyof R]: Out<R[K]> }> =>
  (value, at) => {
    if (!isRecord(value)) throw mismatch(at, "an object", value);
    const out: { [name: string]: unknown } = {};
    for (const [name, read] of Object.entries(fields)) out[name] = read(value[name], `${at}.${name}`);
    return out as { readonly [K in keyof R]: Out<R[K]> };
  };

/** A choice by the field `kind`. */
export const byKind =
  <R extends { readonly [kind: string]: Read<unknown> }>(kinds: R): Read<Out<R[keyof R]>> =>
  (value, at) => {
    if (!isRecord(value)) throw mismatch(at, "an object", value);
    const { kind } = value;
    const read = typeof kind === "string" && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (!read) throw mismatch(`${at}.kind`, `one of ${Object.keys(kinds).join(", ")}`, kind);
    return read(value, at) as Out<R[keyof R]>;
  };
