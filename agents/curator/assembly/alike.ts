/**
 * Near-duplicates: sections that say the same in (almost) the same words.
 *
 * Invariants:
 * 1. A difference in a number, a date, a name or a negation is a difference; two notes from one template that differ
 *    so are not duplicates. A misspelling, capitals, marks and added lines are none.
 * 2. Whether two sections are alike depends on these two alone.
 */
import { isDigit } from "../../sdk/assemblyscript/assembly";
import { Section } from "./notes";
import { Token, tokenize } from "./tokens";
import { genericTitles, monthOf, negations, numberWord, stops, weekdayOf } from "./vocabulary";

/** A shorter section is no duplicate of anything: too little to tell by. */
const sectionWordsMin: i32 = 8;
/** Sections that only share single lines: the words that must agree, in hundredths of the shorter one. */
const sharedPercentMin: i32 = 85;
/** A paragraph of so many words found again is a re-pasted paragraph, whatever stands around it. */
const pastedWordsMin: i32 = 25;
/** Under different titles, less text than this may be a form with the same answers. */
const proseWordsMin: i32 = 15;
/** A shorter line proposes no pair. */
const unitWordsMin: i32 = 5;
/** A line found in more sections than this belongs to a template and proposes no pair. */
const lineSectionsMax: i32 = 16;
/** Older copies that one section is joined to at most. */
const copiesMax: i32 = 8;

class Unit {
  constructor(readonly tokens: Token[], readonly key: string, readonly words: i32, readonly lead: string, readonly stopped: bool) {}
}

class Body {
  readonly units: Unit[] = [];
  words: i32 = 0;
}

/** A pair that is alike, with the reason. */
export class Alike {
  constructor(readonly newer: i32, readonly older: i32, readonly score: f64, readonly why: string) {}
}

function bodyOf(section: Section): Body {
  const body = new Body();
  const text = section.content;
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    const end = i == text.length || text.charCodeAt(i) == 0x0a;
    // A sentence ends where a mark is followed by a space.
    const code = end ? 0 : <i32> text.charCodeAt(i);
    const stop = !end && (code == 0x2e || code == 0x21 || code == 0x3f) && i + 1 < text.length && text.charCodeAt(i + 1) == 0x20;
    if (!end && !stop) continue;
    const last = i > start ? <i32> text.charCodeAt(i - 1) : 0;
    const stopped = stop || last == 0x2e || last == 0x21 || last == 0x3f;
    const tokens = tokenize(text.substring(start, i));
    start = i + 1;
    const words: string[] = [];
    const kept: Token[] = [];
    for (let j = 0; j < tokens.length; j++) {
      if (!tokens[j].word) continue;
      words.push(tokens[j].lower);
      kept.push(tokens[j]);
    }
    if (kept.length == 0) continue;
    const lead = kept[0].lower + (kept.length > 1 ? " " + kept[1].lower : "");
    body.units.push(new Unit(kept, words.join(" "), kept.length, lead, stopped));
    body.words += kept.length;
  }
  return body;
}

/** Verdicts on pairs of readings, by their uids: a pair is judged once. */
let judged = new Map<u64, Alike | null>();
/** So many verdicts are kept at most; then all are found again. */
const judgedMax: i32 = 400000;

/** Sections taken apart in this run. */
let bodies = new Map<i32, Body>();
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
  const alike = judge([newer, older], [takenApart(newer), takenApart(older)], 0, 1);
  judged.set(name, alike);
  return alike;
}

function takenApart(section: Section): Body {
  if (bodies.has(section.uid)) return bodies.get(section.uid);
  const body = bodyOf(section);
  bodies.set(section.uid, body);
  return body;
}

/** By what sections meet: their longer lines, whole and by halves (one misspelling spares one of them), each once. */
export function keysOf(section: Section): StaticArray<u64> {
  const known = section.keys;
  if (known !== null) return known;
  const body = bodyOf(section);
  const seen = new Set<u64>();
  if (body.words >= sectionWordsMin) {
    for (let i = 0; i < body.units.length; i++) {
      const unit = body.units[i];
      if (unit.words < unitWordsMin) continue;
      seen.add(hashOf(unit, 0, unit.words, 1));
      if (unit.words < 8) continue;
      const half = unit.words >> 1;
      seen.add(hashOf(unit, 0, half, 2));
      seen.add(hashOf(unit, half, unit.words, 3));
    }
  }
  const values = seen.values();
  const keys = new StaticArray<u64>(values.length);
  for (let i = 0; i < values.length; i++) keys[i] = values[i];
  section.keys = keys;
  return keys;
}

/** FNV-1a, 64 bits, over some words; two lines that only meet by chance are told apart by the judge. */
function hashOf(unit: Unit, from: i32, to: i32, part: u64): u64 {
  let hash: u64 = 0xcbf29ce484222325 ^ part;
  for (let i = from; i < to; i++) {
    const word = unit.tokens[i].lower;
    for (let j = 0; j < word.length; j++) hash = (hash ^ <u64> word.charCodeAt(j)) * 0x100000001b3;
    hash = (hash ^ 0x20) * 0x100000001b3;
  }
  return hash;
}

enum Match {
  none,
  same,
  /** The same line with another number, name or negation. */
  differs,
}

function judge(sections: Section[], bodies: Body[], newer: i32, older: i32): Alike | null {
  // Two sections of one note are parts of it.
  if (sections[newer].source == sections[older].source && sections[newer].source.length > 0) return null;
  const small = bodies[newer].words <= bodies[older].words ? bodies[newer] : bodies[older];
  const large = small === bodies[newer] ? bodies[older] : bodies[newer];
  let same = 0, longest = 0, run = 0;
  let differs = false;
  for (let i = 0; i < small.units.length; i++) {
    const unit = small.units[i];
    let best: Match = Match.none;
    for (let j = 0; j < large.units.length && best != Match.same; j++) {
      const match = matchUnits(unit, large.units[j]);
      if (match == Match.same || match == Match.differs) best = match;
    }
    if (best == Match.same) {
      same += unit.words;
      run += unit.words;
      if (run > longest) longest = run;
    } else {
      run = 0;
      if (best == Match.differs) differs = true;
    }
  }
  if (differs) return null;
  const percent = same * 100 / small.words;
  const titles = titlesDiffer(sections[newer].title, sections[older].title);
  if (percent >= sharedPercentMin) {
    // Filled-in forms with the same answers belong to two occasions.
    if (titles && (longest < proseWordsMin || isForm(small))) return null;
    const whole = same * 100 / large.words;
    const score = <f64> (same * 100 / max(1, bodies[newer].words + bodies[older].words - same));
    const why = whole >= sharedPercentMin ? "the same text" : "all of the shorter text stands in the longer";
    return new Alike(newer, older, score / 100, why);
  }
  if (longest >= pastedWordsMin && percent >= 50) {
    return new Alike(newer, older, <f64> percent / 100, "the same passage of " + longest.toString() + " words");
  }
  return null;
}

/** Most lines are `label value`: short, and no sentence that ends in a mark. */
function isForm(body: Body): bool {
  let short = 0;
  for (let i = 0; i < body.units.length; i++) if (body.units[i].words <= 5 && !body.units[i].stopped) short++;
  return short * 2 > body.units.length;
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
    if (!token.word || !special(token, i == 0) && genericTitles.has(token.lower)) continue;
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

/** Compares two lines word by word, allowing few harmless differences. */
function matchUnits(a: Unit, b: Unit): Match {
  if (a.key == b.key) return Match.same;
  if (a.words < 2 || b.words < 2) return Match.none;
  const shorter = min(a.words, b.words);
  const longer = max(a.words, b.words);
  if (longer > shorter + 3 + shorter / 4) return Match.none;
  // Words before and after the part that differs.
  let head = 0;
  while (head < shorter && a.tokens[head].lower == b.tokens[head].lower) head++;
  let tail = 0;
  while (tail < shorter - head && a.tokens[a.words - 1 - tail].lower == b.tokens[b.words - 1 - tail].lower) tail++;
  let common = head + tail;
  const inA = new Map<string, i32>();
  for (let i = head; i < a.words - tail; i++) {
    const word = a.tokens[i].lower;
    inA.set(word, inA.has(word) ? inA.get(word) + 1 : 1);
  }
  const onlyB: Token[] = [];
  let moved = 0;
  for (let i = head; i < b.words - tail; i++) {
    const word = b.tokens[i].lower;
    if (inA.has(word) && inA.get(word) > 0) {
      inA.set(word, inA.get(word) - 1);
      moved++;
    } else onlyB.push(b.tokens[i]);
  }
  common += moved;
  const onlyA: Token[] = [];
  for (let i = head; i < a.words - tail; i++) {
    const word = a.tokens[i].lower;
    if (inA.get(word) > 0) {
      inA.set(word, inA.get(word) - 1);
      onlyA.push(a.tokens[i]);
    }
  }
  if (common * 2 < shorter && !(head >= 1 && a.words <= 4 && b.words <= 4)) return Match.none;
  const count = max(onlyA.length, onlyB.length);
  for (let i = 0; i < onlyA.length; i++) if (special(onlyA[i], onlyA[i] === a.tokens[0]) && !misspelt(onlyA[i], onlyB)) return Match.differs;
  for (let i = 0; i < onlyB.length; i++) if (special(onlyB[i], onlyB[i] === b.tokens[0]) && !misspelt(onlyB[i], onlyA)) return Match.differs;
  if (a.words <= 4) return Match.differs;
  // Other content words are other content, unless they are the same word misspelt or an article.
  let heavy = 0;
  for (let i = 0; i < onlyA.length; i++) if (!stops.has(onlyA[i].lower) && !misspelt(onlyA[i], onlyB)) heavy++;
  for (let i = 0; i < onlyB.length; i++) if (!stops.has(onlyB[i].lower) && !misspelt(onlyB[i], onlyA)) heavy++;
  if (heavy == 0 && count <= 1 + shorter / 6) return Match.same;
  if (heavy <= 1 && shorter >= 12) return Match.same;
  return common * 4 >= shorter * 3 ? Match.differs : Match.none;
}

/** One letter apart from a word of the others, capitals and apostrophes aside; never where digits differ. */
function misspelt(token: Token, others: Token[]): bool {
  const word = token.lower;
  if (word.length < 4) return false;
  for (let i = 0; i < word.length; i++) if (isDigit(word.charCodeAt(i))) return false;
  if (token.capital || monthOf(word) > 0 || weekdayOf(word) > 0 || negations.has(word) || numberWord(word) >= 0) return false;
  for (let i = 0; i < others.length; i++) {
    const other = others[i].lower;
    const gap = word.length - other.length;
    if (gap > 1 || gap < -1) continue;
    let head = 0;
    const n = min(word.length, other.length);
    while (head < n && word.charCodeAt(head) == other.charCodeAt(head)) head++;
    let tail = 0;
    while (tail < n - head && word.charCodeAt(word.length - 1 - tail) == other.charCodeAt(other.length - 1 - tail)) tail++;
    if (head + tail >= max(word.length, other.length) - 1) return true;
    // Two letters swapped.
    if (gap == 0 && head + tail == word.length - 2 && word.charCodeAt(head) == other.charCodeAt(head + 1)) return true;
  }
  return false;
}
