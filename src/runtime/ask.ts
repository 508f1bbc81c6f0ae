/**
 * Ask: the best current fact or sentence, as a verbatim quotation with its source and date; then what it superseded.
 *
 * Owns: which notes and facts are looked at, which of several answers is the current one, what was so before.
 * Does not own: cutting notes (sentences.ts), rating a sentence (questions.ts), search.
 *
 * Invariants:
 * 1. Every text given is a verbatim part of a memory; nothing is composed.
 * 2. Below `scoreMin` there is no answer, only the nearest hits.
 * 3. A superseded fact is never the answer, nor is the sentence of a note it was taken from.
 * 4. Deterministic: equal graphs and questions give equal answers; ties go by date, then id and place.
 */
import type { Graph, Readable } from "../graph/mod.ts";
import { connectionTypes, type Engram, type Id } from "../kernel/mod.ts";
import type { AskView, Quotation } from "./port.ts";
import { changePattern, droppedBefore } from "./question_words.ts";
import type { Statement } from "./answer_kinds.ts";
import { type Asked, askedOf, rate, type Rating, weightsOf } from "./questions.ts";
import { sentenceCharsMax, sentencesOf } from "./sentences.ts";
import { lineAt } from "./entries.ts";

/** What is asked. */
export interface Question {
  readonly question: string;
  readonly context: Id | null;
  /** The contexts that may be read, or null for all: what is in no other is neither found nor followed to. */
  readonly readable?: Readable;
  /** A tick, or null for now. */
  readonly at: number | null;
  /** Nearest hits shown. */
  readonly limit: number;
}

/** Bounds of one question. */
export const askLimits = {
  /** Hits of the question's words, and of words that mean nearly the same. */
  hitsMax: 40,
  relatedHitsMax: 20,
  /** Facts of one note. */
  factsPerNoteMax: 200,
  /** Conversations whose turns are looked up, and turns of one. */
  threadsMax: 6,
  turnsPerThreadMax: 2000,
  /** Facts a chain of supersessions is followed. */
  chainMax: 16,
  shownMax: 5,
} as const;

/** An answer below this is none; of 1000. */
const scoreMin = 620;
/** Answers this close are taken to say the same thing, and the newer is the answer. */
const nearEqual = 120, nearEqualRecent = 220;
/** A sentence that drops an answer's value need not have all the question's words, but this much. */
const updateMin = 400;
/** What is shown as contradicting is at least this close. */
const contradictsNear = 80;

/** A sentence that may answer: of a note, or a fact. */
interface Candidate {
  readonly engram: Engram;
  /** The note it stands in; the engram itself where there is none. */
  readonly note: Engram;
  /** UTF-8 byte offset in the note's content. */
  readonly start: number;
  readonly statement: Statement;
}

interface Rated extends Candidate, Rating {}

/** Answers a question from the memory graph. */
export function ask(graph: Graph, question: Question): AskView {
  return new Search(graph, question).answer();
}

class Search {
  readonly #graph: Graph;
  readonly #question: Question;
  readonly #asked: Asked;
  readonly #threads = new Map<string, readonly Engram[]>();

  constructor(graph: Graph, question: Question) {
    this.#graph = graph;
    this.#question = question;
    this.#asked = askedOf(question.question);
  }

  answer(): AskView {
    const candidates = this.#candidates();
    const weights = weightsOf(this.#asked, candidates.map(({ statement }) => statement));
    const rated = candidates.map((one): Rated => ({ ...one, ...rate(this.#asked, one.statement, weights) }));
    const current = this.#current(rated).sort(byScore);
    const best = this.#best(current);
    if (best === null) {
      return { answer: null, superseded: [], contradicts: [], nearest: this.#nearest(current, null) };
    }
    const others = current.filter((one) => one.statement !== best.statement && this.#says(best, one));
    const changed = changePattern.test(best.statement.text);
    const before = others.filter((one) => changed && isBefore(one, best));
    const replaced = current.filter((one) =>
      one.statement !== best.statement && one.score >= scoreMin && !before.includes(one) &&
      isBefore(one, best) &&
      drops(best.statement.text, distinctIn(one.statement.text, this.#asked.text))
    );
    before.push(...replaced);
    const superseded = this.#superseded([best, ...this.#sayingSame(best, current)], before);
    // A copy of a note says once more what no longer holds; that is no second opinion.
    const gone = new Set(superseded.map(({ text }) => text));
    const opposed = others.filter((one) => !before.includes(one) && !gone.has(one.statement.text));
    return {
      answer: quote(best),
      superseded,
      contradicts: this.#contradicts(best, opposed),
      nearest: this.#nearest(current, best),
    };
  }

  get #when(): { asOf?: number; readable: Readable } {
    const { at, readable = null } = this.#question;
    return { readable, ...(at === null ? {} : { asOf: at }) };
  }

  #engram(id: Id): Engram | null {
    return this.#graph.engram(id, this.#question.at ?? undefined, this.#question.readable);
  }

  #found(): Engram[] {
    const { question: text, context } = this.#question;
    const related = [...new Set(this.#asked.terms.flatMap((term) => [...term.related]))].join(" ");
    const found = new Map<Id, Engram>();
    const search = (words: string, limit: number) => {
      if (words.trim() === "") return;
      const within = context === null ? {} : { context };
      const { hits } = this.#graph.search({
        text: words,
        limit,
        includeSuperseded: true,
        ...within,
        ...this.#when,
      });
      for (const hit of hits) found.set(hit.id, hit);
    };
    search(text, askLimits.hitsMax);
    if (related !== "") search(`${text} ${related}`, askLimits.relatedHitsMax);
    return [...found.values()].filter(({ kind }) => kind === "note" || kind === "fact");
  }

  #candidates(): Candidate[] {
    const notes = new Map<Id, Engram>();
    for (const engram of this.#found()) {
      const note = engram.kind === "fact" ? this.#noteOf(engram)?.note ?? engram : engram;
      notes.set(note.id, note);
    }
    return [...notes.values()].flatMap((note) => this.#ofNote(note));
  }

  #alone(engram: Engram): Candidate {
    const { before, speaker, title, dated } = this.#around(engram);
    const text = engram.content;
    const statement = {
      text,
      lead: "",
      previous: "",
      before,
      speaker,
      title,
      dated,
      open: false,
      struck: false,
    };
    return { engram, note: engram, start: 0, statement };
  }

  /** The note a fact was taken from, and where in it. */
  #noteOf(fact: Engram): { note: Engram; start: number } | null {
    const links = this.#graph.connectionsOf(fact.id, {
      direction: "out",
      type: connectionTypes.from,
      limit: 1,
      ...this.#when,
    });
    const note = links[0] === undefined ? null : this.#engram(links[0].target);
    const start = links[0]?.metadata.start;
    return note === null ? null : { note, start: typeof start === "number" ? start : 0 };
  }

  /** The sentences of a note; where a fact was taken from one, the fact stands for it. */
  #ofNote(note: Engram): Candidate[] {
    const { before, speaker, title, dated } = this.#around(note);
    const facts = this.#factsOf(note);
    const given = new Set<Id>();
    return sentencesOf(note.content).flatMap(({ text, start, lead, previous, open, struck }, at) => {
      const around = { lead, previous, before: at === 0 ? before : "", speaker, title, dated, open, struck };
      const taken = facts.filter((one) => one.start < start + text.length && start < one.end);
      if (taken.length === 0) return [{ engram: note, note, start, statement: { text, ...around } }];
      return taken.filter(({ fact }) => !given.has(fact.id)).map(({ fact, start: from }) => {
        given.add(fact.id);
        return {
          engram: fact,
          note,
          start: from,
          statement: { text: fact.content.length <= sentenceCharsMax ? fact.content : text, ...around },
        };
      });
    });
  }

  #factsOf(note: Engram): { fact: Engram; start: number; end: number }[] {
    const limit = askLimits.factsPerNoteMax;
    const links = this.#graph.connectionsOf(note.id, {
      direction: "in",
      type: connectionTypes.from,
      limit,
      ...this.#when,
    });
    return links.flatMap(({ source, metadata: { start, end } }) => {
      const fact = this.#engram(source);
      if (fact?.kind !== "fact" || typeof start !== "number" || typeof end !== "number") return [];
      return [{ fact, start, end }];
    }).sort((a, b) => a.start - b.start || a.end - b.end || (a.fact.id < b.fact.id ? -1 : 1));
  }

  #around(note: Engram): Pick<Statement, "before" | "speaker" | "title" | "dated"> {
    const speaker = typeof note.metadata.speaker === "string" ? note.metadata.speaker : "";
    const dated = note.observedAt !== null && note.timeSource !== "file" && note.timeSource !== "none";
    const title = [note.title, dated ? dayWords(note.observedAt ?? "") : null];
    return {
      before: this.#turnBefore(note),
      speaker,
      dated,
      title: title.filter((one) => one !== null).join(" "),
    };
  }

  /** What was said before it in a conversation; sections of a note are no turns. */
  #turnBefore(note: Engram): string {
    if (note.thread === null || note.position === null || note.metadata.note !== undefined) return "";
    let turns = this.#threads.get(note.thread);
    if (turns === undefined) {
      if (this.#threads.size >= askLimits.threadsMax) return "";
      turns = this.#graph.thread(note.thread, { limit: askLimits.turnsPerThreadMax, ...this.#when });
      this.#threads.set(note.thread, turns);
    }
    const own = turns.filter(({ source }) => source === note.source);
    return own[own.findIndex(({ id }) => id === note.id) - 1]?.content ?? "";
  }

  /** Candidates that hold now; one that was superseded lends its score to the fact that took its place. */
  #current(rated: readonly Rated[]): Rated[] {
    const held = new Map<string, Rated>();
    const key = ({ engram, start }: Candidate) => `${engram.id} ${engram.kind === "fact" ? 0 : start}`;
    for (const one of rated) if (one.engram.supersededBy === null) held.set(key(one), one);
    for (const one of rated) {
      if (one.engram.supersededBy === null) continue;
      const now = this.#head(one.engram);
      const place = now.kind === "fact" ? this.#noteOf(now) : null;
      const replaced: Candidate = { ...this.#alone(now), note: place?.note ?? now, start: place?.start ?? 0 };
      const known = held.get(key(replaced));
      if (now.supersededBy !== null || (known !== undefined && known.score >= one.score)) continue;
      const score = Math.max(0, one.score - 1);
      held.set(key(replaced), {
        ...(known ?? { ...replaced, said: one.said, values: [] }),
        matched: one.matched,
        score,
      });
    }
    return [...held.values()];
  }

  /** What took the place of an engram, and of that, to the end. */
  #head(engram: Engram): Engram {
    let now = engram;
    for (let depth = 0; depth < askLimits.chainMax && now.supersededBy !== null; depth++) {
      const next = this.#engram(now.supersededBy);
      if (next === null) break;
      now = next;
    }
    return now;
  }

  /** The newest of the answers that are as good as the best, as far as can be told. */
  #best(sorted: readonly Rated[]): Rated | null {
    const [top] = sorted;
    if (top === undefined || top.score < scoreMin) return null;
    const near = this.#asked.recent ? nearEqualRecent : nearEqual;
    const equals = sorted.filter((one) =>
      one.score >= scoreMin && this.#sameMatter(top, one) &&
      one.score >= top.score - (tellsChange(top, one) ? nearEqualRecent : near)
    );
    const best = equals.reduce((one, other) => isBefore(one, other) ? other : one, top);
    return this.#update(best, sorted) ?? best;
  }

  /** A later sentence on the same matter by which the answer's own value was dropped ("switched from X to Y"). */
  #update(best: Rated, sorted: readonly Rated[]): Rated | null {
    const values = distinctIn(best.statement.text, this.#asked.text);
    const later = sorted.filter((one) =>
      one.score >= updateMin && isBefore(best, one) && [...one.said].some((stem) => best.said.has(stem)) &&
      (best.values.length === 0 || one.values.length > 0) && drops(one.statement.text, values)
    );
    return later.reduce<Rated | null>(
      (one, other) => one === null || isBefore(one, other) ? other : one,
      null,
    );
  }

  /** Whether `one` speaks of all that `top` speaks of, and gives an answer where `top` does. */
  #sameMatter(top: Rated, one: Rated): boolean {
    return [...top.matched].every((stem) => one.matched.has(stem)) &&
      (top.values.length === 0 || one.values.length > 0);
  }

  /** Whether `one` gives another answer to the same matter. */
  #says(best: Rated, one: Rated): boolean {
    return one.score >= Math.max(scoreMin, best.score - nearEqual) && this.#sameMatter(best, one) &&
      comparable.has(this.#asked.expected) && best.values.length > 0 &&
      !one.values.some((value) => best.values.includes(value));
  }

  /** Facts that hold and say of the same subject and attribute what `best` says, and were not said later. */
  #sayingSame(best: Rated, current: readonly Rated[]): Rated[] {
    const { subject, attribute } = best.engram.metadata;
    if (best.engram.kind !== "fact" || typeof subject !== "string" || typeof attribute !== "string") {
      return [];
    }
    const valuesOf = ({ values, statement: { text } }: Rated) =>
      values.length > 0 ? new Set(values) : distinctIn(text, this.#asked.text);
    const values = valuesOf(best);
    return values.size === 0 ? [] : current.filter((one) => {
      const { id, kind, metadata } = one.engram, other = valuesOf(one);
      return id !== best.engram.id && kind === "fact" && metadata.subject === subject &&
        metadata.attribute === attribute && other.size === values.size && other.isSubsetOf(values) &&
        !isBefore(best, one);
    });
  }

  /** What the first of these took the place of; the others are facts that say the same. */
  #superseded([best, ...same]: readonly [Rated, ...Rated[]], before: readonly Rated[]): Quotation[] {
    const found: Quotation[] = [], seen = new Set<Id>([best, ...same].map(({ engram }) => engram.id));
    let front: Engram[] = [best, ...same].map(({ engram }) => engram);
    for (let depth = 0; depth < askLimits.chainMax && front.length > 0; depth++) {
      const next: Engram[] = [];
      for (const newer of front) {
        for (const older of this.#linked(newer.id, connectionTypes.supersedes, "out")) {
          if (seen.has(older.id)) continue;
          seen.add(older.id);
          next.push(older);
          found.push({ ...this.#quoteOf(older), until: this.#dateOf(newer), supersededBy: newer.id });
        }
      }
      front = next;
    }
    const until = best.engram.observedAt ?? best.note.observedAt;
    const told = new Set(found.map(({ text }) => text));
    for (const one of before) {
      const { text } = one.statement;
      if (!told.has(text)) found.push({ ...quote(one), until, supersededBy: best.engram.id });
      told.add(text);
    }
    return found.slice(0, askLimits.shownMax);
  }

  #contradicts(best: Rated, others: readonly Rated[]): Quotation[] {
    const { id } = best.engram, type = connectionTypes.contradicts;
    const linked = [...this.#linked(id, type, "out"), ...this.#linked(id, type, "in")]
      .filter((engram) => engram.supersededBy === null).map((engram) => this.#quoteOf(engram));
    const told = new Set(linked.map(({ text }) => text));
    const near = others.filter(({ score, said, statement: { text } }) => {
      const other = score >= best.score - contradictsNear && !told.has(text) &&
        [...best.said].every((stem) => said.has(stem));
      told.add(text);
      return other;
    });
    return [...linked, ...near.map(quote)].slice(0, askLimits.shownMax);
  }

  #linked(id: Id, type: string, direction: "in" | "out"): Engram[] {
    return this.#graph.connectionsOf(id, { direction, type, limit: askLimits.shownMax, ...this.#when })
      .map((one) => this.#engram(direction === "out" ? one.target : one.source))
      .filter((engram) => engram !== null);
  }

  #quoteOf(engram: Engram): Quotation {
    const place = engram.kind === "fact" ? this.#noteOf(engram) : null;
    const statement = this.#alone(engram).statement;
    const note = place?.note ?? engram, start = place?.start ?? 0;
    return quote({
      engram,
      note,
      start,
      statement,
      score: 0,
      matched: new Set(),
      said: new Set(),
      values: [],
    });
  }

  #dateOf(engram: Engram): string | null {
    return engram.observedAt ??
      (engram.kind === "fact" ? this.#noteOf(engram)?.note.observedAt ?? null : null);
  }

  #nearest(sorted: readonly Rated[], best: Rated | null): Quotation[] {
    const seen = new Set<string>(best === null ? [] : [best.statement.text]);
    const shown: Quotation[] = [];
    for (const one of sorted) {
      if (shown.length >= this.#question.limit) break;
      if (one.score === 0 || seen.has(one.statement.text)) continue;
      seen.add(one.statement.text);
      shown.push(quote(one));
    }
    return shown;
  }
}

/** Kinds whose values can be told apart surely. */
const comparable = new Set([
  "time",
  "money",
  "number",
  "count",
  "code",
  "phone",
  "email",
  "temperature",
  "colour",
]);

function quote({ engram, note, start, statement, score }: Rated): Quotation {
  return {
    text: statement.text,
    id: engram.id,
    ref: note.ref ?? engram.ref,
    source: note.source ?? engram.source,
    line: lineAt(note, start),
    observedAt: engram.observedAt ?? note.observedAt,
    score,
    kind: engram.kind,
    title: note.title ?? engram.title,
  };
}

/** Names and numbers of a text that are not in the question. */
function distinctIn(text: string, question: string): Set<string> {
  const asked = new Set(question.toLowerCase().match(/[\p{L}\p{N}]+/gu));
  const found =
    text.slice(1).match(/(?<![\p{L}\p{N}])(?:\p{Lu}[\p{L}\p{N}]+|\p{N}[\p{N}.,:]*(?<=\p{N}))/gu) ?? [];
  return new Set(found.map((one) => one.toLowerCase()).filter((one) => !asked.has(one)));
}

/** Whether a text says of one of these values that it holds no longer. */
function drops(text: string, values: ReadonlySet<string>): boolean {
  if (values.size === 0 || !changePattern.test(text)) return false;
  return [...text.matchAll(/[\p{L}\p{N}]+(?:[.,:]\p{N}+)*/gu)].some(({ 0: word, index }) =>
    values.has(word.toLowerCase()) && droppedBefore.test(text.slice(Math.max(0, index - 40), index))
  );
}

const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = "January February March April May June July August September October November December".split(
  " ",
);

function dayWords(time: string): string {
  const date = new Date(time);
  return `${weekdays[date.getUTCDay()]} ${date.getUTCDate()} ${
    months[date.getUTCMonth()]
  } ${date.getUTCFullYear()}`;
}

/** Whether `other` says later that something is another now: it need not say the matter in as many words. */
const tellsChange = (one: Candidate, other: Candidate) =>
  changePattern.test(other.statement.text) && isBefore(one, other);

/** When it was so, as far as the text, its name or its sender say; a file's time says little. */
function dateOf({ engram, note }: Candidate): string {
  const source = engram.observedAt === null ? note : engram;
  return source.timeSource === "file" || source.timeSource === "none" ? "" : source.observedAt ?? "";
}

/**
 * Whether `other` was said later: a later date; where one has none, in words that tell a change, alone or further
 * down in one note.
 */
function isBefore(one: Candidate, other: Candidate): boolean {
  const was = dateOf(one), is = dateOf(other);
  if (was !== is && was !== "" && is !== "") return was < is;
  if (!changePattern.test(other.statement.text)) return false;
  if (one.note.source !== other.note.source || one.note.thread !== other.note.thread) {
    return !changePattern.test(one.statement.text);
  }
  const [before, after] = [one.note.position ?? 0, other.note.position ?? 0];
  return before < after || (one.note.id === other.note.id && one.start < other.start);
}

/** The higher score; among equals a fact, the newer, the id, the place. */
function byScore(a: Rated, b: Rated): number {
  if (a.score !== b.score) return b.score - a.score;
  if (a.engram.kind !== b.engram.kind) return a.engram.kind === "fact" ? -1 : 1;
  const [one, other] = [dateOf(a), dateOf(b)];
  if (one !== other) return one > other ? -1 : 1;
  return a.engram.id === b.engram.id ? a.start - b.start : a.engram.id < b.engram.id ? -1 : 1;
}
