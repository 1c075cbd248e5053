/** After a refusal: whether this kernel is simply too old for what the program uses. */
import type { Feature } from "../../codegen/bundle/manifest.js";

/** Releases as numbers: "6.1.0-13-amd64" → [6, 1]. */
function releaseOf(text: string): readonly [number, number] {
  const [major = 0, minor = 0] = text.split(/[.-]/).map(Number);
  return [major, minor];
}

/** The features that came after a release, by the manifest. A distribution may have brought them to an older one. */
export function newerThan(features: readonly Feature[], release: string): Feature[] {
  const [major, minor] = releaseOf(release);
  return features.filter(feature => {
    const [since, sinceMinor] = releaseOf(feature.since);
    return since > major || (since === major && sinceMinor > minor);
  });
}
