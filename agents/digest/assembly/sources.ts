/**
 * What a digest is made of: notes and facts of one context, in an order that no id decides.
 *
 * Invariant: a fact that something supersedes is never shown as current.
 */
import { Engram } from "../../sdk/assemblyscript/assembly";
import { TaskLine, taskLines } from "./tasks";

/** Lists of contexts as they are met: most memories stand in the same, and share one list. */
const places = new Map<string, string[]>();
function placesOf(contexts: string[]): string[] {
  const name = contexts.join(" ");
  if (!places.has(name)) places.set(name, contexts);
  return places.get(name);
}

/** Shared by all that have none: every list that is kept is looked at whenever memory is tidied up. */
const noRefs: u64[] = [];
const noTasks: TaskLine[] = [];

export class Note {
  readonly contexts: string[];
  readonly tasks: TaskLine[];
  readonly id: string;
  readonly content: string;
  readonly source: string;
  readonly position: i64;
  readonly observedAt: string;
  readonly file: string;
  readonly line: i32;
  constructor(engram: Engram) {
    this.contexts = placesOf(engram.contexts);
    this.id = engram.id;
    this.content = engram.content;
    const source = engram.source;
    this.source = source;
    // Most have none, and need not be asked again.
    const tasks = taskLines(engram.content);
    this.tasks = tasks.length > 0 ? tasks : noTasks;
    this.position = engram.position;
    this.observedAt = engram.observedAt;
    const file = engram.metadata.get("file").asText(source);
    this.file = file == source ? source : file;
    this.line = <i32> engram.metadata.get("line").asInteger(1);
  }
}

export class Fact {
  readonly contexts: string[];
  readonly id: string;
  readonly content: string;
  readonly ref: string;
  readonly observedAt: string;
  readonly file: string;
  readonly line: i32;
  readonly decision: bool;
  /** What it supersedes, and what it contradicts: refs as {@link hashOf} gives them, since there may be many. */
  over: u64[] = noRefs;
  against: u64[] = noRefs;
  /** What it supersedes, once looked up; whether it has gone itself (or is read anew). */
  olders: Fact[] | null = null;
  others: Fact[] | null = null;
  gone: bool = false;
  /** What superseded it first, and what holds now. */
  first: Fact | null = null;
  last: Fact | null = null;
  private readonly by: string;
  /** The day of it, counted; 0 where there is none. */
  readonly days: i32;
  constructor(engram: Engram) {
    this.days = daysOf(engram.observedAt);
    this.contexts = placesOf(engram.contexts);
    this.id = engram.id;
    this.content = engram.content;
    this.ref = engram.ref;
    this.observedAt = engram.observedAt;
    const metadata = engram.metadata;
    this.file = metadata.get("file").asText(engram.source);
    this.line = <i32> metadata.get("line").asInteger(0);
    this.decision = metadata.get("decision").asBool();
    this.by = engram.supersededBy;
    const relations = metadata.get("relations").asTexts();
    for (let i = 0; i < relations.length; i++) {
      if (relations[i].startsWith("supersedes ")) this.over = this.over.concat([hashOf(relations[i], 11)]);
      else if (relations[i].startsWith("contradicts ")) this.against = this.against.concat([hashOf(relations[i], 12)]);
    }
  }
  get superseded(): bool {
    return this.by.length > 0 || this.first !== null;
  }
  /** The id of what superseded it, as the memory graph knows it. */
  get successor(): string {
    return this.by;
  }
  /** `file:line`, or its source where there is no line. */
  get place(): string {
    return this.line > 0 ? this.file + ":" + this.line.toString() : this.file;
  }
}

function order(a: string, b: string): i32 {
  return a == b ? 0 : a < b ? -1 : 1;
}
export function compareNotes(a: Note, b: Note): i32 {
  let c = order(a.observedAt, b.observedAt);
  if (c == 0) c = order(a.source, b.source);
  if (c == 0) c = a.position == b.position ? 0 : a.position < b.position ? -1 : 1;
  return c == 0 ? order(a.content, b.content) : c;
}
/** The newest first; then by place. */
export function compareFacts(a: Fact, b: Fact): i32 {
  let c = order(b.observedAt, a.observedAt);
  if (c == 0) c = order(a.file, b.file);
  if (c == 0) c = a.line - b.line;
  return c == 0 ? order(a.ref, b.ref) : c;
}

/** Notes and facts of one context, always in order: the notes from the earliest, the facts from the newest. */
export class Book {
  readonly notes: Note[] = [];
  readonly facts: Fact[] = [];
  private readonly byRef: Map<u64, Fact> = new Map<u64, Fact>();
  private readonly byId: Map<string, Fact> = new Map<string, Fact>();

  putNote(note: Note): void {
    let low = 0, high = this.notes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareNotes(this.notes[middle], note) <= 0) low = middle + 1;
      else high = middle;
    }
    insert<Note>(this.notes, low, note);
  }
  putFact(fact: Fact): void {
    let low = 0, high = this.facts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareFacts(this.facts[middle], fact) <= 0) low = middle + 1;
      else high = middle;
    }
    insert<Fact>(this.facts, low, fact);
    this.byRef.set(hashOf(fact.ref, 0), fact);
    this.byId.set(fact.id, fact);
  }
  dropNote(note: Note): void {
    const at = this.notes.indexOf(note);
    if (at >= 0) this.notes.splice(at, 1);
  }
  dropFact(fact: Fact): void {
    fact.gone = true;
    const at = this.facts.indexOf(fact);
    if (at >= 0) this.facts.splice(at, 1);
    this.byId.delete(fact.id);
    const name = hashOf(fact.ref, 0);
    if (this.byRef.has(name) && this.byRef.get(name) === fact) this.byRef.delete(name);
  }

  /** What a fact supersedes, of what is there. Looked up again only where something of it was missing or has gone. */
  private oldersOf(newer: Fact): Fact[] {
    const found = this.found(newer.over, newer.olders);
    newer.olders = found;
    return found;
  }
  /** What a fact contradicts, likewise. */
  othersOf(fact: Fact): Fact[] {
    const found = this.found(fact.against, fact.others);
    fact.others = found;
    return found;
  }
  private found(refs: u64[], known: Fact[] | null): Fact[] {
    if (known !== null && known.length == refs.length) {
      let gone = false;
      for (let i = 0; i < known.length && !gone; i++) gone = known[i].gone;
      if (!gone) return known;
    }
    const found: Fact[] = [];
    for (let i = 0; i < refs.length; i++) if (this.byRef.has(refs[i])) found.push(this.byRef.get(refs[i]));
    return found;
  }

  /** Says of every fact what superseded it. */
  connect(): void {
    const facts = this.facts;
    for (let i = 0; i < facts.length; i++) {
      facts[i].first = null;
      facts[i].last = null;
    }
    for (let i = 0; i < facts.length; i++) {
      const newer = facts[i];
      if (newer.over.length == 0) continue;
      const olders = this.oldersOf(newer);
      for (let j = 0; j < olders.length; j++) {
        const older = olders[j];
        // Facts come newest first: the first one met is the last word, the last one met the first.
        if (older.last === null) older.last = newer;
        older.first = newer;
      }
    }
    for (let i = 0; i < facts.length; i++) {
      const fact = facts[i];
      if (fact.first === null && fact.successor.length > 0 && this.byId.has(fact.successor)) {
        fact.first = this.byId.get(fact.successor);
        fact.last = fact.first;
      }
    }
  }
}

/** FNV-1a, 64 bits, of a text from a place on. */
function hashOf(text: string, from: i32): u64 {
  let hash: u64 = 0xcbf29ce484222325;
  for (let i = from; i < text.length; i++) hash = (hash ^ <u64> text.charCodeAt(i)) * 0x100000001b3;
  return hash;
}

function insert<T>(list: T[], at: i32, item: T): void {
  list.push(item);
  for (let i = list.length - 1; i > at; i--) list[i] = list[i - 1];
  list[at] = item;
}

/** What holds now in place of a superseded fact. */
export function current(fact: Fact): Fact {
  let at = fact;
  for (let steps = 0; steps < 100; steps++) {
    const next = at.last;
    if (next === null) return at;
    at = next;
  }
  return at;
}

/** Days since 0000-03-01 of an ISO date; 0 where there is none. */
export function daysOf(iso: string): i32 {
  if (iso.length < 10) return 0;
  const year = <i32> I32.parseInt(iso.substring(0, 4));
  const month = <i32> I32.parseInt(iso.substring(5, 7));
  const date = <i32> I32.parseInt(iso.substring(8, 10));
  const y = month > 2 ? year : year - 1;
  return 365 * y + y / 4 - y / 100 + y / 400 + (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + date - 1;
}
