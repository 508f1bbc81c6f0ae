/**
 * Two bodies side by side: which sentences and lines of one are found again in the other, and what differs in them.
 *
 * Invariants:
 * 1. What is found does not depend on which of the two is named first.
 * 2. What differs is form (spelling, marks, order, a word or remark left out or added), or it is a value: a number, a
 *    date, a name, a negation, another thing in the same words. One such value, and the two differ.
 */
import { isDigit, isLetter } from "../../sdk/assemblyscript/assembly";
import { Body, Unit } from "./body";
import { asideMark, denialMarks, lightMark, sideMark, valueMark } from "./forms";

/** Shares are in hundredths. */
const pairedPercentMin: i32 = 50;
const splitPercentMin: i32 = 70;
const sameWordsPercentMin: i32 = 75;
/** So many words of one sentence are compared one by one at most: then it differs. */
const otherWordsMax: i32 = 200;
/** So many pairs of units, or of words, are walked through rather than looked up: a table costs more. */
const walkedMax: i32 = 400;
/** Words of a clause. */
const clauseWordsMin: i32 = 3;
/** Where more pairs of units are left to be compared, too much differs to call it a copy. */
const leftPairsMax: i32 = 100000;
const lonePairsMax: i32 = 4096;
/** In a text this long a name may be misspelt. */
const longWordsMin: i32 = 30;
/** A shorter name is another one where a letter is. */
const nameLettersMin: i32 = 6;

/** What became of some units of one body and those of the other that say about the same. */
enum Found {
  same,
  /** Too much is missing to call it the same. */
  loose,
  /** Likewise, but all that the one says stands in the other. */
  inB,
  inA,
  differs,
}

export class Aligned {
  /** By unit, whether it is found again in the other body. */
  readonly foundA: StaticArray<bool>;
  readonly foundB: StaticArray<bool>;
  /** A value is another. */
  differs: bool = false;
  /** Words found again, and all words but for heads of mails and remarks that only one of them has. */
  commonA: i32 = 0;
  commonB: i32 = 0;
  wordsA: i32;
  wordsB: i32;
  /** Words of units that are not, but all of which stand in one of the other that says more. */
  withinA: i32 = 0;
  withinB: i32 = 0;
  /** A line of the one is the heading of the other. */
  titled: bool = false;
  /** Words that are others, in sentences that are the same but for them. */
  edited: i32 = 0;

  constructor(a: Body, b: Body) {
    this.foundA = new StaticArray<bool>(a.units.length);
    this.foundB = new StaticArray<bool>(b.units.length);
    this.wordsA = a.words;
    this.wordsB = b.words;
  }
}

/** Lays two bodies side by side; `titlesA` and `titlesB` are keys of lines that stand as a heading. */
export function align(a: Body, b: Body, titlesA: u64[], titlesB: u64[]): Aligned {
  return new Aligner(a, b).align(titlesA, titlesB);
}

class Aligner {
  private readonly aligned: Aligned;
  /** By unit, the unit it is found in, or -1. */
  private readonly inB: StaticArray<i32>;
  private readonly inA: StaticArray<i32>;

  constructor(private readonly a: Body, private readonly b: Body) {
    this.aligned = new Aligned(a, b);
    this.inB = new StaticArray<i32>(a.units.length);
    this.inA = new StaticArray<i32>(b.units.length);
    this.inB.fill(-1);
    this.inA.fill(-1);
  }

  align(titlesA: u64[], titlesB: u64[]): Aligned {
    this.findSame();
    const leftA = leftOf(this.a, this.inB, titlesB), leftB = leftOf(this.b, this.inA, titlesA);
    if (leftA.length > 0 && leftB.length > 0) this.pair(leftA, leftB);
    const aligned = this.aligned;
    if (aligned.differs) return aligned;
    this.count(this.a, this.inB, aligned.foundA, titlesB, true);
    this.count(this.b, this.inA, aligned.foundB, titlesA, false);
    return aligned;
  }

  /** Units that are word for word the same, each once, the nearest to where one was found last. */
  private findSame(): void {
    if (this.a.units.length * this.b.units.length > walkedMax) return this.lookUpSame();
    const units = this.b.units;
    let at = 0;
    for (let i = 0; i < this.a.units.length; i++) {
      const key = this.a.units[i].key;
      for (let n = 0; n < units.length; n++) {
        const j = at + n < units.length ? at + n : at + n - units.length;
        if (units[j].key != key || this.inA[j] >= 0) continue;
        this.same(i, j);
        at = j + 1 < units.length ? j + 1 : 0;
        break;
      }
    }
  }
  private lookUpSame(): void {
    const units = this.b.units;
    const first = new Map<u64, i32>();
    const next = new StaticArray<i32>(units.length);
    for (let i = units.length - 1; i >= 0; i--) {
      next[i] = first.has(units[i].key) ? first.get(units[i].key) : -1;
      first.set(units[i].key, i);
    }
    for (let i = 0; i < this.a.units.length; i++) {
      const key = this.a.units[i].key;
      if (!first.has(key)) continue;
      const at = first.get(key);
      if (at < 0) continue;
      first.set(key, next[at]);
      this.same(i, at);
    }
  }
  private same(i: i32, j: i32): void {
    this.inB[i] = j;
    this.inA[j] = i;
    this.aligned.foundA[i] = true;
    this.aligned.foundB[j] = true;
  }

  /** Of the units left over, those that say about the same; and whether others stand in each other's place. */
  private pair(leftA: i32[], leftB: i32[]): void {
    if (<i64> leftA.length * leftB.length > leftPairsMax) {
      this.aligned.differs = true;
      return;
    }
    const rows = this.sharedBy(leftA, leftB);
    const bestOfA = new StaticArray<i32>(leftA.length), bestOfB = new StaticArray<i32>(leftB.length);
    bestOfA.fill(-1);
    bestOfB.fill(-1);
    const scoreOfA = new StaticArray<i32>(leftA.length), scoreOfB = new StaticArray<i32>(leftB.length);
    for (let j = 0; j < leftB.length; j++) {
      const row = rows[j];
      for (let k = 0; k < row.length; k += 2) {
        const i = row[k];
        const wordsA = this.a.units[leftA[i]].words, wordsB = this.b.units[leftB[j]].words;
        const shared = row[k + 1];
        if (shared * 100 < pairedPercentMin * min(wordsA, wordsB)) continue;
        // Of two that fit as well the one nearer in place is meant.
        const score = shared * 200000 / (wordsA + wordsB) - abs(leftA[i] - leftB[j]);
        if (score > scoreOfA[i]) {
          scoreOfA[i] = score;
          bestOfA[i] = j;
        }
        if (score > scoreOfB[j]) {
          scoreOfB[j] = score;
          bestOfB[j] = i;
        }
      }
    }
    const loneA: i32[] = [], loneB: i32[] = [];
    for (let i = 0; i < leftA.length && !this.aligned.differs; i++) {
      const j = bestOfA[i];
      if (j < 0 || bestOfB[j] != i) {
        loneA.push(i);
        continue;
      }
      const groupA = [leftA[i]], groupB = [leftB[j]];
      // One sentence of the one may be two of the other.
      this.join(leftA, bestOfA, i, j, this.a, this.b, leftB[j], groupA, rows, true);
      this.join(leftB, bestOfB, j, i, this.b, this.a, leftA[i], groupB, rows, false);
      this.judge(groupA, groupB);
    }
    if (this.aligned.differs) return;
    for (let j = 0; j < leftB.length; j++) if (bestOfB[j] < 0 || bestOfA[bestOfB[j]] != j) loneB.push(j);
    this.replaced(leftA, leftB, loneA, loneB);
  }

  /** Adds to a group the units beside that have no partner of their own and most of whose words stand there. */
  private join(
    left: i32[],
    best: StaticArray<i32>,
    at: i32,
    partner: i32,
    own: Body,
    other: Body,
    target: i32,
    group: i32[],
    rows: i32[][],
    isA: bool,
  ): void {
    if (other.units[target].words <= own.units[left[at]].words) return;
    for (let step = -1; step <= 1; step += 2) {
      for (let near = at + step; near >= 0 && near < left.length; near += step) {
        if (left[near] != left[near - step] + step || best[near] != partner) break;
        const row = isA ? rows[partner] : rows[near];
        const wanted = isA ? near : partner;
        let k = 0;
        while (k < row.length && row[k] != wanted) k += 2;
        if (k == row.length || row[k + 1] * 100 < splitPercentMin * own.units[left[near]].words) break;
        if (step < 0) group.unshift(left[near]);
        else group.push(left[near]);
      }
    }
  }

  /** For each leftover unit of b, the leftover units of a that share a word that says something, each with how many. */
  private sharedBy(leftA: i32[], leftB: i32[]): i32[][] {
    const rows: i32[][] = [];
    let words = 0;
    for (let i = 0; i < leftA.length; i++) words += this.a.units[leftA[i]].words;
    for (let j = 0; j < leftB.length; j++) {
      if (words * this.b.units[leftB[j]].words > walkedMax * 4) return this.lookUpShared(leftA, leftB);
    }
    for (let j = 0; j < leftB.length; j++) {
      const row: i32[] = [];
      const other = this.b.units[leftB[j]];
      for (let i = 0; i < leftA.length; i++) {
        const one = this.a.units[leftA[i]];
        let shared = 0, heavy = 0;
        for (let k = other.from; k < other.to; k++) {
          const form = this.b.forms[k];
          let n = one.from;
          while (n < one.to && this.a.forms[n] != form) n++;
          if (n == one.to) continue;
          shared++;
          if ((this.b.marks[k] & lightMark) == 0) heavy++;
        }
        if (heavy == 0 && shared * 100 < sameWordsPercentMin * max(one.words, other.words)) continue;
        row.push(i);
        row.push(min(shared, min(one.words, other.words)));
      }
      rows.push(row);
    }
    return rows;
  }
  private lookUpShared(leftA: i32[], leftB: i32[]): i32[][] {
    const places = new Map<u64, i32[]>();
    for (let i = 0; i < leftA.length; i++) {
      const unit = this.a.units[leftA[i]];
      for (let k = unit.from; k < unit.to; k++) {
        const form = this.a.forms[k];
        if (!places.has(form)) places.set(form, [i]);
        else {
          const list = places.get(form);
          if (list[list.length - 1] != i) list.push(i);
        }
      }
    }
    const shared = new StaticArray<i32>(leftA.length), heavy = new StaticArray<i32>(leftA.length);
    const rows: i32[][] = [];
    for (let j = 0; j < leftB.length; j++) {
      const unit = this.b.units[leftB[j]];
      const touched: i32[] = [];
      for (let k = unit.from; k < unit.to; k++) {
        if (!places.has(this.b.forms[k])) continue;
        const list = places.get(this.b.forms[k]);
        const weight = (this.b.marks[k] & lightMark) == 0 ? 1 : 0;
        for (let n = 0; n < list.length; n++) {
          if (shared[list[n]] == 0) touched.push(list[n]);
          shared[list[n]]++;
          heavy[list[n]] += weight;
        }
      }
      const row: i32[] = [];
      for (let n = 0; n < touched.length; n++) {
        const i = touched[n];
        if (heavy[i] > 0 || shared[i] * 100 >= sameWordsPercentMin * max(unit.words, this.a.units[leftA[i]].words)) {
          row.push(i);
          row.push(min(shared[i], min(unit.words, this.a.units[leftA[i]].words)));
        }
        shared[i] = 0;
        heavy[i] = 0;
      }
      rows.push(row);
    }
    return rows;
  }

  private judge(groupA: i32[], groupB: i32[]): void {
    const found = this.compare(groupA, groupB);
    if (found == Found.differs) this.aligned.differs = true;
    if (found == Found.inB) for (let i = 0; i < groupA.length; i++) this.aligned.withinA += this.a.units[groupA[i]].words;
    if (found == Found.inA) for (let j = 0; j < groupB.length; j++) this.aligned.withinB += this.b.units[groupB[j]].words;
    // Too little of it is the same, but it stands where the other does.
    for (let i = 0; i < groupA.length; i++) {
      this.inB[groupA[i]] = groupB[0];
      this.aligned.foundA[groupA[i]] = found == Found.same;
    }
    for (let j = 0; j < groupB.length; j++) {
      this.inA[groupB[j]] = groupA[0];
      this.aligned.foundB[groupB[j]] = found == Found.same;
    }
  }

  private compare(groupA: i32[], groupB: i32[]): Found {
    const a = this.a, b = this.b;
    const wordsA = wordsOf(a, groupA), wordsB = wordsOf(b, groupB);
    const partA = new StaticArray<bool>(wordsA.length);
    const onlyA: i32[] = [], onlyB: i32[] = [];
    match(a, wordsA, b, wordsB, partA, onlyB);
    for (let i = 0; i < wordsA.length; i++) if (!partA[i]) onlyA.push(wordsA[i]);
    if (onlyA.length > otherWordsMax || onlyB.length > otherWordsMax) return Found.differs;
    const common = wordsA.length - onlyA.length;
    if (swapped(valuesOf(a, wordsA, onlyA), valuesOf(b, wordsB, onlyB))) return Found.differs;
    takeAsides(a, onlyA, b, onlyB);
    takeAsides(b, onlyB, a, onlyA);
    this.takeSlips(onlyA, onlyB);
    const shorter = min(wordsA.length, wordsB.length);
    const marksA = marksOf(a, onlyA), marksB = marksOf(b, onlyB);
    const heavyA = heavyOf(a, onlyA), heavyB = heavyOf(b, onlyB);
    const cell = groupA.length == 1 && groupB.length == 1 && a.units[groupA[0]].isCell && b.units[groupB[0]].isCell;
    if (onlyA.length == 0 || onlyB.length == 0) {
      // Words that one of them lacks.
      const marks = marksA | marksB;
      const within = onlyA.length == 0 ? Found.inB : Found.inA;
      // A clause more: what is left says the same, whatever the clause says.
      if (!cell && isRun(onlyA) && isRun(onlyB)) return this.fits(heavyA + heavyB, marks, shorter) ? Found.same : within;
      if ((marks & denialMarks) == denialMarks) return Found.differs;
      if (cell && heavyA + heavyB > 0) return (marks & (valueMark | sideMark)) != 0 ? Found.differs : Found.loose;
      if ((marks & (valueMark | sideMark)) != 0) return Found.loose;
      const light = onlyA.length + onlyB.length - heavyA - heavyB;
      return this.fits(heavyA + heavyB, marks, shorter) && light <= 2 + shorter / 4 ? Found.same : within;
    }
    if (((marksA | marksB) & valueMark) != 0) return Found.differs;
    if (heavyA + heavyB == 0) return onlyA.length + onlyB.length <= 2 + shorter / 4 ? Found.same : Found.loose;
    if (cell || ((marksA | marksB) & sideMark) != 0) return Found.differs;
    const other = min(heavyA, heavyB);
    if (shorter >= 6 && other <= 1 && max(heavyA, heavyB) - other <= shorter / 6) {
      this.aligned.edited += other;
      return Found.same;
    }
    return common * 100 >= sameWordsPercentMin * shorter ? Found.differs : Found.loose;
  }

  /** So few words more, none of which is a value, leave the sentence the same. */
  private fits(heavy: i32, marks: u8, shorter: i32): bool {
    return (marks & (valueMark | sideMark)) == 0 && heavy <= max(1, shorter / 4);
  }

  /** Takes away words that are the same but for a slip of the pen. */
  private takeSlips(onlyA: i32[], onlyB: i32[]): void {
    if (onlyA.length == 0 || onlyB.length == 0) return;
    const a = this.a, b = this.b;
    const long = min(a.words, b.words) >= longWordsMin;
    for (let i = onlyA.length - 1; i >= 0; i--) {
      for (let j = 0; j < onlyB.length; j++) {
        const value = (a.marks[onlyA[i]] | b.marks[onlyB[j]]) & valueMark;
        const x = a.wordAt(onlyA[i]), y = b.wordAt(onlyB[j]);
        if (!misread(x, y) && (value != 0 && !(long && x.length >= nameLettersMin && y.length >= nameLettersMin) || !isSlip(x, y))) continue;
        onlyA.splice(i, 1);
        onlyB.splice(j, 1);
        break;
      }
    }
    takeJoined(a, onlyA, b, onlyB);
    takeJoined(b, onlyB, a, onlyA);
  }

  /** Whether lines without anything in common stand in the same place, and one has a value, or is a line of a list. */
  private replaced(leftA: i32[], leftB: i32[], loneA: i32[], loneB: i32[]): void {
    if (loneA.length == 0 || loneB.length == 0) return;
    if (<i64> loneA.length * loneB.length > lonePairsMax) {
      this.aligned.differs = true;
      return;
    }
    const beforeA = neighbours(this.inB, -1), afterA = neighbours(this.inB, 1);
    const beforeB = neighbours(this.inA, -1), afterB = neighbours(this.inA, 1);
    for (let i = 0; i < loneA.length; i++) {
      const at = leftA[loneA[i]];
      const one = this.a.units[at];
      if (one.remark) continue;
      for (let j = 0; j < loneB.length; j++) {
        const to = leftB[loneB[j]];
        const other = this.b.units[to];
        if (other.remark || !(one.isCell && other.isCell || hasValue(this.a, one) && hasValue(this.b, other))) continue;
        if (!this.meet(beforeA[at], beforeB[to]) && !this.meet(afterA[at], afterB[to])) continue;
        this.aligned.differs = true;
        return;
      }
    }
  }

  /** Both are found in each other, or neither is there. */
  private meet(i: i32, j: i32): bool {
    return i >= 0 && j >= 0 ? this.inB[i] == j : i < 0 && j < 0;
  }

  private count(body: Body, into: StaticArray<i32>, found: StaticArray<bool>, titles: u64[], isA: bool): void {
    let common = 0, aside = 0;
    for (let i = 0; i < body.units.length; i++) {
      const unit = body.units[i];
      if (unit.head) continue;
      if (found[i]) common += unit.words;
      else if (into[i] < 0) {
        const titled = titles.includes(unit.key);
        if (titled) this.aligned.titled = true;
        if (titled || unit.remark) aside += unit.words;
      }
    }
    if (isA) {
      this.aligned.commonA = common;
      this.aligned.wordsA -= aside;
    } else {
      this.aligned.commonB = common;
      this.aligned.wordsB -= aside;
    }
  }
}

/** By unit the nearest before it (-1) or after it (1) that is found, or -1. */
function neighbours(into: StaticArray<i32>, step: i32): StaticArray<i32> {
  const found = new StaticArray<i32>(into.length);
  let last = -1;
  for (let i = step < 0 ? 0 : into.length - 1; i >= 0 && i < into.length; i -= step) {
    found[i] = last;
    if (into[i] >= 0) last = i;
  }
  return found;
}

/** Units that are not found word for word, but for heads of mails and lines that are the other's heading. */
function leftOf(body: Body, into: StaticArray<i32>, titles: u64[]): i32[] {
  const left: i32[] = [];
  for (let i = 0; i < body.units.length; i++) {
    if (into[i] < 0 && !body.units[i].head && !titles.includes(body.units[i].key)) left.push(i);
  }
  return left;
}

function wordsOf(body: Body, units: i32[]): i32[] {
  const found: i32[] = [];
  for (let i = 0; i < units.length; i++) for (let k = body.units[units[i]].from; k < body.units[units[i]].to; k++) found.push(k);
  return found;
}

/** Finds words of a in b, each once: which they are, and what of b is left. */
function match(a: Body, wordsA: i32[], b: Body, wordsB: i32[], found: StaticArray<bool>, onlyB: i32[]): void {
  const n = wordsA.length;
  if (n * wordsB.length <= walkedMax * 10) {
    let at = 0;
    for (let j = 0; j < wordsB.length; j++) {
      const form = b.forms[wordsB[j]];
      let k = 0;
      for (; k < n; k++) {
        const i = at + k < n ? at + k : at + k - n;
        if (found[i] || a.forms[wordsA[i]] != form) continue;
        found[i] = true;
        at = i + 1 < n ? i + 1 : 0;
        break;
      }
      if (k == n) onlyB.push(wordsB[j]);
    }
    return;
  }
  const first = new Map<u64, i32>();
  const next = new StaticArray<i32>(n);
  for (let i = n - 1; i >= 0; i--) {
    const form = a.forms[wordsA[i]];
    next[i] = first.has(form) ? first.get(form) : -1;
    first.set(form, i);
  }
  for (let j = 0; j < wordsB.length; j++) {
    const form = b.forms[wordsB[j]];
    const i = first.has(form) ? first.get(form) : -1;
    if (i < 0) onlyB.push(wordsB[j]);
    else {
      found[i] = true;
      first.set(form, next[i]);
    }
  }
}

/** None, or so many words that stand together as a clause does; a negation alone is shorter. */
function isRun(words: i32[]): bool {
  if (words.length == 0) return true;
  return words.length >= clauseWordsMin && words.length * 4 >= (words[words.length - 1] - words[0] + 1) * 3;
}
function marksOf(body: Body, words: i32[]): u8 {
  let marks: u8 = 0;
  for (let i = 0; i < words.length; i++) marks |= body.marks[words[i]];
  return marks;
}
/** How many of the words say something by themselves. */
function heavyOf(body: Body, words: i32[]): i32 {
  let count = 0;
  for (let i = 0; i < words.length; i++) if ((body.marks[words[i]] & lightMark) == 0) count++;
  return count;
}

/** The values among the words that both have, in order. */
function valuesOf(body: Body, words: i32[], only: i32[]): u64[] {
  const found: u64[] = [];
  let at = 0;
  for (let i = 0; i < words.length; i++) {
    if (at < only.length && only[at] == words[i]) at++;
    else if ((body.marks[words[i]] & valueMark) != 0) found.push(body.forms[words[i]]);
  }
  return found;
}

function hasValue(body: Body, unit: Unit): bool {
  for (let i = unit.from; i < unit.to; i++) if ((body.marks[i] & valueMark) != 0) return true;
  return false;
}

/** Whether the same values stand in another order; that of two neighbours is one of writing: 12 May, May 12. */
function swapped(a: u64[], b: u64[]): bool {
  if (a.length != b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] == b[i]) continue;
    if (i + 1 >= a.length || a[i] != b[i + 1] || a[i + 1] != b[i]) return true;
    i++;
  }
  return false;
}

/** Takes away what one has in brackets, where the other has nothing there. */
function takeAsides(own: Body, only: i32[], other: Body, others: i32[]): void {
  for (let i = 0; i < others.length; i++) if ((other.marks[others[i]] & asideMark) != 0) return;
  for (let i = only.length - 1; i >= 0; i--) if ((own.marks[only[i]] & asideMark) != 0) only.splice(i, 1);
}

/** Takes away two words beside each other that the other writes as one. */
function takeJoined(own: Body, only: i32[], other: Body, others: i32[]): void {
  for (let i = 0; i + 1 < only.length; i++) {
    if (only[i + 1] != only[i] + 1) continue;
    const both = own.wordAt(only[i]) + own.wordAt(only[i + 1]);
    for (let j = 0; j < others.length; j++) {
      if (other.wordAt(others[j]) != both) continue;
      only.splice(i, 2);
      others.splice(j, 1);
      i--;
      break;
    }
  }
}

/** The same but for what a scanner takes for another: 1 and l, 0 and o, rn and m. */
function misread(x: string, y: string): bool {
  return x.length >= 3 && y.length >= 3 && (hasLetter(x) || hasLetter(y)) && scanned(x) == scanned(y);
}
function hasLetter(text: string): bool {
  for (let i = 0; i < text.length; i++) if (isLetter(text.charCodeAt(i))) return true;
  return false;
}
function scanned(text: string): string {
  return text.replaceAll("1", "l").replaceAll("0", "o").replaceAll("5", "s").replaceAll("rn", "m");
}

/** One letter apart, or two swapped, or the one shortened to the other; never where digits stand. */
function isSlip(x: string, y: string): bool {
  const n = min(x.length, y.length), m = max(x.length, y.length);
  if (n < 3 || m < 4) return false;
  for (let i = 0; i < x.length; i++) if (isDigit(x.charCodeAt(i))) return false;
  for (let i = 0; i < y.length; i++) if (isDigit(y.charCodeAt(i))) return false;
  let head = 0;
  while (head < n && x.charCodeAt(head) == y.charCodeAt(head)) head++;
  if (head == n) return m <= n + 1 || n >= 4 && m >= n + 4;
  if (m - n > 1 || n < 4) return false;
  let tail = 0;
  while (tail < n - head && x.charCodeAt(x.length - 1 - tail) == y.charCodeAt(y.length - 1 - tail)) tail++;
  if (head + tail >= m - 1) return true;
  return m == n && head + tail == n - 2 && x.charCodeAt(head) == y.charCodeAt(head + 1) && x.charCodeAt(head + 1) == y.charCodeAt(head);
}
