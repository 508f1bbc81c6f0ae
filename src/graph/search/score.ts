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
import { assert } from "../../kernel/errors.ts";
import { bestOfAll } from "../index/best.ts";
import { lengthOf, type Postings } from "../index/postings.ts";
import { eachWord, nearStems, queryWords, type Wanted, wantedOf } from "../index/words.ts";
import type { Corpus, Document, Neighbours } from "./corpus.ts";

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

const averageLength = ({ documents, lengthSum }: Corpus) =>
  documents === 0 ? 1 : Math.max(1, lengthSum / documents);

/** What a count is saturated by in a text of this length. */
const normOf = (length: number, average: number) => k1 * (1 - b + b * length / average);

/** Lengths and counts below these, as they mostly are, are saturated once a search. */
const readyLengthsMax = 512, readyCountsMax = 8;

function readySaturated(average: number): Float64Array {
  const ready = new Float64Array(readyLengthsMax * readyCountsMax);
  for (let length = 0, at = 0; length < readyLengthsMax; length++) {
    const norm = normOf(length, average);
    for (let count = 0; count < readyCountsMax; count++) ready[at++] = saturate(count, norm);
  }
  return ready;
}

/** Scores of the last search: new memory for each costs more than what is done with it. */
let lastScores = new Float64Array(0);

function noScores(end: number): Float64Array {
  if (lastScores.length < end) lastScores = new Float64Array(Math.ceil(end * 1.25));
  return lastScores.subarray(0, end).fill(0);
}

/** Scores by document by the words of each alone; 0 for those that have none. Valid until the next search. */
export function ownScores(corpus: Corpus, words: readonly QueryWord[]): Float64Array {
  const scores = noScores(corpus.end), { marks } = corpus, average = averageLength(corpus);
  const ready = readySaturated(average);
  for (const { postings: { rids, counts }, weight } of words) {
    for (let at = 0; at < rids.length; at++) {
      const document = rids[at] ?? 0, count = counts[at] ?? 0, length = lengthOf(marks[document] ?? 0);
      const saturated = count < readyCountsMax && length < readyLengthsMax
        ? ready[length * readyCountsMax + count] ?? 0
        : saturate(count, normOf(length, average));
      scores[document] = (scores[document] ?? 0) + weight * saturated;
    }
  }
  return scores;
}

/** All documents with a score above 0, ascending. */
export function scored(scores: Float64Array): number[] {
  const found: number[] = [];
  for (let document = 0; document < scores.length; document++) {
    if ((scores[document] ?? 0) > 0) found.push(document);
  }
  return found;
}

/** By document: its place among those whose counts are looked up, from 1; 0 for others, and all 0 between two uses. */
let placesBy = new Uint16Array(0);

/** Numbers documents from 1, in the order they come first. */
class Places {
  readonly documents: number[] = [];

  constructor(end: number) {
    if (placesBy.length < end) placesBy = new Uint16Array(Math.ceil(end * 1.5));
  }

  of(document: number): number {
    const known = placesBy[document] ?? 0;
    if (known !== 0) return known;
    assert(this.documents.length < 65_535, "places of documents fit");
    return placesBy[document] = this.documents.push(document);
  }

  /** How often each document has a word, by place. */
  counts({ rids, counts }: Postings): Uint8Array {
    const found = new Uint8Array(this.documents.length + 1), places = placesBy;
    for (let at = 0; at < rids.length; at++) {
      const place = places[rids[at] ?? 0] ?? 0;
      if (place !== 0) found[place] = counts[at] ?? 0;
    }
    return found;
  }

  clear(): void {
    for (const document of this.documents) placesBy[document] = 0;
  }
}

/** Weights of what a document's counts are summed from beside itself: two before it, two after it. */
const [before1 = 0, before2 = 0] = beforeWeights, [after1 = 0, after2 = 0] = afterWeights;
/** What a document's counts are summed from: itself and those. */
const besideSize = 5;

/**
 * Scores the best documents again with the words of their neighbours, and the neighbours with theirs; gives all of
 * these. No score gets smaller, so no other document is among the best `neighbourDocumentsMax` afterwards.
 */
export function addNeighbours(corpus: Corpus, words: readonly QueryWord[], scores: Float64Array): number[] {
  const seeds = bestOfAll(scores, searchLimits.neighbourDocumentsMax), known = new Set(seeds);
  const around: number[] = [], rescored: number[] = [], places = new Places(corpus.end);
  /** Places of what each is summed from, one after the other; 0 where there is none. */
  const from: number[] = [];
  const look = (document: number): Neighbours | null => {
    const neighbours = corpus.neighbours(document);
    if (neighbours === null) return null;
    const { before, after } = neighbours;
    rescored.push(document);
    from.push(
      places.of(document),
      placeOf(places, before[0]),
      placeOf(places, before[1]),
      placeOf(places, after[0]),
      placeOf(places, after[1]),
    );
    return neighbours;
  };
  const add = (other: number | undefined) => {
    if (other === undefined || known.has(other)) return;
    known.add(other);
    around.push(other);
  };
  for (const document of seeds) {
    const beside = look(document);
    if (beside === null) continue;
    const { before, after } = beside;
    add(before[0]);
    add(before[1]);
    add(after[0]);
    add(after[1]);
  }
  for (const document of around) look(document);
  const average = averageLength(corpus), found = new Float64Array(rescored.length);
  const norms = Float64Array.from(rescored, (document) => normOf(corpus.length(document), average));
  const fromPlaces = Uint16Array.from(from);
  if (rescored.length > 0) {
    for (const { postings, weight } of words) {
      addCounts(places.counts(postings), fromPlaces, weight, norms, found);
    }
  }
  places.clear();
  rescored.forEach((document, at) => scores[document] = found[at] ?? 0);
  return [...seeds, ...around];
}

const placeOf = (places: Places, document: number | undefined) =>
  document === undefined ? 0 : places.of(document);

/** Adds what one word gives to each: its count there and beside it, saturated. */
function addCounts(
  counts: Uint8Array,
  from: Uint16Array,
  weight: number,
  norms: Float64Array,
  found: Float64Array,
): void {
  for (let at = 0, place = 0; at < found.length; at++, place += besideSize) {
    const own = counts[from[place] ?? 0] ?? 0;
    const b1 = counts[from[place + 1] ?? 0] ?? 0, b2 = counts[from[place + 2] ?? 0] ?? 0;
    const a1 = counts[from[place + 3] ?? 0] ?? 0, a2 = counts[from[place + 4] ?? 0] ?? 0;
    if ((own | b1 | b2 | a1 | a2) === 0) continue; // most have none of it
    // Summed in this order: sums of fractions depend on theirs.
    const count = own + before1 * b1 + before2 * b2 + after1 * a1 + after2 * a2;
    found[at] = (found[at] ?? 0) + weight * saturate(count, norms[at] ?? 1);
  }
}

/** The grams of a query and what each weighs: an open table of at most half its places, so that most texts' grams miss at once. */
class Grams {
  readonly #mask: number;
  readonly #codes: Int32Array;
  /** Number of the gram in a place, from 1; 0 where there is none. */
  readonly #numbers: Uint16Array;
  readonly weights: number[] = [];

  /** `max`: how many grams at most. */
  constructor(max: number) {
    const size = 2 ** Math.ceil(Math.log2(2 * max + 2));
    this.#mask = size - 1;
    this.#codes = new Int32Array(size);
    this.#numbers = new Uint16Array(size);
  }

  #place(code: number): number {
    let place = (Math.imul(code, 0x9e3779b1) >>> 12) & this.#mask;
    while (this.#numbers[place] !== 0 && this.#codes[place] !== code) place = (place + 1) & this.#mask;
    return place;
  }

  /** Adds a gram, or gives one that is there the lesser of two weights. */
  add(code: number, weight: number): void {
    const place = this.#place(code), number = this.#numbers[place] ?? 0;
    if (number !== 0) {
      this.weights[number - 1] = Math.min(weight, this.weights[number - 1] ?? weight);
      return;
    }
    this.#codes[place] = code;
    this.#numbers[place] = this.weights.push(weight);
  }

  /**
   * Counts four-character grams within words, those of the query by their numbers into `counts`, which begins all 0;
   * `order` gets the numbers as they first come, after how many there are at its start. Gives how many grams the text has.
   */
  count(text: string, counts: Uint32Array, order: number[]): number {
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
      const number = this.#numbers[this.#place(code)] ?? 0;
      if (number === 0) continue;
      if (counts[number - 1] === 0) order.push(number - 1);
      counts[number - 1] = (counts[number - 1] ?? 0) + 1;
    }
    return length;
  }
}

/** Calls `visit` for the code of each four-character gram of a word. */
function eachGram(word: string, visit: (code: number) => void): void {
  for (let at = 0; at + 4 <= word.length; at++) {
    let code = 0;
    for (let place = at; place < at + 4; place++) code = (code << 8) | (word.charCodeAt(place) & 255);
    visit(code);
  }
}

/** Adds a share of BM25 over grams; a gram weighs what the commonest word of the query with it weighs. */
export function addGrams(
  query: string,
  documents: readonly Document[],
  scores: Float64Array,
  weights: ReadonlyMap<string, number>,
): void {
  const words = queryWords(query).slice(0, searchLimits.wordsMax);
  const grams = new Grams(words.reduce((sum, { word }) => sum + word.length, 0));
  for (const { stem, word } of words) {
    const weight = weights.get(stem) ?? unknownWordWeight;
    eachGram(word, (code) => grams.add(code, weight));
  }
  if (grams.weights.length === 0 || documents.length < 2) return;
  let lengthSum = 0;
  const counted = documents.map(({ document, texts: { title, content } }) => {
    const counts = new Uint32Array(grams.weights.length), order: number[] = [];
    let length = 0, left: number = searchLimits.gramCharsMax;
    for (const text of [title ?? "", content]) {
      length += grams.count(text.slice(0, left).toLowerCase(), counts, order);
      left = Math.max(0, left - text.length - 1);
    }
    lengthSum += length;
    return { document, counts, order, length };
  });
  const average = Math.max(1, lengthSum / documents.length);
  for (const { document, counts, order, length } of counted) {
    const norm = k1 * (1 - gramB + gramB * length / average);
    let score = 0;
    // In the order of the text: sums of fractions depend on theirs.
    for (const gram of order) score += (grams.weights[gram] ?? 0) * saturate(counts[gram] ?? 0, norm);
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
  const wanted = wantedOf(weights.keys());
  for (const { document, texts: { title, content } } of documents) {
    const near = new Map<string, number>();
    for (const text of [title ?? "", content]) {
      countNear(text.slice(0, searchLimits.proximityCharsMax), weights, wanted, near);
    }
    let score = 0;
    for (const [stem, count] of near) score += Math.min(1, weights.get(stem) ?? 0) * saturate(count, k1);
    scores[document] = (scores[document] ?? 0) + proximityShare * score;
  }
}

function countNear(
  text: string,
  weights: ReadonlyMap<string, number>,
  wanted: Wanted,
  near: Map<string, number>,
): void {
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
  }, wanted);
}

/** A score as it is shown and compared. */
export function shown(score: number): number {
  return Math.round(score * scoreUnit);
}
