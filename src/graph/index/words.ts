/**
 * Words, stems and the weighted counts of an engram: what search knows of a text.
 *
 * Invariants:
 * 1. The same text gives the same stems on every machine: Unicode classes and Porter's rules, no locale.
 * 2. The index keeps every word; only queries drop question and function words.
 */
import { stemmer } from "stemmer";
import type { EngramTexts, TimeSource } from "../../kernel/records.ts";

/** A stem is cut here; nobody types more. */
const stemCharsMax = 64;
/** Counts are stored in a byte. */
const countMax = 255;
const stemsCachedMax = 50_000;

/** How much a word counts by where it stands (measured: bench/recall_bench.ts). */
const fieldWeights = { title: 3, content: 1, source: 1, date: 1 } as const;

/** A word from where it is set to look. */
const wordPattern = /[\p{L}\p{N}\p{M}]+/uy;
const markPattern = /\p{M}+/gu;
const plainPattern = /^[a-z]+$/;
/** Scripts written without spaces: their runs are cut in pairs of characters. */
const unspacedPattern =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}]/u;

const stems = new Map<string, string>();

/** The stem of one word without spaces. */
export function stemOf(word: string): string {
  const known = stems.get(word);
  if (known !== undefined) return known;
  let plain = word.toLowerCase();
  if (!plainPattern.test(plain)) plain = plain.normalize("NFKD").replace(markPattern, "");
  const stem = (plainPattern.test(plain) ? stemmer(plain) : plain).slice(0, stemCharsMax);
  if (word.length > stemCharsMax) return stem;
  if (stems.size >= stemsCachedMax) stems.clear();
  stems.set(word, stem);
  return stem;
}

/** 1 for the letters and digits of ASCII: most words need no look at Unicode's classes. */
const plainLetters = Uint8Array.from(
  { length: 128 },
  (_, code) => /[A-Za-z0-9]/.test(String.fromCharCode(code)) ? 1 : 0,
);

/** A word and its stem. */
interface Stemmed {
  readonly word: string;
  readonly stem: string;
}

/**
 * Words kept by a hash of their letters (a power of two), and how long such a word is at most: a longer one, cut out,
 * would keep its text in memory.
 */
const hashedWordsMax = 32_768, hashedCharsMax = 12;
const hashedWords: (Stemmed | undefined)[] = Array.from({ length: hashedWordsMax }, () => undefined);

/** What a word is where its stem is not needed. */
const unwanted: Stemmed = { word: "", stem: "" };

const hashed = (hash: number, code: number) => Math.imul(hash ^ code, 0x01000193);

/** The hash of a text of ASCII, letter case aside. */
function hashOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = hashed(hash, text.charCodeAt(at) | 32);
  return hash;
}

/** A word of a text: one of letters and digits of ASCII that came before need not be cut out to be known. */
function wordAt(text: string, start: number, end: number, wanted: Wanted | null): Stemmed {
  const length = end - start;
  if (length > hashedCharsMax) return stemmed(text.slice(start, end));
  let hash = 0, hasDigit = false;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code > 127) return stemmed(text.slice(start, end));
    if (code < 58) hasDigit = true;
    hash = hashed(hash, code | 32);
  }
  if (hasDigit && wanted !== null && !wanted.hashes.has(hash)) return unwanted;
  const place = (hash ^ (hash >>> 15)) & (hashedWordsMax - 1), known = hashedWords[place];
  if (known !== undefined && known.word.length === length) {
    let at = 0;
    while (at < length && known.word.charCodeAt(at) === text.charCodeAt(start + at)) at++;
    if (at === length) return known;
  }
  return hashedWords[place] = stemmed(text.slice(start, end));
}

const stemmed = (word: string): Stemmed => ({ word, stem: stemOf(word) });

/** Where the word that begins at `at` ends (UTF-16 units); `at` where none does. */
function wordEnd(text: string, at: number): number {
  let end = at;
  while (end < text.length && plainLetters[text.charCodeAt(end)] === 1) end++;
  if (end === text.length || text.charCodeAt(end) < 128) return end;
  wordPattern.lastIndex = at;
  return wordPattern.test(text) ? wordPattern.lastIndex : at;
}

/** What tells of most words that they have none of some stems. */
export interface Wanted {
  /** By code, whether a stem begins so: it begins as its word does, letter case aside, where that is ASCII. */
  readonly begin: Uint8Array;
  /** Hashes of the stems: a word with a digit is its own stem, letter case aside. */
  readonly hashes: ReadonlySet<number>;
}

/** What is wanted of a text when only these stems count. */
export function wantedOf(stems: Iterable<string>): Wanted {
  const begin = new Uint8Array(128), hashes = new Set<number>();
  for (const stem of stems) {
    const [first = ""] = stem;
    for (const one of [first, first.toUpperCase()]) if (one < "\x80") begin[one.charCodeAt(0)] = 1;
    hashes.add(hashOf(stem));
  }
  return { begin, hashes };
}

/**
 * Calls `visit` for each word with its stem and where it stands (UTF-16 units). With `wanted`, words that can't have one
 * of those stems come without their stem and themselves.
 */
export function eachWord(
  text: string,
  visit: (stem: string, start: number, end: number, word: string) => void,
  wanted: Wanted | null = null,
) {
  for (let index = 0, end = 0; index < text.length; index = end) {
    end = wordEnd(text, index);
    if (end === index) {
      end += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
      continue;
    }
    if (wanted !== null && wanted.begin[text.charCodeAt(index)] === 0) {
      visit("", index, end, "");
      continue;
    }
    if (text.charCodeAt(index) > 0x0e00 && unspacedPattern.test(text.slice(index, end))) {
      const word = text.slice(index, end), points = [...word];
      if (points.length === 1) visit(stemOf(word), index, index + word.length, word);
      for (let at = 0, start = index; at + 1 < points.length; at++) {
        const first = points[at] ?? "", pair = first + (points[at + 1] ?? "");
        visit(stemOf(pair), start, start + pair.length, pair);
        start += first.length;
      }
      continue;
    }
    const { word, stem } = wordAt(text, index, end, wanted);
    if (stem !== "" || word === "") visit(stem, index, end, word);
  }
}

/** Words that ask or join; they leave a query unless nothing else is in it. */
const functionWords = new Set(
  `a about above after again all also am an and any are as at be because been before being below between both but by
  can could did do does doing done down during each few for from further had has have having he her here hers him his
  how i if in into is it its itself just let like many may me might more most much must my no nor not now of off on
  once only or other our out over own please same shall she should so some such tell than that the their them then
  there these they this those through to too under until up upon us very was we were what when where which while who
  whom whose why will with would you your`.split(/\s+/),
);

/** Words of a query: stem, and the word as typed. Function words are gone unless all are. */
export function queryWords(text: string): { stem: string; word: string }[] {
  const all = new Map<string, { stem: string; word: string }>(),
    kept = new Map<string, typeof all extends Map<string, infer V> ? V : never>();
  eachWord(text, (stem, _start, _end, word) => {
    const found = { stem, word: word.toLowerCase() };
    all.set(stem, found);
    if (!functionWords.has(found.word)) kept.set(stem, found);
  });
  return [...(kept.size > 0 ? kept : all).values()];
}

const months = "january february march april may june july august september october november december".split(
  " ",
);
const weekdays = "sunday monday tuesday wednesday thursday friday saturday".split(" ");

/** A time in the words people ask with; a file's time says nothing about its text. */
function dateWords(observedAt: number | null, timeSource: TimeSource): string {
  if (
    observedAt === null || timeSource === "file" || timeSource === "none" || Math.abs(observedAt) > 8.64e15
  ) {
    return "";
  }
  const time = new Date(observedAt);
  return `${weekdays[time.getUTCDay()]} ${time.getUTCDate()} ${
    months[time.getUTCMonth()]
  } ${time.getUTCFullYear()}`;
}

/** Stems of an engram with their weighted counts (1 to 255), and the sum of the counts. */
export interface WordCounts {
  readonly counts: ReadonlyMap<string, number>;
  readonly length: number;
}

/** What of an engram can be searched. */
export interface Searchable {
  readonly texts: Pick<EngramTexts, "title" | "content" | "source" | "ref">;
  readonly observedAt: number | null;
  readonly timeSource: TimeSource;
}

/** Counts the words of an engram's fields, weighted before any saturation. */
export function countWords({ texts, observedAt, timeSource }: Searchable): WordCounts {
  const counts = new Map<string, number>();
  let length = 0;
  const add = (text: string | null, weight: number) => {
    if (text === null || text === "") return;
    eachWord(text, (stem) => {
      counts.set(stem, Math.min(countMax, (counts.get(stem) ?? 0) + weight));
      length += weight;
    });
  };
  add(texts.title, fieldWeights.title);
  add(texts.content, fieldWeights.content);
  add(texts.ref, fieldWeights.source);
  add(texts.source === texts.ref ? null : texts.source, fieldWeights.source);
  add(dateWords(observedAt, timeSource), fieldWeights.date);
  return { counts, length };
}

const letters = "abcdefghijklmnopqrstuvwxyz";

/** Longer words are not respelled: each letter has some 50 edits, and each edit a stem as long as the word. */
const respelledCharsMax = 32;

/** Stems of words one edit away from a typed word, and one edit away from its stem. */
export function nearStems(word: string): Set<string> {
  const found = new Set<string>();
  if (word.length < 4 || word.length > respelledCharsMax || !plainPattern.test(word)) return found;
  const stem = stemOf(word);
  for (const near of edits(word)) found.add(stemOf(near));
  for (const near of edits(stem)) found.add(near);
  found.delete(stem);
  return found;
}

function* edits(word: string): Generator<string> {
  for (let at = 0; at <= word.length; at++) {
    const before = word.slice(0, at), after = word.slice(at), rest = word.slice(at + 1);
    if (after !== "") yield before + rest;
    if (rest !== "") yield before + rest[0] + after[0] + rest.slice(1);
    for (const letter of letters) {
      if (after !== "") yield before + letter + rest;
      yield before + letter + after;
    }
  }
}
