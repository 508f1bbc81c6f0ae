/**
 * Whether a later sentence tells that an earlier one holds no longer: a sum of weighed features, against a floor.
 *
 * Owns: the features of two sentences as the old and the new, when a sentence was so.
 * Does not own: the weights (weights.ts), how well a sentence answers (rating.ts).
 *
 * How: the words both have, the rare ones more; words that tell a change, and where; whether the new one names the value
 * of the old; whether both have the kind of answer asked for, and another one; what of the question both speak of. The
 * weights were fitted with those of rating.ts.
 *
 * Invariant: pure; equal inputs give equal results on every machine.
 */
import { queryWords } from "../../graph/mod.ts";
import { findDate } from "../../input/dates.ts";
import { formatDay } from "../../kernel/mod.ts";
import type { Statement } from "./answer_kinds.ts";
import {
  changePattern,
  currencyCue,
  hypotheticalPattern,
  movementCue,
  reversalCue,
} from "./question_words.ts";
import { type Asked, isDropped, isRelated, type Term, valuesIn } from "./questions.ts";
import type { Features, StemsOf } from "./rating.ts";

/** A sentence with what it answers and when it was so. */
export interface Dated {
  readonly statement: Statement;
  readonly margin: number;
  readonly values: readonly string[];
  /** ISO 8601, or "" where nothing tells. */
  readonly date: string;
  /** The file it stands in. */
  readonly source: string;
}

/** Words of texts without those that join, and how rare a stem is among the sentences looked at. */
export interface Common {
  readonly content: StemsOf;
  /** Names and numbers that are not in the question. */
  readonly distinct: StemsOf;
  readonly rarity: (stem: string) => number;
}

/** Stems of a text without words that join. */
export const contentOf = (text: string): Set<string> => new Set(queryWords(text).map(({ stem }) => stem));

/** Between -1 and 1: -1 where a sentence is no answer at all. */
const squash = (value: number) => value === -Infinity ? -1 : value / (1 + Math.abs(value));

/** The features of `newer` as what took the place of `older`: above 0, weighed, it did. */
export function changeFeatures(
  asked: Asked,
  older: Dated,
  newer: Dated,
  { content, distinct, rarity }: Common,
): Features {
  const text = newer.statement.text, f: Record<string, number> = { bias: -1 };
  const sum = (stems: Iterable<string>) => [...stems].reduce((total, stem) => total + rarity(stem), 0);
  const was = content(older.statement.text), is = content(text);
  const wasValues = distinct(older.statement.text), isValues = distinct(text);
  const both = was.intersection(is), subject = was.difference(wasValues);
  const { lead, title, previous, before } = newer.statement;
  const above = [lead, title, previous, before].map(content);
  const around = new Set(above.flatMap((stems) => [...stems]));
  f.sharedOfOld = sum(both) / Math.max(1, sum(subject));
  f.sharedOfNew = sum(both) / Math.max(1, sum(is));
  f.shared = sum(both) / Math.max(1, sum(was.union(is)));
  f.sharedAround = sum([...was].filter((stem) => !is.has(stem) && around.has(stem))) /
    Math.max(1, sum(subject));
  const rarest = Math.max(0, ...both.difference(wasValues).values().map(rarity));
  f.rareShared = Math.min(1, rarest / 5);
  addCues(f, text);
  if (changePattern.test(older.statement.text)) f.oldChanges = 1;
  addDropped(f, text, wasValues, was, content);
  addAsked(f, asked, was, is, above, rarity);
  if (older.values.length > 0 && newer.values.length > 0) f.bothAnswer = 1;
  if (newer.values.some((value) => !older.values.includes(value))) f.otherValue = 1;
  else if (newer.values.length > 0) f.sameValue = 1;
  if (!isValues.isSubsetOf(wasValues)) f.saysNew = 1;
  if (hypotheticalPattern.test(text)) f.hypothetical = 1;
  if (older.date === newer.date) f.sameDate = 1;
  if (older.date === "" || newer.date === "") f.undated = 1;
  if (older.source === newer.source) f.sameFile = 1;
  f.answersMore = squash((newer.margin - older.margin) / 2);
  f.answers = squash(newer.margin / 3);
  return f;
}

/** Words that tell a change, in the sentence and at its start. */
function addCues(f: Record<string, number>, text: string): void {
  const reversal = reversalCue.test(text),
    movement = movementCue.test(text),
    currency = currencyCue.test(text);
  if (reversal) f.reversal = 1;
  if (movement) f.movement = 1;
  if (currency) f.currency = 1;
  if (reversal || movement || currency) f.cue = 1;
  const start = text.slice(0, 40);
  if (reversalCue.test(start) || movementCue.test(start)) f.cueFirst = 1;
  if (changePattern.test(text.slice(0, 30))) f.changeFirst = 1;
}

/** Whether it names the old value, or says of it or of another word of the old sentence that it holds no longer. */
function addDropped(
  f: Record<string, number>,
  text: string,
  values: ReadonlySet<string>,
  was: ReadonlySet<string>,
  content: StemsOf,
): void {
  for (const { value, word, index } of valuesIn(text)) {
    const dropped = isDropped(text, index);
    if (values.has(value)) {
      f.namesOld = 1;
      if (/^\d/.test(value)) f.namesNumber = 1;
      if (dropped) f.dropsOld = 1;
    }
    if (dropped && word.length > 3 && !content(word).isDisjointFrom(was)) f.dropsWord = 1;
  }
}

/** What of the question the old sentence speaks of, and the new one too. */
function addAsked(
  f: Record<string, number>,
  asked: Asked,
  was: ReadonlySet<string>,
  is: ReadonlySet<string>,
  above: readonly ReadonlySet<string>[],
  rarity: (stem: string) => number,
): void {
  const has = (term: Term, stems: ReadonlySet<string>) => stems.has(term.stem) || isRelated(term, stems);
  let all = 0, own = 0, around = 0;
  for (const term of asked.terms) {
    if (term.light || term.kindOnly || !has(term, was)) continue;
    const weight = rarity(term.stem) + 0.3;
    all += weight;
    if (has(term, is)) own += weight;
    else if (above.some((stems) => has(term, stems))) around += weight;
  }
  if (all === 0) return;
  f.asked = own / all;
  f.askedAround = around / all;
}

/** The first day with its year in a text, as ISO 8601, or "". */
export function dayIn(text: string): string {
  const found = findDate(text);
  return found === null ? "" : `${formatDay(found.ms)}T00:00:00.000Z`;
}
