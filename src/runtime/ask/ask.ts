/**
 * Ask: the best current fact or sentence, as a verbatim quotation with its source and date; then what it superseded.
 *
 * Owns: which notes and facts are looked at, which of several answers is the current one, what was so before.
 * Does not own: cutting notes (sentences.ts), rating a sentence (rating.ts), what tells a change (changes_told.ts), search.
 *
 * Invariants:
 * 1. Every text given is a verbatim part of a memory; nothing is composed.
 * 2. Below `scoreMin` there is no answer, only the nearest hits.
 * 3. A superseded fact is never the answer, nor is the sentence of a note it was taken from.
 * 4. Deterministic: equal graphs and questions give equal answers; ties go by date, then id and place.
 */
import type { Graph, Readable } from "../../graph/mod.ts";
import { connectionTypes, type Engram, type Id } from "../../kernel/mod.ts";
import type { AskView, Quotation } from "../port.ts";
import { comparable, type Statement } from "./answer_kinds.ts";
import { changeFeatures, type Common, contentOf, type Dated, dayIn } from "./changes_told.ts";
import { changePattern, isQuestion } from "./question_words.ts";
import { type Asked, askedOf, distinctIn, isDropped, stemSet, valuesIn, weightsOf } from "./questions.ts";
import { type Features, rate, type Rating, type Scale, weighed } from "./rating.ts";
import { changeWeights, ratingWeights } from "./weights.ts";
import { sentenceCharsMax, sentencesOf } from "./sentences.ts";
import { lineAt } from "../entries.ts";

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
const askLimits = {
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
const scoreMin = 500;
/** What may have taken the place of a sentence with at least this margin is of use for a fit. */
const nearlyMin = -2;
/** Answers this close are taken to say the same thing, and the newer is the answer. */
const nearEqual = 60, nearEqualRecent = 130;
/** Characters at the beginning of a note without a date in which its day is looked for. */
const dateCharsMax = 120;
/** What is shown as contradicting is at least this close. */
const contradictsNear = 60;

/** A sentence that may answer: of a note, or a fact. */
interface Candidate {
  readonly engram: Engram;
  /** The note it stands in; the engram itself where there is none. */
  readonly note: Engram;
  /** UTF-8 byte offset in the note's content. */
  readonly start: number;
  readonly statement: Statement;
}

interface Rated extends Candidate, Rating, Dated {
  /** 0 to 1000. */
  readonly score: number;
}

/** What a sentence above or below the floor is shown as, of 1000. */
const scoreOf = (margin: number) =>
  margin === -Infinity ? 0 : Math.max(1, Math.round(500 + 500 * margin / (3 + Math.abs(margin))));

/** The weights by which sentences are rated, and by which one took the place of another. */
export interface AskWeights {
  readonly rating: Readonly<Record<string, number>>;
  readonly change: Readonly<Record<string, number>>;
}
/** Those that were fitted. */
export const askWeights: AskWeights = { rating: ratingWeights, change: changeWeights };

/** Answers a question from the memory graph. */
export function ask(graph: Graph, question: Question, weights = askWeights): AskView {
  return new Search(graph, question, weights).answer();
}

/** The sentences looked at for a question, with their features. */
export function sentencesLookedAt(
  graph: Graph,
  question: Question,
): readonly (Rating & { readonly statement: Statement })[] {
  return new Search(graph, question, askWeights).looked();
}

/** For each sentence that may have answered, those that may have taken its place, with their features. */
export function changesLookedAt(
  graph: Graph,
  question: Question,
  weights = askWeights,
): readonly { readonly older: string; readonly newer: readonly { text: string; features: Features }[] }[] {
  return new Search(graph, question, weights).changes();
}

class Search {
  readonly #graph: Graph;
  readonly #question: Question;
  readonly #asked: Asked;
  readonly #weights: AskWeights;
  readonly #threads = new Map<string, readonly Engram[]>();
  /** Sentences looked at that have a stem, and how many there are. */
  readonly #having = new Map<string, number>();
  #looked = 0;
  readonly #stems = kept(stemSet);
  #scale: Scale = { weights: new Map(), stems: this.#stems };
  readonly #common: Common = {
    content: kept(contentOf),
    distinct: kept((text) => distinctIn(text, this.#asked.text)),
    rarity: (stem) => Math.log((this.#looked + 2) / ((this.#having.get(stem) ?? 0) + 1)),
  };

  constructor(graph: Graph, question: Question, weights: AskWeights) {
    this.#graph = graph;
    this.#weights = weights;
    this.#question = question;
    this.#asked = askedOf(question.question);
  }

  answer(): AskView {
    const rated = this.looked();
    const current = this.#current(rated).sort(byScore);
    const path = this.#path(current);
    const best = path.at(-1);
    if (best === undefined) {
      return { answer: null, superseded: [], contradicts: [], nearest: this.#nearest(current, null) };
    }
    const others = current.filter((one) => one.statement !== best.statement && this.#says(best, one));
    const changed = changePattern.test(best.statement.text);
    const before = others.filter((one) => changed && isBefore(one, best));
    const replaced = current.filter((one) =>
      one.statement !== best.statement && one.score >= scoreMin && !before.includes(one) &&
      isBefore(one, best) &&
      drops(best.statement.text, this.#common.distinct(one.statement.text))
    );
    const told = path.slice(0, -1).filter((one) => isBefore(one, best));
    before.push(...new Set([...replaced, ...told]).difference(new Set(before)));
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

  /** What answers, or nearly, and what may have taken its place. */
  changes(): { older: string; newer: { text: string; features: Features }[] }[] {
    const current = this.#current(this.looked()).sort(byScore);
    return current.filter(({ margin }) => margin > nearlyMin).map((older) => ({
      older: older.statement.text,
      newer: current.filter((one) => this.#mayTake(older, one)).map((one) => ({
        text: one.statement.text,
        features: changeFeatures(this.#asked, older, one, this.#common),
      })),
    }));
  }

  /** Whether one was said later than another, and they share a word or it speaks of what is asked. */
  #mayTake(older: Rated, newer: Rated): boolean {
    const { content } = this.#common, words = content(older.statement.text);
    return mayReplace(older, newer) &&
      !(newer.said.size === 0 && content(newer.statement.text).isDisjointFrom(words));
  }

  /** Every sentence looked at, rated; weights and rarities are those among them. */
  looked(): Rated[] {
    const candidates = this.#candidates();
    const texts = candidates.map(({ statement }) => statement);
    this.#scale = { weights: weightsOf(this.#asked, texts, this.#stems), stems: this.#stems };
    for (const { text } of texts) {
      for (const stem of this.#common.content(text)) {
        this.#having.set(stem, (this.#having.get(stem) ?? 0) + 1);
      }
    }
    this.#looked = candidates.length;
    return candidates.map((one) => this.#rate(one));
  }

  #rate(one: Candidate): Rated {
    const rating = rate(this.#asked, one.statement, this.#scale, this.#weights.rating);
    const source = one.note.source ?? one.note.id;
    return { ...one, ...rating, score: scoreOf(rating.margin), date: dateOf(one), source };
  }

  get #when(): { asOf?: number; readable: Readable } {
    const { at, readable = null } = this.#question;
    return { readable, ...(at === null ? {} : { asOf: at }) };
  }

  #engram(id: Id): Engram | null {
    return this.#graph.engram(id, this.#question.at ?? undefined, this.#question.readable);
  }

  #candidates(): Candidate[] {
    const { question: text } = this.#question;
    const related = [...new Set(this.#asked.terms.flatMap((term) => [...term.related]))].join(" ");
    const found = new Map<Id, Engram>();
    for (const hit of this.#search(text, askLimits.hitsMax)) found.set(hit.id, hit);
    if (related !== "") {
      for (const hit of this.#search(`${text} ${related}`, askLimits.relatedHitsMax)) found.set(hit.id, hit);
    }
    return this.#notesOf([...found.values()]).flatMap((note) => this.#ofNote(note));
  }

  /** Notes and facts with these words. */
  #search(text: string, limit: number): Engram[] {
    if (text.trim() === "") return [];
    const { context } = this.#question, within = context === null ? {} : { context };
    const { hits } = this.#graph.search({ text, limit, includeSuperseded: true, ...within, ...this.#when });
    return hits.filter(({ kind }) => kind === "note" || kind === "fact");
  }

  /** The notes that these are, or were taken from; a fact of no note stands for itself. */
  #notesOf(found: readonly Engram[]): Engram[] {
    const notes = new Map<Id, Engram>();
    for (const engram of found) {
      const note = engram.kind === "fact" ? this.#noteOf(engram)?.note ?? engram : engram;
      notes.set(note.id, note);
    }
    return [...notes.values()];
  }

  #alone(engram: Engram): Candidate {
    const { before, speaker, title, dated, note } = this.#around(engram);
    const text = engram.content;
    const statement = {
      text,
      lead: "",
      previous: "",
      before,
      speaker,
      heads: "",
      title,
      dated,
      note,
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
    const { before, speaker, title, dated, note: whole } = this.#around(note);
    const facts = this.#factsOf(note);
    const given = new Set<Id>();
    return sentencesOf(note.content).flatMap((sentence, at) => {
      const { text, start, lead, previous, heads, open, struck } = sentence;
      const around = {
        ...{ lead, previous, before: at === 0 ? before : "", heads, title, dated, note: whole, open, struck },
        speaker: sentence.speaker === "" ? speaker : sentence.speaker,
      };
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

  #around(note: Engram): Pick<Statement, "before" | "speaker" | "title" | "dated" | "note"> {
    const speaker = typeof note.metadata.speaker === "string" ? note.metadata.speaker : "";
    const dated = note.observedAt !== null && note.timeSource !== "file" && note.timeSource !== "none";
    const title = [note.title, dated ? dayWords(note.observedAt ?? "") : null];
    return {
      before: this.#turnBefore(note),
      speaker,
      dated,
      note: `${note.content} ${note.source ?? ""}`,
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
      // It answers by what it superseded.
      const { matched, margin, score } = one;
      held.set(key(replaced), {
        ...(known ?? { ...this.#rate(replaced), said: one.said }),
        ...{ matched, margin, score: Math.max(0, score - 1) },
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

  /**
   * The best answer, and what later took its place, one after the other: the last is the answer. Empty below the floor.
   */
  #path(sorted: readonly Rated[]): Rated[] {
    const [top] = sorted;
    if (top === undefined || top.score < scoreMin) return [];
    const path = [this.#newest(top, sorted)];
    while (path.length < askLimits.chainMax) {
      const older = path.at(-1);
      const next = older === undefined ? null : this.#taken(older, sorted);
      if (next === null || path.includes(next)) break;
      path.push(next);
    }
    return path;
  }

  /** The newest of the answers of the same kind that are as good as the best, as far as can be told. */
  #newest(top: Rated, sorted: readonly Rated[]): Rated {
    if (top.values.length === 0 || !comparable.has(this.#asked.expected)) return top;
    const near = this.#asked.recent ? nearEqualRecent : nearEqual;
    const equals = sorted.filter((one) =>
      one.score >= Math.max(scoreMin, top.score - near) && this.#sameMatter(top, one)
    );
    return equals.reduce((one, other) => isBefore(one, other) ? other : one, top);
  }

  /** The later sentence that most tells that this one holds no longer, or null. */
  #taken(older: Rated, sorted: readonly Rated[]): Rated | null {
    let best: Rated | null = null, most = 0;
    for (const newer of sorted) {
      if (!this.#mayTake(older, newer)) continue;
      const margin = weighed(changeFeatures(this.#asked, older, newer, this.#common), this.#weights.change);
      if (margin > most) [best, most] = [newer, margin];
    }
    return best;
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
      values.length > 0 ? new Set(values) : this.#common.distinct(text);
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
      ...{
        score: 0,
        features: null,
        margin: -Infinity,
        matched: new Set(),
        said: new Set(),
        values: [],
        date: "",
        source: "",
      },
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

/** Whether a text says of one of these values that it holds no longer. */
function drops(text: string, values: ReadonlySet<string>): boolean {
  if (values.size === 0 || !changePattern.test(text)) return false;
  return [...valuesIn(text)].some(({ value, index }) => values.has(value) && isDropped(text, index));
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

/** A function whose results are kept by its text. */
function kept(make: (text: string) => Set<string>): (text: string) => ReadonlySet<string> {
  const known = new Map<string, ReadonlySet<string>>();
  return (text) => {
    const stems = known.get(text) ?? make(text);
    known.set(text, stems);
    return stems;
  };
}

/** Whether a sentence states something later than another, or may have: one of them has no date. */
function mayReplace(older: Rated, newer: Rated): boolean {
  const { text, open, struck } = newer.statement;
  if (older.statement.text === text || open || struck || isQuestion(text)) return false;
  if (older.date !== newer.date && older.date !== "" && newer.date !== "") return older.date < newer.date;
  return older.source !== newer.source ? changePattern.test(text) : placeOf(older) < placeOf(newer);
}

/** The order of sentences in one file. */
const placeOf = ({ note, start }: Candidate) => (note.position ?? 0) * 2 ** 32 + start;

/** When it was so, as far as the text, its name or its sender say; a file's time says little. */
function dateOf({ engram, note, statement }: Candidate): string {
  const source = engram.observedAt === null ? note : engram;
  if (source.timeSource !== "file" && source.timeSource !== "none") return source.observedAt ?? "";
  const named = `${note.source ?? ""} ${note.title ?? ""}`;
  return dayIn(note.content.slice(0, dateCharsMax)) || dayIn(statement.lead) ||
    dayOfEntry(statement.text, named) || monthIn(named);
}

/** The day that opens an entry of a log ("9 Mar, the pump is back"), in the year its note is named by; or "". */
function dayOfEntry(text: string, named: string): string {
  const year = /(?<!\d)(?:19|20)\d\d(?!\d)/.exec(named)?.[0];
  const day = /^\P{L}{0,3}\d{1,2}(?:st|nd|rd|th|\.)?\s\p{L}{3,9}(?=[,.:–-])/u.exec(text)?.[0];
  return year === undefined || day === undefined ? "" : dayIn(`${day} ${year}`);
}

/** The first day of the month a note is named by ("log/2026-03.md"), or "". */
function monthIn(named: string): string {
  const month = /(?<!\d)((?:19|20)\d\d-(?:0[1-9]|1[0-2]))(?!\d)/.exec(named)?.[1];
  return month === undefined ? "" : dayIn(`${month}-01`);
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
