/** What the compiled helpers for bytes of run-time length take at once, in bytes. */
export const COPY_LIMIT = 511;
export const CHECKSUM_LIMIT = 2032;

/** Why `max` cannot be the limit of a copy or a checksum, or undefined where it can. */
export function limitRefused(call: "copy" | "checksum", max: number): string | undefined {
  const most = call === "copy" ? COPY_LIMIT : CHECKSUM_LIMIT;
  if (Number.isInteger(max) && max >= 0 && max <= most) return undefined;
  return `${call}(…, { max: ${max} }): at most ${most} bytes at once`;
}
