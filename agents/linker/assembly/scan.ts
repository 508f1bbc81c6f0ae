/**
 * Notes read into marks: URLs, tickets, files, @names, code names, and runs of capitalised words with what stands
 * beside them.
 *
 * Invariants:
 * 1. A mark's byte range is of the note's content as it stands; code blocks have no marks.
 * 2. Nothing here knows other notes: what a word is elsewhere is counted by resolve.ts.
 */
import {
  isDigit,
  isLetter,
  isSpace,
  isUpper,
  LineKind,
  lines,
  Sentence,
  sentences,
  Span,
  utf8Length,
} from "../../sdk/assemblyscript/assembly";
import { Turns } from "../../sdk/assemblyscript/assembly/turns";
import { isCommon, isEnglish } from "./english";
import * as lexicon from "./lexicon";

export enum MarkKind {
  name,
  url,
  ticket,
  file,
  handle,
  code,
}

/** How often a word is written with a small letter, and with a capital inside a sentence. */
export class Spelling {
  down: i32 = 0;
  up: i32 = 0;
  /** `down` with its forms in -s, -ed, -ing; counted when first asked for. */
  private forms: i32 = -1;
  private found: i32 = -1;
  private readonly classes: u32;

  constructor(readonly lower: string, readonly hash: u32 = 0) {
    this.classes = lexicon.classesOf(lower);
  }

  // @ts-ignore: decorator
  @inline
  is(lists: u32): bool {
    return (this.classes & lists) != 0;
  }

  /** 2: everybody uses the word, 1: it is in a dictionary, 0: it is in none. */
  get english(): i32 {
    if (this.found < 0) {
      // Of "warm-up" and "she'll" each part counts.
      const parts = this.lower.split("\u2019").join("-").split("'").join("-").split("-");
      this.found = 2;
      for (let i = 0; i < parts.length; i++) {
        if (i > 0 && parts[i].length < 3) continue;
        const level = isCommon(parts[i]) ? 2 : isEnglish(parts[i]) ? 1 : 0;
        if (level < this.found) this.found = level;
      }
    }
    return this.found;
  }

  /** How often the word or a form of it stands in small letters. Ask when all notes are read. */
  small(all: Spellings): i32 {
    if (this.forms >= 0) return this.forms;
    const word = this.lower;
    let count = this.down;
    if (word.length > 3) {
      count += all.down(word + "s") + all.down(word + "ed") + all.down(word + "ing");
      if (word.endsWith("s")) count += all.down(word.substring(0, word.length - 1));
    }
    this.forms = count;
    return count;
  }
}

/** Every word of all notes, once: a hash table that is asked with a place in a text, so that asking costs no string. */
export class Spellings {
  private slots: StaticArray<Spelling | null> = new StaticArray<Spelling | null>(4096);
  private size: i32 = 0;

  /** The spelling of a text in small letters. */
  of(lower: string): Spelling {
    return this.at(lower, 0, lower.length);
  }

  /** The spelling of text[start, end), letter case aside. */
  at(text: string, start: i32, end: i32): Spelling {
    let hash: u32 = 2166136261;
    let plain = true;
    for (let i = start; i < end; i++) {
      const code = <u32> text.charCodeAt(i);
      if (code >= 0x80) plain = false;
      hash = (hash ^ small(code)) * 16777619;
    }
    if (!plain) {
      const lower = text.substring(start, end).toLowerCase();
      hash = 2166136261;
      for (let i = 0; i < lower.length; i++) hash = (hash ^ <u32> lower.charCodeAt(i)) * 16777619;
      return this.slot(lower, 0, lower.length, hash);
    }
    return this.slot(text, start, end, hash);
  }

  private slot(text: string, start: i32, end: i32, hash: u32): Spelling {
    const mask = this.slots.length - 1;
    let slot = <i32> hash & mask;
    while (true) {
      const found = this.slots[slot];
      if (found === null) break;
      if (found.hash == hash && isSame(found.lower, text, start, end)) return found;
      slot = (slot + 1) & mask;
    }
    const given = text.substring(start, end);
    const spelling = new Spelling(given.toLowerCase(), hash);
    this.slots[slot] = spelling;
    if (++this.size * 2 > this.slots.length) this.grow();
    return spelling;
  }

  private grow(): void {
    const old = this.slots;
    const slots = new StaticArray<Spelling | null>(old.length * 2);
    for (let i = 0; i < old.length; i++) {
      const spelling = old[i];
      if (spelling === null) continue;
      let slot = <i32> spelling.hash & (slots.length - 1);
      while (slots[slot] !== null) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = spelling;
    }
    this.slots = slots;
  }

  down(lower: string): i32 {
    return this.of(lower).down;
  }
}

function small(code: u32): u32 {
  return code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
}

function isSame(lower: string, text: string, start: i32, end: i32): bool {
  if (lower.length != end - start) return false;
  for (let i = 0; i < lower.length; i++) {
    if (<u32> lower.charCodeAt(i) != small(<u32> text.charCodeAt(start + i))) return false;
  }
  return true;
}

/** A word of a sentence. */
export class Word {
  /** No name goes on across the space or sign before it. */
  breakBefore: bool = false;
  /** A capital here says nothing: first of a sentence, after a colon or a quote. */
  initial: bool = false;
  cap: bool = false;
  code: bool = false;
  /** After a label such as "Owner:". */
  labelled: bool = false;
  /** The signs between the word before and this one, and after this one. */
  before: string = "";
  after: string = "";
  kind: MarkKind = MarkKind.name;

  constructor(
    readonly text: string,
    readonly spelling: Spelling,
    readonly start: i32,
    readonly end: i32,
  ) {}

  // @ts-ignore: decorator
  @inline
  get lower(): string {
    return this.spelling.lower;
  }
  // @ts-ignore: decorator
  @inline
  is(lists: u32): bool {
    return this.spelling.is(lists);
  }
}

/** A run of capitalised words, or one word of another kind, in a note. */
export class Mark {
  constructor(
    readonly kind: MarkKind,
    /** Index of its note. */
    readonly note: i32,
    /** All words of the sentence, and the mark's place among them: [from, to). */
    readonly words: Word[],
    readonly from: i32,
    readonly to: i32,
    /** Capitals say nothing in this sentence (a title, shouting). */
    readonly titled: bool,
    /** It stands in the note's title, the path of its headings. */
    readonly heading: bool = false,
    /** A word in small letters that is no word of English: a name if it is one elsewhere. */
    readonly small: bool = false,
  ) {}

  /** The same run from word to word. */
  between(from: i32, to: i32): Mark {
    return new Mark(this.kind, this.note, this.words, from, to, this.titled, this.heading, this.small);
  }
}

/** A note as the linker needs it. */
export class Note {
  readonly marks: Mark[] = [];
  /** It is a chat: who stands before a colon speaks. */
  chat: bool = false;
  /** Contexts it is in: its things are found there too. */
  contexts: string[] = [];
  constructor(
    readonly id: string,
    /** Names the document it is part of. */
    readonly unit: string,
    readonly content: string,
    readonly title: string,
    readonly people: string[],
  ) {}

  /** Adds a mark at a place among the others. */
  insert(at: i32, mark: Mark): void {
    this.marks.push(mark);
    for (let i = this.marks.length - 1; i > at; i--) this.marks[i] = this.marks[i - 1];
    this.marks[at] = mark;
  }

  /** Bytes before a place of the content. */
  byteAt(index: i32): i32 {
    return utf8Length(this.content, 0, index);
  }
}

/** Reads one note; `index` is its place in the list of notes. */
export function scan(note: Note, index: i32, spellings: Spellings): void {
  const text = note.content;
  const all = sentences(text);
  note.chat = new Turns(text, all, lines(text), isLabel).isChat;
  for (let i = 0; i < all.length; i++) {
    const sentence = all[i];
    if (sentence.kind == LineKind.heading) continue;
    const words = wordsOf(text, sentence, spellings);
    if (words.length == 0) continue;
    const titled = sentence.kind != LineKind.table && isTitle(text, sentence, words);
    count(words, titled);
    mark(note, index, words, titled, false);
  }
  const heads = headsOf(note.title);
  for (let i = 0; i < heads.length; i++) {
    const head = heads[i];
    const span = new Sentence(head.start, head.end, 0, 0, LineKind.heading, 0);
    mark(note, index, wordsOf(note.title, span, spellings), true, true);
  }
}

function isLabel(lower: string): bool {
  return (lexicon.classesOf(lower) & (lexicon.never | lexicon.ordinary | lexicon.generic | lexicon.personLabel)) != 0;
}

function count(words: Word[], titled: bool): void {
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word.kind != MarkKind.name || word.code) continue;
    if (!word.cap) word.spelling.down++;
    else if (!word.initial && !titled) word.spelling.up++;
  }
}

/** A line that is a title though it is no heading: bold, ended by a colon, or nearly all capitals. */
function isTitle(text: string, sentence: Sentence, words: Word[]): bool {
  const last = text.charCodeAt(sentence.end - 1);
  if (last == 0x3a && words.length <= 5) return true;
  if (text.startsWith("**", sentence.start) && text.substring(sentence.start, sentence.end).endsWith("**")) {
    return true;
  }
  let caps = 0;
  let plain = 0;
  let upper = 0;
  let commas = 0;
  let labels = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word.kind != MarkKind.name || word.code) continue;
    plain++;
    if (word.cap) caps++;
    if (word.cap && word.text.length > 2 && isShouted(word.text)) upper++;
    if (word.after.startsWith(",") || word.labelled) commas++;
    if (i > 0 && word.before.includes(":")) labels++;
  }
  if (plain >= 3 && upper * 2 > plain) return true;
  const stops = last == 0x2e || last == 0x21 || last == 0x3f;
  return !stops && plain >= 3 && caps * 10 >= plain * 6 && commas == 0 && labels == 0;
}

/** Every letter a capital. */
export function isShouted(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80 ? code >= 0x61 && code <= 0x7a : isLetter(code) && !isUpper(code)) return false;
  }
  return true;
}

function isOpening(code: i32): bool {
  return code == 0x28 || code == 0x5b || code == 0x7b || code == 0x22 || code == 0x27 || code == 0x201c ||
    code == 0x2018 || code == 0x2a || code == 0x5f || code == 0x7e || code == 0x3c || code == 0x201e ||
    code == 0xab ||
    code == 0x60;
}

function isClosing(code: i32): bool {
  return isOpening(code) || code == 0x29 || code == 0x5d || code == 0x7d || code == 0x201d ||
    code == 0x2019 ||
    code == 0x2e || code == 0x2c || code == 0x3b || code == 0x3a || code == 0x21 || code == 0x3f ||
    code == 0x3e ||
    code == 0xbb || code == 0x2026 || code == 0x7c;
}

/** The words of a sentence: runs without space, signs at their ends taken off, then parted at dashes and slashes. */
function wordsOf(text: string, sentence: Sentence, spellings: Spellings): Word[] {
  const found: Word[] = [];
  const state = new Between(spellings);
  let i = sentence.start;
  while (i < sentence.end) {
    if (isSpace(text.charCodeAt(i))) {
      if (text.charCodeAt(i) == 0x0a) state.signs += "\n";
      i++;
      continue;
    }
    let end = i;
    while (end < sentence.end && !isSpace(text.charCodeAt(end))) end++;
    // [words](target): the target of a link to another file is no mention of that file.
    const target = targetIn(text, i, end);
    if (target >= i && !text.startsWith("http", target + 2)) {
      chunk(text, i, target, found, state);
      state.signs += "]";
      const close = text.indexOf(")", target);
      i = close >= 0 && close < sentence.end ? close + 1 : end;
      continue;
    }
    if (target >= i) {
      chunk(text, i, target, found, state);
      chunk(text, target + 1, end, found, state);
    } else chunk(text, i, end, found, state);
    i = end;
  }
  if (found.length > 0) found[found.length - 1].after = state.signs;
  return found;
}

/** Where "](" stands in [from, to), or -1. */
function targetIn(text: string, from: i32, to: i32): i32 {
  for (let i = from; i + 1 < to; i++) {
    if (text.charCodeAt(i) == 0x5d && text.charCodeAt(i + 1) == 0x28) return i;
  }
  return -1;
}

/** What stood since the last word. */
class Between {
  signs: string = "";
  code: bool = false;
  labelled: bool = false;
  /** Index of the first word of this line. */
  lineFrom: i32 = 0;
  constructor(readonly spellings: Spellings) {}
}

function chunk(text: string, from: i32, to: i32, found: Word[], state: Between): void {
  let start = from;
  let end = to;
  while (start < end && isOpening(text.charCodeAt(start))) {
    const code = text.charCodeAt(start);
    if (code == 0x60) state.code = !state.code;
    if (code != 0x2a && code != 0x5f) state.signs += String.fromCharCode(code);
    start++;
  }
  const url = text.startsWith("http://", start) || text.startsWith("https://", start) ||
    text.startsWith("www.", start);
  while (end > start && isClosing(text.charCodeAt(end - 1))) {
    // A closing bracket belongs to a URL that opened it.
    if (
      url && text.charCodeAt(end - 1) == 0x29 && text.indexOf("(", start) >= 0 &&
      text.indexOf("(", start) < end
    ) break;
    end--;
  }
  if (start < end) {
    if (url) push(text, start, end, MarkKind.url, found, state);
    else part(text, start, end, found, state);
  }
  for (let i = end; i < to; i++) {
    const code = text.charCodeAt(i);
    if (code == 0x60) state.code = !state.code;
    if (code != 0x2a && code != 0x5f) state.signs += String.fromCharCode(code);
  }
}

function part(text: string, start: i32, end: i32, found: Word[], state: Between): void {
  let signed = false;
  for (let i = start; i < end && !signed; i++) {
    const code = text.charCodeAt(i);
    signed = code == 0x40 || code == 0x2d || code == 0x2e || code == 0x2f;
  }
  if (signed && isSpecial(text, start, end, found, state)) return;
  pieces(text, start, end, found, state);
}

/** Takes a handle, an address, a ticket, a file or a code name; false for anything else. */
function isSpecial(text: string, start: i32, end: i32, found: Word[], state: Between): bool {
  const whole = text.substring(start, end);
  let kind = MarkKind.name;
  if (whole.includes("@")) {
    if (whole.charCodeAt(0) == 0x40 && isHandle(whole) && !state.code) {
      push(text, start, end, MarkKind.handle, found, state);
    } else state.signs += "@";
    return true;
  }
  if (isTicket(whole)) kind = MarkKind.ticket;
  else if (isFile(whole)) kind = MarkKind.file;
  else if (isHost(whole)) kind = MarkKind.url;
  else if (isCodeName(whole) || isMachine(whole)) kind = MarkKind.code;
  if (kind == MarkKind.name) return false;
  push(text, start, end, kind, found, state);
  return true;
}

function pieces(text: string, start: i32, end: i32, found: Word[], state: Between): void {
  let from = start;
  for (let i = start; i <= end; i++) {
    const code = i < end ? <i32> text.charCodeAt(i) : -1;
    const inside = i < end && (isLetter(code) || isDigit(code) ||
      ((code == 0x27 || code == 0x2019 || code == 0x2d || code == 0x2e || code == 0x26) && i > from &&
        i + 1 < end &&
        (isLetter(text.charCodeAt(i + 1)) || isDigit(text.charCodeAt(i + 1)))) ||
      (code == 0x5f && state.code));
    if (inside) continue;
    if (i > from) push(text, from, i, MarkKind.name, found, state);
    if (i < end) state.signs += String.fromCharCode(code);
    from = i + 1;
  }
}

function push(text: string, start: i32, end: i32, kind: MarkKind, found: Word[], state: Between): void {
  let stop = end;
  let possessive = false;
  if (kind == MarkKind.name || kind == MarkKind.handle) {
    const tail = end - 2;
    if (tail > start && (text.charCodeAt(end - 1) | 0x20) == 0x73) {
      const sign = text.charCodeAt(tail);
      if (sign == 0x27 || sign == 0x2019) {
        stop = tail;
        possessive = true;
      }
    }
  }
  const spelling = state.spellings.at(text, start, stop);
  // One text for all words spelled alike.
  const same = kind == MarkKind.name && isExactly(spelling.lower, text, start);
  const word = new Word(same ? spelling.lower : text.substring(start, stop), spelling, start, stop);
  word.kind = kind;
  word.code = state.code;
  const signs = state.signs;
  const first = found.length == 0;
  if (!first) found[found.length - 1].after += signs;
  word.before = signs;
  const titleBefore = !first && signs == "." && found[found.length - 1].is(lexicon.titles);
  word.breakBefore = !titleBefore && (first || signs.length > 0);
  word.initial = first || signs.includes("\n") || signs.includes(":") || signs.includes('"') ||
    signs.includes("“") ||
    signs.includes("(") ||
    signs.includes("—") || signs.includes("|") || signs.includes("‘") || signs.includes("'");
  if (!first) {
    const previous = found[found.length - 1];
    if (signs.includes("\n")) {
      state.labelled = false;
      state.lineFrom = found.length;
    } else if (signs.includes(":")) {
      state.labelled = previous.is(lexicon.personLabel) && found.length - state.lineFrom <= 2;
    }
  }
  word.labelled = state.labelled;
  if (word.labelled) word.initial = false;
  if (kind == MarkKind.name) {
    const code = word.text.charCodeAt(0);
    // "Ó" and "É" are parts of names alone, "I" and "A" are not.
    word.cap = isUpper(code) && (word.text.length > 1 || code >= 0x80);
  }
  found.push(word);
  state.signs = possessive ? "'s" : "";
}

function isExactly(lower: string, text: string, start: i32): bool {
  for (let i = 0; i < lower.length; i++) if (lower.charCodeAt(i) != text.charCodeAt(start + i)) return false;
  return true;
}

function isHandle(text: string): bool {
  if (text.length < 3) return false;
  for (let i = 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const inner = code == 0x2e || code == 0x2d || code == 0x5f || code == 0x27 || code == 0x2019;
    if (!isLetter(code) && !isDigit(code) && !inner) return false;
  }
  return isLetter(text.charCodeAt(1));
}

function isTicket(text: string): bool {
  const dash = text.indexOf("-");
  if (dash < 2 || dash > 10 || text.length - dash > 7 || text.length == dash + 1) return false;
  for (let i = 0; i < dash; i++) {
    const code = text.charCodeAt(i);
    if (!(code >= 0x41 && code <= 0x5a) && !(i > 0 && isDigit(code))) return false;
  }
  for (let i = dash + 1; i < text.length; i++) if (!isDigit(text.charCodeAt(i))) return false;
  const prefix = text.substring(0, dash).toLowerCase();
  return !lexicon.notTicket.has(prefix);
}

function isFile(text: string): bool {
  const dot = text.lastIndexOf(".");
  const slash = text.lastIndexOf("/");
  if (dot <= 0 || dot == text.length - 1 || dot < slash) return false;
  const suffix = text.substring(dot + 1);
  if (!lexicon.fileSuffix.has(suffix.toLowerCase()) || dot - slash < 3) return false;
  const stem = text.substring(slash + 1, dot);
  if (slash < 0 && (lexicon.notFile.has(stem.toLowerCase()) || stem.length == 1)) return false;
  if (slash < 0 && stem.includes(".") && !isLetter(stem.charCodeAt(0))) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const sign = code == 0x2e || code == 0x2f || code == 0x5f || code == 0x2d || code == 0x7e || code == 0x2b;
    if (!isLetter(code) && !isDigit(code) && !sign) return false;
  }
  return isLetter(suffix.charCodeAt(0));
}

/** `words-api`: lower case, hyphens, a last part that names software. */
function isCodeName(text: string): bool {
  const dash = text.lastIndexOf("-");
  if (dash < 3 || (lexicon.classesOf(text.substring(dash + 1)) & lexicon.codeSuffix) == 0) return false;
  for (let i = 0; i < dash; i++) {
    const code = text.charCodeAt(i);
    if (!(code >= 0x61 && code <= 0x7a) && !isDigit(code) && code != 0x2d) return false;
  }
  return isLetter(text.charCodeAt(0));
}

/** `name.example`, `www2.name.example/path`: small letters, and a last part that ends a host's name and no sentence. */
function isHost(text: string): bool {
  const slash = text.indexOf("/");
  const end = slash < 0 ? text.length : slash;
  const dot = text.lastIndexOf(".", end - 1);
  if (dot < 2 || !isLetter(text.charCodeAt(0)) || !lexicon.hostSuffix.has(text.substring(dot + 1, end))) return false;
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code == 0x2e) {
      if (text.charCodeAt(i + 1) == 0x2e) return false;
    } else if (!(code >= 0x61 && code <= 0x7a) && !isDigit(code) && code != 0x2d) return false;
  }
  return true;
}

/**
 * `name-role-1`, `name-fw1`, `srv-name`: small letters and hyphens, with a number at the end that is no year, or a
 * beginning that names a machine. One hyphen before a number alone ("week-3") or after one letter ("mid-q3") is not enough.
 */
export function isMachine(text: string): bool {
  const dash = text.lastIndexOf("-");
  if (dash < 2 || text.length == dash + 1 || !isLetter(text.charCodeAt(0))) return false;
  let digits = text.length;
  while (digits > dash + 1 && isDigit(text.charCodeAt(digits - 1))) digits--;
  for (let i = 0; i < digits; i++) {
    const code = text.charCodeAt(i);
    if (!(code >= 0x61 && code <= 0x7a) && code != 0x2d && !(isDigit(code) && i < dash)) return false;
  }
  const count = text.length - digits;
  const letters = digits - dash - 1;
  if (count > 0 && count < 4 && (letters > 1 || (letters == 0 && text.indexOf("-") < dash))) return true;
  return letters > 1 && lexicon.machinePrefix.has(text.substring(0, text.indexOf("-")));
}

/** Marks of a sentence: single ones, and runs of capitals. */
function mark(note: Note, index: i32, words: Word[], titled: bool, heading: bool): void {
  let i = 0;
  while (i < words.length) {
    const word = words[i];
    if (word.kind != MarkKind.name) {
      note.marks.push(new Mark(word.kind, index, words, i, i + 1, titled, heading));
      i++;
      continue;
    }
    if ((!word.cap && !isInitial(words, i)) || word.code) {
      if (!word.cap && !word.code && word.text.length > 2 && isLetter(word.text.charCodeAt(0)) && word.spelling.english == 0) {
        note.marks.push(new Mark(MarkKind.name, index, words, i, i + 1, true, heading, true));
      }
      i++;
      continue;
    }
    let to = i + 1;
    while (to < words.length && to - i < 6) {
      const next = words[to];
      // "Saint NAME's Square" is one name.
      // So is "NAME & NAME", until both are known apart (resolve.ts).
      const owned = next.cap && !titled && !next.is(lexicon.never | lexicon.generic) &&
        (next.before == "&" || (next.before == "'s" && next.spelling.english > 0));
      const follows = !next.breakBefore || owned || isInitial(words, to - 1);
      if (next.kind != MarkKind.name || !follows || next.code) break;
      if (next.cap || isInitial(words, to)) {
        to++;
        continue;
      }
      // One or two joiners ("van der") when a capital follows them.
      let over = to;
      while (
        over < words.length && over - to < 2 && words[over].kind == MarkKind.name &&
        !words[over].breakBefore &&
        words[over].is(lexicon.joiners)
      ) over++;
      if (over == to || over >= words.length || !words[over].cap || words[over].breakBefore) break;
      // "Bank of NAME" is one, "GB of RAM" and "FIRST LAST of FIRM" are none.
      if (isShouted(words[to - 1].text) && isShouted(words[over].text)) break;
      if (words[to].lower == "of" && words[to - 1].spelling.english == 0) break;
      to = over + 1;
    }
    // A word alone that can never be a name needs no mark.
    const plain = to == i + 1 &&
      word.is(lexicon.never | lexicon.generic);
    if (!plain) note.marks.push(new Mark(MarkKind.name, index, words, i, to, titled, heading));
    i = to;
  }
}

/** One capital and a point before a capital: "P. NAME". */
export function isInitial(words: Word[], at: i32): bool {
  const text = words[at].text;
  if (text.length != 1 || at + 1 >= words.length || !isUpper(text.charCodeAt(0))) return false;
  const next = words[at + 1];
  if (next.before != "." || next.kind != MarkKind.name || !isUpper(next.text.charCodeAt(0))) return false;
  // "freezer D. Scripts are …" are two sentences.
  return next.spelling.english == 0 || words[at].breakBefore ||
    words[at - 1].is(lexicon.personBefore | lexicon.personBeforeWeak | lexicon.roles | lexicon.titles);
}

/** The headings of a path "A › B": where each stands in it. */
function headsOf(title: string): Span[] {
  const heads: Span[] = [];
  let from = 0;
  while (from <= title.length) {
    let to = title.indexOf("›", from);
    if (to < 0) to = title.length;
    if (to > from) heads.push(new Span(from, to, 0, 0));
    from = to + 1;
  }
  return heads;
}
