/**
 * What a digest is made of: notes and facts of one context, in an order that no id decides.
 *
 * Invariant: a fact that something supersedes is never shown as current.
 */
import { Engram } from "../../sdk/assemblyscript/assembly";

export class Note {
  readonly id: string;
  readonly content: string;
  readonly source: string;
  readonly position: i64;
  readonly observedAt: string;
  readonly file: string;
  readonly line: i32;
  constructor(engram: Engram) {
    this.id = engram.id;
    this.content = engram.content;
    this.source = engram.source;
    this.position = engram.position;
    this.observedAt = engram.observedAt;
    this.file = engram.metadata.get("file").asText(engram.source);
    this.line = <i32> engram.metadata.get("line").asInteger(1);
  }
}

export class Fact {
  readonly id: string;
  readonly content: string;
  readonly ref: string;
  readonly observedAt: string;
  readonly file: string;
  readonly line: i32;
  readonly decision: bool;
  /** Refs of what it supersedes, and of what it contradicts. */
  readonly over: string[] = [];
  readonly against: string[] = [];
  /** What superseded it first, and what holds now. */
  first: Fact | null = null;
  last: Fact | null = null;
  private readonly by: string;
  constructor(engram: Engram) {
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
      if (relations[i].startsWith("supersedes ")) this.over.push(relations[i].substring(11));
      else if (relations[i].startsWith("contradicts ")) this.against.push(relations[i].substring(12));
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

/** Says of every fact what superseded it; facts are sorted newest first. */
export function connectFacts(facts: Fact[]): void {
  const byRef = new Map<string, Fact>();
  const byId = new Map<string, Fact>();
  for (let i = 0; i < facts.length; i++) {
    byRef.set(facts[i].ref, facts[i]);
    byId.set(facts[i].id, facts[i]);
  }
  for (let i = 0; i < facts.length; i++) {
    const newer = facts[i];
    for (let j = 0; j < newer.over.length; j++) {
      if (!byRef.has(newer.over[j])) continue;
      const older = byRef.get(newer.over[j]);
      // Facts come newest first: the first one met is the last word, the last one met the first.
      if (older.last === null) older.last = newer;
      older.first = newer;
    }
  }
  for (let i = 0; i < facts.length; i++) {
    const fact = facts[i];
    if (fact.first === null && byId.has(fact.successor)) {
      fact.first = byId.get(fact.successor);
      fact.last = fact.first;
    }
  }
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
