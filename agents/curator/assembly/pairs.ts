/**
 * Two sentences as numbers: how much of what the earlier one speaks of the later one speaks of, which values stand on
 * both sides, by which word the later one tells a change. What the numbers weigh stands in weights.ts.
 *
 * Owns: which pairs are worth weighing, and their features. Does not own: the rules (reversals.ts).
 *
 * Invariants:
 * 1. Features are whole numbers, a function of the two sentences and of how common their words are in the context.
 * 2. Those of `featureNames` are in its order.
 */
import { Statement } from "./notes";
import { holds, priceForm, Sketch } from "./sketch";
import { Kind, Value } from "./values";
import { negations } from "./vocabulary";

/** What the features of a pair are called, in order: those of the older sentence end in Old, of the later one in New. */
export const featureNames =
  "cueWeak,cueNow,cueNoLonger,cueInstead,cueTurn,cueTakes,cueOff,cueNew,saysNow," +
  "hasOldTyped,hasOldWords,oldTyped,oldTypedOther,oldWords,oldWordsShare," +
  "typedNew,typedOld,meetsOther,meetsSame,meetsDate,meetsWeekday,meetsTime,meetsMoney,meetsNumber,meetsQuantity,kindsOnlyNew,kindsOnlyOld,unitSame," +
  "freshNames,goneNames,missingHead,firstMissing,firstFresh,firstShared,nounShared,foreign," +
  "shareOld,shareNew,shareView,sharedRarity,maxRarity,shared,sharedNames,topicShared,topicOld,topicNew,missingRarity,extraRarity," +
  "sameSource,sameTitle,days,undated,labelOld,labelNew,hedged,negativeOld,negativeNew,relative,cueOld,wordsOld,wordsNew,viewsNew," +
  "sameKey,sameSubject,sameAttribute,comparable,chosenBoth,roleBoth,equatesOld,goesOn," +
  "wholeSame,wholeOther,deniedTyped,denied,deniedShare,deniedMax,joinName,joinTyped,headNew,headOld,headShared," +
  "presentOld,futureOld,pastOld,presentNew,futureNew,pastNew,looseOld,looseNew,priorOld,priorNew,turnOld,meetsTurn,hasValueOld," +
  "firstNames,firstNameOther,roleWords,typedAll," +
  "rank,ofBest,candidates,newerBetter,sharedNow";

/** How common the words of a context are. */
export class Rarity {
  private readonly counts: Map<u64, i32> = new Map<u64, i32>();
  private readonly named: Map<u64, i32> = new Map<u64, i32>();
  /** Words written as names where a capital tells; `by` 1 or -1. */
  name(words: u64[], by: i32): void {
    for (let i = 0; i < words.length; i++) this.named.set(words[i], (this.named.has(words[i]) ? this.named.get(words[i]) : 0) + by);
  }
  /** Whether a word is a name wherever a capital tells, half the times at least. */
  isName(word: u64): bool {
    const named = this.named.has(word) ? this.named.get(word) : 0;
    return named > 0 && named * 4 >= (this.counts.has(word) ? this.counts.get(word) : 0);
  }
  add(words: u64[], by: i32): void {
    for (let i = 0; i < words.length; i++) {
      const word = words[i];
      const count = (this.counts.has(word) ? this.counts.get(word) : 0) + by;
      if (count <= 0) this.counts.delete(word);
      else this.counts.set(word, count);
    }
  }
  /** 32 for a word that stands in one sentence, 4 less each time it stands in twice as many, 0 from 256 on. */
  of(word: u64): i32 {
    return this.counts.has(word) ? max(0, 32 - quarters(this.counts.get(word))) : 32;
  }
  /** How rare a sentence's words and those of its heading are, in one number; each word's stands in `into`. */
  signature(one: Statement, into: i32[]): u64 {
    const sketch = one.sketch!, words = sketch.whole.words, topic = sketch.topic;
    let hash: u64 = 0xcbf29ce484222325;
    into.length = 0;
    for (let i = 0; i < words.length; i++) {
      const rare = this.of(words[i]);
      into.push(rare);
      hash = (hash ^ <u64> rare) * 0x100000001b3;
    }
    for (let i = 0; i < topic.length; i++) hash = (hash ^ <u64> this.of(topic[i])) * 0x100000001b3;
    return sketch.whole.first != 0 && this.isName(sketch.whole.first) ? ~hash : hash;
  }
}

/** Four times the logarithm to base 2, rounded down, by whole numbers. */
function quarters(value: i32): i32 {
  if (value <= 1) return 0;
  const bits = 31 - clz(value);
  const rest = bits >= 2 ? value >> (bits - 2) & 3 : (value << (2 - bits)) & 3;
  return bits * 4 + rest;
}

/** A later sentence and an earlier one that it may end. */
export class Pair {
  /** In the order of `featureNames`; null until measured. */
  features: StaticArray<i16> | null = null;
  sharedRarity: i32 = 0;
  /** The later sentence has no other word or value; it begins with another name than the earlier one. */
  saysSame: bool = false;
  otherName: bool = false;
  /** Of what was measured; the outcome. */
  signature: u64 = 0;
  sum: i32 = 0;
  constructor(readonly newer: Statement, readonly older: Statement, readonly promise: i32) {}
}

/** Words of change by what they say: that something is off, that it is so now, that it is no longer so … */
const cueOff = ["cancelled", "canceled", "scrapped", "postponed", "put off", "called off", "dropped", "drop"];
const cueNow = ["now", "from now on", "in future", "as of", "from then"];
const cueNo = ["no longer", "any more", "stopped", "stop", "quit", "ceased"];
const cueInstead = ["instead", "instead of", "rather than", "in place", "not the old value", "not … but", "in favour", "in favor"];
const cueTakes = ["takes over", "hands over", "elected", "appointed", "succeeds", "succeeded", "left", "leaving", "withdrawn", "resigned", "retired", "retiring", "gone from", "went from"];
const cueNew = ["new", "correction", "update", "change of plan", "scrap", "after all", "in the end", "again", "corrected"];

/** Which kind of word tells a change: the place of its feature. */
export function cueClass(cue: string, weak: bool): i32 {
  if (weak) return 0;
  if (cueNow.includes(cue) || cue.startsWith("from ")) return 1;
  if (cueNo.includes(cue)) return 2;
  if (cueInstead.includes(cue)) return 3;
  if (cueTakes.includes(cue)) return 5;
  if (cueOff.includes(cue)) return 6;
  if (cueNew.includes(cue)) return 7;
  return 4;
}

/** The words of the pair that is measured, of each sentence, and how rare each is. */
let newerWords: u64[] = [];
let olderWords: u64[] = [];
export const newerRarities: i32[] = [];
export const olderRarities: i32[] = [];

/** How rare a word is: asked of the pair's own words first. */
function rareness(word: u64, rarity: Rarity): i32 {
  for (let i = 0; i < newerWords.length; i++) if (newerWords[i] == word) return newerRarities[i];
  for (let i = 0; i < olderWords.length; i++) if (olderWords[i] == word) return olderRarities[i];
  return rarity.of(word);
}
function rarenessOf(words: u64[], rarity: Rarity): i32 {
  let sum = 0;
  for (let i = 0; i < words.length; i++) sum += rareness(words[i], rarity);
  return sum;
}
/** Of those of `some` that `words` or `more` hold. */
function sharedRarity(some: u64[], words: u64[], more: u64[], rarity: Rarity): i32 {
  let sum = 0;
  for (let i = 0; i < some.length; i++) if (holds(words, some[i]) || holds(more, some[i])) sum += rareness(some[i], rarity);
  return sum;
}

/** Of one kind: -1 where both have the same value, 1 where they have others, 0 where one of them has none. */
function kindMeets(a: Value[], b: Value[], kind: i32): i32 {
  let found = 0;
  for (let i = 0; i < a.length; i++) {
    if (<i32> a[i].kind != kind) continue;
    for (let j = 0; j < b.length; j++) {
      if (<i32> b[j].kind != kind) continue;
      if (a[i].equals(b[j])) return -1;
      found = 1;
    }
  }
  return found;
}

/** "instead of 8" means 8 am, where a time is spoken of. */
function meansSame(old: Value, value: Value): bool {
  if (old.kind == value.kind) return old.equals(value);
  if (old.kind != Kind.number || old.unit.length > 0) return false;
  if (value.kind == Kind.time) return value.amount == old.amount * 60 || value.amount == (old.amount + 12) * 60;
  return (value.kind == Kind.number || value.kind == Kind.money) && value.amount == old.amount;
}

/** Days since the year 0, as if every month had 30 of them. */
function daysOf(time: string): i32 {
  if (time.length < 10) return 0;
  const y = <i32> I32.parseInt(time.substring(0, 4)), m = <i32> I32.parseInt(time.substring(5, 7)), d = <i32> I32.parseInt(time.substring(8, 10));
  return y * 365 + m * 30 + d;
}

/** The values that an earlier sentence gives: of a change, those that it changed to. */
function valuesOf(b: Sketch): Value[] {
  return b.cue.length > 0 && b.turn.typed.length > 0 ? b.turn.typed : b.whole.typed;
}

/** The rarest word that the statement before has in common with the other sentence, and this one has not. */
function priorShared(prior: Statement | null, words: u64[], own: u64[], rarity: Rarity): i32 {
  if (prior === null) return -1;
  const sketch = prior.sketch;
  if (sketch === null) return -1;
  let most = 0;
  const all = sketch.whole.words;
  for (let i = 0; i < all.length; i++) if (holds(words, all[i]) && !holds(own, all[i])) most = max(most, rareness(all[i], rarity));
  return most;
}

/** So many words in common, and nearly no others: the later sentence only says it again. */
const sameWordsMin: i32 = 5;

/** Fills the features of a pair, but for those that depend on the other candidates; after its signatures were taken. */
export function measure(pair: Pair, rarity: Rarity): void {
  const newer = pair.newer, older = pair.older;
  const a = newer.sketch!, b = older.sketch!;
  const f: i32[] = [];
  newerWords = a.whole.words;
  olderWords = b.whole.words;
  const nw = a.whole.words, turn = a.turn.words, ow = b.whole.words;
  const cls = cueClass(a.cue.length > 0 ? a.cue : a.weak, a.cue.length == 0);
  for (let i = 0; i < 8; i++) f.push(i == cls ? 1 : 0);
  f.push(a.saysNow ? 1 : 0);
  // The old value named.
  f.push(a.oldTyped.length > 0 ? 1 : 0);
  f.push(a.oldWords.length);
  let oldTyped = 0, oldOther = 0;
  for (let i = 0; i < a.oldTyped.length; i++) {
    for (let j = 0; j < b.whole.typed.length; j++) {
      if (meansSame(a.oldTyped[i], b.whole.typed[j])) oldTyped++;
      else if (a.oldTyped[i].kind == b.whole.typed[j].kind) oldOther++;
    }
  }
  f.push(oldTyped);
  f.push(oldTyped == 0 && oldOther > 0 ? 1 : 0);
  const oldShared = sharedRarity(a.oldWords, ow, b.topic, rarity);
  const oldAll = rarenessOf(a.oldWords, rarity);
  f.push(oldShared);
  f.push(oldAll == 0 ? -1 : oldShared * 16 / oldAll);
  // Values.
  const at = a.turn.typed, bt = b.whole.typed;
  f.push(at.length);
  f.push(bt.length);
  let other = 0, same = 0;
  const kinds: i32[] = [];
  for (let kind = 0; kind <= <i32> Kind.literal; kind++) {
    const met = kindMeets(at, bt, kind);
    kinds.push(met);
    if (met > 0) other++;
    if (met < 0) same++;
  }
  f.push(other);
  f.push(same);
  f.push(kinds[<i32> Kind.date]);
  f.push(kinds[<i32> Kind.weekday]);
  f.push(kinds[<i32> Kind.time]);
  f.push(kinds[<i32> Kind.money]);
  f.push(kinds[<i32> Kind.number]);
  f.push(kinds[<i32> Kind.quantity]);
  let onlyNew = 0, onlyOld = 0, unitSame = 0;
  for (let i = 0; i < at.length; i++) {
    let met = false;
    for (let j = 0; j < bt.length; j++) if (at[i].kind == bt[j].kind) {
      met = true;
      if (at[i].unit == bt[j].unit && at[i].unit.length > 0) unitSame = 1;
    }
    if (!met) onlyNew++;
  }
  for (let j = 0; j < bt.length; j++) {
    let met = false;
    for (let i = 0; i < at.length; i++) if (at[i].kind == bt[j].kind) met = true;
    if (!met) onlyOld++;
  }
  f.push(onlyNew);
  f.push(onlyOld);
  f.push(unitSame);
  // Names.
  let fresh = 0, gone = 0, missingHead = 0, sharedNames = 0;
  for (let i = 0; i < a.turn.names.length; i++) if (!holds(ow, a.turn.names[i]) && !holds(b.topic, a.turn.names[i])) fresh++;
  for (let i = 0; i < b.whole.names.length; i++) {
    if (holds(nw, b.whole.names[i]) || holds(a.before, b.whole.names[i])) sharedNames++;
    else if (!holds(a.oldWords, b.whole.names[i])) gone++;
  }
  for (let i = 0; i < b.whole.headNames.length; i++) if (!holds(nw, b.whole.headNames[i]) && !holds(a.before, b.whole.headNames[i])) missingHead++;
  f.push(fresh);
  f.push(gone);
  f.push(missingHead);
  f.push(b.whole.first != 0 && !holds(nw, b.whole.first) && !holds(a.before, b.whole.first) ? 1 : 0);
  f.push(a.turn.first != 0 && !holds(ow, a.turn.first) && !holds(b.topic, a.turn.first) ? 1 : 0);
  f.push(a.whole.first != 0 && a.whole.first == b.whole.first ? 1 : 0);
  f.push(holdsAny(b.whole.nouns, a.whole.nouns) ? 1 : 0);
  let foreign = 0;
  for (let i = 0; i < a.subjectNames.length; i++) if (!holds(ow, a.subjectNames[i]) && !holds(b.topic, a.subjectNames[i])) foreign++;
  f.push(foreign);
  // Words.
  const topicN = a.topic, topicO = b.topic;
  const all = rarenessOf(ow, rarity);
  const shared = sharedRarity(ow, nw, a.before, rarity);
  pair.sharedRarity = shared;
  f.push(all == 0 ? 0 : shared * 32 / all);
  let turned = 0, turnShared = 0;
  for (let i = 0; i < turn.length; i++) {
    const r = rareness(turn[i], rarity);
    turned += r;
    if (holds(ow, turn[i]) || holds(topicO, turn[i])) turnShared += r;
  }
  f.push(turned == 0 ? -1 : turnShared * 32 / turned);
  let best = 0;
  for (let i = 1; i < b.views.length; i++) {
    const view = b.views[i];
    const sum = rarenessOf(view.words, rarity);
    const part = sharedRarity(view.words, nw, a.before, rarity);
    if (sum > 0 && part * 4 >= shared * 2) best = max(best, part * 32 / sum);
  }
  f.push(max(best, all == 0 ? 0 : shared * 32 / all));
  f.push(shared);
  let most = 0, count = 0, missing = 0;
  for (let i = 0; i < ow.length; i++) {
    const r = rareness(ow[i], rarity);
    if (holds(nw, ow[i]) || holds(a.before, ow[i])) {
      count++;
      most = max(most, r);
    } else if (!holds(topicN, ow[i]) && !holds(a.oldWords, ow[i])) missing = max(missing, r);
  }
  let extra = 0;
  for (let i = 0; i < turn.length; i++) if (!holds(ow, turn[i]) && !holds(topicO, turn[i])) extra = max(extra, rareness(turn[i], rarity));
  f.push(most);
  f.push(count);
  f.push(sharedNames);
  f.push(sharedRarity(topicN, topicO, [], rarity));
  f.push(sharedRarity(nw, topicO, [], rarity));
  f.push(sharedRarity(ow, topicN, [], rarity));
  f.push(missing);
  f.push(extra);
  // Place and time.
  f.push(newer.owner.source == older.owner.source ? 1 : 0);
  f.push(newer.owner.title == older.owner.title ? 1 : 0);
  const undated = older.owner.observedAt.length == 0;
  f.push(undated ? -1 : min(400, daysOf(newer.owner.observedAt) - daysOf(older.owner.observedAt)));
  f.push(undated ? 1 : 0);
  f.push(b.labelled ? 1 : 0);
  f.push(a.labelled ? 1 : 0);
  f.push(b.whole.hedged ? 1 : 0);
  f.push(b.whole.negative ? 1 : 0);
  f.push(a.turn.negative ? 1 : 0);
  f.push((b.whole.relative ? 1 : 0) + (a.turn.relative ? 2 : 0));
  f.push(b.cue.length > 0 ? 1 : 0);
  f.push(ow.length);
  f.push(nw.length);
  f.push(a.views.length);
  // What strict facts say.
  const x = newer.fact, y = older.fact;
  f.push(x.key.length > 0 && x.key == y.key ? 1 : 0);
  f.push(x.subject.length > 0 && x.subjectText == y.subjectText ? 1 : 0);
  f.push(x.attribute.length > 0 && x.attribute == y.attribute ? 1 : 0);
  f.push((x.comparable ? 1 : 0) + (y.comparable ? 2 : 0));
  f.push(a.turn.chosen && b.whole.chosen ? 1 : 0);
  f.push((a.turn.role ? 1 : 0) + (b.whole.role ? 2 : 0));
  f.push(b.whole.equates ? 1 : 0);
  f.push(a.before.length > 0 ? 1 : 0);
  // The old value, named anywhere.
  const wt = a.whole.typed, vt = valuesOf(b);
  let wholeSame = 0, wholeOther = 0, deniedTyped = 0;
  for (let j = 0; j < vt.length; j++) {
    for (let i = 0; i < wt.length; i++) {
      if (meansSame(wt[i], vt[j])) wholeSame++;
      else if (wt[i].kind == vt[j].kind) wholeOther++;
    }
    for (let i = 0; i < a.deniedTyped.length; i++) if (meansSame(a.deniedTyped[i], vt[j])) deniedTyped++;
  }
  f.push(wholeSame);
  f.push(wholeOther);
  f.push(deniedTyped);
  const denied = sharedRarity(a.denied, ow, [], rarity);
  f.push(denied);
  const deniedAll = rarenessOf(a.denied, rarity);
  f.push(deniedAll == 0 ? -1 : denied * 16 / deniedAll);
  let deniedMax = 0;
  for (let i = 0; i < a.denied.length; i++) if (holds(ow, a.denied[i])) deniedMax = max(deniedMax, rareness(a.denied[i], rarity));
  f.push(deniedMax);
  // The new value stands where the old one stood: behind the same preposition.
  let joinName = 0, joinTyped = 0;
  for (let i = 0; i < turn.length && joinName == 0; i++) {
    if (a.turn.wordJoins.length <= i || a.turn.wordJoins[i] == 0 || holds(ow, turn[i])) continue;
    for (let j = 0; j < ow.length; j++) if (b.whole.wordJoins[j] == a.turn.wordJoins[i] && !holds(nw, ow[j])) joinName = holds(a.turn.names, turn[i]) && holds(b.whole.names, ow[j]) ? 2 : max(1, joinName);
  }
  for (let i = 0; i < at.length; i++) {
    for (let j = 0; j < bt.length; j++) if (at[i].kind == bt[j].kind && !at[i].equals(bt[j]) && i < a.turn.typedJoins.length && a.turn.typedJoins[i] == b.whole.typedJoins[j]) joinTyped = 1;
  }
  f.push(joinName);
  f.push(joinTyped);
  const hn = a.turn.heads, ho = b.whole.heads;
  const hnAll = rarenessOf(hn, rarity), hoAll = rarenessOf(ho, rarity);
  f.push(hnAll == 0 ? -1 : sharedRarity(hn, ow, topicO, rarity) * 16 / hnAll);
  f.push(hoAll == 0 ? -1 : sharedRarity(ho, nw, topicN, rarity) * 16 / hoAll);
  f.push(sharedRarity(hn, ho, [], rarity));
  f.push(b.whole.present ? 1 : 0);
  f.push(b.whole.future ? 1 : 0);
  f.push(b.whole.past ? 1 : 0);
  f.push(a.turn.present ? 1 : 0);
  f.push(a.turn.future ? 1 : 0);
  f.push(a.turn.past ? 1 : 0);
  f.push(older.loose ? 1 : 0);
  f.push(newer.loose ? 1 : 0);
  f.push(priorShared(older.prior, nw, ow, rarity));
  f.push(priorShared(newer.prior, ow, nw, rarity));
  // An earlier change: of it counts what it changed to.
  f.push(b.cue.length > 0 ? sharedRarity(b.turn.words, nw, a.before, rarity) : -1);
  let turnOther = 0;
  for (let i = 0; i < at.length; i++) for (let j = 0; j < vt.length; j++) if (at[i].kind == vt[j].kind && !at[i].equals(vt[j])) turnOther++;
  f.push(turnOther);
  f.push(bt.length > 0 || b.whole.names.length > 0 ? 1 : 0);
  const firstA = a.whole.first, firstB = b.whole.first;
  const nameA = firstA != 0 && rarity.isName(firstA), nameB = firstB != 0 && rarity.isName(firstB);
  f.push((nameA ? 1 : 0) + (nameB ? 2 : 0));
  f.push(nameA && nameB && firstA != firstB && !holds(ow, firstA) && !holds(nw, firstB) ? 1 : 0);
  f.push(a.turn.role && b.whole.role ? 1 : 0);
  const firstsDiffer = firstA != 0 && firstB != 0 && firstA != firstB && !holds(ow, firstA) && !holds(nw, firstB);
  // Two names begin them; or the first word is all that differs: the same is said of two things.
  pair.otherName = firstsDiffer && (cls == 1 && nameA && nameB || cls != 3 && cls != 5 && other == 0 && count + 1 >= ow.length);
  const nearly = count >= sameWordsMin && count * 10 >= ow.length * 8 && count * 10 >= nw.length * 8 && fresh == 0 && gone == 0 && !a.saysNow && cls != 1 && cls != 3;
  pair.saysSame = (missing == 0 && extra == 0 || nearly) && other == 0 && b.whole.negative == a.turn.negative;
  // "New members: 5", "New members: 3": a word of the label, by which neither tells a change.
  if (a.labelled && b.labelled && (a.cue == "new" || a.weak == "new") && (b.cue == "new" || b.weak == "new")) pair.saysSame = true;
  // "Does not need a key", where "needs a key" was said: nothing tells which holds.
  if (cls == 0 && negations.has(a.weak) && extra == 0 && other == 0) pair.saysSame = true;
  let met = 0;
  for (let j = 0; j < vt.length; j++) {
    let has = false;
    for (let i = 0; i < wt.length; i++) if (wt[i].kind == vt[j].kind && !wt[i].equals(vt[j])) has = true;
    if (has) met++;
  }
  f.push(vt.length == 0 ? -1 : met * 8 / vt.length);
  for (let i = 0; i < besideFeatures; i++) f.push(0);
  pair.features = narrow(f);
}

/** In two bytes each; what is beyond is as much as they hold. */
function narrow(from: i32[]): StaticArray<i16> {
  const into = new StaticArray<i16>(from.length);
  for (let i = 0; i < from.length; i++) into[i] = <i16> max<i32>(i16.MIN_VALUE, min<i32>(i16.MAX_VALUE, from[i]));
  return into;
}

/** Features that depend on the other candidates: the last ones. */
const besideFeatures: i32 = 5;

/** Fills what depends on the other candidates of the later sentence. */
export function placeAmong(pairs: Pair[]): void {
  let best = 0;
  for (let i = 0; i < pairs.length; i++) best = max(best, pairs[i].sharedRarity);
  for (let i = 0; i < pairs.length; i++) {
    const one = pairs[i];
    let better = 0, newerBetter = 0, near = 0;
    for (let j = 0; j < pairs.length; j++) {
      const other = pairs[j];
      if (other.sharedRarity * 4 >= best * 3) near++;
      if (i == j || other.older.text == one.older.text) continue;
      if (other.sharedRarity > one.sharedRarity) better++;
      if (other.sharedRarity * 4 >= one.sharedRarity * 3 && other.older.owner.observedAt > one.older.owner.observedAt) newerBetter++;
    }
    const f = one.features!, from = f.length - besideFeatures;
    f[from] = <i16> better;
    f[from + 1] = <i16> (best == 0 ? 0 : one.sharedRarity * 32 / best);
    f[from + 2] = <i16> near;
    f[from + 3] = <i16> newerBetter;
    f[from + 4] = <i16> pairs.length;
  }
}

/** Whether a pair is none, whatever it weighs: the later sentence says nothing else, or begins with another's name. */
export function isVoid(pair: Pair): bool {
  return pair.saysSame || pair.otherName;
}

/** Candidates of one later sentence that are weighed. */
export const pairsMax: i32 = 16;

/** How much speaks, at first sight, for weighing a pair; 0 for nothing. Depends on the two sentences alone. */
export function promise(newer: Statement, older: Statement): i32 {
  const a = newer.sketch!, b = older.sketch!;
  const words = b.whole.words, own = a.whole.words;
  if (b.whole.numbered.length > 0 && a.whole.numbered.length > 0 && isOtherNumber(a, b)) return 0;
  const isShort = own.length < 5;
  // One word in common, most likely, and nothing else that speaks for it: cheap to see.
  if (!b.refers && a.denied.length == 0 && popcnt(b.whole.mask & a.mask) < 2 && !(isShort && holdsAny(words, a.topic)) && !mayBeOne(a, b)) return 0;
  let sum = 0, denied = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (holds(own, word)) {
      if (word != priceForm) sum += holds(b.whole.names, word) ? 3 : 2;
      if (holds(a.denied, word)) denied = true;
    } else if (holds(a.before, word)) sum += 2;
    else if (isShort && holds(a.topic, word)) sum += 2;
  }
  if (b.refers) for (let i = 0; i < b.topic.length; i++) if (holds(own, b.topic[i])) sum += 2;
  const typed = b.whole.typed;
  if (typed.length > 0) {
    for (let i = 0; i < a.deniedTyped.length; i++) {
      for (let j = 0; j < typed.length; j++) if (meansSame(a.deniedTyped[i], typed[j])) sum += 4;
    }
  }
  if (sum == 0 || sum > 3) return newer.text == older.text ? 0 : sum;
  // One plain word in common: something else has to speak for it.
  if (denied) return sum;
  return mayBeOne(a, b) ? sum : 0;
}

/** Whether one plain word in common may be enough: few words, or values of one kind, and no two names that differ. */
function mayBeOne(a: Sketch, b: Sketch): bool {
  if (b.whole.words.length >= 5 && a.turn.words.length >= 4 && (a.turn.kinds & b.whole.kinds) == 0) return false;
  return !(lacks(a.subjectNames, b.whole.words) && lacks(b.whole.headNames, a.whole.words));
}

function holdsAny(words: u64[], some: u64[]): bool {
  for (let i = 0; i < some.length; i++) if (holds(words, some[i])) return true;
  return false;
}

/** "Test 2 …" and "test 1 …": each is about a thing of its number. */
function isOtherNumber(a: Sketch, b: Sketch): bool {
  for (let i = 0; i < a.whole.nouns.length; i++) {
    if (!holds(a.whole.heads, a.whole.numbered[i])) continue;
    for (let j = 0; j < b.whole.nouns.length; j++) {
      if (a.whole.nouns[i] != b.whole.nouns[j] || a.whole.numbered[i] == b.whole.numbered[j]) continue;
      if (holds(b.whole.heads, b.whole.numbered[j]) && !holds(a.whole.words, b.whole.numbered[j])) return true;
    }
  }
  return false;
}

function lacks(names: u64[], words: u64[]): bool {
  for (let i = 0; i < names.length; i++) if (!holds(words, names[i])) return true;
  return false;
}

/** Whether a pair is to be weighed before another one of the same later sentence. */
function comesBefore(promise: i32, older: Statement, other: Pair): bool {
  if (promise != other.promise) return promise > other.promise;
  const left = older.owner.observedAt, right = other.older.owner.observedAt;
  if (left != right) return left > right;
  return older.ref != other.older.ref ? older.ref < other.older.ref : older.text < other.older.text;
}

/** Adds a pair to those of its later sentence, as far as `pairsMax` allows: the most promising ones stay. */
export function offer(newer: Statement, older: Statement, promise: i32): void {
  const pairs = newer.pairs;
  if (pairs.length < pairsMax) {
    if (pairs.length == 0) newer.pairs = [];
    newer.pairs.push(new Pair(newer, older, promise));
    newer.lastPair = -1;
    return;
  }
  newer.overflown = true;
  if (newer.lastPair < 0) {
    let last = 0;
    for (let i = 1; i < pairs.length; i++) if (comesBefore(pairs[last].promise, pairs[last].older, pairs[i])) last = i;
    newer.lastPair = last;
  }
  const last = newer.lastPair;
  if (!comesBefore(promise, older, pairs[last])) return;
  pairs[last] = new Pair(newer, older, promise);
  newer.lastPair = -1;
}
