/**
 * Which later sentence that tells a change ends which earlier one, by their words, where no strict fact says it.
 *
 * Owns: the index of sentences, and the verdict on two. Does not own: reading a sentence (sketch.ts), facts of one
 * subject and attribute (relations.ts).
 *
 * Invariants:
 * 1. A verdict is about a pair alone: no other sentence and no order of import matters.
 * 2. The later sentence has a cue, and names the old value, or says the same with another value of the same kind, or
 *    says that it is so no longer.
 * 3. Every pair is looked at once, when the second of it comes.
 */
import { Section, Statement } from "./notes";
import { offer, promise, Rarity } from "./pairs";
import { holds, isChoice, priceForm, Sketch, View } from "./sketch";
import { Kind, Value } from "./values";
import { weigh } from "./weighing";

/** More earlier sentences than this are no one matter. */
const endedMax: i32 = 4;

/** An earlier sentence that a later one ends. */
export class Ended {
  constructor(readonly target: Statement, readonly cue: string, readonly why: string, readonly certainty: f64) {}
}

export class Reversals {
  private pending: Statement[] = [];
  /** Those that have candidates to be weighed. */
  private readonly tellers: Statement[] = [];
  private comparisons: u64 = 0;
  readonly rarity: Rarity = new Rarity();
  /** By a key word, sentences; by each of their words, sentences that tell a change. */
  private readonly byKey: Map<u64, Statement[]> = new Map<u64, Statement[]>();
  private readonly byWord: Map<u64, Statement[]> = new Map<u64, Statement[]>();
  private indexed: i32 = 0;
  private gone: i32 = 0;

  add(section: Section): void {
    for (let i = 0; i < section.statements.length; i++) if (section.statements[i].sketch !== null) this.pending.push(section.statements[i]);
  }

  remove(section: Section): void {
    section.gone = true;
    this.gone += section.statements.length;
    for (let i = 0; i < section.statements.length; i++) if (section.statements[i].counted) this.count(section.statements[i], -1);
    if (this.gone < 1000 || this.gone * 2 < this.indexed) return;
    this.sweep(this.byKey);
    this.sweep(this.byWord);
    this.indexed -= this.gone;
    this.gone = 0;
  }

  private sweep(by: Map<u64, Statement[]>): void {
    const keys = by.keys();
    for (let i = 0; i < keys.length; i++) {
      const kept: Statement[] = [];
      const list = by.get(keys[i]);
      for (let j = 0; j < list.length; j++) if (!list[j].owner.gone) kept.push(list[j]);
      if (kept.length == 0) by.delete(keys[i]);
      else by.set(keys[i], kept);
    }
  }

  /** Looks at what came; at most about `pairsMax` pairs: false where some are left. */
  look(pairsMax: i64): bool {
    let left = pairsMax;
    while (this.pending.length > 0) {
      if (left <= 0) return false;
      const one = this.pending.pop();
      if (one.owner.gone) continue;
      const sketch = one.sketch;
      if (sketch === null) continue;
      this.count(one, 1);
      const mine = sketch.values.concat(sketch.refers ? sketch.topic : []);
      if (sketch.tells) left -= this.compare(one, sketch.whole.words, reach(sketch), this.byKey, true);
      left -= 1 + this.compare(one, sketch.whole.words, mine, this.byWord, false);
      this.put(this.byKey, sketch.whole.words, one);
      this.put(this.byKey, mine, one);
      if (sketch.tells) {
        this.put(this.byWord, sketch.whole.words, one);
        this.put(this.byWord, sketch.deniedValues.concat(sketch.topic), one);
        for (let i = 0; i < sketch.before.length; i++) {
          if (!holds(sketch.whole.words, sketch.before[i])) this.put(this.byWord, [sketch.before[i]], one);
        }
      }
      this.indexed++;
    }
    return true;
  }

  /** Counts a statement's words, or takes them back. */
  private count(one: Statement, by: i32): void {
    const sketch = one.sketch!;
    this.rarity.add(sketch.whole.words, by);
    this.rarity.name(sketch.whole.names, by);
    one.counted = by > 0;
  }

  /** Weighs what is not weighed yet; at most about `measuresMax` pairs: false where some are left. */
  weigh(measuresMax: i64): bool {
    let left = measuresMax, kept = 0;
    for (let i = 0; i < this.tellers.length; i++) {
      const one = this.tellers[i];
      if (one.owner.gone) continue;
      this.tellers[kept++] = one;
      if (left <= 0) continue;
      if (this.lost(one) && one.overflown) {
        // Others that were left out for those that went may come in.
        one.pairs = [];
        one.overflown = false;
        left -= this.offerTo(one);
      }
      left -= weigh(one, this.rarity);
    }
    this.tellers.length = kept;
    return left > 0;
  }

  /** Marks, by the run, what is weighed to be connected. */
  mark(run: i32): void {
    for (let i = 0; i < this.tellers.length; i++) {
      const weighed = this.tellers[i].weighed;
      if (this.tellers[i].owner.gone) continue;
      for (let j = 0; j < weighed.length; j++) {
        if (weighed[j].target.owner.gone) continue;
        this.tellers[i].connected = run;
        weighed[j].target.connected = run;
      }
    }
  }

  /** Drops the candidates that are gone; whether there were any. */
  private lost(one: Statement): bool {
    const pairs = one.pairs;
    let kept = 0;
    for (let i = 0; i < pairs.length; i++) if (!pairs[i].older.owner.gone) pairs[kept++] = pairs[i];
    const lost = kept < pairs.length;
    pairs.length = kept;
    if (lost) one.lastPair = -1;
    if (lost) one.weighedPairs = -1;
    return lost;
  }

  private put(by: Map<u64, Statement[]>, words: u64[], one: Statement): void {
    for (let i = 0; i < words.length; i++) {
      if (!by.has(words[i])) by.set(words[i], []);
      by.get(words[i]).push(one);
    }
  }

  /** Offers a later sentence a candidate; false where nothing speaks for it. */
  private offer(newer: Statement, older: Statement): bool {
    const sum = promise(newer, older);
    if (sum == 0) return false;
    if (!mayFollow(newer, older)) return false;
    if (!newer.isTeller) this.tellers.push(newer);
    newer.isTeller = true;
    newer.weighedPairs = -1;
    offer(newer, older, sum);
    return true;
  }

  /** Offers a later sentence all its candidates again. */
  private offerTo(one: Statement): i64 {
    const sketch = one.sketch!;
    return this.compare(one, sketch.whole.words, reach(sketch), this.byKey, true, true);
  }

  private compare(one: Statement, words: u64[], more: u64[], by: Map<u64, Statement[]>, isNewer: bool, offersOnly: bool = false): i64 {
    let count: i64 = 0;
    const seen = ++this.comparisons;
    for (let w = 0; w < words.length + more.length; w++) {
      const word = w < words.length ? words[w] : more[w - words.length];
      if (w >= words.length && holds(words, word) || !by.has(word)) continue;
      const list = by.get(word);
      count += list.length;
      for (let i = 0; i < list.length; i++) {
        const other = list[i];
        if (other.owner.gone || other === one || other.seenBy == seen) continue;
        other.seenBy = seen;
        const newer = isNewer ? one : other;
        const older = isNewer ? other : one;
        const may = newer.sketch!.tells && this.offer(newer, older);
        if (offersOnly || !may) continue;
        const ended = verdict(newer, older);
        if (ended === null) continue;
        newer.end(ended);
      }
    }
    return count;
  }
}

/** Whether a is later than b, by the notes. */
export function later(a: Statement, b: Statement): bool {
  const left = a.owner;
  const right = b.owner;
  if (left.observedAt.length == 0 || right.observedAt.length == 0) return false;
  if (left.observedAt != right.observedAt) return left.observedAt > right.observedAt;
  if (left.source != right.source) return false;
  return left.position != right.position ? left.position > right.position : a.byteStart > b.byteStart;
}

/** Under which words, other than its own, what it ends may stand. */
function reach(sketch: Sketch): u64[] {
  return sketch.before.concat(sketch.deniedValues).concat(sketch.topic);
}

/** Whether a may tell what became of b: it is later, or b has no date. */
export function mayFollow(a: Statement, b: Statement): bool {
  if (a.owner.observedAt.length > 0 && b.owner.observedAt.length == 0) return true;
  return later(a, b);
}

/** What a later sentence ends of those there are, without what was over before; none where they are too many. */
export function endedNow(newer: Statement, run: i32): Ended[] {
  const all: Ended[] = [];
  for (let i = 0; i < newer.ends.length; i++) {
    const one = newer.ends[i];
    if (!one.target.owner.gone && (run == 0 || one.target.run == run)) all.push(one);
  }
  if (all.length > endedMax) return [];
  all.sort((a, b) => a.target.ref == b.target.ref ? 0 : a.target.ref < b.target.ref ? -1 : 1);
  return all;
}

function verdict(newer: Statement, older: Statement): Ended | null {
  const a = newer.sketch;
  const b = older.sketch;
  if (a === null || b === null || a.cue.length == 0) return null;
  // A label's word is no cue where the earlier line has it, too: readings under one label.
  if (a.labelled && b.labelled && a.cue == b.cue && a.cue == "new") return null;
  let timed = false;
  for (let i = 0; i < b.views.length; i++) {
    const view = b.views[i];
    // Less than a quarter of its words in common: never enough, and cheap to see.
    if (view.hedged || popcnt(view.mask & a.mask) * 4 < popcnt(view.mask)) continue;
    if (!timed && !later(newer, older)) return null;
    timed = true;
    const ended = ends(newer, a, older, b, view);
    if (ended !== null) return ended;
  }
  return null;
}

/** A word of an earlier clause that a later sentence may lack: "price", another verb of choosing, the noun of a number. */
function isAside(a: Sketch, view: View, word: u64): bool {
  if (holds(a.whole.words, word)) return false;
  if (word == priceForm) return view.words.length > 1;
  return holds(view.nouns, word) || view.chosen && a.whole.chosen && isChoice(word);
}

/** How the words of an earlier clause stand in a later sentence. */
class Cover {
  /** Content words but for those of the old value; those the later sentence has, and the names it lacks. */
  all: i32 = 0;
  shared: i32 = 0;
  missingNames: i32 = 0;
  /** Shared words that are no names. */
  plain: i32 = 0;
  /** Names it lacks that stand behind the verb: where, with whom. */
  asideNames: i32 = 0;
  oldShared: i32 = 0;
  constructor(a: Sketch, view: View) {
    for (let i = 0; i < view.words.length; i++) {
      const word = view.words[i];
      if (holds(a.oldWords, word)) {
        this.oldShared++;
        if (!holds(a.turn.words, word)) continue;
      }
      if (isAside(a, view, word)) continue;
      this.all++;
      if (holds(a.whole.words, word) || holds(a.before, word)) this.shared++;
      else if (holds(view.headNames, word) || word == view.first) this.missingNames++;
      else if (holds(view.names, word)) this.asideNames++;
      if (holds(a.whole.words, word) && !holds(view.names, word)) this.plain++;
    }
  }
  get share(): f64 {
    return this.all == 0 ? 0 : <f64> this.shared / this.all;
  }
  /** Without the names that stand aside. */
  get mainShare(): f64 {
    return this.all == this.asideNames ? 0 : <f64> this.shared / (this.all - this.asideNames);
  }
}

function ends(newer: Statement, a: Sketch, older: Statement, b: Sketch, view: View): Ended | null {
  const cover = new Cover(a, view);
  if (cover.shared == 0 && cover.oldShared == 0) return null;
  if (!saysNew(a, view)) {
    const named = !view.negative && namesOld(a, view);
    if (named) {
      const dated = a.oldTyped.length > 0 && a.oldTyped[0].kind == Kind.date;
      const enough = replaces(a, view, cover) || leaves(a, view, cover) || (cover.all == 0 ? view.chosen && a.oldNamed && cover.oldShared > 0 : cover.shared > 0 && (cover.share >= (a.oldNamed && cover.plain > 0 || dated ? 0.5 : 0.6) || a.oldTyped.length > 0 && cover.plain > 0 && cover.mainShare == 1));
      if (enough && !foreignNames(a, older, b)) return new Ended(older, a.cue, "names the old value", 0.95);
    }
  }
  const turned = a.turn;
  if (view.negative != turned.negative) return flips(a, older, view);
  if (view.negative || a.cue == "again") return null;
  const typed = typedMeets(turned, view);
  if (cover.missingNames > 0 && typed >= 0) return null;
  if (calledOff.includes(a.cue) && turned.typed.length == 0 && isTimed(view) && cover.share >= 0.66 && turnShare(a, b) >= 0.66) {
    if (passed(view.typed, older.owner.observedAt, newer.owner.observedAt)) return null;
    return new Ended(older, a.cue, "the same thing is called off", 0.95);
  }
  if (typed > 0 && (view.relative || turned.relative) && !hasDate(view)) return null;
  if (typed > 0 && !namesOther(a, view) && !otherHeading(newer, a, older, b) && cover.mainShare >= 0.66 && !(cover.asideNames > 0 && hasFreshName(a, b)) && turnShare(a, b) >= (cover.shared > 1 ? 0.5 : 1.0) && !foreignNames(a, older, b)) {
    if (passed(view.typed, older.owner.observedAt, newer.owner.observedAt)) return null;
    return new Ended(older, a.cue, "a later value of the same, with a cue", 0.95);
  }
  return typed < 0 ? renames(a, older, b, view) : null;
}

const calledOff = ["cancelled", "canceled", "scrapped", "postponed", "put off", "called off"];

function isTimed(view: View): bool {
  for (let i = 0; i < view.typed.length; i++) {
    const kind = view.typed[i].kind;
    if (kind == Kind.date || kind == Kind.weekday || kind == Kind.time || kind == Kind.month) return true;
  }
  return false;
}
function hasDate(view: View): bool {
  for (let i = 0; i < view.typed.length; i++) if (view.typed[i].kind == Kind.date) return true;
  return false;
}

/** The earlier clause says already what is new. */
function saysNew(a: Sketch, view: View): bool {
  const typed = a.turn.typed;
  for (let i = 0; i < typed.length; i++) {
    for (let j = 0; j < view.typed.length; j++) {
      if (typed[i].kind == view.typed[j].kind && typed[i].equals(view.typed[j])) return true;
    }
  }
  return false;
}

function namesOld(a: Sketch, view: View): bool {
  for (let i = 0; i < a.oldTyped.length; i++) {
    for (let j = 0; j < view.typed.length; j++) if (meansSame(a.oldTyped[i], view.typed[j])) return true;
  }
  if (a.oldTyped.length > 0) return false;
  let named = 0;
  for (let i = 0; i < a.oldWords.length; i++) if (holds(view.words, a.oldWords[i])) named++;
  return named > 0 && named == a.oldWords.length;
}

/** "Ada replaces Ben", where "the cook is Ben" was said: the old name is all that is said of a thing. */
function replaces(a: Sketch, view: View, cover: Cover): bool {
  if (!a.oldNamed || !view.equates || cover.all > 2 || cover.oldShared == 0) return false;
  if (!a.cue.startsWith("replac") && a.cue != "instead of" && a.cue != "rather than") return false;
  for (let i = 0; i < a.oldWords.length; i++) {
    if (a.oldWords[i] == view.first || holds(view.headNames, a.oldWords[i])) return false;
  }
  return true;
}

/** "Moved from A to B", where "we use A for this" was said: nothing else is said to have been left. */
function leaves(a: Sketch, view: View, cover: Cover): bool {
  if (!a.oldNamed || !view.chosen || cover.oldShared == 0 || cover.all > 1 || cover.missingNames > 0) return false;
  // A single word may be a name in small letters, or of capitals alone.
  for (let i = 0; i < a.turn.words.length && a.turn.words.length > 1; i++) if (!holds(a.turn.names, a.turn.words[i])) return false;
  return a.turn.words.length > 0;
}

/** "instead of 8" means 8 am, where a time is spoken of. */
function meansSame(old: Value, value: Value): bool {
  if (old.kind == value.kind) return old.equals(value);
  if (old.kind != Kind.number || old.unit.length > 0) return false;
  if (value.kind == Kind.time) return value.amount == old.amount * 60 || value.amount == (old.amount + 12) * 60;
  return (value.kind == Kind.number || value.kind == Kind.money) && value.amount == old.amount;
}

/** 1: they have a kind of value in common, and another value; 0: the same value; -1: none in common. */
function typedMeets(turned: View, view: View): i32 {
  let found = -1;
  for (let i = 0; i < turned.typed.length; i++) {
    for (let j = 0; j < view.typed.length; j++) {
      const left = turned.typed[i], right = view.typed[j];
      if (left.kind != right.kind || left.kind != Kind.literal && left.unit != right.unit && !bare(left, right)) continue;
      if (left.equals(right)) return 0;
      found = 1;
    }
  }
  return found;
}

function hasFreshName(a: Sketch, b: Sketch): bool {
  for (let i = 0; i < a.turn.names.length; i++) if (!holds(b.whole.words, a.turn.names[i])) return true;
  return false;
}

/** It names an old value of the kind, and that is not this one. */
function namesOther(a: Sketch, view: View): bool {
  for (let i = 0; i < a.oldTyped.length; i++) {
    for (let j = 0; j < view.typed.length; j++) if (a.oldTyped[i].kind == view.typed[j].kind) return true;
  }
  return false;
}

/** A line of a form under a heading that names another thing than the heading of the change. */
function otherHeading(newer: Statement, a: Sketch, older: Statement, b: Sketch): bool {
  if (a.topic.length == 0 || b.topic.length == 0 || !older.fact.label && !newer.fact.label && !b.labelled) return false;
  for (let i = 0; i < b.topic.length; i++) if (holds(a.topic, b.topic[i]) || holds(a.whole.words, b.topic[i])) return false;
  for (let i = 0; i < a.topic.length; i++) if (holds(b.whole.words, a.topic[i])) return false;
  return b.headed;
}

/** A count without its noun: "down to 72". */
function bare(left: Value, right: Value): bool {
  return left.kind == Kind.number && (left.unit.length == 0 || right.unit.length == 0);
}

/** How much of the clause that tells the change is about what the earlier sentence is about. */
function turnShare(a: Sketch, b: Sketch): f64 {
  let all = 0, shared = 0;
  const turned = a.turn;
  for (let i = 0; i < turned.words.length; i++) {
    if (holds(turned.names, turned.words[i]) && !holds(b.whole.words, turned.words[i])) continue;
    if (turned.words[i] == priceForm && !holds(b.whole.words, priceForm)) continue;
    all++;
    if (holds(b.whole.words, turned.words[i]) || holds(b.topic, turned.words[i])) shared++;
  }
  return all == 0 ? 1 : <f64> shared / all;
}

/** The change is about something with a name or number that the earlier note does not know: another thing's. */
function foreignNames(a: Sketch, older: Statement, b: Sketch): bool {
  for (let i = 0; i < a.subjectNames.length; i++) {
    const name = a.subjectNames[i];
    if (!holds(b.whole.words, name) && !holds(b.topic, name) && !older.owner.says(name)) return true;
  }
  return false;
}

const flipping = ["now", "no longer", "any more", "after all", "from now on", "as of", "in future", "again", "stopped", "stop", "quit", "ceased", "change of plan", "not … but"];

/** "X is so no longer", "X is so now": the same words, and a negation in one of them. */
function flips(a: Sketch, older: Statement, view: View): Ended | null {
  if (!flipping.includes(a.cue)) return null;
  let all = 0, met = 0;
  for (let i = 0; i < view.words.length; i++) {
    all++;
    if (holds(a.turn.words, view.words[i]) || holds(a.oldWords, view.words[i])) met++;
  }
  if (all < 2 || met < all) return null;
  let turned = 0, shared = 0;
  for (let i = 0; i < a.turn.words.length; i++) {
    turned++;
    if (holds(view.words, a.turn.words[i])) shared++;
  }
  for (let i = 0; i < a.oldWords.length; i++) {
    if (holds(a.turn.words, a.oldWords[i])) continue;
    turned++;
    if (holds(view.words, a.oldWords[i])) shared++;
  }
  if (<f64> shared / turned < 0.66) return null;
  if (typedMeets(a.whole, view) > 0) return null;
  return new Ended(older, a.cue, "says of the same that it is no longer so, or is so now", 0.95);
}

/** A name in another clause of the earlier sentence that the later one lacks: it is that one's role, not this one's. */
function namesBeside(a: Sketch, b: Sketch, view: View): bool {
  for (let i = 0; i < b.whole.names.length; i++) {
    const name = b.whole.names[i];
    if (!holds(view.words, name) && !holds(a.whole.words, name) && !holds(a.before, name)) return true;
  }
  return false;
}

/** "Our accountant is Hope Lane now": the same role, another name. */
function renames(a: Sketch, older: Statement, b: Sketch, view: View): Ended | null {
  if (view.names.length == 0 || view !== b.whole && namesBeside(a, b, view)) return null;
  let fresh = 0;
  for (let i = 0; i < a.turn.names.length; i++) if (!holds(b.whole.words, a.turn.names[i])) fresh++;
  // "Moira is the cleaner now": a capital at the beginning is a name where both speak of a role.
  const opener = view.role && a.turn.role && a.turn.first != 0 && !holds(b.whole.words, a.turn.first) ? a.turn.first : 0;
  if (fresh == 0 && opener == 0) return null;
  // What the earlier clause is about, without the name it gives.
  let about = 0, shared = 0, gaveName = 0;
  for (let i = 0; i < view.words.length; i++) {
    const word = view.words[i];
    if (holds(view.names, word) && !holds(a.turn.words, word)) {
      gaveName++;
      continue;
    }
    if (holds(view.nouns, word) && !holds(a.whole.words, word)) continue;
    about++;
    if (holds(a.turn.words, word) || holds(a.before, word) || holds(a.whole.words, word)) shared++;
  }
  if (gaveName == 0 || about == 0 || shared < about) return null;
  let turned = 0, met = 0;
  for (let i = 0; i < a.turn.words.length; i++) {
    const word = a.turn.words[i];
    if ((word == opener || holds(a.turn.names, word)) && !holds(b.whole.words, word)) continue;
    turned++;
    if (holds(b.whole.words, word) || holds(b.topic, word)) met++;
  }
  if (turned == 0 || <f64> met / turned < (about > 1 ? 0.6 : 1.0)) return null;
  const isShort = b.whole.words.length <= 4 && about + gaveName == view.words.length;
  if (about < 2 && !(view.role && a.turn.role) && !(isShort && (a.cue == "new" || a.cue == "now" || a.cue.endsWith(" over") || view.chosen))) return null;
  return new Ended(older, a.cue, "a later name for the same, with a cue", 0.95);
}

/** A day of the earlier sentence lies before the later one: that was another occasion. */
function passed(typed: Value[], written: string, time: string): bool {
  if (time.length < 10 || written.length < 10) return false;
  const now = dayOf(time), then = dayOf(written);
  for (let i = 0; i < typed.length; i++) {
    const one = typed[i];
    if (one.kind != Kind.date) continue;
    const year = one.year != 0 ? one.year : <i32> I32.parseInt(written.substring(0, 4));
    const day = year * 10000 + <i32> one.amount;
    if (day >= then && day < now) return true;
  }
  return false;
}

function dayOf(time: string): i32 {
  return <i32> I32.parseInt(time.substring(0, 4)) * 10000 + <i32> I32.parseInt(time.substring(5, 7)) * 100 +
    <i32> I32.parseInt(time.substring(8, 10));
}
