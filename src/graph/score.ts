/**
 * Scores of documents for the words of a query.
 *
 * BM25 over counts that were weighted by field before they saturate, with the words of the neighbours in a thread,
 * plus a share of the same over four-character grams for inflections and slips, and in a recall a share for words that
 * stand near each other; the constants were measured on
 * public sets (bench/recall_bench.ts).
 *
 * Invariants:
 * 1. Scores are integers; equal corpora and queries give equal scores on every machine (only + − × ÷ and Math.log).
 * 2. Ties go by id. Work is bounded by `searchLimits`.
 */
import type { Corpus, Document } from "./corpus.ts";
import type { Postings } from "./postings.ts";
import { eachWord, nearStems, queryWords } from "./words.ts";

/** Bounds of a search. The build's: what a search gave an agent is recorded. */
export const searchLimits = {
  /** Hits of one page. */
  limitMax: 1000,
  /** Hits of all pages of one search for words; a list without words has no such end. */
  hitsMax: 10_000,
  /** Texts looked at by filters: the best by score of a search for words, those of one page of a list. */
  documentsMax: 20_000,
  /** Characters of the texts that one search as of an earlier tick reads. */
  scannedCharsMax: 256 * 1024 * 1024,
  /** Best documents that get the words of their neighbours. */
  neighbourDocumentsMax: 300,
  /** Best documents scored by grams. */
  gramDocumentsMax: 200,
  /** Best documents of a recall in which words near each other count. */
  proximityDocumentsMax: 60,
  /** Characters of one text in which they do. */
  proximityCharsMax: 6_000,
  /** Characters of one text that grams are taken from. */
  gramCharsMax: 20_000,
  /** Words of a query; the rest is left out. */
  wordsMax: 64,
} as const;

const k1 = 1.2, b = 0.6, gramB = 0.75, gramShare = 0.05;
/** Two words of a query count as near each other up to so many words apart. */
const nearWordsMax = 6, proximityShare = 0.3;
/** What the words of the documents before and after one in its thread count, nearest first. */
export const beforeWeights = [0.6, 0.36], afterWeights = [0.3, 0.18];
/** The weight of the grams of a word that no document has. */
const unknownWordWeight = 8;
/** Scores are shown as integers in thousandths. */
const scoreUnit = 1000;

/** A word of the query as it was searched for. */
export interface QueryWord {
  readonly stem: string;
  readonly weight: number;
  readonly postings: Postings;
}

/** What was searched for in place of a word that no document has. */
export interface Spelled {
  readonly word: string;
  readonly as: string;
}

const inverseFrequency = (documents: number, having: number) =>
  Math.log(1 + (documents - having + 0.5) / (having + 0.5));

/** Looks the words of a query up; unknown ones are respelled if a known one is an edit away. */
export function lookUp(corpus: Corpus, query: string): { words: QueryWord[]; spelled: Spelled[] } {
  const words = new Map<string, QueryWord>(), spelled: Spelled[] = [];
  const add = (stem: string, postings: Postings) =>
    words.set(stem, { stem, postings, weight: inverseFrequency(corpus.documents, postings.rids.length) });
  for (const { stem, word } of queryWords(query).slice(0, searchLimits.wordsMax)) {
    const postings = corpus.postings(stem);
    if (postings.rids.length > 0) {
      add(stem, postings);
      continue;
    }
    let best: { stem: string; postings: Postings } | null = null;
    const near = nearStems(word);
    for (const candidate of near.size === 0 ? [] : corpus.known(near).sort()) {
      const found = corpus.postings(candidate);
      if (found.rids.length > (best?.postings.rids.length ?? 0)) best = { stem: candidate, postings: found };
    }
    if (best === null) continue;
    add(best.stem, best.postings);
    spelled.push({ word, as: best.stem });
  }
  return { words: [...words.values()], spelled };
}

const saturate = (count: number, norm: number) => count * (k1 + 1) / (count + norm);

/** Scores of documents by their own words: those scored, and the scores by document. */
export function ownScores(
  corpus: Corpus,
  words: readonly QueryWord[],
): { documents: number[]; scores: Float64Array } {
  const scores = new Float64Array(corpus.end), documents: number[] = [];
  const average = corpus.documents === 0 ? 1 : Math.max(1, corpus.lengthSum / corpus.documents);
  for (const { postings: { rids, counts }, weight } of words) {
    for (let at = 0; at < rids.length; at++) {
      const document = rids[at] ?? 0, before = scores[document] ?? 0;
      if (before === 0) documents.push(document);
      const norm = k1 * (1 - b + b * corpus.length(document) / average);
      scores[document] = before + weight * saturate(counts[at] ?? 0, norm);
    }
  }
  return { documents, scores };
}

/** The `max` best by score, ties by document: a heap with the worst kept one on top. */
export function best(documents: Iterable<number>, scores: ArrayLike<number>, max: number): number[] {
  const heap: number[] = [];
  const before = (one: number, other: number) => (scores[other] ?? 0) - (scores[one] ?? 0) || one - other;
  const sink = () => {
    for (let at = 0;;) {
      let child = 2 * at + 1;
      const worst = heap[at] ?? 0, right = heap[child + 1], left = heap[child];
      if (left === undefined) return;
      if (right !== undefined && before(left, right) < 0) child++;
      const lower = heap[child] ?? 0;
      if (before(worst, lower) >= 0) return;
      heap[at] = lower;
      heap[child] = worst;
      at = child;
    }
  };
  for (const document of documents) {
    if (heap.length < max) {
      heap.push(document);
      if (heap.length === max) heap.sort((one, other) => before(other, one));
    } else if (before(document, heap[0] ?? 0) < 0) {
      heap[0] = document;
      sink();
    }
  }
  return heap.sort(before);
}

/** Counts by document: the postings of a common word are looked at too often to be searched each time. */
function countsOf({ rids, counts }: Postings, end: number): Uint8Array {
  const found = new Uint8Array(end);
  for (let at = 0; at < rids.length; at++) found[rids[at] ?? 0] = counts[at] ?? 0;
  return found;
}

/** Scores the best documents again with the words of their neighbours, and the neighbours with theirs. */
export function addNeighbours(
  corpus: Corpus,
  words: readonly QueryWord[],
  documents: number[],
  scores: Float64Array,
): void {
  const average = corpus.documents === 0 ? 1 : Math.max(1, corpus.lengthSum / corpus.documents);
  const seeds = best(documents, scores, searchLimits.neighbourDocumentsMax);
  const rescored = new Map<number, number>();
  const weighed = words.map(({ postings, weight }) => ({ counts: countsOf(postings, corpus.end), weight }));
  const rescore = (document: number): readonly number[] => {
    const neighbours = corpus.neighbours(document);
    if (neighbours === null) return [];
    const { before, after } = neighbours;
    const norm = k1 * (1 - b + b * corpus.length(document) / average);
    let score = 0;
    for (const { counts, weight } of weighed) {
      let count = counts[document] ?? 0;
      before.forEach((other, at) => count += (beforeWeights[at] ?? 0) * (counts[other] ?? 0));
      after.forEach((other, at) => count += (afterWeights[at] ?? 0) * (counts[other] ?? 0));
      if (count > 0) score += weight * saturate(count, norm);
    }
    rescored.set(document, score);
    return [...before, ...after];
  };
  const around = new Set<number>();
  for (const document of seeds) for (const other of rescore(document)) around.add(other);
  for (const other of around) if (!rescored.has(other)) rescore(other);
  for (const [document, score] of rescored) {
    // Documents with a word of their own have a score already.
    if (scores[document] === 0 && score > 0) documents.push(document);
    scores[document] = score;
  }
}

/** Counts four-character grams within words into `counts`, those of `wanted` alone; gives how many there are. */
function countGrams(text: string, wanted: ReadonlyMap<number, number>, counts: Map<number, number>): number {
  let code = 0, run = 0, length = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // A letter or digit, or anything beyond ASCII.
    if (unit < 48 || (unit > 57 && unit < 97) || (unit > 122 && unit < 128)) {
      run = 0;
      continue;
    }
    code = (code << 8) | (unit & 255);
    if (++run < 4) continue;
    length++;
    if (wanted.has(code)) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return length;
}

function gramsOf(word: string): number[] {
  const found: number[] = [];
  for (let at = 0; at + 4 <= word.length; at++) {
    let code = 0;
    for (let place = at; place < at + 4; place++) code = (code << 8) | (word.charCodeAt(place) & 255);
    found.push(code);
  }
  return found;
}

/** Adds a share of BM25 over grams; a gram weighs what the commonest word of the query with it weighs. */
export function addGrams(
  query: string,
  documents: readonly Document[],
  scores: Float64Array,
  weights: ReadonlyMap<string, number>,
): void {
  const wanted = new Map<number, number>();
  for (const { stem, word } of queryWords(query).slice(0, searchLimits.wordsMax)) {
    const weight = weights.get(stem) ?? unknownWordWeight;
    for (const gram of gramsOf(word)) wanted.set(gram, Math.min(weight, wanted.get(gram) ?? weight));
  }
  if (wanted.size === 0 || documents.length < 2) return;
  let lengthSum = 0;
  const counted = documents.map(({ document, texts: { title, content } }) => {
    const text = `${title ?? ""} ${content}`.slice(0, searchLimits.gramCharsMax).toLowerCase();
    const counts = new Map<number, number>();
    const length = countGrams(text, wanted, counts);
    lengthSum += length;
    return { document, counts, length };
  });
  const average = Math.max(1, lengthSum / documents.length);
  for (const { document, counts, length } of counted) {
    const norm = k1 * (1 - gramB + gramB * length / average);
    let score = 0;
    for (const [gram, count] of counts) {
      score += (wanted.get(gram) ?? 0) * saturate(count, norm);
    }
    scores[document] = (scores[document] ?? 0) + gramShare * score;
  }
}

/**
 * Adds a share for words of the query that stand near each other: for each, the weights of its neighbours over the square
 * of their distance, saturated. What a question asks about stands together; the same words strewn over a text do not.
 */
export function addProximity(
  documents: readonly Document[],
  scores: Float64Array,
  weights: ReadonlyMap<string, number>,
): void {
  if (weights.size < 2) return;
  for (const { document, texts: { title, content } } of documents) {
    const near = new Map<string, number>();
    for (const text of [title ?? "", content]) {
      countNear(text.slice(0, searchLimits.proximityCharsMax), weights, near);
    }
    let score = 0;
    for (const [stem, count] of near) score += Math.min(1, weights.get(stem) ?? 0) * saturate(count, k1);
    scores[document] = (scores[document] ?? 0) + proximityShare * score;
  }
}

function countNear(text: string, weights: ReadonlyMap<string, number>, near: Map<string, number>): void {
  let at = 0, lastAt = -1, last = "", lastWeight = 0;
  eachWord(text, (stem) => {
    at++;
    const weight = weights.get(stem);
    if (weight === undefined) return;
    const distance = at - lastAt;
    if (lastAt >= 0 && distance <= nearWordsMax && stem !== last) {
      const share = 1 / (distance * distance);
      near.set(stem, (near.get(stem) ?? 0) + lastWeight * share);
      near.set(last, (near.get(last) ?? 0) + weight * share);
    }
    lastAt = at;
    last = stem;
    lastWeight = weight;
  });
}

/** A score as it is shown and compared. */
export function shown(score: number): number {
  return Math.round(score * scoreUnit);
}
