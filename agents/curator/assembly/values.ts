/**
 * Values: dates, times, sums, quantities and names, compared by what they mean, not by how they are written.
 *
 * Invariants:
 * 1. `compare` says "different" only of values of one kind; a date and a weekday are not comparable.
 * 2. A name that is part of another ("Room 4", "Room 4, second floor") is the same.
 */
import { isDigit, isLetter } from "../../sdk/assemblyscript/assembly";
import { stemOf, Token } from "./tokens";
import { monthOf, numberWord, stops, weekdayOf } from "./vocabulary";

export enum Kind {
  date,
  month,
  weekday,
  time,
  money,
  quantity,
  number,
  version,
  literal,
}

/** One typed value. `unit` is the currency, the dimension or the literal itself. */
export class Value {
  constructor(readonly kind: Kind, readonly amount: f64, readonly unit: string, readonly year: i32 = 0) {}
  equals(other: Value): bool {
    if (this.unit != other.unit) return false;
    if (this.year != 0 && other.year != 0 && this.year != other.year) return false;
    return Math.abs(this.amount - other.amount) <= 1e-9 * Math.max(1, Math.abs(this.amount));
  }
}

export enum Compared {
  equal,
  different,
  incomparable,
}

const noValues: Value[] = [];
const noTexts: string[] = [];

/** A list that grows no more: without spare room, and one for all that are empty. */
export function settledValues(list: Value[]): Value[] {
  return list.length == 0 ? noValues : list.slice();
}
/** As {@link settledValues}. */
export function settledTexts(list: string[]): string[] {
  return list.length == 0 ? noTexts : list.slice();
}

/** What a piece of a sentence holds. */
export class ValueSet {
  typed: Value[] = [];
  /** Words that are in no typed value, in order, stemmed. */
  names: string[] = [];
  /** Those of them that begin with a capital letter or hold a digit. */
  proper: string[] = [];
  /** Takes no more room than it needs, once it is read. */
  settle(): void {
    this.typed = settledValues(this.typed);
    this.names = settledTexts(this.names);
    this.proper = settledTexts(this.proper);
  }
  get empty(): bool {
    return this.typed.length == 0 && this.names.length == 0;
  }
  has(kind: Kind): bool {
    for (let i = 0; i < this.typed.length; i++) if (this.typed[i].kind == kind) return true;
    return false;
  }
}

function within(a: string[], b: string[]): bool {
  for (let i = 0; i < a.length; i++) if (!b.includes(a[i])) return false;
  return true;
}

export function compare(a: ValueSet, b: ValueSet): Compared {
  let shared = false;
  for (let kind = <i32> Kind.date; kind <= <i32> Kind.literal; kind++) {
    const left = ofKind(a, kind);
    const right = ofKind(b, kind);
    if (left.length == 0 || right.length == 0) continue;
    // Quantities of two dimensions, or two currencies, can't be told apart from two facts.
    if (left[0].unit != right[0].unit && kind != <i32> Kind.literal && kind != <i32> Kind.version) continue;
    shared = true;
    const count = min(left.length, right.length);
    for (let i = 0; i < count; i++) if (!left[i].equals(right[i])) return Compared.different;
  }
  if (shared) {
    if (a.proper.length == 0 || b.proper.length == 0) return Compared.equal;
    return within(a.proper, b.proper) || within(b.proper, a.proper) ? Compared.equal : Compared.different;
  }
  if (a.typed.length > 0 || b.typed.length > 0) return Compared.incomparable;
  if (a.names.length == 0 || b.names.length == 0) return Compared.incomparable;
  return within(a.names, b.names) || within(b.names, a.names) ? Compared.equal : Compared.different;
}

function ofKind(set: ValueSet, kind: i32): Value[] {
  const found: Value[] = [];
  for (let i = 0; i < set.typed.length; i++) if (<i32> set.typed[i].kind == kind) found.push(set.typed[i]);
  return found;
}

/** A number as people write it: 1,450 · 1.450 · 1.45 · 1 450 is two tokens and is not read. NaN if it is none. */
function amountOf(text: string): f64 {
  let dots = 0, commas = 0, lastMark = -1;
  for (let i = 0; i < text.length; i++) {
    const code = <i32> text.charCodeAt(i);
    if (code == 0x2e) {
      dots++;
      lastMark = i;
    } else if (code == 0x2c) {
      commas++;
      lastMark = i;
    } else if (!isDigit(code)) return NaN;
  }
  if (text.length == 0) return NaN;
  if (dots + commas == 0) return F64.parseFloat(text);
  const tail = text.length - lastMark - 1;
  let plain = "";
  for (let i = 0; i < text.length; i++) {
    const code = <i32> text.charCodeAt(i);
    if (isDigit(code)) plain += text.charAt(i);
    else if (i == lastMark && (tail != 3 || (dots == 1 && commas == 0 && text.startsWith("0"))) && (dots == 1 || commas == 1)) {
      plain += ".";
    }
  }
  return F64.parseFloat(plain);
}

function clockOf(text: string): i32 {
  const colon = text.indexOf(":");
  const mark = colon > 0 ? colon : text.indexOf(".");
  if (mark <= 0 || mark > 2 || text.length - mark != 3) return -1;
  const hours = <i32> I32.parseInt(text.substring(0, mark));
  const minutes = <i32> I32.parseInt(text.substring(mark + 1));
  return hours < 24 && minutes < 60 ? hours * 60 + minutes : -1;
}

function currencyOf(text: string): string {
  if (text == "€" || text == "eur" || text == "euro" || text == "euros") return "EUR";
  if (text == "$" || text == "usd" || text == "dollar" || text == "dollars") return "USD";
  if (text == "£" || text == "gbp" || text == "pound" || text == "pounds") return "GBP";
  if (text == "chf" || text == "francs") return "CHF";
  return "";
}

/** A unit's dimension and its factor, or "". */
class Unit {
  constructor(readonly name: string, readonly factor: f64) {}
}
const units = new Map<string, Unit>();
function unit(names: string, dimension: string, factor: f64): void {
  const list = names.split(" ");
  for (let i = 0; i < list.length; i++) units.set(list[i], new Unit(dimension, factor));
}
unit("mm millimetre millimeter", "length", 0.001);
unit("cm centimetre centimeter", "length", 0.01);
unit("m metre meter", "length", 1);
unit("km kilometre kilometer", "length", 1000);
unit("mg", "mass", 0.001);
unit("g gram gramme", "mass", 1);
unit("kg kilo kilogram", "mass", 1000);
unit("ms millisecond", "duration", 0.001);
unit("s sec second", "duration", 1);
unit("min minute", "duration", 60);
unit("h hr hour", "duration", 3600);
unit("day", "duration", 86400);
unit("week", "duration", 604800);
unit("month", "months", 1);
unit("year", "months", 12);
unit("ml", "volume", 0.001);
unit("l litre liter", "volume", 1);
unit("kb", "bytes", 1e3);
unit("mb", "bytes", 1e6);
unit("gb", "bytes", 1e9);
unit("tb", "bytes", 1e12);
unit("% percent", "percent", 1);
unit("°c", "celsius", 1);
unit("mv", "volt", 0.001);
unit("v volt", "volt", 1);
unit("ma", "ampere", 0.001);
unit("a amp ampere", "ampere", 1);
unit("w watt", "watt", 1);
unit("kw", "watt", 1000);

/** Reads tokens [from, to) into `set`. In `taken`, where given, the place of each typed value is noted at its tokens. */
export function readValues(tokens: Token[], from: i32, to: i32, set: ValueSet, taken: i32[] | null = null): void {
  let i = from;
  while (i < to) {
    const used = typedAt(tokens, i, to, set);
    if (used > 0) {
      if (taken !== null) for (let j = i; j < i + used && j < taken.length; j++) taken[j] = set.typed.length - 1;
      i += used;
      continue;
    }
    const token = tokens[i];
    i++;
    if (!token.word || stops.has(token.lower)) continue;
    const name = stemOf(token.lower);
    set.names.push(name);
    if (token.capital || token.digits || hasDigit(token.text)) set.proper.push(name);
  }
}

/** "three panels": a plural behind a number in words. */
function isCounted(token: Token): bool {
  return token.word && !token.capital && !stops.has(token.lower) && token.lower.length > 3 && token.lower.endsWith("s") && !token.lower.endsWith("ss");
}

export function hasDigit(text: string): bool {
  for (let i = 0; i < text.length; i++) if (isDigit(text.charCodeAt(i))) return true;
  return false;
}

/** The day a token names: 7, 7th, 7.; 0 if it is none. */
function dayOf(token: Token): i32 {
  let text = token.lower;
  if (text.length > 2 && (text.endsWith("st") || text.endsWith("nd") || text.endsWith("rd") || text.endsWith("th"))) {
    text = text.substring(0, text.length - 2);
  }
  if (text.length == 0 || text.length > 2) return 0;
  for (let i = 0; i < text.length; i++) if (!isDigit(text.charCodeAt(i))) return 0;
  const day = <i32> I32.parseInt(text);
  return day >= 1 && day <= 31 ? day : 0;
}
function yearOf(token: Token): i32 {
  if (!token.digits || token.text.length != 4) return 0;
  const year = <i32> I32.parseInt(token.text);
  return year >= 1900 && year <= 2199 ? year : 0;
}

/** Reads one typed value at `i`; gives the number of tokens it took, 0 for none. */
function typedAt(tokens: Token[], i: i32, to: i32, set: ValueSet): i32 {
  const token = tokens[i];
  const next = i + 1 < to ? tokens[i + 1] : token;
  const more = i + 1 < to;
  if (!token.word) {
    const currency = currencyOf(token.text);
    if (currency.length == 0 || !more) return 0;
    return money(tokens, i + 1, to, currency, set);
  }
  const first = <i32> token.lower.charCodeAt(0);
  if (!isDigit(first)) {
    const month = monthOf(token.lower);
    if (month > 0 && (token.capital || token.lower.length > 4)) {
      const day = more ? dayOf(next) : 0;
      if (day > 0) {
        const year = i + 2 < to ? yearOf(tokens[i + 2]) : 0;
        set.typed.push(new Value(Kind.date, month * 100 + day, "", year));
        return year > 0 ? 3 : 2;
      }
      const year = more ? yearOf(next) : 0;
      set.typed.push(new Value(Kind.month, month, "", year));
      return year > 0 ? 2 : 1;
    }
    const weekday = weekdayOf(token.lower);
    if (weekday > 0) {
      set.typed.push(new Value(Kind.weekday, weekday, ""));
      return 1;
    }
    if (first == 0x76 && token.lower.length > 1 && isDigit(token.lower.charCodeAt(1))) {
      set.typed.push(new Value(Kind.version, 0, token.lower.substring(1)));
      return 1;
    }
    if (token.lower.includes("://") || token.lower.includes("@")) {
      set.typed.push(new Value(Kind.literal, 0, token.text));
      return 1;
    }
    const number = numberWord(token.lower);
    if (number > 1 && more && units.has(unitName(next))) return quantity(tokens, i, to, <f64> number, set);
    if (number > 1 && more && isCounted(next)) {
      set.typed.push(new Value(Kind.number, <f64> number, stemOf(next.lower)));
      return 2;
    }
    if (token.lower == "noon" || token.lower == "midnight") {
      set.typed.push(new Value(Kind.time, token.lower == "noon" ? 720 : 0, ""));
      return 1;
    }
    return 0;
  }
  return numeric(tokens, i, to, set);
}

function numeric(tokens: Token[], i: i32, to: i32, set: ValueSet): i32 {
  const token = tokens[i];
  const text = token.lower;
  const more = i + 1 < to;
  const next = more ? tokens[i + 1] : token;
  // 2026-05-12
  if (text.length == 10 && text.charCodeAt(4) == 0x2d && text.charCodeAt(7) == 0x2d) {
    const month = <i32> I32.parseInt(text.substring(5, 7));
    const day = <i32> I32.parseInt(text.substring(8));
    set.typed.push(new Value(Kind.date, month * 100 + day, "", <i32> I32.parseInt(text.substring(0, 4))));
    return 1;
  }
  if (text.includes("/")) {
    const date = slashedDate(text);
    if (date !== null) {
      set.typed.push(date);
      return 1;
    }
  }
  const day = dayOf(token);
  if (day > 0 && more) {
    let at = i + 1;
    if (tokens[at].text == "." && at + 1 < to) at++;
    if (tokens[at].lower == "of" && at + 1 < to) at++;
    const month = monthOf(tokens[at].lower);
    if (month > 0) {
      const year = at + 1 < to ? yearOf(tokens[at + 1]) : 0;
      set.typed.push(new Value(Kind.date, month * 100 + day, "", year));
      return at - i + (year > 0 ? 2 : 1);
    }
  }
  const clock = text.includes(":") ? clockOf(text) : -1;
  const half = more && (next.lower == "pm" || next.lower == "am") ? next.lower : "";
  if (clock >= 0) {
    set.typed.push(new Value(Kind.time, halfDay(clock, half), ""));
    return half.length > 0 ? 2 : 1;
  }
  if (half.length > 0) {
    const dotted = clockOf(text);
    const minutes = dotted >= 0 ? dotted : <i32> F64.parseFloat(text) * 60;
    set.typed.push(new Value(Kind.time, halfDay(minutes, half), ""));
    return 2;
  }
  if (text.endsWith("pm") || text.endsWith("am")) {
    const head = text.substring(0, text.length - 2);
    const dotted = clockOf(head);
    const hours = amountOf(head);
    if (dotted >= 0 || !isNaN(hours)) {
      const minutes = dotted >= 0 ? dotted : <i32> hours * 60;
      set.typed.push(new Value(Kind.time, halfDay(minutes, text.substring(text.length - 2)), ""));
      return 1;
    }
  }
  if (more && currencyOf(next.lower).length > 0) return money(tokens, i, to, currencyOf(next.lower), set) > 0 ? 2 : 0;
  if (!isNaN(amountOf(text)) && more && units.has(unitName(next))) return quantity(tokens, i, to, amountOf(text), set);
  // 40km, 16A
  let split = 0;
  while (split < text.length && (isDigit(text.charCodeAt(split)) || text.charCodeAt(split) == 0x2e)) split++;
  const tail = text.substring(split);
  if (split > 0 && tail.length > 0 && units.has(tail)) {
    const known = units.get(tail);
    set.typed.push(new Value(Kind.quantity, amountOf(text.substring(0, split)) * known.factor, known.name));
    return 1;
  }
  if (text.indexOf(".") > 0 && isNaN(amountOf(text)) || text.split(".").length > 2) {
    set.typed.push(new Value(Kind.version, 0, text));
    return 1;
  }
  // "Room 4", "Mill Lane 3": a number beside a name is part of the name.
  const named = i > 0 && tokens[i - 1].word && tokens[i - 1].capital && !tokens[i - 1].digits;
  const amount = amountOf(text);
  if (isNaN(amount) || named || text.charCodeAt(0) == 0x30 && text.length > 1 && !text.includes(".")) {
    // A phone or part number: the tokens of digits that stand together.
    if (named || hasLetter(text)) return 0;
    let all = text;
    let count = 1;
    while (i + count < to && tokens[i + count].digits) {
      all += tokens[i + count].text;
      count++;
    }
    set.typed.push(new Value(Kind.literal, 0, all));
    return count;
  }
  // "16 GB of", "4 km": unit handled above; "480 people" keeps the noun as the unit.
  const noun = more && next.word && isLetter(next.lower.charCodeAt(0)) && !stops.has(next.lower) ? stemOf(next.lower) : "";
  set.typed.push(new Value(Kind.number, amount, noun));
  return noun.length > 0 ? 2 : 1;
}

/** 6/30/2026 or 30/6/2026, where only one of the two can be meant; else null. */
function slashedDate(text: string): Value | null {
  const parts = text.split("/");
  if (parts.length != 3 || parts[2].length != 4) return null;
  const first = <i32> F64.parseFloat(parts[0]), second = <i32> F64.parseFloat(parts[1]);
  const year = <i32> F64.parseFloat(parts[2]);
  if (first < 1 || second < 1 || year < 1900 || year > 2199) return null;
  if (first <= 12 && second > 12 && second <= 31) return new Value(Kind.date, first * 100 + second, "", year);
  if (second <= 12 && first > 12 && first <= 31) return new Value(Kind.date, second * 100 + first, "", year);
  return null;
}

function hasLetter(text: string): bool {
  for (let i = 0; i < text.length; i++) if (isLetter(text.charCodeAt(i))) return true;
  return false;
}
function unitName(token: Token): string {
  if (token.text == "%") return "%";
  const lower = token.lower;
  if (units.has(lower)) return lower;
  return lower.endsWith("s") ? lower.substring(0, lower.length - 1) : lower;
}
function halfDay(minutes: i32, half: string): f64 {
  if (half == "pm" && minutes < 720) return minutes + 720;
  if (half == "am" && minutes >= 720) return minutes - 720;
  return minutes;
}
function quantity(tokens: Token[], i: i32, to: i32, amount: f64, set: ValueSet): i32 {
  const known = units.get(unitName(tokens[i + 1]));
  set.typed.push(new Value(Kind.quantity, amount * known.factor, known.name));
  return 2;
}
/** The amount at `i`; the sign stood before it. Gives the tokens used with the sign. */
function money(tokens: Token[], i: i32, to: i32, currency: string, set: ValueSet): i32 {
  let text = tokens[i].lower;
  let factor: f64 = 1;
  if (text.endsWith("k")) {
    factor = 1000;
    text = text.substring(0, text.length - 1);
  }
  const amount = amountOf(text);
  if (isNaN(amount)) return 0;
  set.typed.push(new Value(Kind.money, amount * factor, currency));
  return 2;
}
