/** Law: what a search leaves out of its work changes no score and no place among the best. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { best, bestOfAll } from "../../src/graph/index/best.ts";
import type { Corpus, Neighbours } from "../../src/graph/search/corpus.ts";
import {
  addNeighbours,
  afterWeights,
  beforeWeights,
  ownScores,
  type QueryWord,
  searchLimits,
} from "../../src/graph/search/score.ts";

const k1 = 1.2, b = 0.6;

/** Texts of one corpus: length, and counts by word; every other one stands in a thread with those beside it. */
interface Texts {
  readonly lengths: readonly number[];
  readonly counts: readonly (readonly number[])[];
  readonly weights: readonly number[];
}

const besideOf = (document: number, end: number): Neighbours | null => {
  if (document % 8 >= 4) return null;
  const inThread = (other: number) =>
    other >= 0 && other < end && other >> 3 === document >> 3 && other % 8 < 4;
  return {
    before: [document - 1, document - 2].filter(inThread),
    after: [document + 1, document + 2].filter(inThread),
  };
};

function corpusOf({ lengths }: Texts): Corpus {
  const nothing = () => {
    throw new Error("not asked for");
  };
  return {
    end: lengths.length,
    documents: lengths.length,
    lengthSum: lengths.reduce((sum, length) => sum + length, 0),
    marks: Uint32Array.from(lengths, (length, at) => 1 + 2 * length + (at % 8 < 4 ? 1 : 0)),
    length: (document) => lengths[document] ?? 0,
    neighbours: (document) => besideOf(document, lengths.length),
    has: () => true,
    postings: nothing,
    known: nothing,
    load: nothing,
    loadAll: nothing,
    superseded: nothing,
    glance: nothing,
    documentsOf: nothing,
  };
}

const wordsOf = ({ counts, weights }: Texts): QueryWord[] =>
  counts.map((by, word) => {
    const rids = by.flatMap((count, document) => count > 0 ? [document] : []);
    const postings = { rids: Uint32Array.from(rids), counts: Uint8Array.from(rids, (rid) => by[rid] ?? 0) };
    return { stem: `${word}`, weight: weights[word] ?? 0, postings };
  });

/** BM25 as it is written down, of each text by itself: `count` gives what a text has of a word. */
function plain(texts: Texts, document: number, count: (by: readonly number[]) => number): number {
  const { lengths, counts, weights } = texts;
  const average = Math.max(1, lengths.reduce((sum, length) => sum + length, 0) / lengths.length);
  const norm = k1 * (1 - b + b * (lengths[document] ?? 0) / average);
  return counts.reduce((score, by, word) => {
    const found = count(by);
    return found === 0 ? score : score + (weights[word] ?? 0) * (found * (k1 + 1) / (found + norm));
  }, 0);
}

const own = (texts: Texts) =>
  texts.lengths.map((_, document) => plain(texts, document, (by) => by[document] ?? 0));

const sorted = (scores: readonly number[]) =>
  scores.map((score, document) => ({ score, document })).filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score || one.document - other.document)
    .map(({ document }) => document);

/** The best by their own words and those beside them get the words of what is beside them. */
function withNeighbours(texts: Texts): number[] {
  const scores = own(texts), end = scores.length;
  const seeds = sorted(scores).slice(0, searchLimits.neighbourDocumentsMax);
  const around = seeds.flatMap((document) => {
    const { before = [], after = [] } = besideOf(document, end) ?? {};
    return [...before, ...after];
  });
  for (const document of new Set([...seeds, ...around])) {
    const beside = besideOf(document, end);
    if (beside === null) continue;
    scores[document] = plain(texts, document, (by) => {
      let count = by[document] ?? 0;
      beside.before.forEach((other, at) => count += (beforeWeights[at] ?? 0) * (by[other] ?? 0));
      beside.after.forEach((other, at) => count += (afterWeights[at] ?? 0) * (by[other] ?? 0));
      return count;
    });
  }
  return scores;
}

// More texts than are looked at by their neighbours; counts and lengths beyond what is made ready, and many ties.
const texts: fc.Arbitrary<Texts> = fc.record({ seed: fc.integer(), words: fc.integer({ min: 1, max: 4 }) })
  .map(
    ({ seed, words }) => {
      let state = seed | 1;
      const below = (max: number) => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor(state / 4_294_967_296 * max);
      };
      const size = 250 + below(600), common = 2 + below(5);
      return {
        lengths: Array.from({ length: size }, () => below(20) === 0 ? 400 + below(400) : 5 + below(common)),
        counts: Array.from(
          { length: words },
          () =>
            Array.from(
              { length: size },
              () => below(common) > 0 ? 0 : below(9) === 0 ? 6 + below(200) : 1 + below(2),
            ),
        ),
        weights: Array.from({ length: words }, () => (1 + below(900)) / 100),
      };
    },
  );

Deno.test("ownScores() and addNeighbours() give what BM25 gives to each text by itself", () => {
  fc.assert(
    fc.property(texts, (of) => {
      const corpus = corpusOf(of), words = wordsOf(of), scores = ownScores(corpus, words);
      assert.deepEqual([...scores], own(of));
      const near = addNeighbours(corpus, words, scores), expected = withNeighbours(of);
      assert.deepEqual([...scores], expected);
      for (const max of [1, 120, searchLimits.neighbourDocumentsMax]) {
        assert.deepEqual(best(near, scores, max), sorted(expected).slice(0, max));
        assert.deepEqual(bestOfAll(scores, max), sorted(expected).slice(0, max));
      }
      assert.deepEqual(bestOfAll(scores, 20_000), sorted(expected));
    }),
    { numRuns: 60 },
  );
});
