/**
 * A section read for comparing it with a copy: its words in one spelling, cut into sentences and lines.
 *
 * Owns: what of a text is form alone: marks of quotation and lists, line breaks, capitals, spellings, numbers and dates
 * written otherwise; and what a copy carries around what was copied: the head of a mail, "copied from my phone".
 *
 * Invariants:
 * 1. A function of the text alone.
 * 2. Words are in order; each belongs to one unit.
 */
import { isDigit, isLetter, isSpace, isUpper } from "../../sdk/assemblyscript/assembly";
import {
  asideMark,
  capitalMark,
  denialMarks,
  deniedBy,
  formed,
  hashOf,
  hashOfNone,
  isMonthForm,
  lightMark,
  marked,
  mix,
  monthForm,
  valueMark,
} from "./forms";
import { set } from "./vocabulary";

/** A line this long, and shorter where the next begins with a small letter, may go on in the next one. */
const wrappedMin: i32 = 60;
const wrappedSmallMin: i32 = 40;
/** Words of a label at most. */
const labelWordsMax: i32 = 3;
/** Words that say something by themselves, of a text that tells something. */
const heavyMin: i32 = 4;
/** A longer unit is no remark of who copied. */
const remarkWordsMax: i32 = 12;
/** Units at the head, and at the end, in which a copy says that it is one. */
const headUnitsMax: i32 = 12;
const edgeUnitsMax: i32 = 3;

const heads = hashes("from to cc bcc");
const subject = hashOf("subject");
const mailDates = hashes("date sent");
const remarks = hashes("copied copy pasted forwarded fwd fw resent resend retyped scanned scan ocr transcribed transcript duplicate backup exported");
const wrote = hashOf("wrote");
const abbreviations = hashes("mister mrs ms doctor st professor rev vs e.g i.e approximately nr telephone ca fig ltd inc jr sr");
const be = hashes("it that he she there here what who where how this");
const notForm = hashOf("not");
const isForm = hashOf("is");
const tick: u64 = hashOf("[x]");

function hashes(words: string): Set<u64> {
  const found = new Set<u64>();
  const list = set(words).values();
  for (let i = 0; i < list.length; i++) found.add(hashOf(list[i]));
  return found;
}

/** A sentence, or a line that ends without a full stop. */
export class Unit {
  /** It heads a mail: it is no part of what was copied. */
  head: bool = false;
  /** By it a copy may say that it is one. */
  remark: bool = false;
  constructor(
    /** Its words: [from, to) of the body. */
    readonly from: i32,
    readonly to: i32,
    /** Equal where all words are. */
    readonly key: u64,
    /** Ends in a full stop or the like. */
    readonly stopped: bool,
    /** Words before its colon, or 0. */
    readonly label: i32,
  ) {}
  get words(): i32 {
    return this.to - this.from;
  }
  /** A short line, as of a list or a form. */
  get isCell(): bool {
    return !this.stopped && (this.words <= 5 || this.label > 0 && this.words <= this.label + 4);
  }
}

export class Body {
  readonly forms: u64[] = [];
  readonly marks: u8[] = [];
  /** Where each word stands in the text. */
  readonly starts: i32[] = [];
  readonly ends: i32[] = [];
  readonly units: Unit[] = [];
  /** Of units that head no mail. */
  words: i32 = 0;
  /** Days in the head of a mail. */
  readonly days: u64[] = [];

  constructor(readonly text: string) {}

  wordAt(i: i32): string {
    return this.text.substring(this.starts[i], this.ends[i]).toLowerCase();
  }
  /** Some day of a month stands in it. */
  get hasDay(): bool {
    for (let i = 0; i < this.forms.length; i++) {
      if (!isMonthForm(this.forms[i])) continue;
      if (i > 0 && this.isNumber(i - 1) || i + 1 < this.forms.length && this.isNumber(i + 1)) return true;
    }
    return false;
  }
  /** It tells something of a name, a number or a day: what nobody writes twice by chance. */
  get tells(): bool {
    let heavy = 0, values = 0;
    for (let i = 0; i < this.forms.length; i++) {
      if ((this.marks[i] & lightMark) == 0) heavy++;
      if ((this.marks[i] & denialMarks) == valueMark) values++;
    }
    return values > 0 && heavy >= heavyMin;
  }
  private isNumber(i: i32): bool {
    return isDigit(this.text.charCodeAt(this.starts[i]));
  }
  /** The hash of some words; `part` tells apart what is hashed. */
  hash(from: i32, to: i32, part: u64): u64 {
    let hash = hashOfNone ^ part;
    for (let i = from; i < to; i++) hash = mix(hash ^ hash >> 29, this.forms[i]);
    return hash;
  }
}

/** Reads a text. */
export function bodyOf(text: string): Body {
  return new BodyReader(text).read();
}

class BodyReader {
  private readonly body: Body;
  /** The first word of the unit that is read; words before its colon. */
  private from: i32 = 0;
  private label: i32 = 0;
  /** A capital of the next word says nothing. */
  private opens: bool = true;
  private brackets: i32 = 0;
  /** Before it stands a time of day that a chat puts before what was said. */
  private stampEnd: i32 = 0;
  /** The line that is read has a box with a tick. */
  private ticked: bool = false;

  constructor(private readonly text: string) {
    this.body = new Body(text);
  }

  read(): Body {
    const text = this.text;
    const n = text.length;
    let start = 0;
    let wasPlain = false, wasQuote = false;
    let before = 0;
    while (start < n) {
      let end = text.indexOf("\n", start);
      if (end < 0) end = n;
      let at = this.skip(start, end), quote = false;
      while (at < end && text.charCodeAt(at) == 0x3e) {
        quote = true;
        at = this.skip(at + 1, end);
      }
      let stop = end;
      while (stop > at && isSpace(text.charCodeAt(stop - 1))) stop--;
      const body = this.afterMark(at, stop);
      const first = at < stop ? <i32> text.charCodeAt(at) : 0;
      const plain = body == at && first != 0x7c;
      if (!(plain && wasPlain && quote == wasQuote && this.goesOn(before, at, stop))) this.close(false);
      if (this.ticked) {
        this.push(tick, at, body, denialMarks);
        this.opens = true;
        this.ticked = false;
      }
      this.stampEnd = this.afterStamp(body, stop);
      this.scan(body, stop);
      // A heading ends its line; an item may be wrapped.
      wasPlain = body < stop && first != 0x23 && first != 0x7c;
      if (!wasPlain) this.close(false);
      wasQuote = quote;
      before = stop - body;
      start = end + 1;
    }
    this.close(false);
    this.markEdges();
    return this.body;
  }

  private skip(at: i32, end: i32): i32 {
    while (at < end && isSpace(this.text.charCodeAt(at))) at++;
    return at;
  }

  /** Behind `# `, `- `, `1. ` and `[x] `. */
  private afterMark(from: i32, stop: i32): i32 {
    if (from >= stop) return from;
    const text = this.text;
    const first = <i32> text.charCodeAt(from);
    let at = from;
    if (first == 0x23) {
      while (at < stop && text.charCodeAt(at) == 0x23) at++;
    } else if (first == 0x2d || first == 0x2a || first == 0x2b || first == 0x2022 || first == 0x2013) at++;
    else if (first == 0x5b) return this.afterBox(from, stop);
    else {
      while (at < stop && at - from < 3 && isDigit(text.charCodeAt(at))) at++;
      if (at == from || at >= stop || text.charCodeAt(at) != 0x2e && text.charCodeAt(at) != 0x29) return from;
      at++;
    }
    if (at < stop && !isSpace(text.charCodeAt(at))) return from;
    return this.afterBox(this.skip(at, stop), stop);
  }
  /** Behind `[ ] ` and `[x] `. */
  private afterBox(at: i32, stop: i32): i32 {
    const text = this.text;
    if (at + 3 > stop || text.charCodeAt(at) != 0x5b || text.charCodeAt(at + 2) != 0x5d) return at;
    const mark = <i32> text.charCodeAt(at + 1);
    this.ticked = (mark | 0x20) == 0x78;
    return this.ticked || isSpace(mark) ? this.skip(at + 3, stop) : at;
  }

  /** Behind "[9:31]", "12/05/2026, 09:31 -", "2026-05-12:" and the like; where there is none, `from`. */
  private afterStamp(from: i32, stop: i32): i32 {
    const text = this.text;
    let clock = false;
    let parts = 0;
    let i = from;
    for (; i < stop; i++) {
      const code = <i32> text.charCodeAt(i);
      const inner = i > from && i + 1 < stop && isDigit(text.charCodeAt(i - 1)) && isDigit(text.charCodeAt(i + 1));
      if (inner && (code == 0x2d || code == 0x2e || code == 0x2f)) parts++;
      if (inner && code == 0x3a) clock = true;
      else if (!isDigit(code) && !isSpace(code) && code != 0x5b && code != 0x5d && code != 0x2c && code != 0x2d && code != 0x2e && code != 0x2f) break;
    }
    if (clock && i + 2 <= stop && (text.charCodeAt(i + 1) | 0x20) == 0x6d && ((text.charCodeAt(i) | 0x20) == 0x61 || (text.charCodeAt(i) | 0x20) == 0x70)) i += 2;
    return clock || parts == 2 ? i : from;
  }

  /** Whether a line goes on with the one before it, of which `length` units were matter. */
  private goesOn(length: i32, at: i32, stop: i32): bool {
    const body = this.body;
    if (body.forms.length == this.from || at >= stop) return false;
    const text = this.text;
    let last = this.text.lastIndexOf("\n", at) - 1;
    while (last > 0 && isSpace(text.charCodeAt(last))) last--;
    const mark = <i32> text.charCodeAt(last);
    if (mark == 0x3a || mark == 0x3b) return false;
    const first = <i32> text.charCodeAt(at);
    return length >= (isLetter(first) && !isUpper(first) ? wrappedSmallMin : wrappedMin) && !this.labelled(at, stop);
  }

  /** `Label: value`. */
  private labelled(at: i32, stop: i32): bool {
    for (let i = at; i < stop && i <= at + 40; i++) {
      const code = <i32> this.text.charCodeAt(i);
      if (code == 0x3a) return i > at && i + 1 < stop && isSpace(this.text.charCodeAt(i + 1));
      if (code != 0x20 && !isLetter(code) && !isDigit(code)) return false;
    }
    return false;
  }

  private close(stopped: bool): void {
    const body = this.body;
    const to = body.forms.length;
    if (to > this.from) body.units.push(new Unit(this.from, to, body.hash(this.from, to, 1), stopped, this.label));
    this.from = to;
    this.label = 0;
    this.opens = true;
    this.brackets = 0;
  }

  private push(form: u64, start: i32, end: i32, marks: u8): void {
    const body = this.body;
    body.forms.push(form);
    body.marks.push(this.brackets > 0 || start < this.stampEnd ? marks | asideMark : marks);
    body.starts.push(start);
    body.ends.push(end);
    this.opens = false;
  }

  private scan(from: i32, stop: i32): void {
    const text = this.text;
    let i = from;
    while (i < stop) {
      const code = <i32> text.charCodeAt(i);
      if (isLetter(code)) i = this.word(i, stop);
      else if (isDigit(code)) i = this.number(i, stop);
      else i = this.sign(code, i, stop);
    }
  }

  private sign(code: i32, i: i32, stop: i32): i32 {
    const text = this.text;
    if (code == 0x2e || code == 0x21 || code == 0x3f || code == 0x2026) {
      let end = i + 1;
      while (end < stop && isCloser(text.charCodeAt(end))) end++;
      if (end >= stop || isSpace(text.charCodeAt(end)) && !(code == 0x2e && this.shortens(i))) this.close(true);
      return end;
    }
    if (code == 0x28) this.brackets++;
    else if (code == 0x29) this.brackets = max(0, this.brackets - 1);
    else if (code == 0x3a) {
      const words = this.body.forms.length - this.from;
      if (this.label == 0 && words <= labelWordsMax && (i + 1 >= stop || isSpace(text.charCodeAt(i + 1)))) this.label = words;
      this.opens = true;
    } else if (code == 0x22 || code == 0x201c) this.opens = true;
    else if (code == 0x25 || code == 0x26 || code == 0x24 || code == 0xa3 || code == 0x20ac) {
      const opens = this.opens;
      this.push(formed(mix(hashOfNone, code)), i, i + 1, code == 0x26 ? lightMark : 0);
      this.opens = opens;
    }
    return i + 1;
  }

  /** The point at `i` stands behind an initial or an abbreviation. */
  private shortens(i: i32): bool {
    const body = this.body;
    const last = body.forms.length - 1;
    return last >= this.from && body.ends[last] == i && (body.starts[last] == i - 1 && !isDigit(this.text.charCodeAt(i - 1)) || abbreviations.has(body.forms[last]));
  }

  /** A word that begins at `from`; gives where it ends. */
  private word(from: i32, stop: i32): i32 {
    const text = this.text;
    const capital = isUpper(text.charCodeAt(from)) && !this.opens;
    if (text.startsWith("http", from) && (text.startsWith("://", from + 4) || text.startsWith("s://", from + 4))) return this.address(from, stop);
    let hash = hashOfNone, before = hashOfNone;
    let last = 0;
    let digits = false;
    let i = from;
    while (i < stop) {
      const code = <i32> text.charCodeAt(i);
      const small = smallOf(code);
      if (small == 0) {
        if (i + 1 >= stop) break;
        const next = <i32> text.charCodeAt(i + 1);
        if (code == 0x27 || code == 0x2019) {
          if (!isLetter(next)) break;
          const end = this.suffix(from, i, stop, hash, before, last, capital);
          if (end > 0) return end;
          i++;
          continue;
        }
        if (code != 0x2e && code != 0x40 && code != 0x5f && code != 0x2f || !isLetter(next) && !isDigit(next)) break;
        before = hash;
        hash = mix(hash, code);
        last = code;
        i++;
        continue;
      }
      if (isDigit(small)) digits = true;
      before = hash;
      hash = mix(hash, small);
      last = small;
      i++;
    }
    const denied = deniedBy(hash);
    if (denied != 0 && i - from > 2) {
      this.put(denied, from, i, capital, false);
      this.push(notForm, from, i, denialMarks);
    } else this.put(hash, from, i, capital, digits);
    return i;
  }

  private put(hash: u64, from: i32, end: i32, capital: bool, digits: bool): void {
    const known = marked(hash);
    let marks: u8 = known & ~capitalMark;
    if (digits || capital && (known & lightMark) == 0) marks |= valueMark;
    this.push(formed(hash), from, end, marks);
  }

  /** `'s`, `n't`, `'re` and the like behind a word: where they end; 0 where the mark belongs to the word. */
  private suffix(from: i32, at: i32, stop: i32, hash: u64, before: u64, last: i32, capital: bool): i32 {
    const text = this.text;
    let end = at + 1;
    while (end < stop && isLetter(text.charCodeAt(end))) end++;
    const first = <i32> text.charCodeAt(at + 1) | 0x20;
    if (end == at + 2) {
      if (first == 0x74 && last == 0x6e) {
        const denied = deniedBy(before);
        this.put(denied != 0 ? denied : before, from, at, capital, false);
        this.push(notForm, from, end, denialMarks);
        return end;
      }
      if (first != 0x73 && first != 0x6d && first != 0x64) return 0;
      this.put(hash, from, at, capital, false);
      if (first == 0x73 && be.has(hash)) this.push(isForm, at, end, lightMark);
      else if (first == 0x6d) this.push(hashOf("am"), at, end, lightMark);
      return end;
    }
    if (end != at + 3) return 0;
    const second = <i32> text.charCodeAt(at + 2) | 0x20;
    let form: u64 = 0;
    if (first == 0x72 && second == 0x65) form = hashOf("are");
    else if (first == 0x6c && second == 0x6c) form = hashOf("will");
    else if (first == 0x76 && second == 0x65) form = hashOf("have");
    if (form == 0) return 0;
    this.put(hash, from, at, capital, false);
    this.push(form, at, end, lightMark);
    return end;
  }

  private address(from: i32, stop: i32): i32 {
    const text = this.text;
    let end = from;
    while (end < stop && !isSpace(text.charCodeAt(end)) && text.charCodeAt(end) != 0x29 && text.charCodeAt(end) != 0x3e) end++;
    let to = end;
    while (to > from && isMark(text.charCodeAt(to - 1))) to--;
    let hash = hashOfNone;
    for (let i = from; i < to; i++) hash = mix(hash, text.charCodeAt(i));
    this.push(hash, from, to, valueMark);
    return to;
  }

  /** A number, a date as 2026-03-01, a time, a code; gives where it ends. */
  private number(from: i32, stop: i32): i32 {
    const text = this.text;
    const date = this.date(from, stop);
    if (date > 0) return date;
    let hash = hashOfNone;
    let i = from;
    while (i + 1 < stop && text.charCodeAt(i) == 0x30 && isDigit(text.charCodeAt(i + 1))) i++;
    while (i < stop) {
      const code = <i32> text.charCodeAt(i);
      if (isDigit(code)) {
        hash = mix(hash, code);
        i++;
        continue;
      }
      if (i + 1 >= stop || !isDigit(text.charCodeAt(i + 1))) break;
      if (code == 0x2c && this.groups(i, stop)) {
        i++;
        continue;
      }
      // 7.30 and 7:30.
      if (code == 0x2c || code == 0x2e || code == 0x3a) {
        if (this.isNought(i, stop)) {
          i += 3;
          continue;
        }
        hash = mix(hash, 0x2e);
      } else if (code == 0x2f) hash = mix(hash, code);
      else break;
      i++;
    }
    let end = i;
    while (end < stop && isLetter(text.charCodeAt(end))) end++;
    if (end < stop && isDigit(text.charCodeAt(end))) return this.code(from, stop);
    this.push(formed(hash), from, i, valueMark);
    if (end - i == 2 && isOrdinal(text.charCodeAt(i) | 0x20, text.charCodeAt(i + 1) | 0x20)) return end;
    return i;
  }

  /** Exactly three digits follow: 1,900. */
  private groups(i: i32, stop: i32): bool {
    if (i + 3 >= stop) return false;
    for (let k = 1; k <= 3; k++) if (!isDigit(this.text.charCodeAt(i + k))) return false;
    return i + 4 >= stop || !isDigit(this.text.charCodeAt(i + 4));
  }
  /** ".00" says nothing. */
  private isNought(i: i32, stop: i32): bool {
    const text = this.text;
    return i + 2 < stop && text.charCodeAt(i) == 0x2e && text.charCodeAt(i + 1) == 0x30 && text.charCodeAt(i + 2) == 0x30 &&
      (i + 3 >= stop || !isDigit(text.charCodeAt(i + 3)));
  }

  /** Digits and letters mixed: 15W40. */
  private code(from: i32, stop: i32): i32 {
    let hash = hashOfNone;
    let i = from;
    for (; i < stop; i++) {
      const small = smallOf(this.text.charCodeAt(i));
      if (small == 0) break;
      hash = mix(hash, small);
    }
    this.push(hash, from, i, valueMark);
    return i;
  }

  /** 2026-03-01 as day, month and year; where it ends, or 0. */
  private date(from: i32, stop: i32): i32 {
    if (from + 10 > stop) return 0;
    const text = this.text;
    for (let i = 0; i < 10; i++) {
      const code = <i32> text.charCodeAt(from + i);
      if (i == 4 || i == 7 ? code != 0x2d : !isDigit(code)) return 0;
    }
    if (from + 10 < stop && isDigit(text.charCodeAt(from + 10))) return 0;
    const month = this.two(from + 5), day = this.two(from + 8);
    if (month < 1 || month > 12) return 0;
    this.push(hashOf(day.toString()), from + 8, from + 10, valueMark);
    this.push(monthForm(month), from + 5, from + 7, valueMark);
    this.push(hashOf(text.substring(from, from + 4)), from, from + 4, valueMark);
    return from + 10;
  }
  private two(at: i32): i32 {
    return (<i32> this.text.charCodeAt(at) - 0x30) * 10 + <i32> this.text.charCodeAt(at + 1) - 0x30;
  }

  /** What a copy carries around what was copied. */
  private markEdges(): void {
    const body = this.body;
    const units = body.units;
    let mail = false, others = 0;
    for (let i = 0; i < units.length && i < headUnitsMax && others < 2; i++) {
      const unit = units[i];
      const first = body.forms[unit.from];
      if (unit.label == 1 && (heads.has(first) || first == subject)) mail = true;
      const isDate = unit.label == 1 && mail && mailDates.has(first);
      unit.head = isDate || unit.label == 1 && heads.has(first);
      if (isDate) for (let k = unit.from + 1; k < unit.to; k++) if ((body.marks[k] & valueMark) != 0) body.days.push(body.forms[k]);
      if (!unit.head) {
        unit.remark = mail && unit.label == 1 && first == subject || this.isRemark(unit);
        if (!unit.remark) others++;
      }
    }
    for (let i = max(0, units.length - edgeUnitsMax); i < units.length; i++) units[i].remark = !units[i].head && this.isRemark(units[i]);
    for (let i = 0; i < units.length; i++) if (!units[i].head) body.words += units[i].words;
  }

  /** "Copied from my phone", "(sent again)", "Original message", "On 3 May Ada wrote:". */
  private isRemark(unit: Unit): bool {
    const body = this.body;
    if (body.forms[unit.to - 1] == wrote) return unit.words <= remarkWordsMax << 1;
    if (unit.words > remarkWordsMax) return false;
    for (let i = unit.from + (unit.to - unit.from > unit.label ? unit.label : 0); i < unit.to; i++) if (remarks.has(body.forms[i])) return true;
    return false;
  }
}

function isCloser(code: i32): bool {
  return code == 0x2e || code == 0x21 || code == 0x3f || code == 0x22 || code == 0x27 || code == 0x29 || code == 0x5d ||
    code == 0x2a || code == 0x5f || code == 0x201d || code == 0x2019 || code == 0x2026;
}
function isMark(code: i32): bool {
  return isCloser(code) || code == 0x2c || code == 0x3b || code == 0x3a;
}
function isOrdinal(first: i32, second: i32): bool {
  return first == 0x73 && second == 0x74 || first == 0x6e && second == 0x64 || first == 0x72 && second == 0x64 || first == 0x74 && second == 0x68;
}

const plainLetters = "aaaaaaaceeeeiiiidnooooo/ouuuuyty";

/** A letter small and without accent, or a digit; 0 for what is neither. */
function smallOf(code: i32): i32 {
  if (code < 0x80) {
    if (code >= 0x61 && code <= 0x7a || code >= 0x30 && code <= 0x39) return code;
    return code >= 0x41 && code <= 0x5a ? code | 0x20 : 0;
  }
  if (!isLetter(code)) return 0;
  if (code >= 0xc0 && code <= 0xff) return <i32> plainLetters.charCodeAt(code & 0x1f);
  return <i32> String.fromCharCode(code).toLowerCase().charCodeAt(0);
}
