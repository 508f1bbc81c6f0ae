/**
 * Search over texts: documents from the index, scores of our own, filters, pages.
 *
 * Owns: the order of hits, pages, which engrams a reader's search covers.
 * Does not own: queries and filters (query.ts), lists without words (listing.ts), the index (index/postings.ts),
 * statistics (corpus.ts), scores (score.ts).
 *
 * Invariants:
 * 1. Equal rows and equal queries give equal hits in equal order, whenever the index caught up or merged.
 * 2. A search sees every commit before it. As of a tick it scans the versions of that tick instead of the index.
 * 3. Hits go by: not superseded first, score, id (below the best `gramDocumentsMax`: age of the version). Without
 *    words: the newest made first, by id.
 */
import { sql } from "kysely";
import { assert, EngramError } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Engram, Hit } from "../../kernel/records.ts";
import { forever } from "../file/schema.ts";
import { build, given, num, numOrNull, Query, type Sqlite, text } from "../file/sqlite.ts";
import { best, bestOfAll } from "../index/best.ts";
import { PostingIndex } from "../index/postings.ts";
import { Threads } from "../index/threads.ts";
import { eachWord } from "../index/words.ts";
import type { Reads } from "../reads/reads.ts";
import { isNow, type Scope, type Scopes } from "../reads/scope.ts";
import { cachedCharsMax, TextCache } from "../reads/text_cache.ts";
import {
  type Corpus,
  type CorpusParts,
  type Document,
  IndexCorpus,
  readSuperseders,
  ScannedCorpus,
  StagedCorpus,
  type Superseders,
} from "./corpus.ts";
import { listPage } from "./listing.ts";
import { Filter, noCursor, type SearchQuery, type SearchResult } from "./query.ts";
import {
  addGrams,
  addNeighbours,
  addProximity,
  lookUp,
  ownScores,
  scored,
  searchLimits,
  shown,
  type Spelled,
} from "./score.ts";
import { snippetOf } from "./snippet.ts";

export type { SearchQuery, SearchResult } from "./query.ts";

/** As one text: a row costs more than what is in it. */
const members = new Query(() =>
  build.selectFrom("member").select(sql<string>`json_group_array(engram)`.as("engrams"))
    .where("context", "=", given(0)).where("to_tick", "=", forever)
);
const lastMember = new Query(() => build.selectFrom("member").select((e) => e.fn.max("rid").as("rid")));
/** Engrams whose membership in a context may have changed, and whether they are in it now. */
const changedMembers = () =>
  build.selectFrom("member as changed").select((e) => [
    "changed.engram",
    e.exists(
      e.selectFrom("member as live").select("live.rid").where("live.context", "=", given(0))
        .where("live.to_tick", "=", forever).whereRef("live.engram", "=", "changed.engram"),
    ).as("member"),
  ]).where("changed.context", "=", given(0));
const cameAfter = new Query(() => changedMembers().where("changed.rid", ">", given(1)));
const wentSince = new Query(() =>
  changedMembers().where("changed.to_tick", ">=", given(1)).where("changed.to_tick", "<", forever)
);

const contextMasksMax = 64;
const documentsCachedMax = 20_000;

/** A set of engram keys that grows. */
class Mask {
  bits = new Uint8Array(1024);
  /** What it was read of: the last membership, and the tick. */
  rid = 0;
  tick = -1;
  /** Another connection committed since. */
  stale = false;

  set(engram: number, member: boolean): void {
    if (engram >= this.bits.length) {
      const larger = new Uint8Array(Math.max(engram + 1, this.bits.length * 2));
      larger.set(this.bits);
      this.bits = larger;
    }
    this.bits[engram] = member ? 1 : 0;
  }
}

/** Search over one graph. */
export class Search {
  readonly #db: Sqlite;
  readonly #scopes: Scopes;
  readonly #reads: Reads;
  readonly #index: PostingIndex;
  readonly #threads: Threads;
  readonly #masks = new Map<number, Mask>();
  /** Versions read lately; a version never changes. */
  readonly #documents = documentCache();
  #superseders: Superseders | null = null;
  readonly #scannedCharsMax: number;

  constructor(db: Sqlite, scopes: Scopes, reads: Reads, readOnly: boolean, scannedCharsMax: number) {
    this.#db = db;
    this.#scannedCharsMax = scannedCharsMax;
    this.#scopes = scopes;
    this.#reads = reads;
    this.#index = new PostingIndex(db, readOnly);
    this.#threads = new Threads(db);
  }

  /** Follows a membership inside a commit. */
  memberChanged(context: number, engram: number, member: boolean): void {
    this.#masks.get(context)?.set(engram, member);
  }

  /** A `supersedes` connection came or went. */
  supersessionChanged(): void {
    this.#superseders = null;
  }

  /** A commit may have left something to index. */
  committed(): void {
    this.#index.committed();
  }

  /** Another connection committed: what was read goes on with it. False where it erased, and all of it is forgotten. */
  followed(): boolean {
    if (!this.#index.followed()) {
      this.reset();
      return false;
    }
    for (const mask of this.#masks.values()) mask.stale = true;
    this.#superseders = null;
    return true;
  }

  /** Forgets everything read: after an erasure, or a rollback, when row numbers are given again. */
  reset(): void {
    this.#threads.reset();
    this.#masks.clear();
    this.#documents.clear();
    this.#superseders = null;
    this.#index.reset();
  }

  /** Indexes some of what there is; true while there is more. */
  maintain(): boolean {
    return this.#index.maintain();
  }

  /** Refusals: `invalid_argument` for a limit or cursor that is none. */
  search(query: SearchQuery): SearchResult {
    const { limit } = query;
    if (!Number.isInteger(limit) || limit < 1 || limit > searchLimits.limitMax) {
      throw new EngramError(
        "invalid_argument",
        `Cannot search: limit is ${limit}, allowed are 1 to ${searchLimits.limitMax}`,
        { limit },
      );
    }
    const scope = this.#scopes.make(query.asOf, query.readable);
    return hasWords(query) ? this.#ranked(query, scope) : this.#listed(query, scope);
  }

  /**
   * Everything that a fusion of words with other signals needs: one reader's corpus, narrowed to the query's context,
   * and the scores of words, the best `max` in order.
   */
  ranking(query: SearchQuery, max: number): Ranking {
    const scope = this.#scopes.make(query.asOf, query.readable);
    const corpus = this.#corpus(query, scope, query.context);
    const cache = isNow(scope) ? this.#documents : documentCache();
    const filter = new Filter(query, scope, this.#scopes, true);
    const run = new Run(corpus, query, filter, cache);
    const mask = isNow(scope) ? this.#visible(scope) : null;
    const visible = (key: number) =>
      isNow(scope) ? mask === null || mask[key] === 1 : this.#scopes.visible(key, scope);
    return { scope, corpus, filter, visible, weights: run.weights, ...run.scoresOfWords(max) };
  }

  #listed(query: SearchQuery, scope: Scope): SearchResult {
    const { documents, cursor } = listPage(query, this.#parts(scope));
    const none = new Map<string, number>();
    return {
      hits: documents.map((document) => this.#hit(document, scope, 0, none)),
      ...(cursor === undefined ? {} : { cursor }),
      scanned: false,
    };
  }

  #ranked(query: SearchQuery, scope: Scope): SearchResult {
    const { limit } = query, offset = offsetOf(query.cursor);
    const corpus = this.#corpus(query, scope);
    // Staged documents are numbered from the end of a scan, where the cache may hold stored ones.
    const cache = isNow(scope) ? this.#documents : documentCache();
    const run = new Run(corpus, query, new Filter(query, scope, this.#scopes), cache);
    const found = run.find(Math.min(offset + limit + 1, searchLimits.hitsMax));
    const page = found.slice(offset, Math.min(offset + limit, searchLimits.hitsMax));
    return {
      hits: page.map(({ document, score }) => this.#hit(document, scope, score, run.weights)),
      ...(found.length > offset + limit ? { cursor: `o${offset + limit}` } : {}),
      ...(run.spelled.length > 0 ? { spelled: run.spelled } : {}),
      scanned: !isNow(scope),
    };
  }

  #hit(document: Document, scope: Scope, score: number, weights: ReadonlyMap<string, number>): Hit {
    const snippet = snippetOf(document.texts.content, weights);
    return { ...this.#engram(document, scope), score, snippet };
  }

  #engram(document: Document, scope: Scope): Engram {
    const engram = document.staged ?? this.#reads.engramIn(document.id, scope);
    assert(engram !== null, "a hit can be read");
    return engram;
  }

  /** `context`: only what is in it. */
  #corpus(query: SearchQuery, scope: Scope, context?: Id): Corpus {
    const seen = context === undefined ? scope : this.#within(scope, context);
    const base = isNow(scope)
      ? this.#indexed(scope, seen)
      : new ScannedCorpus(this.#parts(scope), seen, this.#scannedCharsMax);
    const staged = query.staged ?? [], deleted = query.stagedDeleted ?? [];
    if (staged.length + deleted.length === 0) return base;
    const hidden: number[] = [];
    for (const id of [...staged.map((engram) => engram.id), ...deleted]) {
      const stored = this.#reads.stored(id, scope);
      if (stored !== null) hidden.push(stored.rid);
    }
    return new StagedCorpus(base, staged, hidden, Number.MAX_SAFE_INTEGER);
  }

  /** The part of a scope that is in one context; nothing where it may not be read. */
  #within({ tick, contexts }: Scope, context: Id): Scope {
    const key = this.#scopes.contextKey(context);
    return { tick, contexts: new Set(key === null || contexts?.has(key) === false ? [] : [key]) };
  }

  #indexed(scope: Scope, seen: Scope): IndexCorpus {
    this.#index.catchUp();
    const threads = this.#threads.catchUp(this.#index.end) ? this.#threads : null;
    return new IndexCorpus(this.#parts(scope), this.#index, this.#visible(seen), threads);
  }

  #parts(scope: Scope): CorpusParts {
    const superseders = isNow(scope)
      ? this.#superseders ??= readSuperseders(this.#db, scope.tick)
      : readSuperseders(this.#db, scope.tick);
    return { db: this.#db, scopes: this.#scopes, scope, superseders };
  }

  #visible(scope: Scope): Uint8Array | null {
    if (scope.contexts === null) return null;
    const keys = [...scope.contexts];
    if (keys.length === 1) return this.#mask(keys[0] ?? 0);
    const union = new Mask();
    for (const key of keys) {
      const bits = this.#mask(key);
      if (bits.length > union.bits.length) union.set(bits.length - 1, false);
      for (let at = 0; at < bits.length; at++) if (bits[at] === 1) union.bits[at] = 1;
    }
    return union.bits;
  }

  /** The members of a context now. */
  #mask(context: number): Uint8Array {
    const known = this.#masks.get(context);
    if (known !== undefined) {
      if (known.stale) this.#refresh(context, known);
      return known.bits;
    }
    const mask = new Mask(), engrams: unknown = JSON.parse(text(this.#db.get(members, [context])?.[0]));
    assert(Array.isArray(engrams), "a list of engrams is an array");
    for (const engram of engrams) if (typeof engram === "number") mask.set(engram, true);
    this.#readUntilNow(mask);
    if (this.#masks.size >= contextMasksMax) this.#masks.clear();
    this.#masks.set(context, mask);
    return mask.bits;
  }

  #refresh(context: number, mask: Mask): void {
    const changed = [
      ...this.#db.all(wentSince, [context, mask.tick]),
      ...this.#db.all(cameAfter, [context, mask.rid]),
    ];
    for (const [engram, member] of changed) mask.set(num(engram), member === 1);
    this.#readUntilNow(mask);
  }

  #readUntilNow(mask: Mask): void {
    mask.rid = numOrNull(this.#db.get(lastMember)?.[0]) ?? 0;
    mask.tick = this.#scopes.lastTick;
    mask.stale = false;
  }
}

const documentCache = () =>
  new TextCache<number, Document>(
    { entriesMax: documentsCachedMax, charsMax: cachedCharsMax },
    ({ chars }) => chars,
  );

/** Words to rank by; a phrase of marks alone has none. */
function hasWords({ text, exact }: SearchQuery): boolean {
  if ((text?.trim() ?? "") !== "") return true;
  let words = 0;
  eachWord(exact ?? "", () => words++);
  return words > 0;
}

function offsetOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (!/^o\d{1,6}$/.test(cursor)) throw noCursor(cursor);
  return Number(cursor.slice(1));
}

interface Found {
  readonly document: Document;
  /** An integer. */
  readonly score: number;
}

/** Scores of words over a corpus. */
export interface Ranking {
  readonly scope: Scope;
  readonly corpus: Corpus;
  readonly filter: Filter;
  /** Whether an engram, by its key, may be seen; in whatever context. */
  readonly visible: (key: number) => boolean;
  readonly weights: ReadonlyMap<string, number>;
  /** Documents with a score, best first. */
  readonly ranked: readonly number[];
  /** By document. */
  readonly scores: Float64Array;
  readonly load: (document: number) => Document;
  /** Loads many at once, for {@link load} to find. */
  readonly prepare: (documents: readonly number[]) => void;
}

/** One search. */
class Run {
  readonly #corpus: Corpus;
  readonly #query: SearchQuery;
  readonly #filter: Filter;
  readonly #loaded: TextCache<number, Document>;
  /** Weights of the words searched for, by stem. */
  readonly weights = new Map<string, number>();
  spelled: readonly Spelled[] = [];

  constructor(corpus: Corpus, query: SearchQuery, filter: Filter, loaded: TextCache<number, Document>) {
    this.#corpus = corpus;
    this.#loaded = loaded;
    this.#query = query;
    this.#filter = filter;
  }

  #load = (document: number): Document => {
    const known = this.#loaded.get(document);
    if (known !== undefined) return known;
    const loaded = this.#corpus.load(document);
    if (loaded.staged !== null) return loaded;
    this.#loaded.set(document, loaded);
    return loaded;
  };

  #prepare = (documents: readonly number[]): void => {
    const missing = documents.filter((document) => this.#loaded.get(document) === undefined);
    if (missing.length === 0) return;
    for (const document of this.#corpus.loadAll(missing)) {
      if (document.staged === null) this.#loaded.set(document.document, document);
    }
  };

  /** Scores of all documents for the words of the text, the best `max` in order. */
  scoresOfWords(max: number): Pick<Ranking, "ranked" | "scores" | "load" | "prepare"> {
    const looked = lookUp(this.#corpus, this.#query.text ?? "");
    for (const { stem, weight } of looked.words) this.weights.set(stem, weight);
    const scores = ownScores(this.#corpus, looked.words);
    const near = addNeighbours(this.#corpus, looked.words, scores);
    const first = best(near, scores, searchLimits.gramDocumentsMax);
    this.#prepare(first);
    addGrams(this.#query.text ?? "", first.map(this.#load), scores, this.weights);
    addProximity(
      best(first, scores, searchLimits.proximityDocumentsMax).map(this.#load),
      scores,
      this.weights,
    );
    const ranked = max <= searchLimits.gramDocumentsMax ? best(near, scores, max) : bestOfAll(scores, max);
    return { ranked, scores, load: this.#load, prepare: this.#prepare };
  }

  /** The first `max` hits in order, or more. */
  find(max: number): Found[] {
    const text = this.#query.text?.trim() ?? "", words = text === "" ? this.#query.exact?.trim() ?? "" : text;
    const looked = lookUp(this.#corpus, words);
    this.spelled = looked.spelled;
    for (const { stem, weight } of looked.words) this.weights.set(stem, weight);
    const scores = ownScores(this.#corpus, looked.words);
    const within = this.#phraseDocuments();
    if (within === null) addNeighbours(this.#corpus, looked.words, scores);
    const [current, superseded] = this.#split(within ?? scored(scores));
    const first = this.#scored(current, scores, max);
    if (this.#query.includeSuperseded !== true || first.length >= max) return first;
    return [...first, ...this.#scored(superseded, scores, max)];
  }

  /** Those that nothing supersedes, and the others. */
  #split(documents: readonly number[]): [number[], number[]] {
    const current: number[] = [], superseded: number[] = [];
    for (const document of documents) {
      (this.#corpus.superseded(document) ? superseded : current).push(document);
    }
    return [current, superseded];
  }

  /** The first `max` of those that pass, by score; the first `gramDocumentsMax` with their grams, and ties by id. */
  #scored(documents: readonly number[], scores: Float64Array, max: number): Found[] {
    // The first get the same addition on every page and stay the first; the others keep the order that cut them off:
    // so pages continue each other.
    const keptMax = Math.max(max, searchLimits.gramDocumentsMax);
    const ranked = best(documents, scores, this.#filter.any ? searchLimits.documentsMax : keptMax);
    const kept = this.#kept(ranked, keptMax);
    const first = kept.slice(0, searchLimits.gramDocumentsMax);
    addGrams(this.#query.text ?? this.#query.exact ?? "", first, scores, this.weights);
    const found = kept.map((document) => ({ document, score: shown(scores[document.document] ?? 0) }));
    const sorted = found.slice(0, first.length).sort((one, other) =>
      other.score - one.score || (one.document.id < other.document.id ? -1 : 1)
    );
    return [...sorted, ...found.slice(first.length)];
  }

  /** Documents that have every word of the phrase; null without a phrase. */
  #phraseDocuments(): number[] | null {
    if ((this.#query.exact?.trim() ?? "") === "") return null;
    const stems = new Set<string>();
    eachWord(this.#query.exact ?? "", (stem) => stems.add(stem));
    let common: Set<number> | null = null;
    for (const stem of stems) {
      const having: Set<number> = new Set(this.#corpus.postings(stem).rids);
      common = common === null ? having : common.intersection(having);
    }
    return common === null ? null : [...common];
  }

  /** Those that pass every filter, in the order given. */
  #kept(documents: readonly number[], max: number): Document[] {
    const kept: Document[] = [];
    this.#prepare(documents.slice(0, Math.min(max, documentsCachedMax / 4)));
    for (const number of documents) {
      const document = this.#load(number);
      if (this.#filter.passes(document)) kept.push(document);
      if (kept.length >= max) break;
    }
    return kept;
  }
}
