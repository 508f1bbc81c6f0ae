/**
 * Near-duplicates: sections that say the same in (almost) the same words.
 *
 * Owns: which pairs are looked at, and from how much that is the same two sections are alike. Does not own: what of a
 * text is form alone (body.ts), what differs between two (aligned.ts).
 *
 * Invariants:
 * 1. A difference in a number, a date, a name or a negation is a difference; two notes from one template that differ
 *    so are not duplicates. A misspelling, capitals, marks and added lines are none.
 * 2. Whether two sections are alike depends on these two alone.
 */
import { isDigit } from "../../sdk/assemblyscript/assembly";
import { align } from "./aligned";
import { Body, bodyOf } from "./body";
import { Section } from "./notes";
import { Token, tokenize } from "./tokens";
import { genericTitles, monthOf, negations, numberWord, set, weekdayOf } from "./vocabulary";

/** A shorter section is no duplicate of anything: too little to tell by. */
const sectionWordsMin: i32 = 8;
/** But it is of a text of so many words that tells something of a name, a number or a day, and is the same throughout. */
const statementWordsMin: i32 = 5;
/** The words that must agree, in hundredths of the shorter one. */
const sharedPercentMin: i32 = 85;
/** Of a list or a form, in hundredths of the longer one. */
const listPercentMin: i32 = 60;
/** A passage of so many words found again is a re-pasted passage, whatever stands around it. */
const pastedWordsMin: i32 = 25;
/** Under different titles, less text than this may be a form with the same answers. */
const proseWordsMin: i32 = 15;
/** Under different titles, so many words of a list that is no form. */
const listWordsMin: i32 = 20;
const sureListPercentMin: i32 = 95;
/** In a shorter text, a list or a form no word may be another; a longer one may have one more in so many words. */
const editedWordsMin: i32 = 32;
const editedWordsEach: i32 = 40;
/** A shorter line proposes no pair, but with the one after it. */
const unitWordsMin: i32 = 5;
/**
 * A line of so many words proposes pairs by pieces from its beginning and its end, too, and a longer one by two of
 * each: one misspelling, or a line break, spares one of them.
 */
const cutMin: i32 = 8;
const cutTwiceMin: i32 = 18;
const cutWords: i32 = 5;
/** A line found in more sections than this belongs to a template and proposes no pair. */
const lineSectionsMax: i32 = 16;
/** Older copies that one section is joined to at most. */
const copiesMax: i32 = 8;

/** Words of a title that say of a note that it is a copy, or which. */
const copyTitles = set(
  "copy copies copied again pasted paste forwarded fwd fw re resent sent old backup printed short corrected typed retyped scan scanned " +
    "duplicate phone laptop tablet",
);

/** A pair that is alike, with the reason. */
export class Alike {
  constructor(readonly newer: i32, readonly older: i32, readonly score: f64, readonly why: string) {}
}

/** Verdicts on pairs of readings, by their uids: a pair is judged once. */
let judged = new Map<u64, Alike | null>();
/** So many verdicts are kept at most; then all are found again. */
const judgedMax: i32 = 400000;

/** Sections taken apart in this run. */
let bodies = new Map<i32, Body>();
let titles = new Map<i32, u64[]>();
/** Pairs that this run may still judge. */
let judgesLeft: i32 = 0;

/**
 * Every pair of alike sections, newer first; sections are in order of time. At most `judgesMax` pairs are judged that
 * were not judged before: null where there are more.
 */
export function alikePairs(sections: Section[], judgesMax: i32): Alike[] | null {
  judgesLeft = judgesMax;
  const found = pairsOf(sections);
  bodies = new Map<i32, Body>();
  titles = new Map<i32, u64[]>();
  return judgesLeft < 0 ? null : found;
}

function pairsOf(sections: Section[]): Alike[] {
  if (judged.size > judgedMax) judged = new Map<u64, Alike | null>();
  const index = new Map<u64, i32[]>();
  for (let i = 0; i < sections.length; i++) {
    const keys = keysOf(sections[i]);
    for (let j = 0; j < keys.length; j++) {
      if (!index.has(keys[j])) index.set(keys[j], [i]);
      else index.get(keys[j]).push(i);
    }
  }
  const found: Alike[] = [];
  for (let i = 0; i < sections.length; i++) {
    const keys = keysOf(sections[i]);
    const olders: i32[] = [];
    for (let j = 0; j < keys.length; j++) {
      const list = index.get(keys[j]);
      if (list.length < 2 || list.length > lineSectionsMax) continue;
      for (let k = 0; k < list.length && list[k] < i; k++) if (!olders.includes(list[k])) olders.push(list[k]);
    }
    if (olders.length == 0) continue;
    olders.sort((a, b) => a - b);
    let copies = 0;
    for (let j = 0; j < olders.length && copies < copiesMax; j++) {
      const alike = verdict(sections[i], sections[olders[j]]);
      if (judgesLeft < 0) return found;
      if (alike === null) continue;
      found.push(new Alike(i, olders[j], alike.score, alike.why));
      copies++;
    }
  }
  return found;
}

function verdict(newer: Section, older: Section): Alike | null {
  const name = (<u64> newer.uid) << 32 | <u64> older.uid;
  if (judged.has(name)) return judged.get(name);
  if (--judgesLeft < 0) return null;
  const alike = judge(newer, older);
  judged.set(name, alike);
  return alike;
}

function takenApart(section: Section): Body {
  if (bodies.has(section.uid)) return bodies.get(section.uid);
  const body = bodyOf(section.content);
  bodies.set(section.uid, body);
  return body;
}

/** By what sections meet: their longer lines, whole and by pieces, and short lines with the next, each once. */
export function keysOf(section: Section): StaticArray<u64> {
  const known = section.keys;
  if (known !== null) return known;
  const body = bodyOf(section.content);
  const seen = new Set<u64>();
  if (body.words >= statementWordsMin) {
    for (let i = 0; i < body.units.length; i++) {
      const unit = body.units[i];
      if (unit.head) continue;
      if (unit.words >= unitWordsMin) seen.add(unit.key);
      else if (i + 1 < body.units.length && body.units[i + 1].words < unitWordsMin) seen.add(body.hash(unit.from, body.units[i + 1].to, 4));
      if (unit.words < cutMin) continue;
      const cuts = unit.words < cutTwiceMin ? 1 : 2;
      for (let k = 0; k < cuts; k++) {
        seen.add(body.hash(unit.from + k * cutWords, unit.from + (k + 1) * cutWords, 2));
        seen.add(body.hash(unit.to - (k + 1) * cutWords, unit.to - k * cutWords, 2));
      }
    }
  }
  const values = seen.values();
  const keys = new StaticArray<u64>(values.length);
  for (let i = 0; i < values.length; i++) keys[i] = values[i];
  section.keys = keys;
  return keys;
}

function judge(newer: Section, older: Section): Alike | null {
  // Two sections of one note are parts of it.
  if (newer.source == older.source && newer.source.length > 0) return null;
  const a = takenApart(newer), b = takenApart(older);
  if (min(a.words, b.words) < statementWordsMin) return null;
  const aligned = align(a, b, titlesOf(newer), titlesOf(older));
  if (aligned.differs) return null;
  const newerIsSmall = aligned.wordsA <= aligned.wordsB;
  const small = newerIsSmall ? a : b;
  const found = newerIsSmall ? aligned.foundA : aligned.foundB;
  const smallWords = newerIsSmall ? aligned.wordsA : aligned.wordsB;
  const largeWords = newerIsSmall ? aligned.wordsB : aligned.wordsA;
  const within = min(newerIsSmall ? aligned.withinA : aligned.withinB, smallWords / 3);
  const common = (newerIsSmall ? aligned.commonA : aligned.commonB) + within;
  if (smallWords < statementWordsMin || aligned.edited > editsOf(small, smallWords)) return null;
  const percent = common * 100 / smallWords, whole = common * 100 / largeWords;
  const longest = longestRun(small, found);
  const list = isList(small);
  const isWhole = percent == 100 && whole == 100;
  if (smallWords < sectionWordsMin && !(isWhole && small.tells)) return null;
  if (percent >= sharedPercentMin && !(list && whole < listPercentMin)) {
    // Filled-in forms with the same answers belong to two occasions.
    const other = !aligned.titled && titlesDiffer(newer.title, older.title) || daysDiffer(a, b);
    if (other && (list || longest < proseWordsMin && !(isWhole && small.tells))) {
      if (percent < sureListPercentMin || daysDiffer(a, b) || numbersDiffer(newer.title, older.title)) return null;
      // A form that says of which day it is, or a list that is no form.
      if (longest < (small.hasDay ? proseWordsMin : listWordsMin) || isForm(small) && !small.hasDay) return null;
    }
    const score = <f64> (common * 100 / max(1, smallWords + largeWords - common));
    const why = whole >= sharedPercentMin ? "the same text" : "all of the shorter text stands in the longer";
    return new Alike(-1, -1, score / 100, why);
  }
  if (longest >= pastedWordsMin && percent >= 50) {
    return new Alike(-1, -1, <f64> percent / 100, "the same passage of " + longest.toString() + " words");
  }
  return null;
}

/** How many words may be others. */
function editsOf(body: Body, words: i32): i32 {
  if (words < editedWordsMin || isList(body) || isForm(body)) return 0;
  return 1 + (words - editedWordsMin) / editedWordsEach;
}

/** The words of the longest run of units that are found again. */
function longestRun(body: Body, found: StaticArray<bool>): i32 {
  let longest = 0, run = 0;
  for (let i = 0; i < found.length; i++) {
    const unit = body.units[i];
    if (unit.head) continue;
    run = found[i] ? run + unit.words : unit.remark ? run : 0;
    if (run > longest) longest = run;
  }
  return longest;
}

/** Most lines are short, and no sentences that end in a mark. */
function isList(body: Body): bool {
  let cells = 0, all = body.units.length;
  for (let i = 0; i < body.units.length; i++) {
    if (body.units[i].head) all--;
    else if (body.units[i].words <= 5 && !body.units[i].stopped) cells++;
  }
  return cells * 2 > all;
}

/** Some lines are `Label: value`, more than one in four. */
function isForm(body: Body): bool {
  let labels = 0;
  for (let i = 0; i < body.units.length; i++) if (!body.units[i].head && body.units[i].label > 0) labels++;
  return labels * 4 > body.units.length;
}

/** Mails of two days. */
function daysDiffer(a: Body, b: Body): bool {
  if (a.days.length == 0 || b.days.length == 0) return false;
  for (let i = 0; i < a.days.length; i++) if (!b.days.includes(a.days[i])) return true;
  return false;
}

/** The keys of a section's headings, by which a line that was one is known. */
function titlesOf(section: Section): u64[] {
  if (titles.has(section.uid)) return titles.get(section.uid);
  const found: u64[] = [];
  const parts = section.title.split(" › ");
  for (let i = 0; i < parts.length; i++) {
    const units = bodyOf(parts[i]).units;
    for (let k = 0; k < units.length; k++) found.push(units[k].key);
  }
  titles.set(section.uid, found);
  return found;
}

/** Titles of two occasions or things; of one that only says more about the same day, no. */
function titlesDiffer(a: string, b: string): bool {
  if (a == b) return false;
  const left = specialWords(a);
  const right = specialWords(b);
  const few = left.length <= right.length ? left : right;
  const many = few === left ? right : left;
  let dated = false;
  for (let i = 0; i < few.length; i++) {
    if (!many.includes(few[i])) return true;
    if (few[i].length == 10 && isDate(few[i])) dated = true;
  }
  return few.length != many.length && !dated;
}

/** Titles with a number or a day each that the other has not. */
function numbersDiffer(a: string, b: string): bool {
  const left = specialWords(a), right = specialWords(b);
  return hasOther(left, right) && hasOther(right, left);
}
function hasOther(words: string[], others: string[]): bool {
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (others.includes(word)) continue;
    if (monthOf(word) > 0 || weekdayOf(word) > 0 || numberWord(word) >= 0) return true;
    for (let k = 0; k < word.length; k++) if (isDigit(word.charCodeAt(k))) return true;
  }
  return false;
}

/** Begins with a date as file names have it: 2026-03-01. */
function isDate(word: string): bool {
  if (word.length < 10) return false;
  for (let i = 0; i < 10; i++) {
    const code = <i32> word.charCodeAt(i);
    if (i == 4 || i == 7 ? code != 0x2d : !isDigit(code)) return false;
  }
  return true;
}

function specialWords(title: string): string[] {
  const tokens = tokenize(title);
  const found: string[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (!token.word || !special(token, i == 0) && genericTitles.has(token.lower) || copyTitles.has(token.lower)) continue;
    // "plan (2)": how systems name a copy.
    if (token.digits && token.text.length == 1 && i > 0 && i == tokens.length - 2 && tokens[i - 1].text == "(") continue;
    // "2026-03-01-kitchen": the day, and of what.
    const day = isDate(token.lower) ? token.lower.substring(0, 10) : token.lower;
    const rest = token.lower.substring(day.length);
    if (!found.includes(day)) found.push(day);
    if (rest.length > 1 && !genericTitles.has(rest.substring(1)) && !found.includes(rest)) found.push(rest);
  }
  return found;
}

/** A word whose change changes the meaning, whatever the rest says. */
function special(token: Token, first: bool): bool {
  const lower = token.lower;
  if (token.capital && !first) return true;
  if (negations.has(lower) || monthOf(lower) > 0 || weekdayOf(lower) > 0 || numberWord(lower) >= 0) return true;
  for (let i = 0; i < lower.length; i++) if (isDigit(lower.charCodeAt(i))) return true;
  return false;
}
