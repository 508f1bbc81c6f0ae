/**
 * The notes of a context as the curator reads them: sections in one order, and the statements in them.
 *
 * Invariant: order depends on contents alone (time, source, place in the source), never on ids or order of import.
 */
import {
  Engram,
  isLetter,
  isSpace,
  Line,
  LineKind,
  lines,
  Sentence,
  sentences,
  utf8Length,
} from "../../sdk/assemblyscript/assembly";
import { Turns } from "../../sdk/assemblyscript/assembly/turns";
import { Fact, Topic, topicOf } from "./fact";
import { readFact } from "./facts";
import { Pair } from "./pairs";
import { Ended } from "./reversals";
import { hash, holds, Sketch, sketchOf } from "./sketch";
import { hasDigit } from "./values";
import { attributes, decisionLabels, monthOf, otherLabels, roles, weekdayOf } from "./vocabulary";

/** A longer section, in UTF-16 units, is left unread: comparing its statements would take a step of minutes. */
export const sectionUnitsMax: i32 = 131072;

let sectionsMade: i32 = 0;

/** A section of a note, and what is known of it alone. */
export class Section {
  /** Names this reading of the section: a changed one is another. */
  readonly uid: i32 = ++sectionsMade;
  /** By which it meets sections that may be copies (alike.ts); null until asked for. */
  keys: StaticArray<u64> | null = null;
  private read: Statement[] | null = null;
  /** Once it was asked for: it may take reading the whole text. */
  private named: string = "";
  readonly id: string;
  readonly source: string;
  readonly ref: string;
  readonly title: string;
  readonly content: string;
  readonly observedAt: string;
  readonly position: i64;
  readonly file: string;
  readonly line: i32;
  readonly contexts: string[];
  /** Sections (by index) this one is a later copy of. */
  copies: i32[] = [];
  /** It is no longer among the notes. */
  gone: bool = false;
  constructor(engram: Engram) {
    this.id = engram.id;
    this.source = engram.source;
    this.ref = engram.ref;
    this.title = engram.title;
    this.content = engram.content;
    this.observedAt = engram.observedAt;
    this.position = engram.position;
    this.contexts = engram.contexts;
    const metadata = engram.metadata;
    this.file = metadata.get("file").asText(engram.source);
    this.line = <i32> metadata.get("line").asInteger(0);
  }
  /** The statements in it, read once. */
  get statements(): Statement[] {
    let read = this.read;
    if (read === null) {
      read = readStatements(this);
      this.read = read;
    }
    return read;
  }
  /** Whether a word of its sentences or headings has this form. */
  says(word: u64): bool {
    const own = this.statements;
    for (let i = 0; i < own.length; i++) {
      const sketch = own[i].sketch;
      if (sketch !== null && (holds(sketch.whole.words, word) || holds(sketch.topic, word))) return true;
    }
    return false;
  }
  /** Names the section among all notes; one without a name goes by its text and time. */
  get name(): string {
    let name = this.named;
    if (name.length == 0) {
      if (this.ref.length > 0) name = this.ref.startsWith(this.source) ? this.ref : this.source + "#" + this.ref;
      else name = this.source.length > 0 ? this.source : "note-" + hash(this.observedAt + " " + this.content).toString(16);
      this.named = name;
    }
    return name;
  }
}

function order(a: string, b: string): i32 {
  return a == b ? 0 : a < b ? -1 : 1;
}
export function compareSections(a: Section, b: Section): i32 {
  let c = order(a.observedAt, b.observedAt);
  if (c == 0 && a.source != b.source) {
    // Of two notes of one time the one with the shorter name came first: "plan" before "plan (copy)".
    c = a.source.length != b.source.length ? a.source.length - b.source.length : order(a.source, b.source);
  }
  if (c == 0) c = a.position == b.position ? 0 : a.position < b.position ? -1 : 1;
  if (c == 0) c = order(a.ref, b.ref);
  return c == 0 ? order(a.content, b.content) : c;
}

/** For all that have none: nothing is added to them. */
export const noLinks: Link[] = [];
export const noEnds: Ended[] = [];
export const noPairs: Pair[] = [];
const noStatements: Statement[] = [];

let statementsMade: u64 = 0;

/** A statement with its place. */
export class Statement {
  readonly uid: u64 = ++statementsMade;
  /** Its fact in the graph, once there is one. */
  stored: Stored | null = null;
  /** What this one is connected to, by this run. */
  links: Link[] = noLinks;
  /** The links of the last run, in one text; those of them that are written. */
  told: string = "\0";
  acts: Link[] = noLinks;
  /** Its section's place in this run. */
  section: i32 = 0;
  /** The last run that looked at it. */
  run: i32 = 0;
  /** What it ends, and what ends it, by its words (reversals.ts). */
  ends: Ended[] = noEnds;
  endedBy: Statement[] = noStatements;
  /** What it may end, to be weighed (pairs.ts). */
  pairs: Pair[] = noPairs;
  isTeller: bool = false;
  /** The place of the least promising pair, or -1 where it is not known. */
  lastPair: i32 = -1;
  /** Some pairs were left out. */
  overflown: bool = false;
  /** How many were there when they were weighed; what came of it, and what weighed so against this one. */
  weighedPairs: i32 = -1;
  weighed: Ended[] = noEnds;
  /** Its words are counted (reversals.ts). */
  counted: bool = false;
  /** The last run in which something was connected to it, or it to something. */
  connected: i32 = 0;
  /** The statement before it in its paragraph. */
  prior: Statement | null = null;
  /** The last sentence it was compared with. */
  seenBy: u64 = 0;
  constructor(
    readonly owner: Section,
    /** No strict fact can be read of it: it is one only where it ends another or is ended. */
    readonly loose: bool,
    readonly sketch: Sketch | null,
    readonly fact: Fact,
    readonly text: string,
    readonly byteStart: i32,
    readonly byteEnd: i32,
    readonly line: i32,
    /** The sentences before and after it in the same paragraph. */
    readonly beside: string[],
    readonly ref: string,
  ) {}

  link(one: Link): void {
    if (this.links.length == 0) this.links = [];
    this.links.push(one);
  }
  /** What this one ends is told to both. */
  end(one: Ended): void {
    if (this.ends.length == 0) this.ends = [];
    this.ends.push(one);
    const ended = one.target;
    if (ended.endedBy.length == 0) ended.endedBy = [];
    ended.endedBy.push(this);
  }
}

export class Link {
  constructor(
    readonly type: string,
    readonly target: Statement,
    readonly cue: string,
    readonly why: string,
    /** 0 to 1: below the threshold it is only proposed. */
    readonly certainty: f64,
  ) {}
}

/** A fact of ours in the graph. */
export class Stored {
  /** The statement it is of, in the last run that saw it. */
  run: i32 = 0;
  /** Ids and types of what it is connected to, in one text. */
  linked: string = "";
  /** The reading of a section that it was connected to. */
  linkedFrom: Section | null = null;
  constructor(
    public id: string,
    public ref: string,
    public text: string,
    /** As the graph shows it; null once we know what we wrote. */
    public engram: Engram | null,
    /** What we wrote: text, source, time, title and metadata. */
    public form: string,
  ) {}
}

class Piece {
  /** `block`: the line its paragraph or item begins in. */
  constructor(readonly start: i32, readonly end: i32, readonly block: i32, readonly row: bool = false) {}
}

/** A label that is no speaker. */
function isLabel(lower: string): bool {
  return hasDigit(lower) || attributes.has(lower) || otherLabels.has(lower) || decisionLabels.has(lower) || roles.has(lower);
}

/** A row of a table that is neither its head nor a rule. */
function isRow(text: string, all: Line[], at: i32): bool {
  return !isRule(text, all[at]) && !(at + 1 < all.length && all[at + 1].kind == LineKind.table && isRule(text, all[at + 1]));
}
function isRule(text: string, line: Line): bool {
  for (let i = line.body; i < line.end; i++) {
    const code = <i32> text.charCodeAt(i);
    if (code != 0x7c && code != 0x2d && code != 0x3a && !isSpace(code)) return false;
  }
  return true;
}

/** The pieces of a text that may be statements. Tasks, quotations, headings and code have none. */
function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  const all: Line[] = lines(text);
  const spans: Sentence[] = sentences(text);
  const turns = new Turns(text, spans, all, isLabel);
  for (let i = 0; i < spans.length; i++) {
    const span = spans[i];
    const line = all[span.line];
    if (span.kind == LineKind.table) {
      if (isRow(text, all, span.line)) found.push(new Piece(span.start, span.end, span.line, true));
      continue;
    }
    if (span.kind != LineKind.prose && span.kind != LineKind.item) continue;
    if (span.kind == LineKind.item && text.substring(line.start, line.body).includes("[")) continue;
    let block = span.line;
    while (block > 0 && all[block].kind == LineKind.prose && (all[block - 1].kind == LineKind.prose || all[block - 1].kind == LineKind.item)) block--;
    const start = turns.after(span.start);
    if (turns.isChat) cutSmall(text, start, span.end, block, found);
    else found.push(new Piece(start, span.end, block));
  }
  return found;
}

/** In a chat a sentence may begin with a small letter: it does so behind a point and a whole word. */
function cutSmall(text: string, from: i32, end: i32, block: i32, into: Piece[]): void {
  let start = from, word = 0;
  for (let i = from; i + 2 < end; i++) {
    const code = <i32> text.charCodeAt(i);
    if (code == 0x2e && word > 2 && isSpace(text.charCodeAt(i + 1)) && isLetter(text.charCodeAt(i + 2)) && !isShort(text, i, word)) {
      into.push(new Piece(start, i + 1, block));
      start = i + 2;
    }
    word = isLetter(code) ? word + 1 : 0;
  }
  into.push(new Piece(start, end, block));
}

/** The word before a point is one that is written with it: "etc.", "approx.", "Sept.". */
function isShort(text: string, point: i32, word: i32): bool {
  const lower = text.substring(point - word, point).toLowerCase();
  return lower == "etc" || lower == "approx" || lower == "incl" || monthOf(lower) > 0 || weekdayOf(lower) > 0 && word < 5;
}

/** Reads the statements of a section. */
function readStatements(section: Section): Statement[] {
  const found: Statement[] = [];
  const text = section.content;
  const headings = section.title;
  const note = headings.split(" › ")[0];
  const topic: Topic = topicOf(headings, note, section.source);
  const parts = pieces(text);
  const said = new Array<string>(parts.length);
  for (let i = 0; i < parts.length; i++) said[i] = text.substring(parts[i].start, parts[i].end);
  let bytes = 0, at = 0, line = section.line, lastBlock = -1;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    const sentence = said[i];
    // A row says nothing by itself: it may be ended.
    let fact: Fact | null = part.row ? null : readFact(sentence, topic);
    const previous = i > 0 && parts[i - 1].block == part.block ? said[i - 1] : "";
    const sketch = sketchOf(sentence, previous, topic);
    const loose = fact === null;
    if (fact === null) {
      if (sketch === null) continue;
      fact = new Fact();
      fact.cue = sketch.cue;
    }
    fact.settle();
    bytes += utf8Length(text, at, part.start);
    for (let j = at; j < part.start; j++) if (text.charCodeAt(j) == 0x0a) line++;
    at = part.start;
    const beside: string[] = [];
    if (previous.length > 0) beside.push(previous);
    if (i + 1 < parts.length && parts[i + 1].block == part.block) {
      beside.push(said[i + 1]);
    }
    const end = bytes + utf8Length(text, part.start, part.end);
    const ref = section.name + "@" + bytes.toString();
    const made = new Statement(section, loose, sketch, fact, sentence, bytes, end, line, beside, ref);
    if (found.length > 0 && lastBlock == part.block) made.prior = found[found.length - 1];
    lastBlock = part.block;
    found.push(made);
  }
  return found;
}
