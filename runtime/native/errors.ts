/** What the addon throws: the kernel's or libbpf's answer, with what was asked. */
export interface NativeError extends Error {
  /** positive */
  readonly errno: number;
  /** the number's name: "EPERM" */
  readonly code: string;
  readonly operation: string;
  readonly object: string;
  /** the verifier's or libbpf's whole log, or the kernel's extended netlink message */
  readonly log?: string;
}

export function isNativeError(error: unknown): error is NativeError {
  return (
    error instanceof Error &&
    "errno" in error &&
    typeof error.errno === "number" &&
    "code" in error &&
    typeof error.code === "string" &&
    "operation" in error &&
    typeof error.operation === "string" &&
    "object" in error &&
    typeof error.object === "string"
  );
}

/** Whether the addon threw with one of these codes. */
export function failedWith(error: unknown, ...codes: readonly string[]): error is NativeError {
  return isNativeError(error) && codes.includes(error.code);
}
