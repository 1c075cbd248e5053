/** Names of projects, files and classes, from the one name that the user gave. */
import { UsageError } from "../command-error.js";

export interface ProjectName {
  /** `mss-clamp`: the package, the file, the pipeline */
  readonly kebab: string;
  /** `MssClamp`: the class */
  readonly pascal: string;
}

/** Letters, digits and hyphens, at most 40: what a pipeline may be called. Anything else is refused with a name that works. */
export function projectName(text: string): ProjectName {
  const kebab = text
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[-0-9]+|-+$/g, "")
    .slice(0, 40);
  if (kebab === "") throw new UsageError(`"${text}" gives no name: it needs a letter`, "name it like `firewall` or `mss-clamp`");
  const pascal = kebab.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return { kebab, pascal };
}
