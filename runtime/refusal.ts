/** The edge of the runtime: what the system refuses comes out as an error of the runtime's own. */
import { DatapathError } from "./errors.js";
import { isNativeError } from "./native/index.js";

/** An error of the kernel or the file system in the runtime's terms; anything else as it is. */
export function explain(error: unknown): unknown {
  if (error instanceof DatapathError) return error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (error instanceof Error && (code === "EPERM" || code === "EACCES"))
    return new DatapathError("DP6011", error.message, { cause: error });
  if (isNativeError(error)) return new DatapathError("DP7007", `${error.message}${error.log ? ` (${error.log})` : ""}`, { cause: error });
  return error;
}

export function explained<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explain(error);
  }
}

export async function explainedLater<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explain(error);
  }
}
