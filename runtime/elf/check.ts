/**
 * Holds an object to its bounds before libbpf sees it: libbpf 1.1 trusts what it reads, and crashes or never ends on
 * malformed files. Only what a datapath program consists of is let through.
 */
import { DatapathError } from "../errors.js";
import { checkBtf } from "./btf.js";
import { checkBtfExt } from "./btf-ext.js";
import { MalformedError } from "./reader.js";
import { readSections, type Section } from "./sections.js";
import { checkSymbols } from "./symbols.js";

/** @throws {DatapathError} DP6004 with the place that is wrong */
export function checkElf(object: Uint8Array): void {
  try {
    const sections = readSections(object);
    checkSymbols(sections);
    const btf = single(sections, ".BTF");
    const ext = single(sections, ".BTF.ext");
    if (!btf) throw new MalformedError("the file has no .BTF");
    const types = checkBtf(btf.data);
    if (ext) checkBtfExt(ext.data, types, sections);
  } catch (cause) {
    if (cause instanceof MalformedError) throw new DatapathError("DP6004", cause.message, { cause });
    throw cause;
  }
}

function single(sections: readonly Section[], name: string): Section | undefined {
  const found = sections.filter(section => section.name === name);
  if (found.length > 1) throw new MalformedError(`the file has ${found.length} sections ${name}`);
  return found[0];
}
