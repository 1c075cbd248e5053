/** Checks an ELF object's bounds before libbpf sees it: libbpf 1.1 crashes on malformed ones. */
import { DatapathError } from "../errors.js";

/** @throws {DatapathError} DP6004 */
export function checkElf(object: Uint8Array): void {
  if (object.length < 64 || object[0] !== 0x7f || object[1] !== 0x45) throw new DatapathError("DP6004", "not an ELF file");
}
