/** The nearest known names to a mistyped one. */

const LONGEST_WORD = 64;

/** Edit distance with neighbour swaps counted as one (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, (beforePrevious[column - 2] ?? 0) + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** `rn` for `run`. */
function isShortened(word: string, candidate: string): boolean {
  return word.length === 2 && candidate.length === 3 && candidate[0] === word[0] && candidate[2] === word[1];
}

/** The candidate that a person most likely meant, or null when none is near. Case does not count. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  if (word.length > LONGEST_WORD) return null;
  const wanted = word.toLowerCase();
  let best: string | null = null;
  // Words of one or two letters are near to everything: only their case may differ, or one letter is missing inside.
  let bestDistance = Math.floor(wanted.length / 3) + 1;
  for (const candidate of candidates) {
    if (best === null && isShortened(wanted, candidate.toLowerCase())) best = candidate;
    if (Math.abs(candidate.length - wanted.length) >= bestDistance || candidate.length > LONGEST_WORD) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** The candidates that are nearest to a word, the nearest first; those that hold it, or that it holds, before others. Case does not count. */
export function nearestFew(word: string, candidates: Iterable<string>, most: number): string[] {
  const wanted = word.toLowerCase();
  if (wanted.length > LONGEST_WORD) return [];
  const ranked: { candidate: string; rank: number }[] = [];
  for (const candidate of candidates) {
    if (candidate.length > LONGEST_WORD) continue;
    const name = candidate.toLowerCase();
    const distance = editDistance(wanted, name);
    ranked.push({ candidate, rank: name.includes(wanted) || wanted.includes(name) ? distance / LONGEST_WORD : distance });
  }
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({ candidate }) => candidate);
}
