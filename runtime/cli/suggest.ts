/** "Did you mean …?": the known word nearest to a mistyped one. */

/** The nearest of `known`, if it is near enough to be what was meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known.map(candidate => ({ candidate, distance: distance(word, candidate) })).sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  if (!best) return undefined;
  const longest = Math.max(word.length, best.candidate.length);
  const isPrefix = word.length >= 2 && best.candidate.startsWith(word);
  return isPrefix || best.distance <= Math.max(1, Math.floor(longest / 3)) ? best.candidate : undefined;
}

export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const best = nearest(word, known);
  return best === undefined ? undefined : `did you mean \`${best}\`?`;
}

/** Levenshtein's distance, with the swap of two neighbours as one step. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
