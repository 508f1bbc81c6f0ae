/**
 * The words around the best match, as they stand in the content.
 *
 * Invariants:
 * 1. A snippet is a piece of the content, unchanged; it begins and ends at words where it can.
 */
import { eachWord, wantedOf } from "../index/words.ts";

/** UTF-16 units of a snippet, about. */
const snippetCharsMax = 240;

/** The piece of `content` where the most weight of `weights` (by stem) stands together. */
export function snippetOf(content: string, weights: ReadonlyMap<string, number>): string {
  if (content.length <= snippetCharsMax) return content;
  const starts: number[] = [], ends: number[] = [];
  const matches: { stem: string; start: number; end: number }[] = [];
  eachWord(content, (stem, start, end) => {
    starts.push(start);
    ends.push(end);
    if (weights.has(stem)) matches.push({ stem, start, end });
  }, wantedOf(weights.keys()));
  let bestSum = 0, from = 0, to = 0;
  const inside = new Map<string, number>();
  let sum = 0, first = 0;
  for (const match of matches) {
    const count = inside.get(match.stem) ?? 0;
    if (count === 0) sum += weights.get(match.stem) ?? 0;
    inside.set(match.stem, count + 1);
    while (match.end - (matches[first]?.start ?? 0) > snippetCharsMax) {
      const gone = matches[first++];
      if (gone === undefined) break;
      const left = (inside.get(gone.stem) ?? 1) - 1;
      inside.set(gone.stem, left);
      if (left === 0) sum -= weights.get(gone.stem) ?? 0;
    }
    if (sum > bestSum + 1e-9) {
      bestSum = sum;
      from = matches[first]?.start ?? 0;
      to = match.end;
    }
  }
  // What room is left goes to both sides, a little more to what follows.
  const room = Math.max(0, snippetCharsMax - (to - from));
  let low = Math.max(0, from - Math.floor(room * 0.4));
  let high = Math.min(content.length, low + snippetCharsMax);
  low = Math.max(0, high - snippetCharsMax);
  const start = starts.find((place) => place >= low);
  if (low > 0 && start !== undefined && start <= Math.max(from, low)) low = start;
  const end = ends.findLast((place) => place <= high);
  if (high < content.length && end !== undefined && end >= to && end > low) high = end;
  return content.slice(low, high).trim();
}
