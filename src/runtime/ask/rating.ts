/**
 * How well a sentence answers a question: a sum of weighed features, against a floor.
 *
 * Owns: the features, and the score they give.
 * Does not own: the weights (weights.ts), kinds of answers (answer_kinds.ts), taking a question apart (questions.ts).
 *
 * How: each word of the question is looked for at its nearest place: in the sentence, as a related word, above its column, in the heading, in
 * the title, in the sentence before, elsewhere in the note. What it counts there depends on what it is in the question
 * (a name, a noun, a verb, the kind of thing asked for) and how rare it is. Added is what kind of answer the sentence has,
 * how close that stands to the question's words, and whether the sentence states anything. The weights were fitted to
 * folders of many writers, each judged by weights that had not seen it.
 *
 * Invariants:
 * 1. Pure: equal inputs give equal ratings on every machine (only + − × ÷ and Math.log).
 * 2. What is struck through, and what has no word of the question in or before it, is no answer.
 */
import { eachWord } from "../../graph/mod.ts";
import { comparable, type Expected, kindFactor, type Statement, valuesOf } from "./answer_kinds.ts";
import { estimate } from "./estimate.ts";
import { ratingWeights } from "./weights.ts";
import {
  changePattern,
  firstPerson,
  hypotheticalPattern,
  isQuestion,
  pronounPattern,
} from "./question_words.ts";
import { type Asked, deniesTerm, distinctIn, isRelated, matterFactor, type Term } from "./questions.ts";

/** Stems of a text. */
export type StemsOf = (text: string) => ReadonlySet<string>;

/** What a question and its words weigh, and the stems of the texts that are looked at. */
export interface Scale {
  readonly weights: ReadonlyMap<string, number>;
  readonly stems: StemsOf;
}

/** How well a sentence answers. */
export interface Rating {
  /** What the margin is a sum of; null where it is no answer. */
  readonly features: Features | null;
  /** Above 0 it is an answer; -Infinity where it is none at all. */
  readonly margin: number;
  /** Stems of the question's words the sentence itself or its surroundings have. */
  readonly matched: ReadonlySet<string>;
  /** Those that the sentence itself has. */
  readonly said: ReadonlySet<string>;
  /** What in it answers, by the kind asked for: lower case, sorted. Empty for kinds that are not looked for. */
  readonly values: readonly string[];
}

/** Features by name; one that is not there is 0. */
export type Features = Readonly<Record<string, number>>;

/** The sum of weighed features. */
export function weighed(features: Features, weights: Readonly<Record<string, number>>): number {
  let sum = 0;
  for (const [name, value] of Object.entries(features)) sum += value * (weights[name] ?? 0);
  return sum;
}

/** Rates a sentence as an answer. */
export function rate(asked: Asked, statement: Statement, scale: Scale, weights = ratingWeights): Rating {
  const found = featuresOf(asked, statement, scale);
  return { ...found, margin: found.features === null ? -Infinity : weighed(found.features, weights) };
}

/** Where a word of the question is found, nearest first. */
type Place =
  | "own"
  | "rel"
  | "like"
  | "row"
  | "lead"
  | "answers"
  | "pronoun"
  | "title"
  | "prev"
  | "note"
  | "none";

/** The words around a sentence. */
class Around {
  readonly own: ReadonlySet<string>;
  readonly #statement: Statement;
  readonly #stems: StemsOf;
  readonly #asksBefore: boolean;
  readonly #asksPrevious: boolean;
  /** It speaks of what the sentence before it spoke of. */
  readonly opensWithPronoun: boolean;
  readonly #first: boolean;

  constructor(asked: Asked, statement: Statement, stems: StemsOf) {
    this.#statement = statement;
    this.#stems = stems;
    this.own = stems(statement.text);
    this.#asksBefore = isQuestion(statement.before);
    this.#asksPrevious = isQuestion(statement.previous);
    this.opensWithPronoun = pronounPattern.test(statement.text) &&
      !asked.terms.some(({ named, stem }) => named && this.own.has(stem));
    this.#first = firstPerson.test(statement.text);
  }

  get answers(): boolean {
    return this.#asksBefore || this.#asksPrevious;
  }

  placeOf(term: Term): Place {
    const { heads, lead, title, previous, before, speaker, note } = this.#statement;
    const has = (text: string) =>
      text !== "" && (this.#stems(text).has(term.stem) || isRelated(term, this.#stems(text)));
    const isSpeaker = speaker !== "" && this.#stems(speaker).has(term.stem);
    if (this.own.has(term.stem) || (this.#first && isSpeaker)) return "own";
    if (isRelated(term, this.own)) return "rel";
    if (!term.named && isLike(this.own, term.stem)) return "like";
    if (has(heads)) return "row";
    if (has(lead)) return "lead";
    if ((this.#asksBefore && has(before)) || (this.#asksPrevious && has(previous))) return "answers";
    if (this.opensWithPronoun && (has(previous) || has(before))) return "pronoun";
    if (has(title)) return "title";
    if (has(previous) || has(before)) return "prev";
    return isSpeaker || this.#stems(note).has(term.stem) ? "note" : "none";
  }
}

/** Whether a word begins as another: "auth" for "authenticate". */
function isLike(stems: ReadonlySet<string>, stem: string): boolean {
  if (stem.length < 4) return false;
  for (const one of stems) {
    if (one.length >= 4 && (stem.startsWith(one) || one.startsWith(stem))) return true;
  }
  return false;
}

const hardKinds = new Set<Expected>([...comparable, "url"]);

/** An estimate that alone is almost an answer. */
const estimateGood = 0.62;

/** The features of a sentence as an answer; null where it is none. */
function featuresOf(
  asked: Asked,
  statement: Statement,
  { weights, stems }: Scale,
): Omit<Rating, "margin"> {
  const matched = new Set<string>(), said = new Set<string>();
  const none = { features: null, matched, said, values: [] };
  if (statement.struck || asked.terms.length === 0) return none;
  const { text } = statement, around = new Around(asked, statement, stems);
  const values = valuesOf(asked, statement), factor = kindFactor(asked, statement, values);
  const last = stems(lastSentence(statement.previous));
  const f: Record<string, number> = { bias: -1 };
  const add = (name: string, value: number) => f[name] = (f[name] ?? 0) + value;
  const weightOf = ({ stem }: Term) => weights.get(stem) ?? 1;
  const isHeavy = ({ role }: Term) => role !== "light" && role !== "kind";
  const all = asked.terms.filter(isHeavy).reduce((sum, term) => sum + weightOf(term), 0) || 1;
  let light = 0, lightFound = 0, covered = 0, previous = 0;
  for (const term of asked.terms) {
    const { role, stem } = term, place = around.placeOf(term);
    // What stands above a column is said in each of its rows.
    const isOwn = place === "own" || place === "rel" || place === "like" || place === "row";
    if (place !== "none" && place !== "note") matched.add(stem);
    if (isOwn && role !== "light") said.add(stem);
    if (role === "kind") {
      const named = isOwn || place === "lead" || stems(statement.title).has(stem);
      f[named ? "kindWord" : "kindWordless"] = 1;
    }
    if (!isHeavy(term)) {
      light += weightOf(term);
      if (place === "own" || place === "rel") lightFound += weightOf(term);
      continue;
    }
    const part = weightOf(term) / all;
    if (last.has(stem) || isRelated(term, last)) previous += part;
    if (stems(statement.title).has(stem)) add("inTitle", part);
    if (place === "own" || place === "none") add(`${role}_${place}`, part);
    else if (place === "row") add(`${role}_own`, part);
    else add(place, part);
    if (role === "named" && !isOwn && place !== "none") {
      add(place === "title" || place === "lead" ? "namedAbove" : "namedAround", part);
    }
    if (role === "named" && (place === "none" || place === "note")) add("namedMissing", 1);
    if (place === "own" || place === "rel" || place === "row") {
      covered += part;
      f.any = 1;
      if (role !== "verb" && role !== "head") f.core = 1;
    } else if (place !== "none" && place !== "note" && role !== "verb" && role !== "head") f.coreAround = 1;
  }
  if (matched.size === 0) return none;
  if (light > 0) f.light = lightFound / light;
  if (covered > 0.99) f.whole = 1;
  const denies = !asked.negated && asked.expected !== "truth" && deniesTerm(asked, text);
  const matter = matterFactor(asked, text);
  f.estimate = estimate(asked, statement, { factor, matter, denies }, { weights, stems });
  if (f.estimate >= estimateGood) f.estimateGood = 1;
  if (around.opensWithPronoun) f.pronounFirst = 1;
  if (around.answers) f.afterQuestion = 1;
  f.previousHas = previous;
  addKind(f, asked, statement, { values, factor, covered, previous });
  f.matter = Math.log(matter);
  addStance(f, asked, statement, denies);
  addForm(f, asked, text, said, values);
  return { features: f, matched, said, values };
}

/** What kind of answer the sentence has. */
function addKind(
  f: Record<string, number>,
  asked: Asked,
  { text }: Statement,
  { values, factor, covered, previous }: {
    values: readonly string[];
    factor: number;
    covered: number;
    previous: number;
  },
): void {
  const { expected } = asked;
  f[expected === "cause" ? "kindCause" : hardKinds.has(expected) ? "kindHard" : "kindSoft"] = Math.log(
    factor,
  );
  if (expected !== "any" && expected !== "truth") {
    if (values.length > 0) f.hasValue = 1;
    if (factor >= 0.85) f.valueAndWords = covered;
  }
  if (expected === "any" || expected === "name") {
    if (distinctIn(text, asked.text).size > 0) f.saysNew = 1;
    if (expected === "any" && f.saysNew === 1) f.newAfterPrevious = previous;
  }
  if (asked.form !== null) f[asked.form.test(text) ? "form" : "formless"] = 1;
}

/** Whether it states something, and as so. */
function addStance(
  f: Record<string, number>,
  asked: Asked,
  { text, open }: Statement,
  denies: boolean,
): void {
  if (isQuestion(text)) f.question = 1;
  if (!asked.modal) {
    if (hypotheticalPattern.test(text)) f.hypothetical = 1;
    if (open) f.open = 1;
  }
  const changes = changePattern.test(text);
  if (changes) f.changes = 1;
  if (!changes && denies) f.denies = 1;
}

/** How long it is, and how near the words and the values stand to each other. */
function addForm(
  f: Record<string, number>,
  asked: Asked,
  text: string,
  said: ReadonlySet<string>,
  values: readonly string[],
): void {
  const starts: number[] = [], places: number[] = [], heavy: number[] = [];
  const lights = new Set(asked.terms.filter(({ role }) => role === "light").map(({ stem }) => stem));
  const wanted = new Set(asked.terms.map(({ stem }) => stem));
  let words = 0;
  eachWord(text, (stem, start) => {
    if (stem.length > 1) words++;
    if (wanted.has(stem)) places.push(starts.length);
    if (said.has(stem) && !lights.has(stem)) heavy.push(starts.length);
    starts.push(start);
  });
  const [first, last] = [places[0] ?? 0, places.at(-1) ?? 0];
  if (places.length > 1) f.near = Math.min(1, (places.length - 1) / (last - first));
  if (words <= 3) f.short = 1;
  f.long = Math.max(0, Math.log(Math.max(1, words) / 12));
  f.dense = said.size / Math.max(4, words);
  const lower = text.toLowerCase();
  let closest = Infinity;
  for (const value of values) {
    for (let at = lower.indexOf(value); at >= 0; at = lower.indexOf(value, at + 1)) {
      const place = starts.findLastIndex((start) => start <= at);
      for (const other of heavy) closest = Math.min(closest, Math.abs(place - other));
    }
  }
  if (closest < Infinity) f.valueNear = 1 / (1 + Math.max(0, closest - 1) / 3);
}

/** The last sentence of a text. */
function lastSentence(text: string): string {
  const trimmed = text.trim(), before = trimmed.slice(0, -1);
  return trimmed.slice(Math.max(...[". ", "! ", "? "].map((mark) => before.lastIndexOf(mark))) + 1);
}
