/**
 * How statements stand to each other: a later one supersedes, contradicts, or says the same.
 *
 * Invariants:
 * 1. Every verdict is about a pair; order and time come from the notes, never from ids.
 * 2. `supersedes` needs a later time and a cue in the sentence, or a sentence that names the old value.
 * 3. What a third statement had already superseded by then is no contradiction.
 */
import { Fact } from "./fact";
import { endedNow, later } from "./reversals";
import { Link, noLinks, Section, Statement } from "./notes";
import { tokenize } from "./tokens";
import { compare, Compared, Kind, readValues, ValueSet } from "./values";
import { bygones, changes } from "./vocabulary";

/** Statements of one key that are compared with each other; more are a series of readings. */
const groupStatementsMax: i32 = 64;
/** So many different values without any cue are readings of something that changes, not a contradiction. */
const seriesValues: i32 = 3;

function groups(all: Statement[], key: (statement: Statement) => string): Map<string, i32[]> {
  const found = new Map<string, i32[]>();
  for (let i = 0; i < all.length; i++) {
    const name = key(all[i]);
    if (name.length == 0) continue;
    if (!found.has(name)) found.set(name, []);
    found.get(name).push(i);
  }
  return found;
}

/** What the statements of one group are to each other, as long as they are the same statements. */
class Memo {
  /** The newer one of each link, by its place in the group. */
  readonly newer: i32[] = [];
  readonly links: Link[] = [];
  constructor(readonly signature: u64) {}
}

/** What the last run found in one context: by subject, by whole, by key; then contradictions, by key and by whole. */
export class Memory {
  memos: Map<string, Memo>[] = [];
}

let memos: Map<string, Memo>[] = [];
/** Pairs that this run may still compare; and whether some were left out. */
let pairsLeft: i64 = 0;
let leftOut: bool = false;

function signatureOf(all: Statement[], group: i32[]): u64 {
  let hash: u64 = 0xcbf29ce484222325;
  for (let i = 0; i < group.length; i++) hash = (hash ^ all[group[i]].uid) * 0x100000001b3;
  return hash;
}

/**
 * Fills the links of every statement; `all` is in the order of the notes. At most `pairsMax` pairs are compared that
 * were not compared before: false where some were left out, and the links say nothing yet.
 */
export function relate(
  all: Statement[],
  sections: Section[],
  actCertainty: f64,
  memory: Memory,
  pairsMax: i64,
  run: i32,
): bool {
  pairsLeft = pairsMax;
  leftOut = false;
  for (let i = 0; i < all.length; i++) all[i].links = noLinks;
  const byKey = groups(all, (one) => one.fact.comparable ? one.fact.key : "");
  const bySubject = groups(all, (one) => one.fact.comparable ? one.fact.subjectText : "");
  const byWhole = groups(all, (one) => one.fact.comparable ? one.fact.whole : "");
  const before = memory.memos;
  memos = [];
  memory.memos = memos;
  supersede(all, bySubject, before);
  supersede(all, byWhole, before);
  supersede(all, byKey, before);
  for (let i = 0; i < all.length; i++) endEarlier(all[i], run);
  for (let i = 0; i < all.length; i++) if (all[i].weighed.length > 0) endWeighed(all[i], run, actCertainty, true);
  const overAt = new Map<string, string>();
  for (let i = 0; i < all.length; i++) {
    for (let j = 0; j < all[i].links.length; j++) {
      if (all[i].links[j].certainty < actCertainty) continue;
      const target = all[i].links[j].target.ref;
      const time = sections[all[i].section].observedAt;
      if (!overAt.has(target) || overAt.get(target) > time) overAt.set(target, time);
    }
  }
  contradict(all, sections, byKey, overAt, before);
  contradict(all, sections, byWhole, overAt, before);
  // What is certain counts before what is asked.
  for (let i = 0; i < all.length; i++) if (all[i].weighed.length > 0) endWeighed(all[i], run, actCertainty, false);
  return !leftOut;
}

/** What a sentence ends by its words: but for what a sentence that it ends had ended before. */
function endEarlier(newer: Statement, run: i32): void {
  if (newer.ends.length == 0) return;
  const ended = endedNow(newer, run);
  for (let i = 0; i < ended.length; i++) {
    const target = ended[i].target;
    if (linked(target, newer)) continue;
    const known = placeOf(newer, target);
    if (known >= 0) {
      // What its fact only made likely, its words say.
      const link = newer.links[known];
      if (link.type == "supersedes" && link.certainty < ended[i].certainty) {
        newer.links[known] = new Link(link.type, target, ended[i].cue, ended[i].why, ended[i].certainty);
      }
      continue;
    }
    let before = false;
    for (let j = 0; j < ended.length; j++) if (i != j && linked(ended[j].target, target)) before = true;
    for (let j = 0; j < newer.links.length; j++) if (linked(newer.links[j].target, target)) before = true;
    if (!before) newer.link(new Link("supersedes", target, ended[i].cue, ended[i].why, ended[i].certainty));
  }
}

/** What a sentence ends by what its words weigh, where no rule says what it ends. */
function endWeighed(newer: Statement, run: i32, actCertainty: f64, isCertain: bool): void {
  for (let i = 0; i < newer.links.length; i++) {
    if (newer.links[i].type == "supersedes" && newer.links[i].certainty >= actCertainty) return;
  }
  for (let i = 0; i < newer.weighed.length; i++) {
    const one = newer.weighed[i], target = one.target;
    if (one.certainty >= actCertainty != isCertain || target.owner.gone || target.run != run || linked(target, newer)) continue;
    const known = placeOf(newer, target);
    if (known < 0) newer.link(new Link("supersedes", target, one.cue, one.why, one.certainty));
    else if (isCertain && newer.links[known].certainty < one.certainty) {
      newer.links[known] = new Link("supersedes", target, one.cue, one.why, one.certainty);
    }
  }
}

/** Whether a group may be compared in this run. */
function mayCompare(group: i32[]): bool {
  if (pairsLeft <= 0) leftOut = true;
  const size = <i64> min(group.length, groupStatementsMax);
  pairsLeft -= size * size;
  return !leftOut;
}

/** The memo of a group from the last run, or null where its statements are others. */
function memoOf(before: Map<string, Memo>[], key: string, signature: u64): Memo | null {
  const place = memos.length - 1;
  if (place >= before.length || !before[place].has(key)) return null;
  const memo = before[place].get(key);
  return memo.signature == signature ? memo : null;
}

function linked(a: Statement, b: Statement): bool {
  return placeOf(a, b) >= 0;
}
/** The place of a's link to b, or -1. */
function placeOf(a: Statement, b: Statement): i32 {
  for (let i = 0; i < a.links.length; i++) if (a.links[i].target === b) return i;
  return -1;
}

function supersede(all: Statement[], by: Map<string, i32[]>, before: Map<string, Memo>[]): void {
  const kept = new Map<string, Memo>();
  memos.push(kept);
  const keys = by.keys();
  for (let k = 0; k < keys.length; k++) {
    const group = by.get(keys[k]);
    if (group.length < 2) continue;
    const signature = signatureOf(all, group);
    let memo = memoOf(before, keys[k], signature);
    if (memo === null) {
      if (!mayCompare(group)) continue;
      memo = supersessions(all, group, signature);
    }
    kept.set(keys[k], memo);
    for (let i = 0; i < memo.links.length; i++) {
      const newer = all[group[memo.newer[i]]];
      if (!linked(newer, memo.links[i].target)) newer.link(memo.links[i]);
    }
  }
}

function supersessions(all: Statement[], group: i32[], signature: u64): Memo {
  const memo = new Memo(signature);
  const from = max(0, group.length - groupStatementsMax);
  const sole = onePlannedTime(all, group);
  for (let i = from; i < group.length; i++) {
    const newer = all[group[i]];
    for (let j = from; j < group.length; j++) {
      const older = all[group[j]];
      if (i == j || !later(newer, older)) continue;
      const link = verdict(newer, older, sole);
      if (link === null) continue;
      memo.newer.push(i);
      memo.links.push(link);
    }
  }
  return memo;
}

/** Times that a thing is planned for; "moved to 8 May" does not say which of them it means. */
function isPlannedTime(attribute: string): bool {
  return attribute == "@due" || attribute == "@launch" || attribute == "@start";
}

/** Whether these statements of one subject know at most one planned time. */
function onePlannedTime(all: Statement[], group: i32[]): bool {
  let one = "";
  for (let i = 0; i < group.length; i++) {
    const attribute = all[group[i]].fact.attribute;
    if (attribute == "@end") return false;
    if (!isPlannedTime(attribute)) continue;
    if (one.length > 0 && one != attribute) return false;
    one = attribute;
  }
  return true;
}

/** "X is due on A" and "X was postponed to B": one time, under two names. */
function sameTime(a: Fact, b: Fact): bool {
  if (a.subject.length == 0 || a.subjectText != b.subjectText) return false;
  if (!a.value.has(Kind.date) || !b.value.has(Kind.date)) return false;
  return a.attribute == "@when" && changes.has(a.cue) && isPlannedTime(b.attribute) ||
    b.attribute == "@when" && isPlannedTime(a.attribute);
}

/** `sole`: their subject has one planned time at most. */
function verdict(newer: Statement, older: Statement, sole: bool): Link | null {
  const a = newer.fact;
  const b = older.fact;
  const sameKey = a.key == b.key;
  const sameSubject = a.subject.length > 0 && a.subjectText == b.subjectText;
  if (a.whole == b.whole && a.whole.length > 0 && a.negative != b.negative) {
    if (a.cue.length == 0) return null;
    return new Link("supersedes", older, a.cue, "says of the same thing that it is no longer so, or is so now", 0.95);
  }
  if (b.cancelled || b.negative && !a.negative && a.old.empty) return null;
  if (!a.old.empty && !a.cancelled && !b.value.empty && (sameKey || sameSubject && attributesMeet(a.attribute, b.attribute))) {
    if (names(a.old, b.value) && !(compare(a.value, b.value) == Compared.equal && sameKey && !a.value.empty)) {
      return new Link("supersedes", older, a.cue, "names the old value", 0.95);
    }
  }
  if (a.cancelled && sameSubject && a.old.typed.length == 0) {
    if (b.attribute == "@when" || b.attribute == "@where" || b.attribute == "@start" || b.attribute == a.attribute) {
      return new Link("supersedes", older, a.cue, "the same thing is cancelled", 0.95);
    }
    return null;
  }
  if (a.cancelled) return sameSubject && names(a.old, b.value) ? new Link("supersedes", older, a.cue, "the same thing is cancelled", 0.95) : null;
  // "New shops: 3", "New shops: 5": a word of the label, by which neither tells a change.
  if (a.label && b.label && a.cue == b.cue) return null;
  if (!sameKey && !(sole && sameTime(a, b)) || a.negative || b.negative || b.past && !b.value.empty || a.past) return null;
  if (compare(a.value, b.value) != Compared.different) return null;
  if (a.cue.length > 0 && a.comparable && b.comparable && !replaceable(newer, older)) {
    return new Link("supersedes", older, a.cue, "a later sentence with a cue of the same subject and attribute", 0.6);
  }
  if (a.cue.length > 0 && replaceable(newer, older)) {
    return new Link("supersedes", older, a.cue, "a later value of the same attribute, with a cue", 0.95);
  }
  for (let i = 0; i < newer.beside.length; i++) {
    const word = besideNames(newer.beside[i], b.value);
    if (word.length > 0) return new Link("supersedes", older, word, "the sentence beside it names the old value: " + newer.beside[i], 0.95);
  }
  return null;
}

/** The old value named is the value of the older statement. */
function names(old: ValueSet, value: ValueSet): bool {
  if (old.typed.length == 0 && old.proper.length > 0 && value.proper.length > 0) {
    for (let i = 0; i < old.proper.length; i++) if (!value.proper.includes(old.proper[i])) return false;
    return true;
  }
  if (old.typed.length == 0 && value.typed.length > 0 || old.typed.length > 0 && value.typed.length == 0) {
    return false;
  }
  return compare(old, value) == Compared.equal;
}

function attributesMeet(a: string, b: string): bool {
  if (a == b) return true;
  return a == "@when" || a == "@where" || a == "@use" || a == "is" || a.length == 0 || a == "@owner" || b == "is";
}

/** With a cue, which values may follow each other. */
function replaceable(newer: Statement, older: Statement): bool {
  const a = newer.fact;
  const b = older.fact;
  if (a.singular && b.singular) return true;
  if (a.attribute == "@use" || a.attribute == "@supplier") return true;
  if (a.value.typed.length > 0 && b.value.typed.length > 0) return true;
  if (a.value.names.length == 1 && b.value.names.length == 1) return true;
  return a.value.proper.length > 0 && b.value.proper.length > 0 && a.attribute == b.attribute && a.attribute != "is";
}

/** The word by which a neighbouring sentence says that `value` is over, or "". */
function besideNames(sentence: string, value: ValueSet): string {
  const tokens = tokenize(sentence);
  let word = "";
  for (let i = 0; i < tokens.length && word.length == 0; i++) if (bygones.has(tokens[i].lower)) word = tokens[i].lower;
  if (word.length == 0 || sentence.endsWith("?")) return "";
  const found = new ValueSet();
  readValues(tokens, 0, tokens.length, found);
  if (value.typed.length > 0) {
    for (let i = 0; i < value.typed.length; i++) {
      let named = false;
      for (let j = 0; j < found.typed.length; j++) {
        if (found.typed[j].kind == value.typed[i].kind && found.typed[j].equals(value.typed[i])) named = true;
      }
      if (!named) return "";
    }
    return word;
  }
  if (value.proper.length == 0) return "";
  for (let i = 0; i < value.proper.length; i++) if (!found.proper.includes(value.proper[i])) return "";
  return word;
}

function contradict(
  all: Statement[],
  sections: Section[],
  by: Map<string, i32[]>,
  overAt: Map<string, string>,
  before: Map<string, Memo>[],
): void {
  const kept = new Map<string, Memo>();
  memos.push(kept);
  const keys = by.keys();
  for (let k = 0; k < keys.length; k++) {
    const group = by.get(keys[k]);
    if (group.length < 2 || group.length > groupStatementsMax) continue;
    const signature = signatureOf(all, group);
    let memo = memoOf(before, keys[k], signature);
    if (memo === null) {
      if (!mayCompare(group)) continue;
      memo = contradictions(all, sections, group, signature);
    }
    kept.set(keys[k], memo);
    for (let i = 0; i < memo.links.length; i++) {
      const newer = all[group[memo.newer[i]]];
      const older = memo.links[i].target;
      if (linked(newer, older) || linked(older, newer)) continue;
      if (overAt.has(older.ref) && overAt.get(older.ref) <= sections[newer.section].observedAt) continue;
      newer.link(memo.links[i]);
    }
  }
}

function contradictions(all: Statement[], sections: Section[], group: i32[], signature: u64): Memo {
  const memo = new Memo(signature);
  if (isSeries(all, group)) return memo;
  for (let i = 1; i < group.length; i++) {
    const newer = all[group[i]];
    for (let j = 0; j < i; j++) {
      const older = all[group[j]];
      const why = disagreement(newer, older, sections[newer.section].observedAt, sections[older.section].observedAt);
      if (why.length == 0) continue;
      memo.newer.push(i);
      memo.links.push(new Link("contradicts", older, "", why, 0.9));
    }
  }
  return memo;
}

function isSeries(all: Statement[], group: i32[]): bool {
  const distinct: ValueSet[] = [];
  for (let i = 0; i < group.length; i++) {
    const fact = all[group[i]].fact;
    if (fact.cue.length > 0) continue;
    let known = false;
    for (let j = 0; j < distinct.length; j++) if (compare(distinct[j], fact.value) == Compared.equal) known = true;
    if (!known) distinct.push(fact.value);
  }
  return distinct.length > seriesValues;
}

/** Why two statements can't both hold, or "". */
function disagreement(newer: Statement, older: Statement, time: string, olderTime: string): string {
  const a = newer.fact;
  const b = older.fact;
  if (a.past || b.past || a.cancelled || b.cancelled) return "";
  if (a.whole == b.whole && a.negative != b.negative) return "one says that it is so, the other that it is not";
  if (a.key != b.key || a.negative || b.negative || !(a.singular && b.singular || sameCount(a, b))) return "";
  if (!a.old.empty || !b.old.empty && b.value.empty) return "";
  if (compare(a.value, b.value) != Compared.different) return "";
  if ((a.label || b.label) && apart(newer, older)) return "";
  if (passed(b.value, olderTime, time) || passed(a.value, olderTime, time)) return "";
  return "another value of the same attribute, and no word of a change";
}

/** Both are rules with a number of the same things. */
function sameCount(a: Fact, b: Fact): bool {
  return a.counted && b.counted && a.value.typed[0].unit == b.value.typed[0].unit;
}

/** Both stand under headings that name something else: a form's lines, filled in for two things. */
function apart(newer: Statement, older: Statement): bool {
  const a = newer.fact.topic;
  const b = older.fact.topic;
  if (a.length == 0 || b.length == 0) return false;
  for (let i = 0; i < a.length; i++) if (b.includes(a[i])) return false;
  return !overlaps(a, newer.fact.subject) && !overlaps(b, older.fact.subject);
}
function overlaps(a: string[], b: string[]): bool {
  for (let i = 0; i < a.length; i++) if (b.includes(a[i])) return true;
  return false;
}

/** A day of `value` lies before `time`: that was another occasion. */
function passed(value: ValueSet, written: string, time: string): bool {
  if (time.length < 10 || written.length < 10) return false;
  for (let i = 0; i < value.typed.length; i++) {
    const one = value.typed[i];
    if (one.kind != Kind.date) continue;
    const year = one.year != 0 ? one.year : <i32> I32.parseInt(written.substring(0, 4));
    const day = year * 10000 + <i32> one.amount;
    const now = <i32> I32.parseInt(time.substring(0, 4)) * 10000 + <i32> I32.parseInt(time.substring(5, 7)) * 100 +
      <i32> I32.parseInt(time.substring(8, 10));
    const then = <i32> I32.parseInt(written.substring(0, 4)) * 10000 + <i32> I32.parseInt(written.substring(5, 7)) * 100 +
      <i32> I32.parseInt(written.substring(8, 10));
    if (day >= then && day < now) return true;
  }
  return false;
}
