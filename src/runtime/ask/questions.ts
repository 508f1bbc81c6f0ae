/**
 * A question taken apart: the words it asks about, what each is in it, and how much each weighs.
 *
 * Does not own: kinds of answers (answer_kinds.ts), how well a sentence answers (rating.ts), where sentences come from
 * (sentences.ts, ask.ts), what words mean (question_words.ts).
 *
 * Invariant: pure; equal inputs give equal results on every machine.
 */
import { eachWord, queryWords, stemOf } from "../../graph/mod.ts";
import { type Expected, expectedOf, measureOf, type Statement, subkindOf } from "./answer_kinds.ts";
import {
  droppedBefore,
  lightStems,
  negationWords,
  placingStems,
  recentStems,
  relatedStems,
  verbStems,
} from "./question_words.ts";

/**
 * What a word is in a question: a name or number, the kind of thing asked for ("which oven"), the word that names the
 * kind of answer ("colour"), one that says little, a verb, or another word.
 */
export type Role = "named" | "head" | "kind" | "light" | "verb" | "noun";

/** A word the question asks about. */
export interface Term {
  readonly stem: string;
  readonly related: ReadonlySet<string>;
  /** A name, an identifier or a number: nothing stands for it. */
  readonly named: boolean;
  readonly light: boolean;
  /** The word names the kind of answer ("colour"): a text that has such an answer need not say it. */
  readonly kindOnly: boolean;
  readonly role: Role;
}

/** A question as it is answered. */
export interface Asked {
  readonly text: string;
  readonly expected: Expected;
  readonly terms: readonly Term[];
  /** Asks for what is so now. */
  readonly recent: boolean;
  /** Asks what could be, or what is to be done: such sentences are answers then. */
  readonly modal: boolean;
  /** What an answer to it looks like, where that can be told. */
  readonly form: RegExp | null;
  readonly negated: boolean;
}

/** Takes a question apart. */
export function askedOf(question: string): Asked {
  const { expected, kindWord } = expectedOf(question);
  const kind = new Set<string>();
  eachWord(kindWord, (stem) => kind.add(stem));
  if (expected === "phone") kind.add(stemOf("number"));
  const kept = new Set(queryWords(question).map(({ stem }) => stem));
  const terms = new Map<string, Omit<Term, "role">>();
  let recent = false, first = true;
  eachWord(question, (stem, start, end, word) => {
    const initial = first || /[.!?]\s+$/.test(question.slice(0, start));
    first = false;
    recent ||= recentStems.has(stem);
    const month = /^May$/.test(word) && /\d\s*$|\b(?:in|of|by|since)\s+$/.test(question.slice(0, start));
    if ((!kept.has(stem) && !month) || recentStems.has(stem) || terms.has(stem) || stem.length === 0) return;
    if (word.length === 1 && /[sS]/.test(word) && /['’]$/.test(question.slice(0, start))) return;
    // "don't" is no word, nor are its halves.
    if (/n$/.test(word) && /^['’]t\b/.test(question.slice(end))) return;
    if (word === "t" && /n['’]$/.test(question.slice(0, start))) return;
    const named = /\d/.test(word) || (/^\p{Lu}/u.test(word) && !initial && word !== "I");
    terms.set(stem, {
      stem,
      named,
      // Where it is kept is told by where it is.
      light: !named && (lightStems.has(stem) || (expected === "place" && placingStems.has(stem))),
      // A number anywhere is no code: the sentence must say which it is. A version is known by its form.
      kindOnly: !named && (expected !== "code" || kindWord === "version") && kind.has(stem),
      related: named ? new Set() : relatedStems(stem),
    });
  });
  const text = question.toLowerCase();
  return {
    text: question,
    expected,
    form: subkindOf(question),
    terms: withRoles(question, [...terms.values()]),
    recent,
    modal:
      /\b(?:should|could|might|would|idea|ideas|proposals?|suggest\w*|plan to|still|to-?do|tasks?|open (?:tasks?|issues?|questions?|points?|items?)|need to|have to)\b/
        .test(text),
    negated: /\b(?:not|never|no|without)\b|n['’]t\b/.test(text),
  };
}

interface Word {
  readonly stem: string;
  readonly lower: string;
}

/** Words after which no verb stands. */
const beforeNoun =
  /^(?:the|a|an|our|my|your|his|her|their|its|this|that|these|those|new|old|of|for|first|next|last)$/;
const auxiliary = /^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|may)$/;
const preposition = /^(?:in|on|at|of|for|to|from|with)$/;
const sortWord = /^(?:kinds?|sorts?|types?|makes?|brands?)$/;

function withRoles(question: string, terms: readonly Omit<Term, "role">[]): Term[] {
  const words: Word[] = [];
  eachWord(question, (stem, _start, _end, word) => words.push({ stem, lower: word.toLowerCase() }));
  const head = headOf(words);
  const verbs = new Set(words.filter((_, at) => isVerb(words, at)).map(({ stem }) => stem));
  const nouns = new Set(words.filter((_, at) => !isVerb(words, at)).map(({ stem }) => stem));
  return terms.map((term) => {
    const { named, kindOnly, light, stem } = term;
    if (named) return { ...term, role: "named" };
    if (kindOnly || light) return { ...term, role: kindOnly ? "kind" : "light" };
    if (stem === head) return { ...term, role: "head" };
    return { ...term, role: verbs.has(stem) && !nouns.has(stem) ? "verb" : "noun" };
  });
}

/** The thing asked for: the last word before the verb in "which oven do we buy", "what kind of batteries are there". */
function headOf(words: readonly Word[]): string | null {
  const from = words.findIndex(({ lower }) => lower === "which" || lower === "what") + 1;
  if (from === 0) return null;
  if (sortWord.test(words[from]?.lower ?? "")) return words[from + 2]?.stem ?? null;
  let end = from;
  while (end < words.length) {
    const { lower = "" } = words[end] ?? {};
    if (auxiliary.test(lower) || preposition.test(lower) || (end > from && isVerb(words, end))) break;
    end++;
  }
  return end > from && end < words.length ? words[end - 1]?.stem ?? null : null;
}

const isVerb = (words: readonly Word[], at: number): boolean =>
  verbStems.has(words[at]?.stem ?? "") && !beforeNoun.test(words[at - 1]?.lower ?? "");

/** Added to the sentences looked at: among few of them a word that all have need not be a common one. */
const fewStatements = 20;

/** How much each word of a question weighs: the rarer among the sentences looked at, the more. */
export function weightsOf(
  asked: Asked,
  statements: readonly Statement[],
  stemsOf: (text: string) => ReadonlySet<string>,
): Map<string, number> {
  const having = new Map<string, number>();
  for (const { text } of statements) {
    const stems = stemsOf(text);
    for (const { stem } of asked.terms) if (stems.has(stem)) having.set(stem, (having.get(stem) ?? 0) + 1);
  }
  const seen = statements.length + fewStatements;
  // Who makes it: the verb is half the question.
  const core = asked.terms.filter(({ light, named, kindOnly }) => !light && !named && !kindOnly);
  const lightWeight = asked.expected === "person" && core.length <= 1 ? 0.7 : 0.25;
  return new Map(asked.terms.map(({ stem, light, named }) => {
    const rarity = Math.log(seen / ((having.get(stem) ?? 0) + 1)) / Math.log(seen);
    return [stem, (light ? lightWeight : named ? 1.3 : 1) * (0.6 + 0.4 * rarity)];
  }));
}

/** The stems of a text. */
export function stemSet(text: string): Set<string> {
  const stems = new Set<string>();
  eachWord(text, (stem) => stems.add(stem));
  return stems;
}

const derivedEnd = /^(?:ment|l[iy]|e?ry|i?er|or|al|ance|enc|ation|ion|ist|ness|y|i|e)$/;

/** Whether a word of the same family is there: delivery for deliver. */
function hasDerived(stems: ReadonlySet<string>, stem: string): boolean {
  if (stem.length < 4) return false;
  for (const one of stems) {
    const [short, long] = one.length < stem.length ? [one, stem] : [stem, one];
    if (short.length >= 4 && long.startsWith(short) && derivedEnd.test(long.slice(short.length))) return true;
  }
  return false;
}

/** What is known already: the same words stand around many sentences. */
const relatedIn = new WeakMap<Term["related"], WeakMap<ReadonlySet<string>, boolean>>();

/** Whether a set has a word that may stand for a term; the set may not change afterwards. */
export function isRelated(term: Term, stems: ReadonlySet<string>): boolean {
  let known = relatedIn.get(term.related);
  if (known === undefined) relatedIn.set(term.related, known = new WeakMap());
  let found = known.get(stems);
  if (found === undefined) {
    found = !term.related.isDisjointFrom(stems) || !term.named && hasDerived(stems, term.stem);
    known.set(stems, found);
  }
  return found;
}

const wordPattern = /[\p{L}\p{N}]+(?:[.,:]\p{N}+)*/gu;
const smallNumbers = "two three four five six seven eight nine ten eleven twelve".split(" ");

/** A word as values are compared: "31st" is 31, "Two" is 2. */
function valueOf(word: string): string {
  const lower = word.toLowerCase(), number = smallNumbers.indexOf(lower);
  return number >= 0 ? String(number + 2) : lower.replace(/^(\d+)(?:st|nd|rd|th)$/, "$1");
}

/** Words of a text with their places (UTF-16 units). */
export function* valuesIn(text: string): Generator<{ value: string; word: string; index: number }> {
  for (const { 0: word, index } of text.matchAll(wordPattern)) yield { value: valueOf(word), word, index };
}

/** Whether what stands at a place in a text is said to hold no longer: "switched from X". */
export const isDropped = (text: string, index: number): boolean =>
  droppedBefore.test(text.slice(Math.max(0, index - 40), index));

/** Names and numbers of a text that are not in the question. */
export function distinctIn(text: string, question: string): Set<string> {
  const asked = new Set([...valuesIn(question)].map(({ value }) => value));
  const found = new Set<string>();
  for (const { value, word, index } of valuesIn(text)) {
    const named = /^\p{Lu}./u.test(word) && index > 0 &&
      !/[.!?:]\s+$/.test(text.slice(Math.max(0, index - 8), index));
    if ((named || /^\d/.test(value)) && !asked.has(value)) found.add(value);
  }
  return found;
}

/** 0 to 1: whether a sentence speaks of what is asked, and not of its like ("the second act", "before the premiere"). */
export function matterFactor({ terms, text: question, expected }: Asked, text: string): number {
  const words = wordsOf(text), asked = wordsOf(question);
  let factor = 1;
  for (let at = 0; at + 1 < asked.length; at++) {
    const [modifier = "", noun = ""] = [asked[at], asked[at + 1]];
    const others = contrasts.find((set) => set.has(modifier));
    if (others === undefined) continue;
    const before = words.filter((_, place) => words[place + 1] === noun);
    if (!before.includes(modifier) && before.some((one) => others.has(one))) factor *= 0.5;
  }
  const measure = measureOf(question);
  const unit = measureUnits[measure];
  if (unit !== undefined && !unit.test(text)) factor *= 0.5;
  const dimension = dimensions.find((set) => set.has(stemOf(measure)));
  if (dimension !== undefined && !words.some((one) => dimension.has(one))) {
    if (words.some((one) => dimensions.some((set) => set.has(one)))) factor *= 0.5;
  }
  if (expected === "time" && !/\b(?:before|after|during|until|since)\b/i.test(question)) {
    const stems = new Set(terms.filter(({ light, kindOnly }) => !light && !kindOnly).map(({ stem }) => stem));
    const aside =
      /\b(?:before|after|during|until|since)\s+(?:(?:the|our|my|your|his|her|their|a)\s+)?([\p{L}\d]+)/giu;
    const asides = [...text.matchAll(aside)].map(([, word = ""]) => stemOf(word)).filter((one) =>
      stems.has(one)
    );
    if (asides.some((one) => words.filter((word) => word === one).length === 1)) factor *= 0.85;
  }
  return factor;
}

function wordsOf(text: string): string[] {
  const words: string[] = [];
  eachWord(text, (stem) => words.push(stem));
  return words;
}

/** Words of which one shuts out the others before the same noun. */
const contrasts = [
  "first second third fourth fifth sixth seventh eighth ninth tenth last final next previous",
  "left right",
  "north south east west northern southern eastern western",
  "upper lower top bottom",
  "front back rear",
  "inner outer",
  "old new",
  "morning afternoon evening night",
  "spring summer autumn winter",
  "big small large little",
  "male female",
  "hot cold",
].map((line) => new Set(line.split(" ").map(stemOf)));

const dimensions = [
  "wide width broad",
  "high height tall",
  "deep depth",
  "long length",
  "thick thickness",
  "heavy weigh weight",
]
  .map((line) => new Set(line.split(" ").map(stemOf)));

const distance =
  /\d\s?(?:k?m|cm|mm|mi|ft|miles?|kilomet(?:er|re)s?|met(?:er|re)s?|feet|foot|inch(?:es)?|yards?|["″])(?![\p{L}])/iu;
const degrees = /\d\s?(?:°|degrees?|[CFK]\b)/iu;
/** What a number must be followed by to answer. */
const measureUnits: Readonly<Record<string, RegExp>> = {
  far:
    /\d\s?(?:k?m|mi|miles?|kilomet(?:er|re)s?|met(?:er|re)s?|feet|ft|yards?|minutes?|mins?|hours?|stops?)(?![\p{L}])/iu,
  wide: distance,
  high: distance,
  tall: distance,
  deep: distance,
  thick: distance,
  heavy: /\d\s?(?:[kmµ]?g|lbs?|oz|t|tons?|tonnes?|grams?|kilos?|kilograms?|pounds?)(?![\p{L}])/iu,
  hot: degrees,
  cold: degrees,
  warm: degrees,
};

/** Whether a negation stands within three words before a word asked about. */
export function deniesTerm({ terms }: Asked, text: string): boolean {
  const stems = new Set(terms.filter(({ light }) => !light).map(({ stem }) => stem));
  let since = Infinity, denied = false;
  for (const [clause] of text.matchAll(/[^,;:.()–—]+/g)) {
    since = Infinity;
    for (const [word] of clause.matchAll(/[\p{L}\p{N}’']+/gu)) {
      const lower = word.toLowerCase();
      if (negationWords.has(lower) || /n['’]t$/.test(lower)) since = 0;
      else if (++since <= 4 && stems.has(stemOf(lower))) denied = true;
    }
  }
  return denied;
}
