/**
 * A question taken apart, and how well a sentence answers it.
 *
 * Owns: which words a question asks about and how much each weighs, and the score.
 * Does not own: kinds of answers (answer_kinds.ts), where sentences come from (sentences.ts, ask.ts), what words mean (question_words.ts).
 *
 * Invariants:
 * 1. Pure: equal inputs give equal scores on every machine; scores are integers of 0 to 1000.
 * 2. A name or number of the question that stands nowhere around a sentence keeps it below the floor.
 */
import { eachWord, queryWords, stemOf } from "../graph/mod.ts";
import {
  type Expected,
  expectedOf,
  kindFactor,
  measureOf,
  type Statement,
  valuesOf,
} from "./answer_kinds.ts";
import {
  firstPerson,
  hypotheticalPattern,
  lightStems,
  negationWords,
  pronounPattern,
  recentStems,
  relatedStems,
} from "./question_words.ts";

/** A word the question asks about. */
export interface Term {
  readonly stem: string;
  readonly related: ReadonlySet<string>;
  /** A name, an identifier or a number: nothing stands for it. */
  readonly named: boolean;
  readonly light: boolean;
  /** The word names the kind of answer ("colour"): a text that has such an answer need not say it. */
  readonly kindOnly: boolean;
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
  readonly negated: boolean;
}

/** How well a sentence answers. */
export interface Rating {
  /** 0 to 1000. */
  readonly score: number;
  /** Stems of the question's words the sentence itself or its surroundings have. */
  readonly matched: ReadonlySet<string>;
  /** Those that the sentence itself has. */
  readonly said: ReadonlySet<string>;
  /** What in it answers, by the kind asked for: lower case, sorted. Empty for kinds that are not looked for. */
  readonly values: readonly string[];
}

/** Takes a question apart. */
export function askedOf(question: string): Asked {
  const { expected, kindWord } = expectedOf(question);
  const kind = new Set<string>();
  eachWord(kindWord, (stem) => kind.add(stem));
  if (expected === "phone") kind.add(stemOf("number"));
  const kept = new Set(queryWords(question).map(({ stem }) => stem));
  const terms = new Map<string, Term>();
  let recent = false, first = true;
  eachWord(question, (stem, start, _end, word) => {
    const initial = first || /[.!?]\s+$/.test(question.slice(0, start));
    first = false;
    recent ||= recentStems.has(stem);
    const month = /^May$/.test(word) && /\d\s*$|\b(?:in|of|by|since)\s+$/.test(question.slice(0, start));
    if ((!kept.has(stem) && !month) || recentStems.has(stem) || terms.has(stem) || stem.length === 0) return;
    if (word.length === 1 && /[sS]/.test(word) && /['’]$/.test(question.slice(0, start))) return;
    const named = /\d/.test(word) || (/^\p{Lu}/u.test(word) && !initial && word !== "I");
    terms.set(stem, {
      stem,
      named,
      light: !named && lightStems.has(stem),
      // A number anywhere is no code: the sentence must say which it is. A version is known by its form.
      kindOnly: !named && (expected !== "code" || kindWord === "version") && kind.has(stem),
      related: named ? new Set() : relatedStems(stem),
    });
  });
  const text = question.toLowerCase();
  return {
    text: question,
    expected,
    terms: [...terms.values()],
    recent,
    modal:
      /\b(?:should|could|might|would|idea|ideas|proposals?|suggest\w*|plan to|still|to-?do|tasks?|open (?:tasks?|issues?|questions?|points?|items?)|need to|have to)\b/
        .test(text),
    negated: /\b(?:not|never|no|without)\b|n['’]t\b/.test(text),
  };
}

/** How much each word of a question weighs: the rarer among the sentences looked at, the more. */
export function weightsOf(asked: Asked, statements: readonly Statement[]): Map<string, number> {
  const having = new Map<string, number>();
  for (const { text } of statements) {
    const stems = stemSet(text);
    for (const { stem } of asked.terms) if (stems.has(stem)) having.set(stem, (having.get(stem) ?? 0) + 1);
  }
  const total = Math.log(statements.length + 2);
  // Who makes it: the verb is half the question.
  const core = asked.terms.filter(({ light, named, kindOnly }) => !light && !named && !kindOnly);
  const lightWeight = asked.expected === "person" && core.length <= 1 ? 0.7 : 0.25;
  return new Map(asked.terms.map(({ stem, light, named }) => {
    const rarity = Math.log((statements.length + 2) / ((having.get(stem) ?? 0) + 1)) / total;
    return [stem, (light ? lightWeight : named ? 1.3 : 1) * (0.6 + 0.4 * rarity)];
  }));
}

/** How much a word counts by where it stands. */
const places = {
  own: 1,
  related: 0.85,
  speaker: 1,
  lead: 0.8,
  title: 0.75,
  pronoun: 0.75,
  previous: 0.35,
} as const;

function stemSet(text: string): Set<string> {
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

/** The words around a sentence, and how much each place counts. */
interface Around {
  readonly own: ReadonlySet<string>;
  readonly lead: ReadonlySet<string>;
  readonly title: ReadonlySet<string>;
  readonly speaker: ReadonlySet<string>;
  readonly previous: ReadonlySet<string>;
  readonly before: ReadonlySet<string>;
  /** Weights of the last three for this sentence: it speaks as "I", goes on with, or replies to what was before. */
  readonly speakerShare: number;
  readonly previousShare: (term: Term) => number;
  readonly beforeShare: (term: Term) => number;
}

function aroundOf(asked: Asked, statement: Statement): Around {
  const { text, lead, title, speaker, previous, before } = statement;
  const own = stemSet(text), named = asked.terms.filter((term) => term.named);
  const opensWithPronoun = pronounPattern.test(text) && !named.some(({ stem }) => own.has(stem));
  // A pronoun stands for what the question names, unless the sentence names it itself.
  const refers = (term: Term) => opensWithPronoun && (named.length === 0 || term.named);
  const asks = (other: string) => other.trimEnd().endsWith("?");
  return {
    own,
    lead: stemSet(lead),
    title: stemSet(title),
    speaker: stemSet(speaker),
    previous: stemSet(previous),
    before: stemSet(before),
    speakerShare: firstPerson.test(text) ? places.speaker : places.previous,
    previousShare: (term) => asks(previous) ? places.lead : refers(term) ? places.pronoun : places.previous,
    beforeShare: (term) => asks(before) ? places.lead : refers(term) ? places.pronoun : places.previous / 2,
  };
}

/** How much a set of words has of a term: all, a related word, or nothing. */
function share(term: Term, stems: ReadonlySet<string>): number {
  if (stems.has(term.stem)) return places.own;
  for (const one of term.related) if (stems.has(one)) return places.related;
  return !term.named && hasDerived(stems, term.stem) ? places.related : 0;
}

/** Whether something is so is told by the sentence: what its title speaks of is not enough. */
const titleShare = ({ expected }: Asked, { named }: Term) =>
  expected === "truth" && !named ? places.previous : places.title;

/** Rates a sentence as an answer. */
export function rate(asked: Asked, statement: Statement, weights: ReadonlyMap<string, number>): Rating {
  const matched = new Set<string>(), said = new Set<string>();
  if (statement.struck || asked.terms.length === 0) return { score: 0, matched, said, values: [] };
  const around = aroundOf(asked, statement);
  const values = valuesOf(asked, statement), factor = kindFactor(asked, statement, values);
  let sum = 0, all = 0, missing = 0, core = 0, coreFound = 0;
  for (const term of asked.terms) {
    const weight = weights.get(term.stem) ?? 1, itself = share(term, around.own);
    const close = Math.max(
      itself,
      share(term, around.lead) * places.lead,
      share(term, around.previous) * around.previousShare(term),
      share(term, around.before) * around.beforeShare(term),
      around.speaker.has(term.stem) ? around.speakerShare : 0,
    );
    const given = term.kindOnly && factor >= 0.9;
    const part = Math.max(close, around.title.has(term.stem) ? titleShare(asked, term) : 0, given ? 0.95 : 0);
    if (!term.named && !term.light && !given) {
      core++;
      if (close > places.previous) coreFound++;
    }
    if (itself > 0 && !term.light) said.add(term.stem);
    if (part > 0) matched.add(term.stem);
    if (term.named && part < places.title) missing++;
    sum += weight * part;
    all += weight;
  }
  if (said.size === 0 || all === 0) return { score: 0, matched, said, values };
  // A name alone is no answer: the sentence says something of what is asked about it.
  const told = core > 0 && coreFound === 0 ? 0.6 : 1;
  const score = sum / all * 0.5 ** missing * told * factor * stanceFactor(asked, statement) *
    matterFactor(asked, statement.text);
  const length = [...around.own].filter((stem) => stem.length > 1).length;
  const density = 0.96 + 0.04 * Math.min(1, said.size / Math.max(3, length));
  return { score: Math.round(1000 * score * density), matched, said, values };
}

/** 0 to 1: whether a sentence states something, and states it as so. */
function stanceFactor(asked: Asked, { text, open }: Statement): number {
  let factor = 1;
  if (/\?["'”’)\]]*$/.test(text.trimEnd())) factor *= 0.25;
  if (!asked.modal) {
    if (open) factor *= 0.5;
    if (hypotheticalPattern.test(text)) factor *= 0.6;
  }
  if (!asked.negated && asked.expected !== "truth" && deniesTerm(asked, text)) factor *= 0.5;
  return factor;
}

/** 0 to 1: whether a sentence speaks of what is asked, and not of its like ("the second act", "before the premiere"). */
function matterFactor({ terms, text: question, expected }: Asked, text: string): number {
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
function deniesTerm({ terms }: Asked, text: string): boolean {
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
